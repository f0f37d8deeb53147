//! What all of OpenAI's formats share: the vendor's name, address and credential.

use http::header;
use tollgate_provider::{HeaderCredential, Secret, credentials::AuthError};

/// The provider's kind, and its usual name.
pub const NAME: &str = "openai";

/// Where the vendor's own service lives.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The environment variable that the vendor's SDK reads the key from.
pub const API_KEY_ENV: &str = "OPENAI_API_KEY";

/// Makes the credential of an API key: `authorization: Bearer …`.
///
/// # Errors
/// The key holds characters that a header cannot.
pub fn credential(key: &Secret<String>) -> Result<HeaderCredential, AuthError> {
    HeaderCredential::new(header::AUTHORIZATION, "Bearer ", key)
}
