//! The front door: clients that speak the Interactions API.

use bytes::Bytes;
use tollgate_model::{CallError, ChatRequest, ChatResponse, Format, RequestError};
use tollgate_provider::{EncodedResponse, FrontDoor, RequestFacts, StreamEncoder};

use super::{error, request, response, stream_encoder::InteractionEncoder};

/// Reads and answers clients that speak the Interactions API.
///
/// What another vendor's reasoning needs to be sent back is answered as the `signature` of thoughts and calls, so that a
/// client which sends its steps back unchanged keeps it. Conversations are not kept here, but by whoever reads [`crate::stored`].
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct InteractionsFrontDoor;

impl InteractionsFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl FrontDoor for InteractionsFrontDoor {
    fn format(&self) -> &Format {
        static FORMAT: Format = Format::GEMINI_INTERACTIONS;
        &FORMAT
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        request::facts(body)
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
        error::response(error)
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder> {
        Box::new(InteractionEncoder::new(request, now_unix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_stand_in_the_body() {
        let door = InteractionsFrontDoor::new();
        let facts = |body: &str| door.request_facts("/v1beta/interactions", body.as_bytes());
        let asked = facts(r#"{"input":"hi","model":"openai/gpt-6","stream":true}"#).unwrap();
        assert_eq!(
            (asked.model.as_str(), asked.stream, asked.model_span),
            ("openai/gpt-6", true, Some(22..36))
        );
        assert_eq!(facts(r#"{"agent":"deep-research"}"#).unwrap().model.as_str(), "deep-research");
        for body in ["", "[]", "{}", r#"{"model":""}"#, r#"{"model":"a","model":"b"}"#] {
            assert!(facts(body).is_err(), "{body}");
        }
    }
}
