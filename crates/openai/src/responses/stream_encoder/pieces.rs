//! How reasoning is told, piece by piece: those of a summary, or of the model's own words.

use bytes::BytesMut;
use tollgate_model::Content;

use super::{ResponsesEncoder, end_event};
use crate::responses::{
    notes::{self, RAW},
    output::pieces,
    wire::Object,
};

/// How far the pieces of a part were told.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// How many were told as a whole.
    whole: usize,
    /// Whether another one is open, and how many bytes of it were told.
    pub(super) open: bool,
    told: usize,
}

/// Which events tell the pieces of reasoning.
#[derive(Debug, Clone, Copy)]
struct PieceEvents {
    added: &'static str,
    delta: &'static str,
    text_done: &'static str,
    done: &'static str,
    index: &'static str,
    kind: &'static str,
}

const SUMMARY: PieceEvents = PieceEvents {
    added: "response.reasoning_summary_part.added",
    delta: "response.reasoning_summary_text.delta",
    text_done: "response.reasoning_summary_text.done",
    done: "response.reasoning_summary_part.done",
    index: "summary_index",
    kind: "summary_text",
};

const OWN_REASONING: PieceEvents = PieceEvents {
    added: "response.content_part.added",
    delta: "response.reasoning_text.delta",
    text_done: "response.reasoning_text.done",
    done: "response.content_part.done",
    index: "content_index",
    kind: "reasoning_text",
};

impl ResponsesEncoder {
    fn piece_events(&self, number: usize) -> PieceEvents {
        let raw = self.part(number).is_some_and(|part| notes::has(&part.extra, RAW));
        if raw { OWN_REASONING } else { SUMMARY }
    }

    fn piece_event<'o>(
        &mut self,
        kind: &str,
        number: usize,
        item: usize,
        out: &'o mut BytesMut,
    ) -> Object<'o> {
        let (index, piece) = (self.piece_events(number).index, self.parts[number].pieces.whole);
        let mut event = self.item_event(kind, item, out);
        event.field(index, &piece);
        event
    }

    /// Tells what reasoning grew by, piece by piece.
    pub(super) fn reason(&mut self, number: usize, item: usize, out: &mut BytesMut) {
        loop {
            let Some((more, ends)) = self.next_of_piece(number) else { return };
            self.parts[number].pieces.told += more.len();
            if !more.is_empty() {
                self.piece_delta(number, item, &more, out);
            }
            if !ends {
                return;
            }
            if !self.parts[number].pieces.open {
                self.begin_piece(number, item, out);
            }
            self.end_piece(number, item, out);
        }
    }

    /// What of the piece that is open was not told, and whether the piece ends there.
    fn next_of_piece(&self, number: usize) -> Option<(String, bool)> {
        let state = &self.parts[number].pieces;
        let part = self.part(number)?;
        let Content::Reasoning(reasoning) = &part.content else { return None };
        let pieces = pieces(part, &reasoning.text);
        let piece = pieces.get(state.whole)?;
        Some((piece.get(state.told..)?.to_owned(), state.whole + 1 < pieces.len()))
    }

    fn begin_piece(&mut self, number: usize, item: usize, out: &mut BytesMut) {
        self.parts[number].pieces.open = true;
        let events = self.piece_events(number);
        let event = self.piece_event(events.added, number, item, out);
        end_with_piece(event, events, "");
        end_event(out);
    }

    fn piece_delta(&mut self, number: usize, item: usize, text: &str, out: &mut BytesMut) {
        if !self.parts[number].pieces.open {
            self.begin_piece(number, item, out);
        }
        let mut event = self.piece_event(self.piece_events(number).delta, number, item, out);
        event.field("delta", text);
        event.end();
        end_event(out);
    }

    pub(super) fn end_piece(&mut self, number: usize, item: usize, out: &mut BytesMut) {
        let text = self.piece_text(number);
        let events = self.piece_events(number);
        let mut event = self.piece_event(events.text_done, number, item, out);
        event.field("text", &text);
        event.end();
        end_event(out);
        let event = self.piece_event(events.done, number, item, out);
        end_with_piece(event, events, &text);
        end_event(out);
        let state = &mut self.parts[number].pieces;
        *state = Pieces { whole: state.whole + 1, ..Pieces::default() };
    }

    fn piece_text(&self, number: usize) -> String {
        let Some(part) = self.part(number) else { return String::new() };
        let Content::Reasoning(reasoning) = &part.content else { return String::new() };
        let pieces = pieces(part, &reasoning.text);
        pieces.get(self.parts[number].pieces.whole).copied().unwrap_or(&reasoning.text).to_owned()
    }
}

fn end_with_piece(mut event: Object<'_>, events: PieceEvents, text: &str) {
    let mut part = event.object("part");
    part.field("type", events.kind).field("text", text);
    part.end();
    event.end();
}
