//! xAI: OpenAI's format and what differs.

use tollgate_model::ProviderName;
use tollgate_openai::{ChatProvider, Quirks, ToolChoiceSupport};
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

/// How xAI's Chat Completions differ from OpenAI's.
///
/// Sources: the vendor's guides to reasoning, function calling and image understanding, its protocol definitions
/// (xai-proto of 2026-05-17) and bills that users compared with their usage (read 2026-11-23). Refusals that depend on the
/// model, as penalties and stop texts where it reasons, stand in the catalogue.
pub const QUIRKS: Quirks = Quirks {
    // `total_tokens` is the sum of all three.
    reasoning_counted_apart: true,
    max_stop: Some(8),
    tool_choice: ToolChoiceSupport::Basic,
    // Functions are the only tools of one's own; files and sound are taken by other endpoints.
    custom_tools: false,
    documents: false,
    audio_input: false,
    metadata: false,
    ..Quirks::OPENAI
};

/// Speaks to xAI's service at `base_url`, which may be written with or without `/v1`.
#[must_use]
pub fn provider(name: ProviderName, base_url: BaseUrl) -> ChatProvider {
    ChatProvider::new(name, base_url).with_quirks(QUIRKS)
}
