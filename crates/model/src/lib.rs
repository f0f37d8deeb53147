//! The canonical model: what every wire format is translated to and from.
//!
//! It knows no wire format, opens no socket and reads no clock. N front doors and M providers meet here,
//! so that there are N + M translations and never N × M.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`request`] | [`ChatRequest`] and its settings: sampling, reasoning, response format, tools |
//! | [`message`] | [`Message`], [`Part`] and what a part can be: text, media, tool calls, reasoning … |
//! | [`event`] | [`ChatEvent`], the one grammar that every streaming decoder emits |
//! | [`response`] | [`ChatResponse`], a finished answer, and its inverse [`ChatResponse::into_events`] |
//! | [`assembler`] | [`Assembler`], which folds events into a [`ChatResponse`] |
//! | [`usage`] | [`Usage`]: tokens by class, as OpenTelemetry counts them |
//! | [`money`] | [`NanoUsd`] and [`NanoUsdSum`] |
//! | [`error`] | [`ErrorKind`], [`RequestError`], [`ProviderError`], [`CallError`] |
//! | [`embedding`] | [`EmbeddingRequest`], [`EmbeddingResponse`] and their [`Vector`]s |
//! | [`token_count`] | [`TokenCount`], reported or estimated |
//! | [`id`] | names and ids that must not be mixed up |
//! | [`extra`] | fields that only one format has, carried for that format |
//! | [`loss`] | what an encoding could not express |
//!
//! ```
//! use tollgate_model::{Assembler, ChatRequest, ChatResponse, Message, ModelName, Part};
//!
//! let request = ChatRequest::new(ModelName::new("claude-opus-5-5"), vec![Message::user("hello")]);
//! assert_eq!(request.messages[0].parts, [Part::text("hello")]);
//! ```

pub mod assembler;
pub mod embedding;
pub mod error;
pub mod event;
pub mod extra;
pub mod id;
pub mod loss;
pub mod message;
pub mod money;
pub mod request;
pub mod response;
mod settings;
pub mod token_count;
pub mod usage;

pub use assembler::Assembler;
pub use embedding::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, Vector};
pub use error::{CallError, ErrorKind, ProviderError, RequestError};
pub use event::{ChatEvent, Delta, PartKind};
pub use extra::Extra;
pub use id::{CallId, EndpointId, Format, KeyId, ModelName, PartIndex, ProviderName, ResponseId, ToolCallId};
pub use loss::{Loss, LossKind, Losses};
pub use message::{Content, Message, Part, Role, Signature};
pub use money::{NanoUsd, NanoUsdSum};
pub use request::ChatRequest;
pub use response::{ChatResponse, Choice, FinishReason};
pub use token_count::{CountSource, TokenCount};
pub use usage::Usage;
