//! The front door: clients that speak Chat Completions.

use bytes::{Bytes, BytesMut};
use tollgate_model::{CallError, ChatEvent, ChatRequest, ChatResponse, Format, Losses, RequestError};
use tollgate_provider::{EncodedResponse, FrontDoor, RequestFacts, StreamEncoder};

/// Reads and answers clients that speak Chat Completions.
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

    fn request_facts(&self, _path: &str, _body: &[u8]) -> Result<RequestFacts, RequestError> {
        Err(RequestError::invalid("the translation of this format is still to come"))
    }

    fn decode_request(&self, _path: &str, _body: &[u8]) -> Result<ChatRequest, RequestError> {
        Err(RequestError::invalid("the translation of this format is still to come"))
    }

    fn encode_response(
        &self,
        _request: &ChatRequest,
        _response: &ChatResponse,
        _now_unix: i64,
    ) -> EncodedResponse {
        EncodedResponse { body: Bytes::new(), losses: Losses::new() }
    }

    fn encode_error(&self, error: &CallError) -> http::Response<Bytes> {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = error.status;
        response
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn stream_encoder(&self, _request: &ChatRequest, _now_unix: i64) -> Box<dyn StreamEncoder> {
        Box::new(Silent(Losses::new()))
    }
}

#[derive(Debug)]
struct Silent(Losses);

impl StreamEncoder for Silent {
    fn encode(&mut self, _event: &ChatEvent, _out: &mut BytesMut) {}

    fn encode_error(&mut self, _error: &CallError, _out: &mut BytesMut) {}

    fn losses(&self) -> &Losses {
        &self.0
    }
}
