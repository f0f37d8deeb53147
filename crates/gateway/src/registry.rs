//! The kinds of provider that a configuration can name: one line each.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Request;
use tollgate_model::{ModelName, ProviderError, ProviderName};
use tollgate_openai::PassedApis;
use tollgate_provider::{BaseUrl, HeaderCredential, Provider, Secret, credentials::AuthError};

/// A kind of provider: what it speaks and where it usually is.
pub struct Kind {
    /// Its name in the configuration and in the catalogue.
    pub name: &'static str,
    /// Where the vendor's own service is. `None`: the operator must say.
    pub default_base_url: Option<&'static str>,
    /// The variable in which its key is usually found. `None`: it needs no key.
    pub api_key_variable: Option<&'static str>,
    build: fn(ProviderName, BaseUrl) -> Vec<Arc<dyn Provider>>,
    credential: fn(&Secret<String>) -> Result<HeaderCredential, AuthError>,
    /// Its APIs beside chat that pass as they are.
    passed: fn(BaseUrl) -> Option<PassedApis>,
    /// How its servers are asked for their models. `None`: the catalogue has them.
    pub listing: Option<ModelListing>,
}

/// How a server is asked for its models.
#[derive(Debug)]
pub struct ModelListing {
    /// The question, without credentials.
    pub request: fn(&BaseUrl) -> Request<Bytes>,
    /// Reads the answer.
    pub decode: fn(&[u8]) -> Result<Vec<ModelName>, ProviderError>,
}

/// The kind of server that is looked for where nothing is configured.
pub const OLLAMA: &str = tollgate_local::ollama::NAME;

/// All kinds. A new wire format is one crate and one entry here.
pub static KINDS: &[Kind] = &[
    Kind {
        name: tollgate_openai::NAME,
        default_base_url: Some(tollgate_openai::DEFAULT_BASE_URL),
        api_key_variable: Some(tollgate_openai::API_KEY_ENV),
        build: |name, url| {
            let chat = tollgate_openai::ChatProvider::new(name.clone(), url.clone());
            vec![Arc::new(chat), Arc::new(tollgate_openai::ResponsesProvider::new(name, url))]
        },
        credential: tollgate_openai::credential,
        passed: |url| Some(PassedApis::of_openai(url)),
        listing: None,
    },
    Kind {
        name: tollgate_anthropic::NAME,
        default_base_url: Some(tollgate_anthropic::DEFAULT_BASE_URL),
        api_key_variable: Some(tollgate_anthropic::API_KEY_ENV),
        build: |name, url| vec![Arc::new(tollgate_anthropic::MessagesProvider::new(name, url))],
        credential: tollgate_anthropic::credential,
        passed: |_| None,
        listing: None,
    },
    Kind {
        name: tollgate_gemini::NAME,
        default_base_url: Some(tollgate_gemini::DEFAULT_BASE_URL),
        api_key_variable: Some(tollgate_gemini::API_KEY_ENV),
        build: |name, url| {
            let content = tollgate_gemini::GenerateContentProvider::new(name.clone(), url.clone());
            vec![Arc::new(content), Arc::new(tollgate_gemini::InteractionsProvider::new(name, url))]
        },
        credential: tollgate_gemini::credential,
        passed: |_| None,
        listing: None,
    },
    Kind {
        name: tollgate_xai::NAME,
        default_base_url: Some(tollgate_xai::DEFAULT_BASE_URL),
        api_key_variable: Some(tollgate_xai::API_KEY_ENV),
        build: |name, url| {
            let chat = tollgate_xai::provider(name.clone(), url.clone());
            vec![Arc::new(chat), Arc::new(tollgate_xai::responses_provider(name, url))]
        },
        credential: tollgate_xai::credential,
        passed: |url| Some(tollgate_xai::passed_apis(url)),
        listing: None,
    },
    Kind {
        name: tollgate_local::ollama::NAME,
        default_base_url: Some(tollgate_local::ollama::DEFAULT_BASE_URL),
        api_key_variable: None,
        build: |name, url| vec![Arc::new(tollgate_local::ollama::ChatProvider::new(name, url))],
        credential: tollgate_openai::credential,
        passed: |url| Some(tollgate_local::ollama::passed_apis(url)),
        listing: Some(ModelListing {
            request: tollgate_local::ollama::models_request,
            decode: tollgate_local::ollama::decode_models,
        }),
    },
    Kind {
        name: tollgate_local::compatible::NAME,
        default_base_url: None,
        api_key_variable: None,
        build: |name, url| vec![Arc::new(tollgate_local::compatible::provider(name, url))],
        credential: tollgate_openai::credential,
        passed: |url| Some(tollgate_local::compatible::passed_apis(url)),
        listing: Some(ModelListing {
            request: tollgate_local::compatible::models_request,
            decode: tollgate_local::compatible::decode_models,
        }),
    },
];

/// Returns the kind of a name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// Builds an adapter for each wire format that the kind speaks, the usual one first.
    #[must_use]
    pub fn providers(&self, name: ProviderName, base_url: BaseUrl) -> Vec<Arc<dyn Provider>> {
        (self.build)(name, base_url)
    }

    /// Returns the APIs beside chat that pass as they are.
    #[must_use]
    pub fn passed_apis(&self, base_url: BaseUrl) -> Option<PassedApis> {
        (self.passed)(base_url)
    }

    /// Makes the credential out of a key.
    ///
    /// # Errors
    /// A key that no header can carry.
    pub fn credential(&self, key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
        (self.credential)(key)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
