//! xAI: OpenAI's format and what differs.

use tollgate_model::ProviderName;
use tollgate_openai::{ChatProvider, Quirks};
use tollgate_provider::{BaseUrl, HeaderCredential, Secret, credentials::AuthError};

/// The provider's kind, and its usual name.
pub const NAME: &str = "xai";

/// Where the vendor's own service lives.
pub const DEFAULT_BASE_URL: &str = "https://api.x.ai/v1";

/// The environment variable that the vendor's SDK reads the key from.
pub const API_KEY_ENV: &str = "XAI_API_KEY";

/// Makes the credential of an API key: `authorization: Bearer …`.
///
/// # Errors
/// The key holds characters that a header cannot.
pub fn credential(key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
    tollgate_openai::credential(key)
}

/// Speaks to xAI's service at `base_url`, which may be written with or without `/v1`.
#[must_use]
pub fn provider(name: ProviderName, base_url: BaseUrl) -> ChatProvider {
    ChatProvider::new(name, base_url).with_quirks(Quirks { reasoning_counted_apart: true, ..Quirks::OPENAI })
}
