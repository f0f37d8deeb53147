//! What a gateway remembers between calls, for clients whose format has no place for it.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`key`] | [`StateKey`]: whose memory it is, and of what |
//! | [`store`] | [`State`]: values by key, for a while, over restarts |
//! | `writer` | the thread that writes them down |
//!
//! A value is there for every later call as soon as [`State::put`] returns. It is on disk a moment later: what was put in the
//! last milliseconds before a SIGKILL is lost.

pub mod key;
pub mod store;
mod writer;

pub use key::StateKey;
pub use store::{State, StateError};
