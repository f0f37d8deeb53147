//! Answers that are made in the background: what of a request and of an answer says so.
//!
//! Whoever runs them asks for an ordinary stream ([`foreground`]), and tells its events and answers as those of one that runs in
//! the background ([`told_event`]).

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use tollgate_model::RequestError;
use tollgate_provider::{
    front_door::{read_field, unsearchable},
    json_spans,
};

/// A request for an ordinary stream in place of one for an answer in the background.
#[derive(Debug)]
pub struct Foreground {
    /// The body that asks for the stream.
    pub body: Vec<u8>,
    /// Whether the client wants to read along.
    pub stream: bool,
}

/// Makes an ordinary streamed request of one for the background. Nothing else of the body changes.
///
/// # Errors
/// A body that is no JSON object.
pub fn foreground(body: &[u8]) -> Result<Foreground, RequestError> {
    let [_, stream] = json_spans::find(body, ["background", "stream"]).map_err(unsearchable)?;
    let wanted = read_field::<Option<bool>>(body, "stream", stream.as_ref())?.flatten().unwrap_or_default();
    let changed = set(body, "background", "false").map_err(unsearchable)?;
    let changed = set(&changed, "stream", "true").map_err(unsearchable)?;
    Ok(Foreground { body: changed, stream: wanted })
}

/// What an event says of the answer as a whole.
#[derive(Debug)]
pub struct ToldEvent {
    /// Its data, in which the answer runs in the background.
    pub data: Vec<u8>,
    /// Its place in the stream.
    pub sequence_number: Option<u64>,
    /// The answer as it stands, where the event holds it.
    pub response: Option<Vec<u8>>,
}

/// Reads the data of an event, and tells its answer as one that runs in the background.
#[must_use]
pub fn told_event(data: &[u8]) -> ToldEvent {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(default)]
        sequence_number: Option<u64>,
        #[serde(borrow, default)]
        response: Option<&'a RawValue>,
    }
    let unread = || ToldEvent { data: data.to_vec(), sequence_number: None, response: None };
    let Ok(event) = serde_json::from_slice::<Event<'_>>(data) else { return unread() };
    let Some(response) = event.response else {
        return ToldEvent { sequence_number: event.sequence_number, ..unread() };
    };
    let Ok(response) = set(response.get().as_bytes(), "background", "true") else { return unread() };
    let Ok([Some(place)]) = json_spans::find(data, ["response"]) else { return unread() };
    let data = json_spans::replace(data, &place, &response);
    ToldEvent { data, sequence_number: event.sequence_number, response: Some(response) }
}

/// What is read of an answer to know it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Its id.
    pub id: String,
    /// `queued`, `in_progress`, `completed`, `incomplete`, `failed`, `cancelled`.
    #[serde(default)]
    pub status: Option<String>,
    /// Whether it was made in the background.
    #[serde(default)]
    pub background: Option<bool>,
}

impl Standing {
    /// Reads it. `None`: this is no answer.
    #[must_use]
    pub fn of(response: &[u8]) -> Option<Self> {
        serde_json::from_slice(response).ok()
    }

    /// Whether nothing more comes.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.status.as_deref(), Some("queued" | "in_progress"))
    }

    /// Whether it is a turn that a conversation can go on from.
    #[must_use]
    pub fn is_turn(&self) -> bool {
        matches!(self.status.as_deref(), Some("completed" | "incomplete") | None)
    }
}

/// Ends an answer before it is complete. `error`, a code and a message, makes it failed; otherwise it is cancelled.
#[must_use]
pub fn ended(response: &[u8], error: Option<(&str, &str)>) -> Vec<u8> {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(response) else {
        return response.to_vec();
    };
    fields.insert("status".to_owned(), if error.is_some() { "failed" } else { "cancelled" }.into());
    if let Some((code, message)) = error {
        fields.insert("error".to_owned(), json!({"code": code, "message": message}));
    }
    Value::Object(fields).to_string().into_bytes()
}

/// Sets a top-level field to a literal, where it stands or else in front.
fn set(body: &[u8], name: &str, literal: &str) -> Result<Vec<u8>, json_spans::SpanError> {
    let [place] = json_spans::find(body, [name])?;
    if let Some(place) = place {
        return Ok(json_spans::replace(body, &place, literal.as_bytes()));
    }
    let mut changed = body.to_vec();
    let open = body.iter().position(|byte| *byte == b'{').map_or(0, |place| place + 1);
    let is_empty = body[open..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}');
    let comma = if is_empty { "" } else { "," };
    changed.splice(open..open, format!("\"{name}\":{literal}{comma}").into_bytes());
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_the_background_becomes_one_for_a_stream() {
        for (body, asks, stream) in [
            (
                r#"{"model":"m","background": true,"x":[1, 2]}"#,
                r#"{"stream":true,"model":"m","background": false,"x":[1, 2]}"#,
                false,
            ),
            (r#"{"stream":true,"background":true}"#, r#"{"stream":true,"background":false}"#, true),
            (r#"{"stream":null,"background":true}"#, r#"{"stream":true,"background":false}"#, false),
        ] {
            let made = foreground(body.as_bytes()).unwrap();
            assert_eq!((String::from_utf8(made.body).unwrap().as_str(), made.stream), (asks, stream));
        }
        assert!(foreground(b"[]").is_err());
        assert!(foreground(br#"{"stream":"yes"}"#).is_err());
    }

    #[test]
    fn events_tell_of_an_answer_in_the_background() {
        let event = told_event(
            br#"{"type":"response.created","response":{"id":"r","background":false},"sequence_number":3}"#,
        );
        assert_eq!(
            event.data,
            br#"{"type":"response.created","response":{"id":"r","background":true},"sequence_number":3}"#
        );
        assert_eq!(event.sequence_number, Some(3));
        assert_eq!(event.response.unwrap(), br#"{"id":"r","background":true}"#);
        let delta = br#"{"type":"response.output_text.delta","delta":"a","sequence_number":4}"#;
        let event = told_event(delta);
        assert_eq!((event.data.as_slice(), event.sequence_number), (delta.as_slice(), Some(4)));
        assert!(event.response.is_none());
        assert_eq!(told_event(b"[DONE]").data, b"[DONE]");
    }

    #[test]
    fn an_answer_is_ended_before_it_is_complete() {
        let begun = br#"{"id":"r","status":"in_progress","output":[]}"#;
        assert!(!Standing::of(begun).unwrap().is_over());
        let cancelled = Standing::of(&ended(begun, None)).unwrap();
        assert!(cancelled.is_over() && !cancelled.is_turn());
        let failed: Value =
            serde_json::from_slice(&ended(begun, Some(("server_error", "it broke")))).unwrap();
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_error")));
    }
}
