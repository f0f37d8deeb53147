//! Anthropic's wire format: Messages.
//!
//! Sources: <https://docs.claude.com/en/api/messages>, <https://docs.claude.com/en/docs/build-with-claude/streaming>,
//! <https://docs.claude.com/en/api/errors> and the types of the vendor's Python SDK 2.12.0 (read 2026-11-23).
//!
//! | module | what it holds |
//! | --- | --- |
//! | `provider` | [`MessagesProvider`] and its constants |
//! | `front_door` | [`MessagesFrontDoor`]: requests, answers, streams and errors as clients of this format have them |
//! | `count_tokens` | how many tokens a request would take, in both directions |
//! | `request` | canonical request → Messages, with its conversation, tools, reasoning and cache hints |
//! | `response` | a complete answer → canonical |
//! | `stream` | a streaming answer → canonical events |
//! | `usage` | the vendor's counters, and how they add up |
//! | `error` | non-2xx answers and in-stream errors |
//! | `relay` | the untouched path |
//! | `names` | what encoding renames and emulates, and decoding undoes |
//! | `wire` | the vendor's types, under the vendor's names |
//!
//! # Surprises
//! - `max_tokens` is required. Without a wish of the client it is the model's maximum, else [`DEFAULT_MAX_TOKENS`].
//! - `input_tokens` counts the *uncached rest* of the prompt only; cache reads and writes are added here.
//! - The usage of `message_delta` is cumulative, and lacks the 5 minutes / 1 hour split of `message_start`.
//! - A call without arguments streams no `input_json_delta` at all: its arguments are `{}` here, streamed or not.
//! - All results of one turn stand at the head of the next user turn, or the request is refused.
//! - Blank text blocks are refused, and so is white space at the end of a prefill.
//!
//! ```
//! use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
//! use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
//! use tollgate_provider::{Provider, Target};
//!
//! let provider = MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
//! let model = ModelName::new("claude-opus-5-5");
//! let request = ChatRequest::new(model.clone(), vec![Message::user("hello")]);
//! let encoded = provider.encode_request(&Target { model: &model, card: None }, &request).unwrap();
//! assert_eq!(encoded.request.uri(), "https://api.anthropic.com/v1/messages");
//! assert!(encoded.losses.is_empty());
//! ```

mod count_tokens;
mod error;
mod front_door;
mod names;
mod provider;
mod relay;
mod request;
mod response;
mod stream;
mod usage;
mod wire;

pub use count_tokens::CountTokensFrontDoor;
pub use front_door::MessagesFrontDoor;
pub use provider::{API_KEY_ENV, DEFAULT_BASE_URL, MessagesProvider, NAME, credential};
pub use request::DEFAULT_MAX_TOKENS;
