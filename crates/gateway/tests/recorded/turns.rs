//! A recorded conversation, held through every front door: what the provider is sent on the second turn must be what its own
//! SDK sent there. Signatures, ids and the order of things are compared, for what was answered and for what tools gave back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Content, Message, ModelName, Part, Role, ToolCallId,
};
use tollgate_openai::Quirks;
use tollgate_provider::{Framer, FrontDoor, Provider, Target};

use crate::{
    exchanges::{self, Exchange},
    gate::{Gate, Told},
};

/// A format that clients speak: its door, and the codec that stands for the client's SDK.
struct Door {
    name: &'static str,
    door: Arc<dyn FrontDoor>,
    sdk: Box<dyn Provider>,
}

fn doors() -> Vec<Door> {
    let url = || "http://127.0.0.1:9".parse().unwrap();
    let chat = tollgate_openai::ChatProvider::new("sdk".into(), url()).with_quirks(Quirks {
        version_path: Some("/v1"),
        max_tool_call_id: None,
        ..Quirks::COMPATIBLE
    });
    vec![
        Door { name: "chat", door: Arc::new(tollgate::ChatFrontDoor::new()), sdk: Box::new(chat) },
        Door {
            name: "responses",
            door: Arc::new(tollgate::ResponsesFrontDoor::new()),
            sdk: Box::new(tollgate_openai::ResponsesProvider::new("sdk".into(), url())),
        },
        Door {
            name: "messages",
            door: Arc::new(tollgate::MessagesFrontDoor::new()),
            sdk: Box::new(tollgate_anthropic::MessagesProvider::new("sdk".into(), url())),
        },
        Door {
            name: "generateContent",
            door: Arc::new(tollgate::GenerateContentFrontDoor::server_sent_events()),
            sdk: Box::new(tollgate_gemini::GenerateContentProvider::new("sdk".into(), url())),
        },
    ]
}

/// A provider's format: the recordings' word for it, who is recorded there, its kind here, and where a request keeps its turns.
struct Recorded {
    wires: &'static [&'static str],
    vendor: &'static str,
    kind: &'static str,
    format: &'static str,
    turns: &'static str,
    own: fn() -> Arc<dyn FrontDoor>,
}

fn recorded() -> Vec<Recorded> {
    let one = |wires, vendor, kind, format, turns, own| Recorded { wires, vendor, kind, format, turns, own };
    vec![
        one(&["anthropic.messages"], "anthropic", "anthropic", "anthropic.messages", "messages", || {
            Arc::new(tollgate::MessagesFrontDoor::new())
        }),
        one(
            &["gemini.generateContent", "gemini.streamGenerateContent"],
            "gemini",
            "gemini",
            "gemini.generate_content",
            "contents",
            || Arc::new(tollgate::GenerateContentFrontDoor::server_sent_events()),
        ),
        one(&["openai.responses"], "openai", "openai", "openai.responses", "input", || {
            Arc::new(tollgate::ResponsesFrontDoor::new())
        }),
        one(&["openai.responses"], "xai", "xai", "openai.responses", "input", || {
            Arc::new(tollgate::ResponsesFrontDoor::new())
        }),
        one(&["openai.chat"], "openai", "openai", "openai.chat", "messages", || {
            Arc::new(tollgate::ChatFrontDoor::new())
        }),
    ]
}

/// Two calls of which the second goes on from the first.
struct Pair<'e> {
    first: &'e Exchange,
    second: &'e Exchange,
}

fn pairs<'e>(exchanges: &'e [Exchange], turns: &str) -> Vec<Pair<'e>> {
    let mut by_source: HashMap<&str, Vec<&Exchange>> = HashMap::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.status == 200) {
        by_source.entry(&exchange.source.0).or_default().push(exchange);
    }
    let mut pairs = Vec::new();
    for mut of_source in by_source.into_values() {
        of_source.sort_by_key(|exchange| exchange.source.1);
        for two in of_source.windows(2) {
            let (first, second) = (two[0], two[1]);
            // A JSON array that grows, which the codec for events does not read.
            if first.is_stream && first.said.starts_with(b"[") {
                continue;
            }
            let said = |exchange: &Exchange| exchange.asked[turns].as_array().cloned();
            let (Some(before), Some(after)) = (said(first), said(second)) else { continue };
            if after.len() > before.len() && after.starts_with(&before) {
                pairs.push(Pair { first, second });
            }
        }
    }
    pairs.sort_by(|one, other| one.second.id.cmp(&other.second.id));
    pairs
}

