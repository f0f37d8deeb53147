//! Sees the finished answer pass, and keeps it.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_gemini::stored::{Fold, Seen};
use tollgate_model::{ProviderError, ProviderName};
use tollgate_openai::background::Standing;
use tollgate_provider::{Frame, Framer, Framing};

use super::{
    format::KeptFormat,
    kept::{Kept, Shelf},
};

/// Keeps one answer, when it is complete.
#[derive(Debug)]
pub(crate) struct Keeper {
    turn: Turn,
    framer: Framer,
    events: Events,
}

/// The turn that is to be kept.
#[derive(Debug)]
struct Turn {
    shelf: Shelf,
    /// Gone once the answer is kept.
    kept: Option<Kept>,
}

/// How a format's stream tells of the finished answer.
#[derive(Debug)]
enum Events {
    /// Its last event holds all of it.
    Responses,
    /// It is told piece by piece.
    Interactions(Box<Fold>),
}

impl Keeper {
    pub(super) fn new(shelf: Shelf, kept: Kept) -> Self {
        let events = match shelf.format() {
            KeptFormat::Responses => Events::Responses,
            KeptFormat::Interactions => Events::Interactions(Box::default()),
        };
        Self { turn: Turn { shelf, kept: Some(kept) }, framer: Framer::new(Framing::Sse), events }
    }

    /// Notes that a provider keeps the answer too.
    pub(crate) fn also_kept_by(&mut self, provider: ProviderName) {
        if let Some(kept) = &mut self.turn.kept {
            kept.also_kept_by = Some(provider);
        }
    }

    /// Keeps a complete answer.
    pub(crate) fn see_whole(&mut self, body: &[u8]) {
        self.turn.keep(body);
    }

    /// Looks for the end of a stream. Nothing of what is seen is an error: it passes to the client as it is.
    pub(crate) fn see(&mut self, chunk: &[u8]) {
        let (turn, events) = (&mut self.turn, &mut self.events);
        if turn.kept.is_none() {
            return;
        }
        let look = |frame: Frame<'_>| -> Result<(), ProviderError> {
            match events {
                Events::Responses => {
                    if let Some(response) = last_of_responses(frame) {
                        turn.keep(response.get().as_bytes());
                    }
                }
                Events::Interactions(fold) => {
                    if let Some(Seen::Begun(interaction) | Seen::Complete(interaction)) = fold.take(frame) {
                        turn.keep(&interaction);
                    }
                }
            }
            Ok(())
        };
        if self.framer.feed(chunk, look).is_err() {
            // A frame that is too large to be framed is too large to be kept.
            turn.kept = None;
        }
    }
}

impl Turn {
    /// Keeps an answer that is complete. One that its provider can be asked for is kept as it stands.
    fn keep(&mut self, body: &[u8]) {
        let Some(standing) = Standing::of(body) else { return };
        let Some(turn) = &mut self.kept else { return };
        let format = self.shelf.format();
        let can_be_asked_for = format.asks_its_keeper() && turn.also_kept_by.is_some();
        if !format.is_turn(&standing) && !can_be_asked_for {
            return;
        }
        turn.response = bytes::Bytes::copy_from_slice(body);
        if !self.shelf.put(&standing.id, turn) {
            tracing::warn!(id = standing.id, "an answer is not kept: the gateway's memory is full");
        }
        if standing.is_over() {
            self.kept = None;
        }
    }
}

fn last_of_responses(frame: Frame<'_>) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow, default)]
        response: Option<&'a RawValue>,
    }
    if !matches!(frame.event, Some(b"response.completed" | b"response.incomplete")) {
        return None;
    }
    serde_json::from_slice::<Event<'_>>(frame.data).ok()?.response
}
