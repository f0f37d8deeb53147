//! The provider: what the pipeline holds.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use tollgate_model::{
    ChatRequest, ChatResponse, Format, ModelName, ProviderError, ProviderName, RequestError,
};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Framing, Provider, Relay, StreamDecoder, Target, TokenCounter,
    base_url::path_segment,
};

use super::{request, response, stream_decoder::GenerateContentDecoder};
use crate::{error, names::Restore, vendor::versioned};

/// Speaks `generateContent` and `streamGenerateContent` to one base URL.
#[derive(Debug, Clone)]
pub struct GenerateContentProvider {
    name: ProviderName,
    base_url: BaseUrl,
}

impl GenerateContentProvider {
    /// Speaks to `base_url`, which may be written with or without `/v1beta`. One that names a version anywhere is taken
    /// as it is, so that `…/v1/projects/p/locations/l/publishers/google` works too.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        Self { name, base_url: versioned(base_url) }
    }

    /// Addresses a body to a model that is asked for an answer.
    pub(super) fn post(&self, model: &ModelName, stream: bool, body: Bytes) -> Request<Bytes> {
        if stream {
            self.ask(model, ":streamGenerateContent?alt=sse", "text/event-stream", body)
        } else {
            self.ask(model, ":generateContent", "application/json", body)
        }
    }

    /// Addresses a body to a model: its name stands in the path.
    pub(crate) fn ask(
        &self,
        model: &ModelName,
        verb: &str,
        accept: &'static str,
        body: Bytes,
    ) -> Request<Bytes> {
        let (collection, id) = resource(model);
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.base_url.join(&format!("/{collection}/{}{verb}", path_segment(id)));
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
        request
    }
}

/// A model's name, in its collection.
pub(crate) fn resource(model: &ModelName) -> (&str, &str) {
    match model.as_str().split_once('/') {
        Some((collection @ ("models" | "tunedModels"), id)) => (collection, id),
        _ => ("models", model.as_str()),
    }
}

impl Provider for GenerateContentProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;
        &FORMAT
    }

    fn relay(&self) -> Option<&dyn Relay> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        Some(self)
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        Some(self)
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(target, request)?;
        Ok(Encoded { request: self.post(target.model, request.stream, body), losses })
    }

    fn decode_response(
        &self,
        request: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        response::decode(request, &response)
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        error::decode_error(&response)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(GenerateContentDecoder::new(Restore::new(request)))
    }
}
