//! Responses, in both directions.

pub mod background;
mod citation;
mod echo;
mod finish;
mod front_door;
mod input_tokens;
mod item;
mod notes;
mod output;
mod provider;
mod quirks;
mod relay;
mod request;
mod response;
mod stored;
mod stream_decoder;
mod stream_encoder;
mod tally;
mod usage;
mod wire;

pub use front_door::ResponsesFrontDoor;
pub use input_tokens::InputTokensFrontDoor;
pub use provider::ResponsesProvider;
pub use quirks::ResponsesQuirks;
pub use stored::{StoredState, continued, input_items};
