//! What the vendor's objects are read and written with, whichever of its formats they belong to.
//!
//! Everything is read in one pass and borrowed from the body. An object keeps what it does not know in `rest`, so that
//! nothing vanishes. `null` is 'not there' throughout, as with the vendor.

mod read;
mod write;

pub(crate) use read::{
    List, OneOrMany, Rest, Text, at_field, field_error, unix_seconds, wire_name, wire_object,
};
pub(crate) use write::{value, write_raw};
