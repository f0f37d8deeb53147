//! Servers that copy OpenAI's Chat Completions: llama.cpp, vLLM and the like.
//!
//! Sources: the documentation of vLLM's OpenAI-compatible server and of llama.cpp's `llama-server` (read 2026-11-23).
//!
//! # Surprises
//! - Reasoning comes as `reasoning_content` (llama.cpp, older vLLM) or `reasoning` (vLLM since January 2026).
//! - llama.cpp takes any model's name and answers with the one it has; vLLM answers 404 to any but its own.
//! - llama.cpp numbers its errors (`code: 503` while the model loads), older vLLM sends them flat, without `error`.
//!
//! All of these are understood by OpenAI's decoder; what a server cannot be told is said by [`Quirks::COMPATIBLE`].
//!
//! ```
//! use tollgate_local::compatible;
//! use tollgate_model::ProviderName;
//!
//! let base_url = "http://127.0.0.1:8000/v1".parse().unwrap();
//! assert_eq!(compatible::models_request(&base_url).uri(), "http://127.0.0.1:8000/v1/models");
//! let provider = compatible::provider(ProviderName::new("edge"), base_url);
//! ```

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use serde::Deserialize;
use tollgate_model::{ModelName, ProviderError, ProviderName};
use tollgate_openai::{ChatProvider, PassedApis, Quirks};
use tollgate_provider::BaseUrl;

/// The provider's kind.
pub const NAME: &str = "openai-compatible";

/// Speaks Chat Completions to a server of which nothing is known but its address.
///
/// `base_url` is taken as it is written, since servers put the API where they like. Only a bare host gets `/v1`, where
/// nearly all of them have it.
#[must_use]
pub fn provider(name: ProviderName, base_url: BaseUrl) -> ChatProvider {
    ChatProvider::new(name, with_version(base_url)).with_quirks(Quirks::COMPATIBLE)
}

/// The server's APIs beside chat. Which of them it has is not known: it says so itself when it is asked.
#[must_use]
pub fn passed_apis(base_url: BaseUrl) -> PassedApis {
    PassedApis::perhaps(with_version(base_url))
}

/// Asks which models the server has: `GET /models`.
#[must_use]
pub fn models_request(base_url: &BaseUrl) -> Request<Bytes> {
    get(with_version(base_url.clone()).join("/models"))
}

/// Reads the answer to [`models_request`].
///
/// # Errors
/// A body that is no list of models.
pub fn decode_models(body: &[u8]) -> Result<Vec<ModelName>, ProviderError> {
    #[derive(Deserialize)]
    struct Models {
        data: Vec<Model>,
    }
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    let models: Models = serde_json::from_slice(body).map_err(|error| {
        ProviderError::protocol("the server's list of models cannot be read").with_source(error)
    })?;
    Ok(models.data.into_iter().map(|model| ModelName::new(model.id)).collect())
}

fn with_version(base_url: BaseUrl) -> BaseUrl {
    let bare = base_url.join("").path() == "/";
    if bare { base_url.ensure_suffix("/v1") } else { base_url }
}

/// A request without a body.
pub(crate) fn get(uri: Uri) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_host_gets_a_version() {
        for (written, meant) in [
            ("http://h:8000", "http://h:8000/v1/models"),
            ("http://h:8000/", "http://h:8000/v1/models"),
            ("http://h:8000/v1", "http://h:8000/v1/models"),
            ("https://h/llm/api/v3/", "https://h/llm/api/v3/models"),
        ] {
            assert_eq!(models_request(&written.parse().unwrap()).uri(), meant, "{written}");
        }
    }

    #[test]
    fn models_are_read_by_their_ids() {
        let body =
            br#"{"object":"list","data":[{"id":"qwen3-8b","object":"model","owned_by":"vllm"},{"id":"b"}]}"#;
        assert_eq!(decode_models(body).unwrap(), [ModelName::new("qwen3-8b"), ModelName::new("b")]);
        assert_eq!(decode_models(b"{\"data\":[]}").unwrap(), []);
        for broken in ["", "{}", "{\"data\":[{}]}", "<html>"] {
            assert!(decode_models(broken.as_bytes()).is_err(), "{broken:?}");
        }
    }
}
