//! A complete answer, in both directions.

mod decode;
mod encode;
mod message;

pub(super) use decode::{ChoiceExtras, decode};
pub(super) use encode::{asks_by_functions, encode, image_address, lose_encoding, made_id, write_image};
pub(super) use message::{image_of, read_call, reasoning_text, thinking_part};
