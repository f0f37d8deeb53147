//! Ollama's native API: chat and embeddings.
//!
//! Sources: Ollama's `openapi.yaml` (0.1.0), its API documentation <https://docs.ollama.com/api/chat> and the types of
//! its Go package `api` at v0.33 (read 2026-11-23).
//!
//! | module | what it holds |
//! | --- | --- |
//! | `provider` | [`ChatProvider`] |
//! | `request` | canonical request → `POST /api/chat`, with its messages, tools and options |
//! | `decoder` | an answer → canonical events; a whole answer is a stream of one line |
//! | `embed` | `POST /api/embed`, in both directions |
//! | `error` | non-2xx answers and errors in a stream |
//! | `discovery` | which models are pulled |
//! | `timestamp` | `created_at` → Unix seconds |
//! | `wire` | the vendor's types, under the vendor's names |
//!
//! # Surprises
//! - `stream` is on unless it is said to be off, so it is always written.
//! - The arguments of a tool call are a JSON object, in both directions; ids are missing on older servers. Ids are made
//!   then, by counting the calls of the conversation: the same for the same answer, streamed or not.
//! - A call for tools ends with `done_reason: "stop"`.
//! - `tool_choice` and `parallel_tool_calls` do not exist. 'No tool' is reached by sending none.
//! - Pictures are base64 alone, apart from the text; there are no documents and no sound.
//! - A prompt that is longer than the context window is cut without a word. Its size is set by the model's own file or
//!   by `options.num_ctx`, which travels in `extra`, as `keep_alive` does.
//! - Counts of tokens may be missing, above all where a prompt was cached: unknown, not zero.
//! - An error in mid-stream is a last line with `error`, under status 200.
//! - Ollama joins neighbouring messages of one role with an empty line; the texts of one message are joined so here.
//!
//! ```
//! use tollgate_local::ollama::{ChatProvider, DEFAULT_BASE_URL, NAME};
//! use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
//! use tollgate_provider::{Provider, Target};
//!
//! let provider = ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
//! let model = ModelName::new("qwen3:8b");
//! let request = ChatRequest::new(model.clone(), vec![Message::user("hello")]);
//! let encoded = provider.encode_request(&Target { model: &model, card: None }, &request).unwrap();
//! assert_eq!(encoded.request.uri(), "http://127.0.0.1:11434/api/chat");
//! assert!(encoded.losses.is_empty());
//! ```

mod custom_tool;
mod decoder;
mod discovery;
mod embed;
mod error;
mod provider;
mod request;
mod timestamp;
mod wire;

use tollgate_openai::{PassedApi, PassedApis};
use tollgate_provider::BaseUrl;

pub use discovery::{decode_models, models_request};
pub use provider::ChatProvider;

/// The server's APIs beside chat, at its copy of OpenAI's doors.
///
/// Source: the server's documentation of its OpenAI compatibility (read 2026-11-23).
#[must_use]
pub fn passed_apis(base_url: BaseUrl) -> PassedApis {
    PassedApis::new(discovery::root(base_url).ensure_suffix("/v1"), &[PassedApi::Completions])
}

/// The provider's kind, and its usual name.
pub const NAME: &str = "ollama";

/// Where Ollama listens unless it is told otherwise.
pub const DEFAULT_BASE_URL: &str = "http://127.0.0.1:11434";
