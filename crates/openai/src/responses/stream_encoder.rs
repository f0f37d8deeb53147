//! Canonical events → the events of a stream.
//!
//! Every event is numbered and typed. An item is announced when its first content comes, so that its own id is known by
//! then; its end is told when all of it was said. The last event holds the whole answer, as a complete answer would be.
//!
//! The vendor's SDKs check that ids and places agree between the events, and raise on an event that holds an `error`.
//! Source: the accumulators of its Python SDK 3.54.0 and its JavaScript SDK (read 2026-11-23).

use bytes::BytesMut;
use tollgate_model::{Assembler, CallError, ChatEvent, ChatRequest, Choice, Losses, ModelName, ResponseId};
use tollgate_provider::StreamEncoder;

use super::{
    echo::Echo,
    output::{Item, Kind, Layout, Place},
    response::{Head, write_ended, write_failed, write_open},
    wire::{Object, write_raw},
};
use crate::client_error;

mod parts;
mod pieces;

use parts::PartState;

/// Writes one stream.
#[derive(Debug)]
pub(super) struct ResponsesEncoder {
    /// The model to name if the provider names none.
    asked: ModelName,
    now_unix: i64,
    echo: Echo,
    /// Set when the stream starts.
    head: Option<Head>,
    /// The number of the next event.
    sequence: u64,
    /// What was said so far: the last event says it all again.
    said: Assembler,
    /// The parts of the answer, in order.
    parts: Vec<PartState>,
    /// How many of them were laid out.
    laid_out: usize,
    layout: Layout,
    /// Whether texts stay open to the end, since how likely their tokens were is wanted, and may be told last.
    waits_for_tokens: bool,
    /// Which items were told to be complete.
    done: Vec<bool>,
    /// Whether nothing may follow.
    over: bool,
    losses: Losses,
}

impl ResponsesEncoder {
    pub(super) fn new(request: &ChatRequest, now_unix: i64) -> Self {
        Self {
            asked: request.model.clone(),
            now_unix,
            echo: Echo::new(request),
            head: None,
            sequence: 0,
            said: Assembler::new(),
            parts: Vec::new(),
            laid_out: 0,
            layout: Layout::default(),
            waits_for_tokens: request.logprobs.is_some(),
            done: Vec::new(),
            over: false,
            losses: Losses::new(),
        }
    }

    /// Begins an event, up to its own fields.
    fn event<'o>(&mut self, kind: &str, out: &'o mut BytesMut) -> Object<'o> {
        write_raw(out, "event: ");
        write_raw(out, kind);
        write_raw(out, "\ndata: ");
        let mut object = Object::begin(out);
        object.field("type", kind).field("sequence_number", &self.sequence);
        self.sequence += 1;
        object
    }

    fn make_head(&mut self, id: Option<&ResponseId>, model: Option<&ModelName>, created: Option<i64>) {
        let head = Head::new(id, model.unwrap_or(&self.asked), created.unwrap_or(self.now_unix));
        self.head = Some(head);
    }

    fn start(
        &mut self,
        id: Option<&ResponseId>,
        model: Option<&ModelName>,
        created: Option<i64>,
        out: &mut BytesMut,
    ) {
        self.make_head(id, model, created);
        for kind in ["response.created", "response.in_progress"] {
            let mut event = self.event(kind, out);
            if let Some(head) = &self.head {
                write_open(event.key("response"), head, &self.echo);
            }
            event.end();
            end_event(out);
        }
    }

    /// Takes an event into what was said, and starts the stream if the provider did not.
    fn take(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if let ChatEvent::Start { id, model, created } = event {
            self.start(id.as_ref(), model.as_ref(), *created, out);
        } else if self.head.is_none() {
            self.start(None, None, None, out);
        }
        self.said.push(event.clone());
    }

    fn choice(&self) -> Choice {
        self.said.choice(0).cloned().unwrap_or_else(|| Choice::new(0, Vec::new(), None))
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.lay_out(self.parts.len(), out);
        self.close_messages(true, out);
        self.over = true;
        let response = std::mem::take(&mut self.said).into_response();
        let Some(head) = self.head.take() else { return };
        let mut object = BytesMut::with_capacity(4096);
        let items = &self.layout.items;
        let ended = write_ended(&mut object, &head, &self.echo, items, &response, &mut self.losses);
        let kind = if ended { "response.completed" } else { "response.incomplete" };
        let mut event = self.event(kind, out);
        event.key("response").extend_from_slice(&object);
        event.end();
        end_event(out);
    }
}

/// Ends an event, whose object was ended.
fn end_event(out: &mut BytesMut) {
    write_raw(out, "\n\n");
}

impl StreamEncoder for ResponsesEncoder {
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if self.over {
            return;
        }
        self.take(event, out);
        match event {
            ChatEvent::PartStart { part, choice: 0, .. } => self.parts.push(PartState::new(*part)),
            ChatEvent::PartStart { .. } => self.losses.dropped("choices", "the format has one answer"),
            ChatEvent::Delta { part, delta } => self.delta(*part, delta, out),
            ChatEvent::PartEnd { part } => self.part_end(*part, out),
            ChatEvent::Logprobs { choice: 0, .. } => self.tell_tokens(out),
            ChatEvent::Finish => self.finish(out),
            // Told at the end.
            ChatEvent::Start { .. }
            | ChatEvent::Logprobs { .. }
            | ChatEvent::Stop { .. }
            | ChatEvent::Usage(_)
            | ChatEvent::Extra { .. } => {}
        }
    }

    /// The vendor tells an error, then the answer that failed. The error stands in both shapes that its SDKs know.
    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let mut event = self.event("error", out);
        event.field("code", &client_error::code(error)).field("message", &error.message);
        event.field("param", &error.param);
        client_error::write_fields(event.object("error"), error);
        event.end();
        end_event(out);
        if self.head.is_none() {
            self.make_head(None, None, None);
        }
        let choice = self.choice();
        let items = self.layout.items.iter().zip(&self.done).filter(|(_, done)| **done);
        let items: Vec<Item> = items.map(|(item, _)| item.clone()).collect();
        let mut event = self.event("response.failed", out);
        if let Some(head) = &self.head {
            write_failed(event.key("response"), head, &self.echo, &items, &choice, error);
        }
        event.end();
        end_event(out);
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}
