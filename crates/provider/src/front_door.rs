//! The mirror image of a provider: a wire format as clients speak it.

use std::{fmt, ops::Range};

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tollgate_model::{
    CallError, ChatEvent, ChatRequest, ChatResponse, ErrorKind, Format, Losses, ModelName, RequestError,
};

use crate::json_spans::{self, SpanError};

/// Translates between clients of one wire format and the canonical model. Pure, like a provider.
pub trait FrontDoor: fmt::Debug + Send + Sync + 'static {
    /// The wire format spoken.
    fn format(&self) -> &Format;

    /// Reads what routing and policy need, without reading the whole body.
    ///
    /// `path` is the request's path, for formats that keep the model there.
    ///
    /// # Errors
    /// A body that is no JSON object, lacks the model, or says one of these fields twice.
    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError>;

    /// Reads the whole request.
    ///
    /// # Errors
    /// A body that is not a request of this format; the error names the field.
    fn decode_request(&self, path: &str, body: &[u8]) -> Result<ChatRequest, RequestError>;

    /// Writes a complete answer.
    ///
    /// `now_unix` is the time in Unix seconds, for formats that must say when they answered although the provider did not.
    fn encode_response(
        &self,
        request: &ChatRequest,
        response: &ChatResponse,
        now_unix: i64,
    ) -> EncodedResponse;

    /// Writes an error, with its status and headers.
    fn encode_error(&self, error: &CallError) -> http::Response<Bytes>;

    /// The content type of a stream.
    fn stream_content_type(&self) -> &'static str;

    /// Starts writing one streaming answer. `now_unix` is as in [`FrontDoor::encode_response`].
    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder>;
}

/// Writes one streaming answer, event by event.
pub trait StreamEncoder: fmt::Debug + Send {
    /// Appends the frames that `event` means.
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut);

    /// Appends the format's in-stream error. Nothing comes after it: such a stream has no clean end.
    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut);

    /// What could not be said so far.
    fn losses(&self) -> &Losses;
}

/// An answer in the client's format, and what it could not say.
#[derive(Debug)]
pub struct EncodedResponse {
    /// The JSON body.
    pub body: Bytes,
    /// What was left out, approximated or emulated.
    pub losses: Losses,
}

/// What routing and policy need of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// The model, as the client asked for it.
    pub model: ModelName,
    /// Where the model's name stands in the body, quotes included. `None` where it stands in the path.
    pub model_span: Option<Range<usize>>,
    /// Whether the answer shall come as a stream.
    pub stream: bool,
    /// Whether the client asked for usage at the end of a stream, in formats where that is asked for.
    pub stream_usage: bool,
}

impl RequestFacts {
    /// Reads the facts of a format whose model and wish for a stream stand at the top of the body, and whose streams
    /// always tell the usage.
    ///
    /// # Errors
    /// As [`FrontDoor::request_facts`].
    pub fn in_body(body: &[u8]) -> Result<Self, RequestError> {
        let [model, stream] = json_spans::find(body, ["model", "stream"]).map_err(unsearchable)?;
        let missing = || RequestError::invalid_field("model", "`model` is missing");
        let span = model.ok_or_else(missing)?;
        let name: Option<String> = read_field(body, "model", Some(&span))?;
        let name = name.filter(|name| !name.is_empty()).ok_or_else(missing)?;
        Ok(Self {
            model: ModelName::from(name),
            model_span: Some(span),
            stream: read_field(body, "stream", stream.as_ref())?.unwrap_or_default(),
            stream_usage: true,
        })
    }
}

/// Reads a top-level field that [`json_spans::find`] has found. `null` is 'not there'.
///
/// # Errors
/// It holds something else.
pub fn read_field<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    name: &str,
    span: Option<&Range<usize>>,
) -> Result<Option<T>, RequestError> {
    let Some(span) = span else { return Ok(None) };
    serde_json::from_slice(&body[span.clone()])
        .map_err(|error| RequestError::invalid_field(name, format!("`{name}` cannot be read: {error}")))
}

/// Says to a client that its body cannot be searched.
#[must_use]
pub fn unsearchable(error: SpanError) -> RequestError {
    let message = error.to_string();
    let param = match error {
        SpanError::Duplicate(name) => Some(name),
        _ => None,
    };
    RequestError { param, ..RequestError::new(ErrorKind::InvalidRequest, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_found_without_reading_the_rest() {
        let body = br#"{"messages":[{"model":"no"}],"model":"a/b","stream":true}"#;
        let facts = RequestFacts::in_body(body).unwrap();
        assert_eq!((facts.model.as_str(), facts.stream), ("a/b", true));
        assert_eq!(&body[facts.model_span.unwrap()], br#""a/b""#);
        for (body, param) in [
            ("[]", None),
            ("{}", Some("model")),
            (r#"{"model":""}"#, Some("model")),
            (r#"{"model":"a","model":"b"}"#, Some("model")),
            (r#"{"model":"a","stream":"yes"}"#, Some("stream")),
        ] {
            let error = RequestFacts::in_body(body.as_bytes()).unwrap_err();
            assert_eq!(error.param.as_deref(), param, "{body}");
        }
    }
}
