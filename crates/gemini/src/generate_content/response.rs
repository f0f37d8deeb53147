//! A complete answer, in both directions.

mod decode;

pub(super) use decode::{decode, no_answer, parse, unreadable};
