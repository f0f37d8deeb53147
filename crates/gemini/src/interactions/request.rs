//! A request, in both directions.

mod decode;
mod encode;
mod settings;
mod tools;

pub(super) use decode::{decode, facts};
pub(super) use encode::encode;
