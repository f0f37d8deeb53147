//! What the gateway costs, as a ratio to a bare reverse proxy measured in the same run.
//!
//! Four programs, of which a person starts only the last:
//!
//! - `upstream` answers like a provider, as cheaply as it can;
//! - `floor` is the bare reverse proxy: what any gateway over hyper pays at least;
//! - `load` calls, checks every answer and tells how long they took;
//! - `compare` starts the others and the gateway, lets floor and gateway take turns, and prints the table.
//!
//! `docs/benchmarks.md` says what each figure means and what is not measured.

pub mod answer;
pub mod children;
pub mod conversation;
pub mod http1;
pub mod process;
pub mod report;
pub mod scenario;
pub mod shape;
pub mod text;
