//! The provider: what the pipeline holds.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use tollgate_model::{ChatRequest, ChatResponse, Format, ProviderError, ProviderName, RequestError};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Framing, Provider, Relay, StreamDecoder, Target, TokenCounter,
};

use super::{REVISION, error, request, response, stream_decoder::InteractionDecoder};
use crate::{names::Restore, vendor::versioned};

/// The header that names the format's revision.
pub(super) const REVISION_HEADER: HeaderName = HeaderName::from_static("api-revision");

/// Speaks the Interactions API to one base URL.
#[derive(Debug, Clone)]
pub struct InteractionsProvider {
    name: ProviderName,
    base_url: BaseUrl,
}

impl InteractionsProvider {
    /// Speaks to `base_url`, which may be written with or without `/v1beta`.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        Self { name, base_url: versioned(base_url) }
    }

    /// Addresses a body.
    pub(super) fn post(&self, stream: bool, body: Bytes) -> Request<Bytes> {
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.base_url.join("/interactions");
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(REVISION_HEADER, HeaderValue::from_static(REVISION));
        request
    }
}

impl Provider for InteractionsProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static FORMAT: Format = Format::GEMINI_INTERACTIONS;
        &FORMAT
    }

    fn relay(&self) -> Option<&dyn Relay> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        None
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        None
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
        response::decode(request, response.body())
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        error::decode(&response)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(InteractionDecoder::new(Restore::new(request)))
    }
}