/// Reads an answer as the client's SDK does.
fn read(sdk: &dyn Provider, request: &ChatRequest, told: Told) -> Result<ChatResponse, String> {
    let text = String::from_utf8_lossy(&told.body).into_owned();
    if told.status != StatusCode::OK {
        return Err(format!("{}: {text:.300}", told.status));
    }
    if !request.stream {
        let answer = sdk.decode_response(request, Response::new(Bytes::from(told.body)));
        return answer.map_err(|error| format!("{error}: {text:.300}"));
    }
    let (mut framer, mut decoder) = (Framer::new(sdk.framing()), sdk.stream_decoder(request));
    let (mut events, mut assembler) = (Vec::new(), Assembler::new());
    let fed = framer.feed(&told.body, |frame| decoder.decode(frame, &mut events));
    let fed = fed.and_then(|()| framer.finish(|frame| decoder.decode(frame, &mut events)));
    fed.and_then(|()| decoder.finish(&mut events)).map_err(|error| error.to_string())?;
    events.into_iter().for_each(|event| assembler.push(event));
    Ok(assembler.into_response())
}

/// Holds the conversation through a door. Returns what the provider was sent on the second turn.
async fn hold(gate: &Gate, door: &Door, own: &dyn FrontDoor, pair: &Pair<'_>) -> Result<Value, String> {
    let decode = |exchange: &Exchange| {
        let body = exchange.asked.to_string();
        let mut request =
            own.decode_request(&exchange.path, body.as_bytes()).map_err(|error| error.to_string())?;
        request.stream = exchange.is_stream;
        Ok::<_, String>(request)
    };
    let (first, second) = (decode(pair.first)?, decode(pair.second)?);
    let model = ModelName::new(format!("upstream/{}", own_model(pair.first)));
    let target = Target { model: &model, card: None };
    let write = |request: &ChatRequest| {
        let encoded = door.sdk.encode_request(&target, request).map_err(|error| error.to_string())?.request;
        Ok::<_, String>((encoded.uri().path_and_query().unwrap().to_string(), encoded.into_body().to_vec()))
    };
    let vendors = doors().into_iter().find(|door| door.door.format() == own.format()).unwrap();
    let recorded = Told { status: StatusCode::OK, lossy: None, body: pair.first.said.clone() };
    let recorded = read(&*vendors.sdk, &first, recorded)?.choices.into_iter().next();
    let recorded = recorded.map(|choice| choice.parts).unwrap_or_default();
    let stands = second.messages.get(first.messages.len()).map(|message| said(&message.parts));
    if stands.is_none_or(|stands| stands != said(&recorded)) {
        return Err("SKIP: another answer stands there: the recording is not of one conversation".to_owned());
    }
    let written = write(&first).map_err(|why| format!("SKIP: this format cannot ask it: {why}"));
    let (path, body) = written?;
    let told = gate.ask(&door.door, &path, body, pair.first).await;
    let answer = read(&*door.sdk, &first, told)?;
    let parts = answer.choices.into_iter().next().map(|choice| choice.parts).unwrap_or_default();
    // What the client sends: all before, the answer as it was told, and what came after it.
    let mut next = second.clone();
    let place = first.messages.len();
    let (_, after) = next.messages.split_at_mut_checked(place).ok_or("SKIP: it does not go on")?;
    match after.split_first_mut() {
        Some((message, results)) if message.role == Role::Assistant => {
            answer_by_new_ids(results, &call_ids(&message.parts), &call_ids(&parts));
            *message = Message::new(Role::Assistant, parts);
        }
        _ => return Err("SKIP: no answer stands where it should".to_owned()),
    }
    let (path, body) = write(&next).map_err(|why| format!("SKIP: this format cannot ask it: {why}"))?;
    gate.asked();
    let told = gate.ask(&door.door, &path, body, pair.second).await;
    let asked = gate.asked().ok_or_else(|| format!("{:.300}", String::from_utf8_lossy(&told.body)))?;
    Ok(serde_json::from_slice(asked.body()).unwrap())
}

/// What was said and called, to know an answer by.
fn said(parts: &[Part]) -> Vec<String> {
    let mut text = String::new();
    let mut calls = Vec::new();
    for part in parts {
        match &part.content {
            Content::Text(said) => text.push_str(&said.text),
            Content::ToolCall(call) => calls.push(call.name.clone()),
            _ => {}
        }
    }
    calls.insert(0, text.trim().to_owned());
    calls
}

fn call_ids(parts: &[Part]) -> Vec<ToolCallId> {
    let id = |part: &Part| match &part.content {
        Content::ToolCall(call) => Some(call.id.clone()),
        _ => None,
    };
    parts.iter().filter_map(id).collect()
}

