//! A complete answer, in both directions.

mod candidate;
mod decode;
mod encode;
mod parts;
mod usage;

pub(super) use candidate::{Cited, end as end_candidate, logprobs};
pub(super) use decode::{decode, no_answer, parse, unreadable};
pub(super) use encode::{encode, is_refusal, of_candidate, tier};
pub(super) use parts::{lose_refusal, write as write_part};
pub(super) use usage::{lose as lose_usage, write as write_usage};
