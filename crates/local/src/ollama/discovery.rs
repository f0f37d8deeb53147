//! Which models a server has pulled: `GET /api/tags`.

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use tollgate_model::{ModelName, ProviderError};
use tollgate_provider::BaseUrl;

use crate::compatible::get;

/// Asks which models are pulled. It answers at once and loads none, so it also tells whether a server is there.
#[must_use]
pub fn models_request(base_url: &BaseUrl) -> Request<Bytes> {
    get(root(base_url.clone()).join("/api/tags"))
}

/// Reads the answer to [`models_request`]: the names with their tags, as requests take them.
///
/// # Errors
/// A body that is no list of models.
pub fn decode_models(body: &[u8]) -> Result<Vec<ModelName>, ProviderError> {
    #[derive(Deserialize)]
    struct Tags {
        models: Vec<Tag>,
    }
    #[derive(Deserialize)]
    struct Tag {
        /// Older servers send `name` alone; both hold the same.
        model: Option<String>,
        name: Option<String>,
    }
    let unreadable = || ProviderError::protocol("the server's list of models cannot be read");
    let tags: Tags = serde_json::from_slice(body).map_err(|error| unreadable().with_source(error))?;
    let name = |tag: Tag| tag.model.or(tag.name).map(ModelName::new).ok_or_else(unreadable);
    tags.models.into_iter().map(name).collect()
}

/// The server's root, below which the native API lives.
pub(super) fn root(base_url: BaseUrl) -> BaseUrl {
    base_url.without_suffix("/v1").without_suffix("/api")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_of_another_door_is_understood() {
        for written in ["http://h:11434", "http://h:11434/", "http://h:11434/v1", "http://h:11434/api/"] {
            assert_eq!(
                models_request(&written.parse().unwrap()).uri(),
                "http://h:11434/api/tags",
                "{written}"
            );
        }
    }

    #[test]
    fn models_are_read_with_their_tags() {
        let body = br#"{"models":[{"name":"a:latest","model":"a:latest","size":1},{"name":"old:7b"}]}"#;
        assert_eq!(decode_models(body).unwrap(), [ModelName::new("a:latest"), ModelName::new("old:7b")]);
        assert_eq!(decode_models(b"{\"models\":[]}").unwrap(), []);
        for broken in ["", "{}", "{\"models\":[{}]}", "Ollama is running"] {
            assert!(decode_models(broken.as_bytes()).is_err(), "{broken:?}");
        }
    }
}
