//! An answer as a vendor module hands it over, before faults and pace are laid upon it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::meter::MeteredUsage;

/// One piece of a streamed body.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    /// The output tokens in it.
    pub(crate) tokens: u64,
    /// Whether it belongs to the end that tells a whole stream from a cut one.
    pub(crate) is_end: bool,
}

/// The body.
#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Bytes),
    Stream(Vec<Chunk>),
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) payload: Payload,
    pub(crate) usage: MeteredUsage,
    pub(crate) response_id: Option<String>,
    /// The vendor's error in mid-stream, as bytes of this stream's framing; of the number of chunks before it.
    pub(crate) error_event: fn(u64) -> Bytes,
}

impl Reply {
    /// A JSON document.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            headers: Vec::new(),
            payload: Payload::Whole(body.to_string().into()),
            usage: MeteredUsage::default(),
            response_id: None,
            error_event: |_| Bytes::new(),
        }
    }

    /// A stream of chunks.
    pub(crate) const fn stream(
        content_type: &'static str,
        chunks: Vec<Chunk>,
        error_event: fn(u64) -> Bytes,
    ) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            headers: Vec::new(),
            payload: Payload::Stream(chunks),
            usage: NO_USAGE,
            response_id: None,
            error_event,
        }
    }

    pub(crate) fn with_usage(mut self, usage: MeteredUsage) -> Self {
        self.usage = usage;
        self
    }

    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.response_id = Some(id.to_owned());
        self
    }

    /// Adds a header. A value that no header may hold is left out.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.payload, Payload::Stream(_))
    }
}

const NO_USAGE: MeteredUsage = MeteredUsage {
    input: 0,
    cache_read: 0,
    cache_write_5m: 0,
    cache_write_1h: 0,
    audio_input: 0,
    image_input: 0,
    output: 0,
    reasoning: 0,
};

/// Collects the chunks of a stream.
#[derive(Debug, Default)]
pub(crate) struct Chunks(pub(crate) Vec<Chunk>);

impl Chunks {
    pub(crate) fn push(&mut self, text: String, tokens: u64, is_end: bool) {
        self.0.push(Chunk { bytes: text.into(), tokens, is_end });
    }
}
