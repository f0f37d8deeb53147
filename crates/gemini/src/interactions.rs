//! The Interactions API, in both directions.
//!
//! Sources: <https://ai.google.dev/gemini-api/docs/interactions>, <https://ai.google.dev/gemini-api/docs/migrate-to-interactions>,
//! <https://ai.google.dev/gemini-api/docs/interactions/streaming> and the types of the vendor's Python SDK 3.4.0 (read
//! 2026-11-23).
//!
//! A conversation is a list of steps: what the user puts in, and what the model thinks, says and calls, one after the other.
//! The same steps stand in requests and in answers; [`steps`] reads and writes both.

mod citation;
mod content;
mod error;
mod front_door;
mod notes;
mod provider;
mod relay;
mod request;
mod response;
mod status;
mod steps;
pub mod stored;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

use tollgate_model::Format;

pub use front_door::InteractionsFrontDoor;
pub use provider::InteractionsProvider;

const FORMAT: Format = Format::GEMINI_INTERACTIONS;

/// The revision of the format that is spoken here, as its header names it: the first with steps.
const REVISION: &str = "2026-05-20";
