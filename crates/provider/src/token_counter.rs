//! Counting tokens before they are paid for, as a provider does it and as clients ask for it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tollgate_model::{CallError, ChatRequest, Format, ModelName, ProviderError, RequestError, TokenCount};

use crate::{Encoded, RequestFacts, Target};

/// Asks a provider how many tokens a chat request would take. Errors that are no success are read by
/// [`crate::Provider::decode_error`].
///
/// # Contract
/// Pure, like [`crate::Provider`], and without default methods.
pub trait TokenCounter: fmt::Debug + Send + Sync {
    /// The format of the requests that are counted: that of the chats.
    fn format(&self) -> &Format;

    /// Addresses a client's own body of [`TokenCounter::format`] to `model`, changing nothing in it but the model's name.
    /// `None`: bodies are always translated.
    fn relay(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>>;

    /// Writes the request that asks the target how many tokens `request` would take, without credentials.
    ///
    /// # Errors
    /// What cannot be asked at all, even with losses.
    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError>;

    /// Reads a complete 2xx response.
    ///
    /// # Errors
    /// A body that does not say how many.
    fn decode_response(&self, response: Response<Bytes>) -> Result<TokenCount, ProviderError>;
}

/// The mirror image: how clients of one format ask for a count.
pub trait TokenCountFrontDoor: fmt::Debug + Send + Sync + 'static {
    /// The format of the requests that are counted: that of the chats.
    fn format(&self) -> &Format;

    /// Reads what routing and policy need, without reading the whole body. `path` is as in [`crate::FrontDoor::request_facts`].
    ///
    /// # Errors
    /// A body that is no JSON object, or lacks the model.
    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError>;

    /// Reads the request that is to be counted.
    ///
    /// # Errors
    /// A body that is not a request of this format; the error names the field.
    fn decode_request(&self, path: &str, body: &[u8]) -> Result<ChatRequest, RequestError>;

    /// Writes the answer. These formats have no place to say that a count is an estimate; a header does.
    fn encode_response(&self, count: &TokenCount) -> Bytes;

    /// Writes an error, with its status and headers.
    fn encode_error(&self, error: &CallError) -> Response<Bytes>;
}
