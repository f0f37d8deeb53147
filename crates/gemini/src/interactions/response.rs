//! A complete answer, in both directions.

mod decode;
mod encode;

pub(super) use decode::{Ending, decode, unreadable};
pub(super) use encode::{encode, made_id, tail};
