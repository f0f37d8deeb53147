//! xAI: OpenAI's formats and what differs, stated as data in [`QUIRKS`] and [`RESPONSES_QUIRKS`].
//!
//! The vendor's main door is Responses: only there its reasoning comes back encrypted, so that it survives a turn, and only
//! there run its own tools for search. Chat Completions lives on.
//!
//! ```
//! use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
//! use tollgate_provider::{Provider, Target};
//!
//! let provider = tollgate_xai::provider(ProviderName::new(tollgate_xai::NAME), "https://api.x.ai".parse().unwrap());
//! let model = ModelName::new("grok-4.3");
//! let mut request = ChatRequest::new(model.clone(), vec![Message::user("hello")]);
//! request.metadata.insert("team".to_owned(), "search".into());
//! let encoded = provider.encode_request(&Target { model: &model, card: None }, &request).unwrap();
//! assert_eq!(encoded.request.uri(), "https://api.x.ai/v1/chat/completions");
//! assert_eq!(encoded.losses.iter().next().unwrap().path, "metadata");
//! ```

use tollgate_model::{Format, ProviderName};
use tollgate_openai::{
    ChatProvider, EmbeddingQuirks, PassedApi, PassedApis, Quirks, ResponsesProvider, ResponsesQuirks,
    ToolChoiceSupport,
};
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
/// Sources (read 2026-11-23): the vendor's protocol definitions (xai-proto of 2026-05-17), of whose gRPC service the REST
/// door is a copy; its guides to reasoning, function calling and prompt caching; bills that users compared with their usage.
/// What depends on the model, as that reasoning ones refuse penalties and stop texts, stands in the catalogue. Its errors
/// are read as all servers' are: `{"code": "…", "error": "text"}`, and 400 for a wrong key.
pub const QUIRKS: Quirks = Quirks {
    // Bills: `total_tokens` is the sum of all three, and all three are paid for.
    reasoning_counted_apart: true,
    // Protocol: 'at most 8 stop strings'.
    max_stop: Some(8),
    // Protocol: there is no such field.
    logit_bias: false,
    // Protocol: a mode, or one function by name.
    tool_choice: ToolChoiceSupport::Basic,
    // Protocol: functions are the only tools of one's own.
    custom_tools: false,
    // Guides: files and sound are taken by other endpoints.
    documents: false,
    audio_input: false,
    // Protocol: there are no such fields.
    metadata: false,
    vendor_fields: false,
    // Protocol: texts only, and vectors of the length that the model has.
    embeddings: Some(EmbeddingQuirks { dimensions: false, tokens: false, input_type: false }),
    ..Quirks::OPENAI
};

/// Speaks to xAI's service at `base_url`, which may be written with or without `/v1`.
#[must_use]
pub fn provider(name: ProviderName, base_url: BaseUrl) -> ChatProvider {
    ChatProvider::new(name, base_url).with_quirks(QUIRKS)
}

/// Who issues the encrypted reasoning of xAI's Responses: OpenAI speaks the same format, and cannot read it.
pub const REASONING_ISSUER: Format = Format::new("xai.responses");

/// How xAI's Responses differ from OpenAI's.
///
/// Sources (read 2026-11-23): the vendor's protocol definitions (xai-proto of 2026-05-17); its guides to reasoning and
/// function calling; recorded exchanges, whose items have ids like OpenAI's. Output tokens include reasoning, as with
/// OpenAI, unlike on its Chat Completions.
pub const RESPONSES_QUIRKS: ResponsesQuirks = ResponsesQuirks {
    issuer: REASONING_ISSUER,
    // Protocol: a mode, or one function by name.
    tool_choice: ToolChoiceSupport::Basic,
    // Protocol: functions are the only tools of one's own.
    custom_tools: false,
    // No recorded result has one, and the call says it anyway.
    named_results: false,
    // Guides: files and sound are taken by other endpoints.
    documents: false,
    audio_input: false,
    // Protocol: there is no such field.
    metadata: false,
    // Nothing is said of a least number.
    min_output_tokens: 1,
    // Protocol: texts are cut into tokens, conversations are not counted.
    input_tokens: false,
    ..ResponsesQuirks::OPENAI
};

/// Speaks Responses to xAI's service at `base_url`, which may be written with or without `/v1`.
#[must_use]
pub fn responses_provider(name: ProviderName, base_url: BaseUrl) -> ResponsesProvider {
    ResponsesProvider::new(name, base_url).with_quirks(RESPONSES_QUIRKS)
}

/// The APIs beside chat of xAI's service at `base_url`, which may be written with or without `/v1`.
///
/// Source: the list of doors in the vendor's REST reference (read 2026-11-23); its legacy completions serve older models.
#[must_use]
pub fn passed_apis(base_url: BaseUrl) -> PassedApis {
    const APIS: &[PassedApi] = &[PassedApi::Completions, PassedApi::ImageGenerations, PassedApi::ImageEdits];
    PassedApis::new(base_url.ensure_suffix("/v1"), APIS)
}
