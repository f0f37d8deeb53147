//! Which target serves a call, and what follows a failure. Decisions only: the gateway carries them out.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | [`Routes`]: the names that clients may ask for, and [`Routes::plan`], from a name to targets |
//! | [`failover`] | [`after_failure`], from an error to the next step |

pub mod failover;
pub mod routes;

pub use failover::{Step, after_failure};
pub use routes::{PlanError, Routes, Target};
