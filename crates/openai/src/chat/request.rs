//! A request, in both directions.
//!
//! What comes out of `encode` after `decode` says the same as what went in, in one way of several: a content array of a
//! single plain text becomes a string, a single stop text an array, `max_tokens` whichever field the target takes;
//! `null`s, `stream: false` and `logprobs: false` go; a stream always asks for usage.

mod decode;
mod encode;
mod messages;
mod parts;
mod reasoning;
mod sampling;
mod tools;
mod turns;

pub(super) use decode::decode;
pub(super) use encode::encode;
pub(super) use parts::read_part;

/// Marks tools, calls and results that came by the deprecated `functions`, so that they go out and are answered so.
pub(super) const LEGACY: &str = "legacy_function";
