//! The vendor's types, under the vendor's names: what is written ([`request`]), what clients send ([`client_request`]) and
//! what is answered ([`response`]).

pub(crate) mod client_request;
pub(crate) mod request;
pub(crate) mod response;
