//! The provider trait: canonical request in, HTTP request out; HTTP response or frames in, canonical response or events out.

use std::fmt;

use bytes::Bytes;
use tollgate_catalog::Model;
use tollgate_model::{
    ChatEvent, ChatRequest, ChatResponse, Format, Losses, ModelName, ProviderError, ProviderName,
    RequestError,
};

use crate::{EmbeddingProvider, Frame, Framing, Relay, TokenCounter};

/// Translates between the canonical model and one provider's wire format.
///
/// # Contract
/// Pure: an [`crate::Authorizer`] adds credentials, a [`crate::Transport`] moves bytes, the router counts failures.
/// Decoding receives the request as well, so that whatever encoding did to it (a renamed tool, an emulated output
/// schema) can be undone. There are no default methods: a wrapper cannot forget one.
pub trait Provider: fmt::Debug + Send + Sync + 'static {
    /// The `gen_ai.provider.name` value, for example `anthropic`.
    fn name(&self) -> &ProviderName;

    /// The wire format spoken.
    fn format(&self) -> &Format;

    /// The untouched path, for clients that speak [`Provider::format`] themselves. `None` means that every call is
    /// translated, also between equal formats.
    fn relay(&self) -> Option<&dyn Relay>;

    /// Embeddings. `None`: the provider has none at this door.
    fn embeddings(&self) -> Option<&dyn EmbeddingProvider>;

    /// Counts of tokens. `None`: the provider does not count, so the gateway estimates.
    fn token_counter(&self) -> Option<&dyn TokenCounter>;

    /// Writes the request that asks the target to answer `request`, without credentials.
    ///
    /// The result names everything that the format cannot express; strict calls refuse such a result.
    ///
    /// # Errors
    /// What cannot be asked at all, even with losses.
    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError>;

    /// Reads a complete 2xx response.
    ///
    /// # Errors
    /// A body that cannot be read ([`tollgate_model::ErrorKind::Protocol`]), or that is an error under a 2xx status.
    fn decode_response(
        &self,
        request: &ChatRequest,
        response: http::Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError>;

    /// Reads a non-2xx response. Total: an unreadable body still gives an error of the right kind.
    fn decode_error(&self, response: http::Response<Bytes>) -> ProviderError;

    /// How a streaming body is cut into frames.
    fn framing(&self) -> Framing;

    /// Starts the translation of one streaming response.
    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder>;
}

/// Translates one streaming response, frame by frame. Owns all the state that this needs.
pub trait StreamDecoder: fmt::Debug + Send {
    /// Reads one frame and appends the events it means to `events`, a buffer the caller reuses.
    ///
    /// # Errors
    /// A frame that cannot be read, or the provider's own in-stream error. The stream is over then.
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError>;

    /// Called once when the body ends.
    ///
    /// # Errors
    /// [`tollgate_model::ErrorKind::Truncated`] if the format's own last frame was not seen.
    fn finish(&mut self, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError>;
}

/// The model that a request is encoded for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its name at the provider.
    pub model: &'a ModelName,
    /// What the catalogue knows of it. `None`: nothing, so everything is allowed.
    pub card: Option<&'a Model>,
}

/// A request in the provider's format, and what it could not say.
#[derive(Debug)]
pub struct Encoded {
    /// The request, with absolute URL and without credentials.
    pub request: http::Request<Bytes>,
    /// What was left out, approximated or emulated.
    pub losses: Losses,
}
