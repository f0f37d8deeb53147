//! The provider: what the pipeline holds.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use tollgate_model::{ChatRequest, ChatResponse, Format, ProviderError, ProviderName, RequestError};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Framing, Provider, Relay, StreamDecoder, Target, TokenCounter,
};

use super::{ResponsesQuirks, notes::FORMAT, request, response, stream_decoder::ResponsesDecoder};
use crate::error;

/// Speaks Responses to one base URL: OpenAI's, or that of a server that copies the format.
///
/// Answers are not kept by the vendor (`store: false`) unless the client asks for that, or relies on what is kept. Their
/// reasoning is asked for encrypted, so that it survives without being kept.
#[derive(Debug, Clone)]
pub struct ResponsesProvider {
    name: ProviderName,
    base_url: BaseUrl,
    responses: Uri,
    input_tokens: Uri,
    pub(super) quirks: Arc<ResponsesQuirks>,
}

impl ResponsesProvider {
    /// Speaks to OpenAI's service at `base_url`, which may be written with or without `/v1`.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        let quirks = ResponsesQuirks::OPENAI;
        let [responses, input_tokens] = addresses(&base_url, &quirks);
        Self { name, base_url, responses, input_tokens, quirks: Arc::new(quirks) }
    }

    /// Speaks to a server that differs from OpenAI's.
    #[must_use]
    pub fn with_quirks(mut self, quirks: ResponsesQuirks) -> Self {
        [self.responses, self.input_tokens] = addresses(&self.base_url, &quirks);
        self.quirks = Arc::new(quirks);
        self
    }

    /// Addresses a body whose tokens are to be counted.
    pub(super) fn ask_count(&self, body: Bytes) -> Request<Bytes> {
        let mut request = self.post(false, body);
        *request.uri_mut() = self.input_tokens.clone();
        request
    }

    pub(super) fn post(&self, stream: bool, body: Bytes) -> Request<Bytes> {
        let accept = if stream { "text/event-stream" } else { "application/json" };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.responses.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        request
    }
}

fn addresses(base_url: &BaseUrl, quirks: &ResponsesQuirks) -> [Uri; 2] {
    let base_url = base_url.clone();
    let base_url = match quirks.version_path {
        Some(version) => base_url.ensure_suffix(version),
        None => base_url,
    };
    ["/responses", "/responses/input_tokens"].map(|path| base_url.join(path))
}

impl Provider for ResponsesProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static NAME: Format = FORMAT;
        &NAME
    }

    fn relay(&self) -> Option<&dyn Relay> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        None
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        self.quirks.input_tokens.then_some(self as &dyn TokenCounter)
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
        Box::new(ResponsesDecoder::new(Arc::clone(&self.quirks), request))
    }
}
