//! The provider: what the pipeline holds.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use tollgate_model::{ChatRequest, ChatResponse, Format, ProviderError, ProviderName, RequestError};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Framing, Provider, Relay, StreamDecoder, Target, TokenCounter,
};

use super::{Quirks, error, request, response, stream_decoder::ChunkDecoder};
use crate::embeddings::Embeddings;

/// Speaks Chat Completions to one base URL: OpenAI's, or that of a server that copies the format.
#[derive(Debug, Clone)]
pub struct ChatProvider {
    name: ProviderName,
    base_url: BaseUrl,
    completions: Uri,
    embeddings: Option<Embeddings>,
    pub(super) quirks: Arc<Quirks>,
}

impl ChatProvider {
    /// Speaks to OpenAI's service at `base_url`, which may be written with or without `/v1`.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        let quirks = Quirks::OPENAI;
        let api = api(&base_url, &quirks);
        let completions = api.join("/chat/completions");
        let embeddings = quirks.embeddings.map(|quirks| Embeddings::new(&api, quirks));
        Self { name, base_url, completions, embeddings, quirks: Arc::new(quirks) }
    }

    /// Speaks to a server that differs from OpenAI's.
    #[must_use]
    pub fn with_quirks(mut self, quirks: Quirks) -> Self {
        let api = api(&self.base_url, &quirks);
        self.completions = api.join("/chat/completions");
        self.embeddings = quirks.embeddings.map(|quirks| Embeddings::new(&api, quirks));
        self.quirks = Arc::new(quirks);
        self
    }

    pub(super) fn post(&self, stream: bool, body: Bytes) -> Request<Bytes> {
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.completions.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        request
    }
}

/// Where the paths of the API begin.
fn api(base_url: &BaseUrl, quirks: &Quirks) -> BaseUrl {
    let base_url = base_url.clone();
    match quirks.version_path {
        Some(version) => base_url.ensure_suffix(version),
        None => base_url,
    }
}

impl Provider for ChatProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static FORMAT: Format = Format::OPENAI_CHAT;
        &FORMAT
    }

    fn relay(&self) -> Option<&dyn Relay> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        self.embeddings.as_ref().map(|embeddings| embeddings as &dyn EmbeddingProvider)
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        None
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(&self.quirks, target, request)?;
        Ok(Encoded { request: self.post(request.stream, body), losses })
    }

    fn decode_response(
        &self,
        request: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        response::decode(&self.quirks, request, &response)
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        error::from_response(&response)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(ChunkDecoder::new(Arc::clone(&self.quirks), request))
    }
}
