//! What a request says of answers that are kept, for whoever keeps them: the vendor, or the gateway in its stead.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use tollgate_model::{ChatRequest, Extra, RequestError};
use tollgate_provider::{
    front_door::{read_field, unsearchable},
    json_spans,
};

use super::notes::FORMAT;
use crate::names::made_item_id;

const PREVIOUS: &str = "previous_response_id";
const FIELDS: [&str; 4] = [PREVIOUS, "store", "background", "conversation"];

/// What a request says of kept answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredState {
    /// The answer that this one goes on from.
    pub previous_response_id: Option<String>,
    /// Whether the answer shall be kept. `None`: not said, which is yes with the vendor.
    pub store: Option<bool>,
    /// Whether the answer shall be made in the background.
    pub background: bool,
    /// The conversation that question and answer are added to.
    pub conversation: Option<String>,
}

impl StoredState {
    /// Reads it without reading the rest of the body.
    ///
    /// # Errors
    /// A body that is no JSON object, that says one of the fields twice, or something else in one of them.
    pub fn read(body: &[u8]) -> Result<Self, RequestError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Conversation {
            Id(String),
            Object { id: String },
        }
        let [previous, store, background, conversation] =
            json_spans::find(body, FIELDS).map_err(unsearchable)?;
        let conversation = read_field(body, "conversation", conversation.as_ref())?;
        Ok(Self {
            previous_response_id: read_field(body, PREVIOUS, previous.as_ref())?,
            store: read_field(body, "store", store.as_ref())?,
            background: read_field(body, "background", background.as_ref())?.unwrap_or_default(),
            conversation: conversation.map(|read| match read {
                Conversation::Id(id) | Conversation::Object { id } => id,
            }),
        })
    }

    /// Takes these fields out of a request that was read, so that no provider is asked for what the gateway does itself,
    /// and none of it is named as lost.
    pub fn take_from(request: &mut ChatRequest) {
        let Some(fields) = request.extra.fields(&FORMAT) else { return };
        let others = fields.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str()));
        request.extra =
            Extra::new(FORMAT, others.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
}

/// Puts the items of an earlier conversation before a request's own, in place of the answer that it goes on from. Nothing
/// else of the body changes.
///
/// # Errors
/// A body that is no JSON object.
pub fn continued(body: &[u8], earlier: &[Value]) -> Result<Vec<u8>, RequestError> {
    let [previous, input] = json_spans::find(body, [PREVIOUS, "input"]).map_err(unsearchable)?;
    let mut list: Vec<String> = earlier.iter().map(Value::to_string).collect();
    list.extend(own_items(body, input.as_ref())?.into_iter().map(|raw| raw.get().to_owned()));
    let list = format!("[{}]", list.join(","));
    let changed = json_spans::set(body, "input", &list).map_err(unsearchable)?;
    match previous {
        Some(_) => json_spans::set(&changed, PREVIOUS, "null").map_err(unsearchable),
        None => Ok(changed),
    }
}

/// Returns a request's input as the vendor lists it afterwards: every item typed and with an id, every content a list.
///
/// `response` is the answer's id, from which missing ids are made: the same for the same answer.
///
/// # Errors
/// A body that is no JSON object, or whose input is no text and no list of objects.
pub fn input_items(body: &[u8], response: &str) -> Result<Vec<Value>, RequestError> {
    let [input] = json_spans::find(body, ["input"]).map_err(unsearchable)?;
    let mut items = Vec::new();
    for (place, raw) in own_items(body, input.as_ref())?.into_iter().enumerate() {
        let item: Map<String, Value> = serde_json::from_str(raw.get()).map_err(|error| {
            let path = format!("input[{place}]");
            RequestError::invalid_field(path.clone(), format!("`{path}` cannot be read: {error}"))
        })?;
        items.push(listed(item, response, place));
    }
    Ok(items)
}

/// The items that stand in the body. A text is a user's message.
fn own_items(
    body: &[u8],
    input: Option<&std::ops::Range<usize>>,
) -> Result<Vec<Box<RawValue>>, RequestError> {
    let Some(raw): Option<&RawValue> = read_field(body, "input", input)? else {
        return Ok(Vec::new());
    };
    let invalid = |error| RequestError::invalid_field("input", format!("`input` cannot be read: {error}"));
    if raw.get().starts_with('"') {
        let message = format!("{{\"type\":\"message\",\"role\":\"user\",\"content\":{}}}", raw.get());
        return Ok(vec![RawValue::from_string(message).map_err(invalid)?]);
    }
    serde_json::from_str(raw.get()).map_err(invalid)
}

