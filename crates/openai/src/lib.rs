//! OpenAI's wire formats, in both directions: Chat Completions, Responses with counts of tokens, and embeddings.

mod chat;
mod client_error;
mod effort;
mod embeddings;
mod error;
mod forwarded;
mod kin;
mod logprobs;
mod media;
mod names;
mod passed;
mod responses;
mod text_bytes;
mod vendor;
mod wire;

pub use chat::{ChatFrontDoor, ChatProvider, Images, Quirks, ReasoningField, ToolChoiceSupport};
pub use embeddings::{EmbeddingQuirks, EmbeddingsFrontDoor};
pub use passed::{PassedApi, PassedApis, PassedRequest, PassedStreamReader, passed_facts};
pub use responses::{
    InputTokensFrontDoor, ResponsesFrontDoor, ResponsesProvider, ResponsesQuirks, StoredState, background,
    continued, input_items,
};
pub use vendor::{API_KEY_ENV, DEFAULT_BASE_URL, NAME, credential};
