//! The HTTP surface: front doors for applications, an admin address for people and probes.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`listener`] | [`Server`]: accepts connections, serves them, ends them gracefully |
//! | [`front_doors`] | the routes of applications: `/v1/chat/completions`, `/v1/models` |
//! | [`admin`] | the routes of the admin address: `/healthz`, `/readyz` |

pub mod admin;
pub mod front_doors;
pub mod listener;
mod responses;

pub use listener::{BindError, Ended, Limits, Server};
