//! Configuration: what the operator wrote, and what the program uses.
//!
//! [`File::parse`] reads TOML, [`File::resolve`] is the only way to [`Resolved`]. Both report every problem with its place.

mod file;
mod problem;
mod resolve;

pub use file::{File, KeyEntry, ModelEntry, OneOrMany, ProviderEntry, ServerEntry, TimeoutsEntry};
pub use problem::{ConfigError, Problem};
pub use resolve::{
    DEFAULT_ADMIN, DEFAULT_DATA, DEFAULT_DRAIN, DEFAULT_LISTEN, DEFAULT_MAX_BODY_BYTES, Environment,
    ProcessEnvironment, ProviderSettings, Resolved, ServerSettings,
};
