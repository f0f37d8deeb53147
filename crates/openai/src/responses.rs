//! Responses, in both directions.

mod citation;
mod echo;
#[cfg_attr(not(test), expect(dead_code, reason = "answers are read by the provider, which comes next"))]
mod finish;
mod front_door;
mod item;
mod notes;
mod output;
mod request;
mod response;
mod stored;
mod stream_encoder;
#[cfg_attr(not(test), expect(dead_code, reason = "answers are read by the provider, which comes next"))]
mod usage;
mod wire;

pub use front_door::ResponsesFrontDoor;
pub use stored::{StoredState, continued, input_items};
