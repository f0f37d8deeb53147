//! The untouched path: client and provider speak the same format, so bytes pass as they are but for the model's name.
//!
//! A field that the provider invents tomorrow works today. The record's facts are read from the bytes in passing.

use std::fmt;

use bytes::Bytes;
use tollgate_model::{FinishReason, ModelName, ProviderError, ResponseId, Usage};

use crate::{Frame, RequestFacts};

/// Passes requests and answers of one format through, reading only what the record needs.
pub trait Relay: fmt::Debug + Send + Sync {
    /// Addresses the client's own body to `model`, changing nothing in it but the model's name.
    ///
    /// `headers` are the client's; those that the format knows (`anthropic-beta`, `idempotency-key` …) are taken over
    /// by list, everything else stays behind.
    fn request(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &http::HeaderMap,
        body: &Bytes,
    ) -> http::Request<Bytes>;

    /// Reads the facts of a complete 2xx body.
    ///
    /// # Errors
    /// A body that is not this format's answer: such a one must not reach the client as a success.
    fn response_facts(&self, body: &[u8]) -> Result<ResponseFacts, ProviderError>;

    /// Starts reading along one streaming answer.
    fn stream_reader(&self) -> Box<dyn StreamReader>;
}

/// Reads along one streaming answer. Must be cheap: it runs for every frame that passes.
pub trait StreamReader: fmt::Debug + Send {
    /// Reads one frame.
    ///
    /// # Errors
    /// The provider's own in-stream error, or a frame that cannot be read. The frame has still been relayed.
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError>;

    /// The facts so far.
    fn facts(&self) -> &ResponseFacts;

    /// Called once when the body ends.
    ///
    /// # Errors
    /// [`tollgate_model::ErrorKind::Truncated`] if the format's own last frame was not seen.
    fn finish(&mut self) -> Result<(), ProviderError>;
}

/// What the record needs to know of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResponseFacts {
    /// The provider's id.
    pub id: Option<ResponseId>,
    /// The model that answered.
    pub model: Option<ModelName>,
    /// Why the first answer ended.
    pub finish_reason: Option<FinishReason>,
    /// What was consumed, as reported.
    pub usage: Usage,
    /// The class of service that was used.
    pub service_tier: Option<String>,
    /// How many bytes of text, reasoning and arguments were seen: the ground for an estimate where no usage comes.
    pub content_bytes: u64,
}
