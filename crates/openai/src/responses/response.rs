//! A complete answer, in both directions.

mod encode;

pub(super) use encode::{Head, encode, write_ended, write_failed, write_open};
