//! The front door: clients that speak `/v1/embeddings`.

use bytes::Bytes;
use http::Response;
use tollgate_model::{CallError, EmbeddingRequest, EmbeddingResponse, Format, RequestError};
use tollgate_provider::{EmbeddingFrontDoor, EncodedResponse, RequestFacts};

use super::{FORMAT, request, response};
use crate::client_error;

/// Reads and answers clients that speak `/v1/embeddings`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct EmbeddingsFrontDoor;

impl EmbeddingsFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl EmbeddingFrontDoor for EmbeddingsFrontDoor {
    fn format(&self) -> &Format {
        static NAME: Format = FORMAT;
        &NAME
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        RequestFacts::in_body(body)
    }

    fn decode_request(&self, _path: &str, body: &[u8]) -> Result<EmbeddingRequest, RequestError> {
        request::decode(body)
    }

    fn encode_response(&self, request: &EmbeddingRequest, response: &EmbeddingResponse) -> EncodedResponse {
        let (body, losses) = response::encode(request, response);
        EncodedResponse { body, losses }
    }

    fn encode_error(&self, error: &CallError) -> Response<Bytes> {
        client_error::response(error)
    }
}
