//! A request, in both directions.

mod encode;

pub(super) use encode::encode;
