//! The front door: clients that speak Messages.

mod counters;
pub(crate) mod error;
pub(crate) mod request;
mod response;
mod stream;

use bytes::Bytes;
use tollgate_model::{CallError, ChatRequest, ChatResponse, Format, RequestError};
use tollgate_provider::{EncodedResponse, FrontDoor, RequestFacts, StreamEncoder};

use self::stream::MessagesEncoder;

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

/// Reads and answers clients that speak Messages.
///
/// Reasoning of other vendors is answered as `thinking`, with what its issuer must get back in the `signature`, so that a
/// client which sends its blocks back unchanged keeps it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct MessagesFrontDoor;

impl MessagesFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl FrontDoor for MessagesFrontDoor {
    fn format(&self) -> &Format {
        static FORMAT: Format = Format::ANTHROPIC_MESSAGES;
        &FORMAT
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        RequestFacts::in_body(body)
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
        "text/event-stream; charset=utf-8"
    }

    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder> {
        Box::new(MessagesEncoder::new(request, now_unix))
    }
}
