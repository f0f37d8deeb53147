//! Gemini's wire format: generateContent.
//!
//! Holds the provider's constants, its credential and its errors. The codec itself is not here yet.

mod error;
mod provider;

pub use error::{decode_error, decode_error_frame};
pub use provider::{API_KEY_ENV, DEFAULT_BASE_URL, NAME, credential};
