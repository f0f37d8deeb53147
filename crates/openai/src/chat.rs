//! Chat Completions, in both directions.

mod citation;
mod finish;
mod front_door;
mod logprobs;
mod provider;
mod quirks;
mod relay;
mod request;
mod response;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

use crate::{client_error, error, media, names};

pub use front_door::ChatFrontDoor;
pub use provider::ChatProvider;
pub use quirks::{Images, Quirks, ReasoningField, ToolChoiceSupport};
