//! What the vendor's formats share: its name, address and credential.

use http::HeaderName;
use tollgate_provider::{BaseUrl, HeaderCredential, Secret, credentials::AuthError};

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

/// Adds the version to a base URL. One that names a version anywhere is taken as it is, so that
/// `…/v1/projects/p/locations/l/publishers/google` works too.
pub(crate) fn versioned(base_url: BaseUrl) -> BaseUrl {
    let named = base_url.as_str().split('/').skip(3).any(|segment| VERSIONS.contains(&segment));
    if named { base_url } else { base_url.ensure_suffix(VERSION) }
}
