//! Simulated providers on loopback that speak the real wire formats.
//!
//! They share no code with the gateway's codecs, so that a mistake cannot hide on both sides. Answers are decided by
//! the seed, the vendor and the request's body; what fails is decided by chance ([`FaultPlan`]) or by a suffix of the
//! model's name ([`Fault`]): `gpt-6-sol--s429x2`, `claude-opus-5-5--cut`.
//!
//! What a user says can ask for more: `both` or `in parallel` for several calls at once, `[[refuse]]` for a refusal,
//! `[[filter]]` for an answer that is stopped, `[[block]]` for a prompt that Gemini does not let through.
//!
//! The rules that they enforce are held against recorded exchanges: what a vendor was recorded to accept, its simulator
//! accepts (`tests/recorded_requests.rs`).
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use tollgate_simulators::{Options, Simulators, Vendor};
//!
//! let simulators = Simulators::start(Options { seed: 7, ..Options::default() }).await?;
//! assert!(simulators.base_url(Vendor::OpenAi).ends_with("/v1"));
//! simulators.stop().await;
//! # std::io::Result::Ok(()) }).unwrap();
//! ```

mod body;
mod clock;
mod dice;
mod draft;
mod embedding;
mod exchange;
mod fault;
mod form;
mod memory;
mod meter;
mod options;
mod performance;
mod picture;
mod prompt;
mod prose;
mod reply;
mod schema;
mod server;
mod service;
mod state;
mod vendor;
mod vendors;

pub use fault::{Fault, FaultPlan};
pub use meter::{Ending, Metered, MeteredUsage};
pub use options::{Options, Pace};
pub use server::{Simulator, Simulators};
pub use state::Received;
pub use vendor::Vendor;
