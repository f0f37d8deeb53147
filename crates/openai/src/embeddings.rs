//! `POST /v1/embeddings`, in both directions.
//!
//! Source: `CreateEmbeddingRequest` of the vendor's OpenAPI description; what copies of the format add from recorded
//! answers (read 2026-11-23).
//!
//! # Surprises
//! - The vendor's SDKs ask for base64 unless they are told otherwise, and decode it themselves.
//! - An array of numbers is one input made of tokens, not several inputs.
//! - Some servers leave `index` out, or count `total_tokens` alone.

mod front_door;
mod provider;
mod quirks;
mod request;
mod response;

use tollgate_model::Format;

pub use front_door::EmbeddingsFrontDoor;
pub(crate) use provider::Embeddings;
pub use quirks::EmbeddingQuirks;

const FORMAT: Format = Format::OPENAI_EMBEDDINGS;
