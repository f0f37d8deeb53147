//! The vendor's types, under the vendor's names: what is written ([`request`]) and what is read ([`response`]).

pub(crate) mod request;
pub(crate) mod response;
