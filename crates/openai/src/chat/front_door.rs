//! The front door: clients that speak Chat Completions.

use bytes::Bytes;
use serde::Deserialize;
use tollgate_model::{CallError, ChatRequest, ChatResponse, Format, ModelName, RequestError};
use tollgate_provider::{
    EncodedResponse, FrontDoor, RequestFacts, StreamEncoder,
    front_door::{read_field, unsearchable},
    json_spans,
};

use super::{client_error, request, response, stream_encoder::ChunkEncoder};

/// Reads and answers clients that speak Chat Completions.
///
/// Reasoning is answered as `reasoning_content`, and pictures as `images`: the fields that clients of this format know,
/// although OpenAI's own answers lack them.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ChatFrontDoor;

impl ChatFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl FrontDoor for ChatFrontDoor {
    fn format(&self) -> &Format {
        static FORMAT: Format = Format::OPENAI_CHAT;
        &FORMAT
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        let [model, stream, options] =
            json_spans::find(body, ["model", "stream", "stream_options"]).map_err(unsearchable)?;
        let missing = || RequestError::invalid_field("model", "`model` is missing");
        let span = model.ok_or_else(missing)?;
        let name: Option<String> = read_field(body, "model", Some(&span))?;
        let name = name.filter(|name| !name.is_empty()).ok_or_else(missing)?;
        let options: Option<StreamOptions> = read_field(body, "stream_options", options.as_ref())?;
        Ok(RequestFacts {
            model: ModelName::from(name),
            model_span: Some(span),
            stream: read_field(body, "stream", stream.as_ref())?.unwrap_or_default(),
            stream_usage: options.and_then(|options| options.include_usage).unwrap_or_default(),
        })
    }

    fn decode_request(&self, _path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
        request::decode(body)
    }

    fn encode_response(
        &self,
        request: &ChatRequest,
        response: &ChatResponse,
        now_unix: i64,
    ) -> EncodedResponse {
        let (body, losses) = response::encode(request, response, now_unix);
        EncodedResponse { body, losses }
    }

    fn encode_error(&self, error: &CallError) -> http::Response<Bytes> {
        client_error::response(error)
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder> {
        Box::new(ChunkEncoder::new(request, now_unix))
    }
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(body: &str) -> Result<RequestFacts, RequestError> {
        ChatFrontDoor::new().request_facts("/v1/chat/completions", body.as_bytes())
    }

    #[test]
    fn the_facts_are_found_without_reading_the_rest() {
        let body = r#"{"messages":[{"model":"no"}],"model":"openai/gpt-6","stream":true,"stream_options":{"include_usage":true,"x":1}}"#;
        let found = facts(body).unwrap();
        assert_eq!((found.model.as_str(), found.stream, found.stream_usage), ("openai/gpt-6", true, true));
        assert_eq!(&body[found.model_span.unwrap()], r#""openai/gpt-6""#);
        let plain = facts(r#"{"model":"m","stream":null,"stream_options":null}"#).unwrap();
        assert!(!plain.stream && !plain.stream_usage);
    }

    #[test]
    fn what_cannot_be_routed_is_refused_with_its_field() {
        for (body, param) in [
            ("", None),
            ("[]", None),
            ("{}", Some("model")),
            (r#"{"model":""}"#, Some("model")),
            (r#"{"model":7}"#, Some("model")),
            (r#"{"model":"a","model":"b"}"#, Some("model")),
            (r#"{"model":"a","stream":"yes"}"#, Some("stream")),
            (r#"{"model":"a","stream":true,"stream":false}"#, Some("stream")),
        ] {
            assert_eq!(facts(body).unwrap_err().param.as_deref(), param, "{body}");
        }
    }
}
