//! The provider: what the pipeline holds.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use tollgate_model::{
    ChatRequest, ChatResponse, Format, ModelName, ProviderError, ProviderName, RequestError,
};
use tollgate_provider::{
    BaseUrl, Encoded, Framing, HeaderCredential, Provider, Relay, Secret, StreamDecoder, Target,
    base_url::path_segment, credentials::AuthError,
};

use crate::{error, names::Restore, request, response, stream::GenerateContentDecoder};

/// The name in configuration and records.
pub const NAME: &str = "gemini";
/// Where the vendor serves it.
pub const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// The environment variable that holds the key by custom.
pub const API_KEY_ENV: &str = "GEMINI_API_KEY";

/// The version that is spoken where the base URL names none.
const VERSION: &str = "/v1beta";
/// The versions that a base URL may name.
const VERSIONS: [&str; 4] = ["v1beta", "v1", "v1alpha", "v1beta1"];

/// Makes the vendor's credential. A header, never the `key` parameter: URLs end up in logs.
///
/// # Errors
/// The key holds characters that a header cannot.
pub fn credential(key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
    HeaderCredential::new(HeaderName::from_static("x-goog-api-key"), "", key)
}

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
        let versioned = base_url.as_str().split('/').skip(3).any(|segment| VERSIONS.contains(&segment));
        let base_url = if versioned { base_url } else { base_url.ensure_suffix(VERSION) };
        Self { name, base_url }
    }

    /// Addresses a body to a model: its name stands in the path, with or without its collection.
    pub(crate) fn post(&self, model: &ModelName, stream: bool, body: Bytes) -> Request<Bytes> {
        let (collection, id) = match model.as_str().split_once('/') {
            Some((collection @ ("models" | "tunedModels"), id)) => (collection, id),
            _ => ("models", model.as_str()),
        };
        let (method, accept) = if stream {
            (":streamGenerateContent?alt=sse", "text/event-stream")
        } else {
            (":generateContent", "application/json")
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.base_url.join(&format!("/{collection}/{}{method}", path_segment(id)));
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
        request
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
