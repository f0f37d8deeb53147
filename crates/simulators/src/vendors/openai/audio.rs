//! Speech from text, and text from speech.

pub(super) mod speech;
pub(super) mod transcriptions;