/// Gives results the ids of the calls as this client knows them: who has no ids of its vendor makes some.
fn answer_by_new_ids(messages: &mut [Message], recorded: &[ToolCallId], known: &[ToolCallId]) {
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        let Content::ToolResult(result) = &mut part.content else { continue };
        let place = recorded.iter().position(|id| *id == result.id);
        if let Some(id) = place.and_then(|place| known.get(place)) {
            result.id = id.clone();
        }
    }
}

fn own_model(exchange: &Exchange) -> String {
    if let Some(model) = exchange.asked["model"].as_str() {
        return model.to_owned();
    }
    let path = exchange.path.rsplit_once("models/").map_or("m", |(_, rest)| rest);
    path.split(':').next().unwrap_or("m").to_owned()
}

/// What must be equal of a request's turns, in order: what was answered and what tools gave back. `null` is nothing, and an
/// alphabet of base64 is as good as the other.
fn essence(format: &str, asked: &Value) -> Vec<Value> {
    let mut essence = turns(format, asked);
    essence.iter_mut().for_each(normalise);
    // A text that says nothing is left out by those who know that vendors refuse it.
    let is_empty = |value: &Value| match value {
        Value::Array(said) => said.first().is_some_and(|kind| kind == "said") && is_blank(&said[1]),
        Value::Object(said) => said.get("type").is_some_and(|kind| kind == "text") && is_blank(&said["text"]),
        _ => false,
    };
    essence.retain(|value| !is_empty(value));
    essence
}

fn is_blank(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.trim().is_empty())
}

/// What stands where a signature is missing, by the vendor's own advice: the same as none.
const NO_SIGNATURE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

fn normalise(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null() && value != NO_SIGNATURE);
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "thoughtSignature" => {
                        *text = text.replace('-', "+").replace('_', "/");
                    }
                    _ => normalise(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(normalise),
        _ => {}
    }
}

fn turns(format: &str, asked: &Value) -> Vec<Value> {
    match format {
        "anthropic.messages" => {
            asked["messages"].as_array().into_iter().flatten().flat_map(of_message).collect()
        }
        "gemini.generate_content" => {
            asked["contents"].as_array().into_iter().flatten().flat_map(of_content).collect()
        }
        "openai.responses" => asked["input"].as_array().into_iter().flatten().filter_map(of_item).collect(),
        _ => asked["messages"].as_array().into_iter().flatten().flat_map(of_chat_message).collect(),
    }
}

fn only(value: &Value, names: &[&str]) -> Value {
    let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(*name)?.clone())));
    Value::Object(fields.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn of_message(message: &Value) -> Vec<Value> {
    let assistant = message["role"] == "assistant";
    let Some(blocks) = message["content"].as_array() else {
        return if assistant {
            vec![json!({"type": "text", "text": message["content"]})]
        } else {
            Vec::new()
        };
    };
    let essence = |block: &Value| match block["type"].as_str().unwrap_or_default() {
        "tool_result" => Some(json!([block["tool_use_id"], text_of(&block["content"]).replace('\n', "")])),
        _ if !assistant => None,
        "text" => Some(only(block, &["type", "text"])),
        "thinking" => Some(only(block, &["type", "thinking", "signature"])),
        "tool_use" => Some(only(block, &["type", "id", "name", "input"])),
        _ => Some(block.clone()),
    };
    blocks.iter().filter_map(essence).collect()
}

fn of_content(content: &Value) -> Vec<Value> {
    let model = content["role"] == "model";
    let parts = content["parts"].as_array().into_iter().flatten();
    let essence = |part: &Value| {
        if let Some(result) = part.get("functionResponse").or_else(|| part.get("function_response")) {
            // How a text stands in the object is the client's affair.
            let mut texts = Vec::new();
            texts_in(&result["response"], &mut texts);
            return Some(json!(["result", result["name"], texts]));
        }
        // Most of its answers give calls no ids; clients make some.
        let called = part.get("functionCall").or_else(|| part.get("function_call"));
        let called = called.map(|call| only(call, &["name", "args"]));
        let mut said = only(part, &["text", "thoughtSignature", "thought"]);
        if let Some(called) = called {
            said["functionCall"] = called;
        }
        // Summaries of thoughts are for people; nobody has to send them back.
        let summary = said["thought"] == true && said.get("thoughtSignature").is_none();
        (model && said != json!({}) && !summary).then_some(said)
    };
    parts.filter_map(essence).collect()
}

fn texts_in(value: &Value, texts: &mut Vec<String>) {
    match value {
        // Some clients write a JSON text into the text.
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner) if !inner.is_string() => texts_in(&inner, texts),
            _ => texts.push(text.clone()),
        },
        Value::Array(values) => values.iter().for_each(|value| texts_in(value, texts)),
        Value::Object(fields) => fields.values().for_each(|value| texts_in(value, texts)),
        Value::Null => {}
        other => texts.push(other.to_string()),
    }
}

