//! A request, in both directions.

mod decode;
mod encode;

pub(super) use decode::{asked, decode, decode_count};
pub(super) use encode::encode;
