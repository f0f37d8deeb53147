//! A request, in both directions.
//!
//! What comes out of `encode` after `decode` says the same as what went in, in one way of several: `input` is a list, a
//! content list of a single plain text becomes a string; `null`s, empty lists and the defaults `truncation: disabled`,
//! `background: false` and `stream: false` go; what reasoning is encrypted into is always asked for.

mod decode;
mod encode;
mod input;
mod messages;
mod tools;

pub(super) use decode::decode;
pub(super) use encode::encode;
