//! The front doors: clients that speak `embedContent` or `batchEmbedContents`.

use bytes::Bytes;
use http::Response;
use tollgate_model::{CallError, EmbeddingRequest, EmbeddingResponse, Format, RequestError};
use tollgate_provider::{EmbeddingFrontDoor, EncodedResponse, RequestFacts};

use super::{BATCH, ONE, request, response};
use crate::{client_error, generate_content};

/// Reads and answers clients that ask for vectors: for one, or for a batch. Two doors that differ in the frame of question
/// and answer.
#[derive(Debug, Clone, Copy)]
pub struct EmbedContentFrontDoor {
    batch: bool,
}

impl EmbedContentFrontDoor {
    /// Makes the door of `embedContent`.
    #[must_use]
    pub const fn one() -> Self {
        Self { batch: false }
    }

    /// Makes the door of `batchEmbedContents`.
    #[must_use]
    pub const fn batch() -> Self {
        Self { batch: true }
    }
}

impl EmbeddingFrontDoor for EmbedContentFrontDoor {
    fn format(&self) -> &Format {
        static FORMATS: [Format; 2] = [ONE, BATCH];
        &FORMATS[usize::from(self.batch)]
    }

    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        generate_content::facts(path, body)
    }

    fn decode_request(&self, path: &str, body: &[u8]) -> Result<EmbeddingRequest, RequestError> {
        let (model, _) = generate_content::asked(path)?;
        if self.batch { request::decode_batch(model, body) } else { request::decode_one(model, body) }
    }

    fn encode_response(&self, _: &EmbeddingRequest, response: &EmbeddingResponse) -> EncodedResponse {
        let (body, losses) = response::encode(self.format(), response);
        EncodedResponse { body, losses }
    }

    fn encode_error(&self, error: &CallError) -> Response<Bytes> {
        client_error::response(error)
    }
}
