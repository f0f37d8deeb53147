//! Sees the finished answer pass, and keeps it.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_model::{ProviderError, ProviderName};
use tollgate_provider::{Frame, Framer, Framing};

use super::kept::{Kept, Shelf};

/// Keeps one answer, when it is complete.
#[derive(Debug)]
pub(crate) struct Keeper {
    shelf: Shelf,
    /// Gone once the answer is kept.
    kept: Option<Kept>,
    framer: Framer,
}

/// An answer, as far as its keeper needs it.
#[derive(Deserialize)]
struct Answer {
    id: String,
    /// Failed and cancelled answers are no turn of a conversation.
    status: Option<String>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

impl Keeper {
    pub(super) fn new(shelf: Shelf, kept: Kept) -> Self {
        Self { shelf, kept: Some(kept), framer: Framer::new(Framing::Sse) }
    }

    /// Notes that a provider keeps the answer too.
    pub(crate) fn also_kept_by(&mut self, provider: ProviderName) {
        if let Some(kept) = &mut self.kept {
            kept.also_kept_by = Some(provider);
        }
    }

    /// Keeps a complete answer.
    pub(crate) fn see_whole(&mut self, body: &[u8]) {
        keep(&self.shelf, &mut self.kept, body);
    }

    /// Looks for the end of a stream, whose last event holds the complete answer. Nothing of what is seen is an error: it
    /// passes to the client as it is.
    pub(crate) fn see(&mut self, chunk: &[u8]) {
        let (shelf, kept) = (&self.shelf, &mut self.kept);
        if kept.is_none() {
            return;
        }
        let look = |frame: Frame<'_>| -> Result<(), ProviderError> {
            if matches!(frame.event, Some(b"response.completed" | b"response.incomplete"))
                && let Ok(Event { response: Some(response) }) = serde_json::from_slice(frame.data)
            {
                keep(shelf, kept, response.get().as_bytes());
            }
            Ok(())
        };
        if self.framer.feed(chunk, look).is_err() {
            // A frame that is too large to be framed is too large to be kept.
            self.kept = None;
        }
    }
}

fn keep(shelf: &Shelf, kept: &mut Option<Kept>, body: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else { return };
    let complete = matches!(answer.status.as_deref(), Some("completed" | "incomplete") | None);
    let Some(mut turn) = kept.take_if(|_| complete) else { return };
    turn.response = bytes::Bytes::copy_from_slice(body);
    if !shelf.put(&answer.id, &turn) {
        tracing::warn!(id = answer.id, "an answer is not kept: the gateway's memory is full");
    }
}
