//! Every front door × every format that has one, there and back: what comes back differs by the declared losses, and by
//! nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod facts;
mod formats;
mod mutations;
mod requests;
mod table;
