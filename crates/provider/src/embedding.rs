//! Embeddings, as a provider gives them and as clients ask for them.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tollgate_model::{
    CallError, EmbeddingRequest, EmbeddingResponse, Format, ModelName, ProviderError, RequestError,
};

use crate::{Encoded, EncodedResponse, RequestFacts, ResponseFacts, Target};

/// Translates between canonical embeddings and one provider's wire format. Errors that are no success are read by
/// [`crate::Provider::decode_error`].
///
/// # Contract
/// Pure, like [`crate::Provider`], and without default methods.
pub trait EmbeddingProvider: fmt::Debug + Send + Sync {
    /// Addresses a client's own body of the format `door` to `model`, changing nothing in it but the model's name. `None`:
    /// the provider does not speak this format, so the call is translated.
    fn relay(
        &self,
        door: &Format,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>>;

    /// Reads what the record needs of a complete 2xx answer that is passed on untouched to a client of the format `door`.
    ///
    /// # Errors
    /// A body that is not this format's answer: such a one must not reach the client as a success.
    fn response_facts(&self, door: &Format, body: &[u8]) -> Result<ResponseFacts, ProviderError>;

    /// Writes the request that asks the target for the vectors, without credentials.
    ///
    /// # Errors
    /// What cannot be asked at all, even with losses: a vector of something else, or of another length, is of no use.
    fn encode_request(
        &self,
        target: &Target<'_>,
        request: &EmbeddingRequest,
    ) -> Result<Encoded, RequestError>;

    /// Reads a complete 2xx response: as many vectors as there were inputs, in their order.
    ///
    /// # Errors
    /// A body that cannot be read ([`tollgate_model::ErrorKind::Protocol`]), or that is an error under a 2xx status.
    fn decode_response(
        &self,
        request: &EmbeddingRequest,
        response: Response<Bytes>,
    ) -> Result<EmbeddingResponse, ProviderError>;
}

/// The mirror image: a format of embeddings, as clients speak it.
pub trait EmbeddingFrontDoor: fmt::Debug + Send + Sync + 'static {
    /// The wire format spoken.
    fn format(&self) -> &Format;

    /// Reads what routing and policy need, without reading the whole body. `path` is as in [`crate::FrontDoor::request_facts`].
    ///
    /// # Errors
    /// A body that is no JSON object, or lacks the model.
    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError>;

    /// Reads the whole request.
    ///
    /// # Errors
    /// A body that is not a request of this format; the error names the field.
    fn decode_request(&self, path: &str, body: &[u8]) -> Result<EmbeddingRequest, RequestError>;

    /// Writes a complete answer.
    fn encode_response(&self, request: &EmbeddingRequest, response: &EmbeddingResponse) -> EncodedResponse;

    /// Writes an error, with its status and headers.
    fn encode_error(&self, error: &CallError) -> Response<Bytes>;
}

/// Says that an answer does not hold one vector for each input.
///
/// # Errors
/// It does not.
pub fn expect_vectors(found: usize, request: &EmbeddingRequest) -> Result<(), ProviderError> {
    let asked = request.inputs.len();
    if found == asked {
        return Ok(());
    }
    Err(ProviderError::protocol(format!("the provider answered with {found} vectors for {asked} inputs")))
}
