//! `embedContent` and `batchEmbedContents`, in both directions.
//!
//! Source: `EmbedContentRequest` and its kin in `generative_service.proto` of `v1beta`, the types of the vendor's Python SDK
//! 3.4.0, and recorded answers (read 2026-11-23).
//!
//! # Surprises
//! - The vendor's SDKs ask `batchEmbedContents` for one text too; so does this provider.
//! - Each request of a batch repeats the model, which must be that of the path.
//! - A batch holds a hundred requests at most. More are refused before they are sent; they are not split, since a call is
//!   one exchange, with one price and one fate.
//! - Vectors that are shorter than the model's own are not brought back to length 1 by `gemini-embedding-001`, as other
//!   vendors do. They pass as they come.
//! - Only newer models say what they counted.
//! - `asyncBatchEmbedContent` is a job, not a call: it is not served here.

mod front_door;
mod model_name;
mod provider;
mod request;
mod response;

use tollgate_model::Format;

pub use front_door::EmbedContentFrontDoor;
pub(crate) use model_name::{in_object, in_requests};

/// One content.
const ONE: Format = Format::GEMINI_EMBED_CONTENT;
/// A list of contents, each with its own settings.
const BATCH: Format = Format::GEMINI_BATCH_EMBED_CONTENTS;
