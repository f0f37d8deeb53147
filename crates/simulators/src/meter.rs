//! What the simulated providers served, in plain numbers: the other side of the gateway's bill.

use std::sync::{Mutex, PoisonError};

use crate::Vendor;

/// Tokens by class. `input` and `output` are totals: all the others are parts of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeteredUsage {
    /// All input tokens, cached ones included.
    pub input: u64,
    /// Of the input: read from a cache.
    pub cache_read: u64,
    /// Of the input: written to a cache of five minutes (OpenAI: of its one kind).
    pub cache_write_5m: u64,
    /// Of the input: written to a cache of one hour.
    pub cache_write_1h: u64,
    /// Of the input: audio.
    pub audio_input: u64,
    /// Of the input: images.
    pub image_input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Of the output: reasoning.
    pub reasoning: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All that was to be sent was sent. Of an error too.
    Completed,
    /// A fault broke it: cut, reset, ended early.
    Broken,
    /// The caller hung up.
    Aborted,
}

/// One request that was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered {
    /// Who served it.
    pub vendor: Vendor,
    /// The path that was called, without its query.
    pub path: String,
    /// The model as asked for, fault suffix included. Empty where none was read.
    pub model: String,
    /// The id in the vendor's request id header; for Gemini and Ollama, which send none, an internal one.
    pub request_id: String,
    /// The id in the answer's body, where the vendor gives one.
    pub response_id: Option<String>,
    /// The status that was sent; 0: none, because the caller was gone or the connection was reset.
    pub status: u16,
    /// Whether the answer was a stream.
    pub streamed: bool,
    /// What a vendor would bill. For an unfinished stream: the whole input, and the output sent so far.
    pub usage: MeteredUsage,
    /// How it ended.
    pub ending: Ending,
    /// Pieces of body handed to the connection.
    pub chunks: u64,
}

/// The list of all that was served, in the order of ending.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Vec<Metered>>);

impl Meter {
    pub(crate) fn add(&self, entry: Metered) {
        // A list is whole after any panic of a reader.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    pub(crate) fn read(&self) -> Vec<Metered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
