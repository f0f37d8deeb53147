//! The provider: what the pipeline holds.

use bytes::Bytes;
use http::{HeaderName, Method, Request, Response, Uri};
use tollgate_model::{ChatRequest, ChatResponse, Format, ProviderError, ProviderName, RequestError};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Framing, HeaderCredential, Provider, Relay, Secret, StreamDecoder,
    Target, TokenCounter, credentials::AuthError,
};

use crate::{error, names::Restore, relay, request, response, stream::MessagesDecoder};

/// The provider's kind, and its usual name.
pub const NAME: &str = "anthropic";

/// Where the vendor's own service lives.
pub const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

/// The environment variable that the vendor's SDK reads the key from.
pub const API_KEY_ENV: &str = "ANTHROPIC_API_KEY";

/// The version of the API that is spoken. The only one there is, and required.
pub(crate) const ANTHROPIC_VERSION: &str = "2023-06-01";

pub(crate) const VERSION_HEADER: HeaderName = HeaderName::from_static("anthropic-version");

/// Makes the credential of an API key: the `x-api-key` header.
///
/// # Errors
/// The key holds characters that a header cannot.
pub fn credential(key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
    HeaderCredential::new(HeaderName::from_static("x-api-key"), "", key)
}

/// Speaks Anthropic Messages to one base URL.
#[derive(Debug, Clone)]
pub struct MessagesProvider {
    name: ProviderName,
    messages: Uri,
    count_tokens: Uri,
}

impl MessagesProvider {
    /// Speaks to `base_url`, which may be written with or without `/v1`.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        let api = base_url.ensure_suffix("/v1");
        Self { name, messages: api.join("/messages"), count_tokens: api.join("/messages/count_tokens") }
    }

    pub(crate) fn post(&self, stream: bool, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.messages.clone();
        request.headers_mut().extend(relay::fixed_headers(stream));
        request
    }

    /// Addresses a body whose tokens are to be counted.
    pub(crate) fn ask_count(&self, body: Bytes) -> Request<Bytes> {
        let mut request = self.post(false, body);
        *request.uri_mut() = self.count_tokens.clone();
        request
    }
}

impl Provider for MessagesProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static FORMAT: Format = Format::ANTHROPIC_MESSAGES;
        &FORMAT
    }

    fn relay(&self) -> Option<&dyn Relay> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        None
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        Some(self)
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(target, request)?;
        Ok(Encoded { request: self.post(request.stream, body), losses })
    }

    fn decode_response(
        &self,
        request: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        response::decode(request, &response)
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        error::from_response(&response)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(MessagesDecoder::new(Restore::new(request)))
    }
}
