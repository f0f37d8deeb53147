//! Tollgate as a library: from a client's bytes to a recorded answer.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`gateway`] | [`Gateway`] and its builder |
//! | [`config`] | `tollgate.toml`: [`config::File`] and [`config::Resolved`] |
//! | [`assemble`] | from a resolved configuration to endpoints and a [`Runtime`] |
//! | [`registry`] | the kinds of provider: one line each |
//! | [`endpoint`] | [`Endpoint`]: an adapter, a way there, a credential |
//! | [`runtime`] | [`Runtime`]: one consistent state, as a call sees it |
//! | `call` | the life of a call |
//! | `jobs` | what goes through the gate beside chat |
//! | `responses` | answers that are kept, so that later calls go on from them |
//! | `continuity` | what a client's format cannot carry from turn to turn |
//! | `interrupt` | how open calls learn that nobody waits for them any longer |
//!
//! See `examples/` for a program that embeds it and one with a provider of its own.

pub mod assemble;
mod call;
pub mod config;
mod continuity;
pub mod discovery;
pub mod endpoint;
pub mod gateway;
mod interrupt;
mod jobs;
pub mod registry;
mod responses;
pub mod runtime;

pub use call::{AnswerBody, CallOptions, ChatStream, Cut};
pub use endpoint::Endpoint;
pub use gateway::{Gateway, GatewayBuilder, OpenError};
pub use runtime::{ListedModel, Runtime};
pub use tollgate_anthropic::{CountTokensFrontDoor as AnthropicCountFrontDoor, MessagesFrontDoor};
pub use tollgate_gemini::{
    CountTokensFrontDoor as GeminiCountFrontDoor, EmbedContentFrontDoor, GenerateContentFrontDoor,
    InteractionsFrontDoor, ListedModel as GeminiModel, ModelPath, encode_model_list as encode_gemini_models,
};
pub use tollgate_openai::{
    ChatFrontDoor, EmbeddingsFrontDoor, InputTokensFrontDoor, PassedApi, ResponsesFrontDoor,
};