fn of_item(item: &Value) -> Option<Value> {
    match item["type"].as_str().unwrap_or("message") {
        // Where it is encrypted, the id may be left out.
        "reasoning" if item["encrypted_content"].is_string() => {
            Some(only(item, &["type", "encrypted_content"]))
        }
        "reasoning" => Some(only(item, &["type", "id"])),
        "function_call" => {
            let arguments: Value = serde_json::from_str(item["arguments"].as_str()?).unwrap_or_default();
            Some(json!([item["call_id"], item["name"], arguments]))
        }
        "function_call_output" => {
            let mut texts = Vec::new();
            texts_in(&text_of(&item["output"]).into(), &mut texts);
            Some(json!([item["call_id"], texts]))
        }
        "message" if item["role"] == "assistant" => Some(json!(["said", text_of(&item["content"])])),
        _ => None,
    }
}

fn of_chat_message(message: &Value) -> Vec<Value> {
    match message["role"].as_str().unwrap_or_default() {
        "tool" => {
            let mut texts = Vec::new();
            texts_in(&text_of(&message["content"]).into(), &mut texts);
            vec![json!([message["tool_call_id"], texts])]
        }
        "assistant" => {
            let mut said = vec![json!(text_of(&message["content"]))];
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
                let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
                said.push(json!([call["id"], call["function"]["name"], arguments]));
            }
            said
        }
        _ => Vec::new(),
    }
}

/// What is not as it was recorded, and why that is right.
const KNOWN: &[(&str, &str)] = &[
    ("54d626610e", "a client that is not the vendor's put the signature on another part than it came on"),
    ("dcaa0cdc08", "a client that is not the vendor's put the signature on a second part too"),
    ("9d3e8dd003", "a conversation without a user's message, which the format does not take"),
    ("551b688c66", "conversations that the vendor keeps are refused here"),
];

#[tokio::test]
async fn a_second_turn_is_what_the_providers_own_sdk_sends() {
    let mut equal: BTreeMap<String, usize> = BTreeMap::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for recorded in recorded() {
        let Some(exchanges) = exchanges::read(recorded.wires) else { return };
        let exchanges: Vec<_> =
            exchanges.into_iter().filter(|exchange| exchange.provider == recorded.vendor).collect();
        let own = (recorded.own)();
        let gate = Gate::speaking(recorded.kind, recorded.format);
        for pair in pairs(&exchanges, recorded.turns) {
            for door in doors() {
                let named = format!("{} through {}", recorded.vendor, door.name);
                if let Some((_, why)) = KNOWN.iter().find(|(id, _)| *id == pair.second.id) {
                    *left_out.entry((*why).to_owned()).or_default() += 1;
                    continue;
                }
                match hold(&gate, &door, &*own, &pair).await {
                    Err(why) if why.starts_with("SKIP") => *left_out.entry(why).or_default() += 1,
                    Err(why) => wrong.push(format!("{named}: {}: {why}", pair.second.id)),
                    Ok(sent) => {
                        // What was said before the first turn never came through here.
                        let before = essence(recorded.format, &pair.first.asked).len();
                        let mut should = essence(recorded.format, &pair.second.asked);
                        should.drain(..before.min(should.len()));
                        let mut is = essence(recorded.format, &sent);
                        is.drain(..is.len().saturating_sub(should.len()));
                        if is == should {
                            *equal.entry(named).or_default() += 1;
                        } else {
                            let place =
                                is.iter().zip(&should).take_while(|(one, other)| one == other).count();
                            let show = |all: &[Value]| {
                                all.get(place).map_or_else(|| "nothing".into(), Value::to_string)
                            };
                            let (is, should) = (show(&is), show(&should));
                            wrong.push(format!(
                                "{named}: {} at {place}:\n  is     {is:.400}\n  should {should:.400}",
                                pair.second.id
                            ));
                        }
                    }
                }
            }
        }
    }
    println!("equal: {equal:#?}\nleft out: {left_out:#?}");
    assert!(wrong.is_empty(), "{} differ:\n{:.60000}", wrong.len(), wrong.join("\n"));
}
