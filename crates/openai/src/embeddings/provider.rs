//! The provider of vectors: a part of the chat provider, at the same base URL.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use tollgate_model::{EmbeddingRequest, EmbeddingResponse, Format, ModelName, ProviderError, RequestError};
use tollgate_provider::{BaseUrl, EmbeddingProvider, Encoded, RequestFacts, ResponseFacts, Target};

use super::{EmbeddingQuirks, FORMAT, request, response};
use crate::forwarded;

/// Speaks `/v1/embeddings` to one base URL.
#[derive(Debug, Clone)]
pub(crate) struct Embeddings {
    uri: Uri,
    quirks: EmbeddingQuirks,
}

impl Embeddings {
    /// Speaks to a base URL that holds the version.
    pub(crate) fn new(base_url: &BaseUrl, quirks: EmbeddingQuirks) -> Self {
        Self { uri: base_url.join("/embeddings"), quirks }
    }

    fn post(&self, body: Bytes) -> Request<Bytes> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json.clone());
        request.headers_mut().insert(header::ACCEPT, json);
        request
    }
}

impl EmbeddingProvider for Embeddings {
    fn relay(
        &self,
        door: &Format,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>> {
        if *door != FORMAT {
            return None;
        }
        let mut request = self.post(forwarded::addressed(model, facts, body));
        forwarded::take_headers(headers, request.headers_mut());
        Some(request)
    }

    fn response_facts(&self, _door: &Format, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        response::facts(body)
    }

    fn encode_request(
        &self,
        target: &Target<'_>,
        request: &EmbeddingRequest,
    ) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(self.quirks, target, request)?;
        Ok(Encoded { request: self.post(body), losses })
    }

    fn decode_response(
        &self,
        request: &EmbeddingRequest,
        response: Response<Bytes>,
    ) -> Result<EmbeddingResponse, ProviderError> {
        response::decode(request, &response)
    }
}
