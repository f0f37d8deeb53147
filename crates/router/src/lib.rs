//! Which target serves a call, and what follows a failure. Decisions only: the gateway carries them out.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`routes`] | [`Routes`]: the names that clients may ask for, and [`Routes::plan`], from a name to targets |
//! | [`mod@apis`] | [`apis()`], from a call to those of a provider's wire formats that can serve it |
//! | [`failover`] | [`after_failure`], from an error to the next step |

pub mod apis;
pub mod failover;
pub mod routes;

pub use apis::apis;
pub use failover::{Step, after_failure};
pub use routes::{PlanError, Routes, Target};
