//! `generateContent` and `streamGenerateContent`, in both directions.

mod finish;
mod grounding;
mod provider;
mod relay;
mod request;
mod response;
mod stream_decoder;
mod usage;
mod wire;

use tollgate_model::Format;

pub use provider::GenerateContentProvider;

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;
