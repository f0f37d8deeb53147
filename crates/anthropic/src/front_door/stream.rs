//! Canonical events → the events of a stream.
//!
//! Blocks of this format come one after the other, so a part that begins while another is open waits for that one's end.
//! The reason of the end is held until the answer is complete: a stream that breaks off never looks finished.
//! Source: <https://docs.claude.com/en/docs/build-with-claude/streaming> (read 2026-11-23).

mod block;

use std::collections::VecDeque;

use bytes::BytesMut;
use serde_json::{Map, Value};
use tollgate_model::{
    CallError, ChatEvent, ChatRequest, Delta, FinishReason, Losses, ModelName, PartIndex, PartKind,
    ResponseId, Usage,
};
use tollgate_provider::{StreamEncoder, json_writer::Object};

use super::{
    FORMAT, counters, error,
    response::{Holds, end, made_id, path, unknown_usage, write_ending},
};
use block::OpenBlock;

/// Writes one stream of Messages events.
#[derive(Debug)]
pub(super) struct MessagesEncoder {
    id: Option<ResponseId>,
    /// The model that answers; the one that was asked until it is known.
    model: ModelName,
    created: i64,
    /// Whether `message_start` was written.
    started: bool,
    /// The number of the next block.
    next_block: u32,
    /// How many parts there were.
    parts: usize,
    /// The first is being written, the others wait.
    open: VecDeque<OpenBlock>,
    usage: Option<Usage>,
    /// What of it stands in `message_start`.
    started_with: Usage,
    /// The class of service, until it is told.
    service_tier: Option<String>,
    extra: Map<String, Value>,
    holds: Holds,
    reason: Option<FinishReason>,
    /// Whether nothing may follow.
    over: bool,
    losses: Losses,
}

impl MessagesEncoder {
    pub(super) fn new(request: &ChatRequest, now_unix: i64) -> Self {
        Self {
            id: None,
            model: request.model.clone(),
            created: now_unix,
            started: false,
            next_block: 0,
            parts: 0,
            open: VecDeque::new(),
            usage: None,
            started_with: Usage::default(),
            service_tier: None,
            extra: Map::new(),
            holds: Holds::default(),
            reason: None,
            over: false,
            losses: Losses::new(),
        }
    }

    /// Writes `message_start`, once. It waits for the first content, so that it can say what the prompt came to.
    fn start(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let mut frame = begin(out, "message_start");
        let mut message = frame.object("message");
        match &self.id {
            Some(id) => message.field("id", id),
            None => message.field("id", &made_id(self.created)),
        };
        message.field("type", "message").field("role", "assistant").field("model", &self.model);
        message.array("content").end();
        message.field("stop_reason", &None::<&str>).field("stop_sequence", &None::<&str>);
        self.started_with = self.usage.unwrap_or_default();
        let tier = self.service_tier.take();
        counters::write_message(message.object("usage"), &self.started_with, tier.as_deref(), None);
        message.end();
        frame.end();
        finish(out);
        begin(out, "ping").end();
        finish(out);
    }

    fn part_start(&mut self, part: PartIndex, choice: u32, kind: &PartKind, out: &mut BytesMut) {
        if choice != 0 {
            self.losses.dropped("choices", "the format has one answer");
            return;
        }
        self.start(out);
        self.holds.calls |= matches!(kind, PartKind::ToolCall { .. });
        self.holds.refusal |= matches!(kind, PartKind::Refusal);
        self.open.push_back(OpenBlock::new(part, path(self.parts), kind, &mut self.losses));
        self.parts += 1;
    }

    fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
        let Some(place) = self.open.iter().position(|open| open.part == part) else { return };
        let block = &mut self.open[place];
        if place == 0 {
            block.grow(delta, &mut self.next_block, out, &mut self.losses);
        } else {
            block.waiting.push(delta.clone());
        }
    }

    fn part_end(&mut self, part: PartIndex, out: &mut BytesMut) {
        if let Some(block) = self.open.iter_mut().find(|open| open.part == part) {
            block.ended = true;
            self.advance(out);
        }
    }

    /// Ends the first block if it is complete, and goes on with those that waited.
    fn advance(&mut self, out: &mut BytesMut) {
        while let Some(mut block) = self.open.pop_front_if(|block| block.ended) {
            block.end(&mut self.next_block, out, &mut self.losses);
            if let Some(next) = self.open.front_mut() {
                for delta in std::mem::take(&mut next.waiting) {
                    next.grow(&delta, &mut self.next_block, out, &mut self.losses);
                }
            }
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.start(out);
        for block in &mut self.open {
            block.ended = true;
        }
        self.advance(out);
        let counted = self.extra.shift_remove("usage");
        let counted = counted.as_ref().and_then(Value::as_object);
        let end = end(self.reason.as_ref(), self.holds, &mut self.losses);
        let mut frame = begin(out, "message_delta");
        let mut delta = frame.object("delta");
        write_ending(&mut delta, &end, Some(&self.extra));
        self.extra.shift_remove("stop_details");
        if let Some(container) = self.extra.shift_remove("container") {
            delta.field("container", &container);
        }
        delta.end();
        if self.usage.is_none() {
            unknown_usage(&mut self.losses);
        }
        let usage = self.usage.unwrap_or_default();
        counters::lose(&usage, &mut self.losses);
        let tier = self.service_tier.as_deref();
        counters::write_delta(frame.object("usage"), &usage, &self.started_with, tier, counted);
        frame.extra(Some(&self.extra));
        frame.end();
        finish(out);
        begin(out, "message_stop").end();
        finish(out);
        self.over = true;
    }
}

/// Begins a frame of this type.
fn begin<'o>(out: &'o mut BytesMut, kind: &'static str) -> Object<'o> {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let mut frame = Object::begin(out);
    frame.field("type", kind);
    frame
}

/// Ends a frame.
fn finish(out: &mut BytesMut) {
    out.extend_from_slice(b"\n\n");
}

impl StreamEncoder for MessagesEncoder {
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            ChatEvent::Start { id, model, created } => {
                self.id.clone_from(id);
                if let Some(model) = model {
                    self.model.clone_from(model);
                }
                self.created = created.unwrap_or(self.created);
            }
            ChatEvent::PartStart { part, choice, kind } => self.part_start(*part, *choice, kind, out),
            ChatEvent::Delta { part, delta } => self.delta(*part, delta, out),
            ChatEvent::PartEnd { part } => self.part_end(*part, out),
            ChatEvent::Logprobs { .. } => {
                self.losses.dropped("choices[0].logprobs", "the format has none");
            }
            ChatEvent::Stop { choice: 0, reason } => self.reason = Some(reason.clone()),
            ChatEvent::Stop { .. } => {}
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            ChatEvent::Extra { service_tier, extra } => {
                if service_tier.is_some() {
                    self.service_tier.clone_from(service_tier);
                }
                extra.lose_unless(&FORMAT, "", &mut self.losses);
                let fields = extra.fields(&FORMAT).into_iter().flatten();
                self.extra.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
            }
            ChatEvent::Finish => self.finish(out),
        }
    }

    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut) {
        if !self.over {
            out.extend_from_slice(b"event: error\ndata: ");
            error::write(out, error);
            finish(out);
            self.over = true;
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}
