//! A complete answer, in both directions.

mod decode;
mod encode;

pub(super) use decode::{Ending, decode, refuse_failed, said, settle};
pub(super) use encode::{Head, encode, write_ended, write_failed, write_open};