fn listed(mut item: Map<String, Value>, response: &str, place: usize) -> Value {
    let kind = item.get("type").and_then(Value::as_str);
    let untyped = if item.contains_key("role") { "message" } else { "item_reference" };
    let kind = kind.unwrap_or(untyped).to_owned();
    let prefix = match kind.as_str() {
        "message" => "msg",
        "reasoning" => "rs",
        "function_call" | "function_call_output" => "fc",
        "custom_tool_call" | "custom_tool_call_output" => "ctc",
        _ => "item",
    };
    let mut whole = Map::new();
    let known = item.get("id").filter(|id| id.is_string()).cloned();
    whole.insert("id".to_owned(), known.unwrap_or_else(|| made_item_id(prefix, response, place).into()));
    whole.insert("type".to_owned(), kind.clone().into());
    let has_status = kind.starts_with("function_call") || kind.starts_with("custom_tool_call");
    if kind == "message" || has_status {
        whole.insert("status".to_owned(), "completed".into());
    }
    if kind == "message"
        && let Some(Value::String(text)) = item.get("content").cloned()
    {
        let part = match item.get("role").and_then(Value::as_str) {
            Some("assistant") => {
                json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
            }
            _ => json!({"type": "input_text", "text": text}),
        };
        item.insert("content".to_owned(), json!([part]));
    }
    for (name, value) in item {
        if !matches!(name.as_str(), "id" | "type") && !value.is_null() {
            whole.insert(name, value);
        }
    }
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_found_without_reading_the_rest() {
        let body = br#"{"model":"m","input":[{"store":true}],"store":false,"previous_response_id":"resp_1","background":true,"conversation":{"id":"conv_1"}}"#;
        let state = StoredState::read(body).unwrap();
        assert_eq!((state.store, state.background), (Some(false), true));
        assert_eq!(state.previous_response_id.as_deref(), Some("resp_1"));
        assert_eq!(state.conversation.as_deref(), Some("conv_1"));
        let nothing = br#"{"store":null,"previous_response_id":null,"conversation":null}"#;
        assert_eq!(StoredState::read(nothing).unwrap(), StoredState::default());
        let by_id = StoredState::read(br#"{"conversation":"conv_2"}"#).unwrap();
        assert_eq!(by_id.conversation.as_deref(), Some("conv_2"));
        for body in ["[]", r#"{"store":"yes"}"#, r#"{"store":true,"store":false}"#] {
            assert!(StoredState::read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_conversation_goes_on_where_it_was() {
        let earlier = [json!({"role": "user", "content": "a"}), json!({"role": "assistant", "content": "b"})];
        for (body, own) in [
            (r#"{"input":"c","model":"m","previous_response_id":"r","x":1e400}"#, 1),
            (
                r#"{ "previous_response_id" : "r", "x":1e400, "input" : [ {"role":"user","content":"c"} ] }"#,
                1,
            ),
            (r#"{"previous_response_id":"r","x":1e400}"#, 0),
        ] {
            let changed = String::from_utf8(continued(body.as_bytes(), &earlier).unwrap()).unwrap();
            assert!(changed.contains("1e400"), "{changed}");
            let changed: Value = serde_json::from_str(&changed.replace("1e400", "1")).unwrap();
            assert!(changed["previous_response_id"].is_null());
            let input = changed["input"].as_array().unwrap();
            assert_eq!((&input[..2], input.len()), (&earlier[..], 2 + own), "{body}");
            assert!(input[2..].iter().all(|item| item["role"] == "user" && item["content"] == "c"));
        }
    }

    #[test]
    fn items_are_listed_with_type_and_id() {
        let body = json!({"input": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "id": "fc_1"},
            {"type": "function_call_output", "call_id": "c", "output": "r", "status": null},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
        ]});
        let items = input_items(body.to_string().as_bytes(), "resp_1").unwrap();
        assert_eq!(items, input_items(body.to_string().as_bytes(), "resp_1").unwrap());
        assert_eq!(items[0]["content"], json!([{"type": "input_text", "text": "a"}]));
        assert_eq!(items[1]["content"][0]["type"], "output_text");
        assert_eq!((&items[2]["id"], &items[2]["status"]), (&json!("fc_1"), &json!("completed")));
        assert_eq!((&items[3]["status"], &items[3]["output"]), (&json!("completed"), &json!("r")));
        assert_eq!(items[4], body["input"][4]);
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert!(ids[0].starts_with("msg_") && ids[3].starts_with("fc_") && ids[0] != ids[1], "{ids:?}");
        let text = input_items(br#"{"input":"hi"}"#, "resp_1").unwrap();
        assert_eq!((text.len(), &text[0]["role"], &text[0]["type"]), (1, &json!("user"), &json!("message")));
        assert_eq!(input_items(br#"{"model":"m"}"#, "r").unwrap(), Vec::<Value>::new());
        assert!(
            input_items(br#"{"input":[1]}"#, "r").is_err() && input_items(br#"{"input":7}"#, "r").is_err()
        );
    }

    #[test]
    fn what_the_gateway_keeps_itself_is_asked_of_nobody() {
        let body = br#"{"model":"m","input":"i","store":true,"previous_response_id":"r","max_tool_calls":3}"#;
        let mut request = super::super::request::decode(body).unwrap();
        StoredState::take_from(&mut request);
        let left: Vec<_> = request.extra.fields(&FORMAT).unwrap().keys().collect();
        assert_eq!(left, ["max_tool_calls"]);
    }
}
