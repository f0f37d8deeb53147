//! OpenAI's wire formats, in both directions: Chat Completions and Responses.

mod chat;
mod client_error;
mod error;
mod logprobs;
mod media;
mod names;
mod responses;
mod vendor;
mod wire;

pub use chat::{ChatFrontDoor, ChatProvider, Images, Quirks, ReasoningField, ToolChoiceSupport};
pub use responses::{ResponsesFrontDoor, StoredState, continued, input_items};
pub use vendor::{API_KEY_ENV, DEFAULT_BASE_URL, NAME, credential};
