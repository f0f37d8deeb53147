//! The front door: clients that speak Responses.

use bytes::Bytes;
use tollgate_model::{CallError, ChatRequest, ChatResponse, Format, RequestError};
use tollgate_provider::{EncodedResponse, FrontDoor, RequestFacts, StreamEncoder};

use super::{notes::FORMAT, request, response, stream_encoder::ResponsesEncoder};
use crate::client_error;

/// Reads and answers clients that speak Responses.
///
/// What another vendor signed or encrypted travels in `encrypted_content`, and comes back to that vendor as it was. The
/// keeping of answers (`store`, `previous_response_id`, `conversation`, `background`) is not a front door's: such fields
/// stay with the request for whoever keeps answers.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ResponsesFrontDoor;

impl ResponsesFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl FrontDoor for ResponsesFrontDoor {
    fn format(&self) -> &Format {
        static NAME: Format = FORMAT;
        &NAME
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
        client_error::response(error)
    }

    fn stream_content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder> {
        Box::new(ResponsesEncoder::new(request, now_unix))
    }
}
