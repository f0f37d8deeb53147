//! A streaming answer → canonical events.
//!
//! Source: the vendor's guide to streaming and `ResponseStreamEvent` in its OpenAPI description; the ways of other servers
//! from recorded streams (read 2026-11-23).
//!
//! What an item grew by is told as it comes. Its end is told in full by `output_item.done`: only there the encrypted
//! reasoning is whole, and whatever was not told before (some servers leave deltas out) is told then. The last event holds
//! the whole answer, from which an item that had no end is completed.

use std::sync::Arc;

use serde_json::value::RawValue;
use tollgate_model::{ChatEvent, ChatRequest, Delta, Part, PartIndex, PartKind, ProviderError};
use tollgate_provider::{Frame, StreamDecoder};

use super::{
    ResponsesQuirks,
    item::Reader,
    response::{Ending, refuse_failed, said},
    tally::Tally,
    wire::{Body, Event, List, Text, unix_seconds},
};
use crate::{error, names::Restore};

mod growth;
mod part;

use growth::Growing;

/// Translates one stream.
#[derive(Debug)]
pub(super) struct ResponsesDecoder {
    quirks: Arc<ResponsesQuirks>,
    /// What encoding did to the request.
    restore: Restore,
    started: bool,
    done: bool,
    /// The number of the next part.
    next_part: u32,
    items: Vec<Growing>,
    /// What the items say of the end.
    tally: Tally,
}

impl StreamDecoder for ResponsesDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let data = frame.data.trim_ascii();
        if self.done || data == b"[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data).map_err(unreadable)?;
        let kind = match (&event.kind, frame.event) {
            (Some(kind), _) => kind.to_string(),
            (None, Some(name)) => String::from_utf8_lossy(name).into_owned(),
            (None, None) => String::new(),
        };
        if kind == "error" || (event.error.is_some() && event.response.is_none()) {
            return Err(error::in_band(data));
        }
        self.event(&kind, &event, events)
    }

    fn finish(&mut self, _events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.done { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("stream", source)
}

impl ResponsesDecoder {
    pub(super) fn new(quirks: Arc<ResponsesQuirks>, request: &ChatRequest) -> Self {
        Self {
            quirks,
            restore: Restore::new(request),
            started: false,
            done: false,
            next_part: 0,
            items: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn event(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => self.start(event, events),
            "response.output_item.added" => self.item_added(event, events),
            "response.content_part.added" => self.content_added(event, events),
            "response.output_text.delta" | "response.refusal.delta" => self.text(kind, event, events),
            "response.output_text.annotation.added" => self.annotation(event, events),
            "response.reasoning_summary_part.added" => self.summary_added(event, events),
            "response.reasoning_summary_text.delta" => self.reasoning(event, false, events),
            "response.reasoning_text.delta" => self.reasoning(event, true, events),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.call(event, events)
            }
            "response.output_item.done" => self.item_done(event, events),
            "response.completed" | "response.incomplete" | "response.failed" => self.close(event, events),
            // What the vendor's own tools are doing, ends of texts that are told again with their items, and what is
            // invented tomorrow.
            _ => Ok(()),
        }
    }

    fn start(&mut self, event: &Event<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let (false, Some(raw)) = (self.started, event.response) else { return Ok(()) };
        let body: Body<'_> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        self.begin(&body, events);
        Ok(())
    }

    fn begin(&mut self, body: &Body<'_>, events: &mut Vec<ChatEvent>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let filled =
            |text: &Option<Text<'_>>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        events.push(ChatEvent::Start {
            id: filled(&body.id).map(Into::into),
            model: filled(&body.model).map(Into::into),
            created: body.created_at.and_then(unix_seconds),
        });
    }

    /// Begins a part.
    fn part(&mut self, kind: PartKind, events: &mut Vec<ChatEvent>) -> PartIndex {
        if !std::mem::replace(&mut self.started, true) {
            events.push(ChatEvent::Start { id: None, model: None, created: None });
        }
        let part = PartIndex(self.next_part);
        self.next_part += 1;
        events.push(ChatEvent::PartStart { part, choice: 0, kind });
        part
    }

    /// Tells a part that comes whole.
    fn whole(&mut self, part: Part, events: &mut Vec<ChatEvent>) {
        let Part { content, extra, .. } = part;
        let index = self.part(PartKind::Whole(Box::new(content)), events);
        if !extra.is_empty() {
            events.push(ChatEvent::Delta { part: index, delta: Delta::Extra(extra) });
        }
        events.push(ChatEvent::PartEnd { part: index });
    }

    /// Reads an item that is complete.
    fn read(&self, raw: &RawValue) -> Result<(Vec<Part>, Reader), ProviderError> {
        let mut reader = Reader { tokens: Some(Vec::new()) };
        let parts = said(&mut reader, raw, &self.quirks, &self.restore).map_err(unreadable)?;
        Ok((parts, reader))
    }

    fn close(&mut self, event: &Event<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let Some(raw) = event.response else {
            return Err(ProviderError::protocol("the provider's stream ends without its answer"));
        };
        let mut body: Body<'_> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        refuse_failed(&body)?;
        self.begin(&body, events);
        let output = body.output.take().unwrap_or_default();
        self.complete(&output, events)?;
        let end = Ending::read(body, &self.tally).map_err(unreadable)?;
        self.done = true;
        if let Some(usage) = end.usage {
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
        if end.service_tier.is_some() || !end.extra.is_empty() {
            events.push(ChatEvent::Extra { service_tier: end.service_tier, extra: end.extra });
        }
        events.push(ChatEvent::Stop { choice: 0, reason: end.reason });
        events.push(ChatEvent::Finish);
        Ok(())
    }

    /// Tells what of the whole answer was not told: items without an end, or all of them.
    fn complete(
        &mut self,
        output: &List<&RawValue>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        for (place, raw) in output.0.iter().enumerate() {
            let known = self.items.iter().position(|item| item.index == place as u64);
            match known {
                Some(item) if self.items[item].done => {}
                Some(item) => self.end_item(item, raw, events)?,
                None => {
                    let item = self.add_item(place as u64, raw, events)?;
                    self.end_item(item, raw, events)?;
                }
            }
        }
        for item in 0..self.items.len() {
            self.items[item].abandon(events);
        }
        Ok(())
    }
}
