//! A request, in both directions.

mod decode;
mod encode;

pub(crate) use decode::{asked, read_embedded_part};
pub(super) use decode::{decode, decode_count};
pub(super) use encode::encode;
