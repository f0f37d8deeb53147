//! The provider's constants and its credential.

use http::HeaderName;
use tollgate_provider::{HeaderCredential, Secret, credentials::AuthError};

/// The name in configuration and records.
pub const NAME: &str = "gemini";
/// Where the vendor serves it.
pub const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com";
/// The environment variable that holds the key by custom.
pub const API_KEY_ENV: &str = "GEMINI_API_KEY";

/// Makes the vendor's credential. A header, never the `key` parameter: URLs end up in logs.
///
/// # Errors
/// The key holds characters that a header cannot.
pub fn credential(key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
    HeaderCredential::new(HeaderName::from_static("x-goog-api-key"), "", key)
}
