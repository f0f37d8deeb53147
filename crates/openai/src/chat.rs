//! Chat Completions, in both directions.

mod front_door;
mod provider;
mod quirks;

pub use front_door::ChatFrontDoor;
pub use provider::ChatProvider;
pub use quirks::{Images, Quirks, ReasoningField, ToolChoiceSupport};
