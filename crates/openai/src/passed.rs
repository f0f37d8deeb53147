//! The vendor's APIs beside chat, which other servers copy too: bodies and answers pass as they are, but for the model's name.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `request` | a client's body, JSON or a form, and where the model's name stands in it |
//! | `multipart` | finds a form's field without reading the rest |
//! | `facts` | what a record needs of an answer or a stream |

mod facts;
mod multipart;
mod request;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use tollgate_model::ModelName;
use tollgate_provider::BaseUrl;

use crate::forwarded;

pub use facts::{PassedStreamReader, passed_facts};
pub use request::PassedRequest;

/// An API of the vendor's beside chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PassedApi {
    /// `POST /v1/completions`, which goes on from a text.
    Completions,
    /// `POST /v1/images/generations`.
    ImageGenerations,
    /// `POST /v1/images/edits`.
    ImageEdits,
    /// `POST /v1/images/variations`.
    ImageVariations,
    /// `POST /v1/audio/speech`.
    Speech,
    /// `POST /v1/audio/transcriptions`.
    Transcriptions,
    /// `POST /v1/audio/translations`.
    Translations,
    /// `POST /v1/moderations`.
    Moderations,
    /// `POST /v1/rerank`: no API of OpenAI's, but of the servers that copy its others.
    Rerank,
}

impl PassedApi {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Completions,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::ImageVariations,
        Self::Speech,
        Self::Transcriptions,
        Self::Translations,
        Self::Moderations,
        Self::Rerank,
    ];

    /// What OpenAI's own service has.
    pub const OF_OPENAI: &[Self] = &[
        Self::Completions,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::ImageVariations,
        Self::Speech,
        Self::Transcriptions,
        Self::Translations,
        Self::Moderations,
    ];

    /// Its path below the version.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Completions => "/completions",
            Self::ImageGenerations => "/images/generations",
            Self::ImageEdits => "/images/edits",
            Self::ImageVariations => "/images/variations",
            Self::Speech => "/audio/speech",
            Self::Transcriptions => "/audio/transcriptions",
            Self::Translations => "/audio/translations",
            Self::Moderations => "/moderations",
            Self::Rerank => "/rerank",
        }
    }

    /// Returns the API of a path below the version.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.path() == path)
    }

    /// What is done, as a record names it: OpenTelemetry's word where it has one.
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Completions => "text_completion",
            Self::ImageGenerations => "image_generation",
            Self::ImageEdits => "image_edit",
            Self::ImageVariations => "image_variation",
            Self::Speech => "speech",
            Self::Transcriptions => "transcription",
            Self::Translations => "translation",
            Self::Moderations => "moderation",
            Self::Rerank => "rerank",
        }
    }

    /// The model that is meant where none is named.
    #[must_use]
    pub const fn default_model(self) -> Option<&'static str> {
        match self {
            // Source: the vendor's OpenAPI description (read 2026-11-24).
            Self::Moderations => Some("omni-moderation-latest"),
            _ => None,
        }
    }
}

/// The APIs beside chat that are at one address.
#[derive(Debug, Clone)]
pub struct PassedApis {
    base_url: BaseUrl,
    apis: &'static [PassedApi],
    is_certain: bool,
}

impl PassedApis {
    /// Those of a server whose paths begin at `base_url`, the version included.
    #[must_use]
    pub const fn new(base_url: BaseUrl, apis: &'static [PassedApi]) -> Self {
        Self { base_url, apis, is_certain: true }
    }

    /// Those that a server may have, or not: it says so itself when it is asked.
    #[must_use]
    pub const fn perhaps(base_url: BaseUrl) -> Self {
        Self { base_url, apis: &PassedApi::ALL, is_certain: false }
    }

    /// Those of OpenAI's own service, which may be written with or without `/v1`.
    #[must_use]
    pub fn of_openai(base_url: BaseUrl) -> Self {
        Self::new(base_url.ensure_suffix("/v1"), PassedApi::OF_OPENAI)
    }

    /// Whether what it has is known.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// Whether an API is there.
    #[must_use]
    pub fn has(&self, api: PassedApi) -> bool {
        self.apis.contains(&api)
    }

    /// Addresses a client's own body to `model`, changing nothing in it but the model's name. `None`: there is no such API.
    #[must_use]
    pub fn request(
        &self,
        api: PassedApi,
        model: &ModelName,
        asked: &PassedRequest,
        headers: &HeaderMap,
    ) -> Option<Request<Bytes>> {
        if !self.has(api) {
            return None;
        }
        let mut request = Request::new(asked.addressed(model));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.base_url.join(api.path());
        forwarded::take_headers(headers, request.headers_mut());
        request.headers_mut().insert(header::CONTENT_TYPE, asked.content_type().clone());
        let accept = headers.get(header::ACCEPT).cloned().unwrap_or(HeaderValue::from_static("*/*"));
        request.headers_mut().insert(header::ACCEPT, accept);
        Some(request)
    }
}
