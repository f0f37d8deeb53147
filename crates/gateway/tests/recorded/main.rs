//! The gateway between recorded requests and recorded answers: bytes that must not change, and conversations that go on.
//!
//! The recordings are not part of the project: TOLLGATE_CORPUS says where they are.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod exchanges;
mod gate;
mod same_format;
mod turns;
