//! How items begin, grow and end.

use serde_json::value::RawValue;
use tollgate_model::{
    ChatEvent, Content, Delta, Extra, Part, PartKind, ProviderError, response::TokenLogprob,
};

use super::{ResponsesDecoder, part::GrowingPart, unreadable};
use crate::{
    logprobs,
    responses::{
        citation, item,
        notes::{FORMAT, PIECE_BREAK, PIECES, RAW, mark},
        response::settle,
        wire::{ContentPart, Event, Item, Text},
    },
};

/// An item that is being told.
#[derive(Debug)]
pub(super) struct Growing {
    /// Its place in the answer.
    pub(super) index: u64,
    pub(super) done: bool,
    kind: Kind,
    /// Its parts: the contents of a message, or itself.
    parts: Vec<GrowingPart>,
    /// What the first part of a message will have.
    extra: Extra,
    /// How many tokens were told.
    tokens: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Call,
    /// Told at its end.
    Whole,
}

impl Growing {
    fn tell_tokens(&mut self, tokens: Vec<TokenLogprob>, events: &mut Vec<ChatEvent>) {
        if !tokens.is_empty() {
            self.tokens += tokens.len();
            events.push(ChatEvent::Logprobs { choice: 0, tokens });
        }
    }

    /// Ends what has no end of its own.
    pub(super) fn abandon(&mut self, events: &mut Vec<ChatEvent>) {
        self.parts.iter_mut().for_each(|part| part.end(events));
        self.done = true;
    }
}

impl ResponsesDecoder {
    /// Finds the item that an event is about. Without a place, it is the last one.
    fn item(&self, event: &Event<'_>) -> Option<usize> {
        match event.output_index {
            Some(index) => self.items.iter().rposition(|item| item.index == index),
            None => self.items.len().checked_sub(1),
        }
    }

    pub(super) fn item_added(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let Some(raw) = event.item else { return Ok(()) };
        let next = self.items.iter().map(|item| item.index + 1).max().unwrap_or(0);
        let index = event.output_index.unwrap_or(next);
        if !self.items.iter().any(|item| item.index == index) {
            self.add_item(index, raw, events)?;
        }
        Ok(())
    }

    pub(super) fn add_item(
        &mut self,
        index: u64,
        raw: &RawValue,
        events: &mut Vec<ChatEvent>,
    ) -> Result<usize, ProviderError> {
        let mut growing = Growing {
            index,
            done: false,
            kind: Kind::Whole,
            parts: Vec::new(),
            extra: Extra::NONE,
            tokens: 0,
        };
        // What is announced in part only, or in a way that is not known, is told at its end.
        let kind = serde_json::from_str::<Item<'_>>(raw.get()).ok().and_then(|item| item.kind);
        match kind.as_deref() {
            Some("message") => {
                growing.kind = Kind::Message;
                growing.extra = item::begun_message(raw).map_err(unreadable)?;
            }
            Some("reasoning") => {
                growing.kind = Kind::Reasoning;
                self.begin_part(&mut growing, raw, events);
            }
            Some("function_call" | "custom_tool_call") => {
                growing.kind = Kind::Call;
                self.begin_part(&mut growing, raw, events);
            }
            _ => {}
        }
        self.items.push(growing);
        Ok(self.items.len() - 1)
    }

    /// Begins reasoning or a call, if enough of it is known.
    fn begin_part(&mut self, growing: &mut Growing, raw: &RawValue, events: &mut Vec<ChatEvent>) {
        let Ok(mut part) = item::begun(raw) else {
            growing.kind = Kind::Whole;
            return;
        };
        settle(&mut part, &self.quirks, &self.restore);
        let kind = match part.content {
            Content::ToolCall(call) => PartKind::ToolCall { id: call.id, name: call.name, kind: call.kind },
            _ => PartKind::Reasoning,
        };
        let index = self.part(kind, events);
        let mut begun = GrowingPart::new(index, 0);
        begun.set_extra(part.extra, events);
        growing.parts.push(begun);
    }

    pub(super) fn content_added(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let (Some(item), Some(raw)) = (self.item(event), event.part) else { return Ok(()) };
        let part: ContentPart<'_> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        match (self.items[item].kind, part.kind.as_deref()) {
            (Kind::Message, Some("output_text")) => {
                self.content(item, event.content_index, PartKind::Text, events);
            }
            (Kind::Message, Some("refusal")) => {
                self.content(item, event.content_index, PartKind::Refusal, events);
            }
            (Kind::Reasoning, Some("reasoning_text")) => {
                self.next_piece(item, event.content_index, true, events)
            }
            _ => {}
        }
        Ok(())
    }

    /// Finds a content of a message, or begins it.
    fn content(
        &mut self,
        item: usize,
        content: Option<u64>,
        kind: PartKind,
        events: &mut Vec<ChatEvent>,
    ) -> Option<usize> {
        let content = content.unwrap_or(0);
        if self.items[item].kind != Kind::Message || self.items[item].done {
            return None;
        }
        if let Some(known) = self.items[item].parts.iter().position(|part| part.content == content) {
            return Some(known);
        }
        self.items[item].parts.iter_mut().for_each(|part| part.end(events));
        let index = self.part(kind, events);
        let growing = &mut self.items[item];
        let mut part = GrowingPart::new(index, content);
        if growing.parts.is_empty() {
            part.set_extra(growing.extra.clone(), events);
        }
        growing.parts.push(part);
        Some(growing.parts.len() - 1)
    }

    pub(super) fn text(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let Some(item) = self.item(event) else { return Ok(()) };
        let part = if kind == "response.refusal.delta" { PartKind::Refusal } else { PartKind::Text };
        let Some(content) = self.content(item, event.content_index, part, events) else { return Ok(()) };
        let text = delta(event)?;
        self.items[item].parts[content].text(text, events);
        if let Some(raw) = event.logprobs.filter(|raw| raw.get() != "[]") {
            let tokens = serde_json::from_str(raw.get()).map_err(unreadable)?;
            self.items[item].tell_tokens(logprobs::decode(tokens).collect(), events);
        }
        Ok(())
    }

    pub(super) fn annotation(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let (Some(item), Some(raw)) = (self.item(event), event.annotation) else { return Ok(()) };
        let content = self.content(item, event.content_index, PartKind::Text, events);
        let Some(content) = content else { return Ok(()) };
        let citation = citation::decode(raw).map_err(unreadable)?;
        let part = &mut self.items[item].parts[content];
        part.citations += 1;
        part.push(Delta::Citation(Box::new(citation)), events);
        Ok(())
    }

    pub(super) fn summary_added(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        if let Some(item) = self.item(event) {
            self.next_piece(item, event.summary_index, false, events);
        }
        Ok(())
    }

    pub(super) fn reasoning(
        &mut self,
        event: &Event<'_>,
        raw: bool,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let Some(item) = self.item(event) else { return Ok(()) };
        let place = if raw { event.content_index } else { event.summary_index };
        self.next_piece(item, place, raw, events);
        let text = delta(event)?;
        let growing = &mut self.items[item];
        if growing.kind == Kind::Reasoning
            && let Some(part) = growing.parts.first_mut()
            && has_mark(&part.extra) == raw
        {
            if let Some(last) = part.pieces.last_mut() {
                *last += text.len();
            }
            part.text(text, events);
        }
        Ok(())
    }

    /// Goes on to a piece of reasoning, if it is not open yet.
    fn next_piece(&mut self, item: usize, place: Option<u64>, raw: bool, events: &mut Vec<ChatEvent>) {
        let growing = &mut self.items[item];
        let Some(part) = growing.parts.first_mut().filter(|_| growing.kind == Kind::Reasoning) else {
            return;
        };
        let place = usize::try_from(place.unwrap_or(0)).unwrap_or(0);
        let first = part.pieces.is_empty();
        // Of a summary and the model's own words, those are told that come first.
        if part.ended || (!first && has_mark(&part.extra) != raw) || (!first && place < part.pieces.len()) {
            return;
        }
        let mut noted = Part::reasoning("");
        noted.extra = part.extra.clone();
        if first && raw {
            mark(&mut noted, RAW);
        }
        if !first {
            let lengths = part.pieces.iter().map(|length| serde_json::Value::from(*length)).collect();
            noted.extra.insert(&FORMAT, PIECES, lengths);
        }
        part.set_extra(noted.extra, events);
        part.pieces.push(0);
        if !first {
            part.text(PIECE_BREAK.to_owned(), events);
        }
    }

    pub(super) fn call(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let Some(item) = self.item(event).filter(|item| self.items[*item].kind == Kind::Call) else {
            return Ok(());
        };
        let text = delta(event)?;
        if let Some(part) = self.items[item].parts.first_mut().filter(|part| !part.ended) {
            part.text(text, events);
        }
        Ok(())
    }

    pub(super) fn item_done(
        &mut self,
        event: &Event<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let Some(raw) = event.item else { return Ok(()) };
        self.item_added(event, events)?;
        match self.item(event) {
            Some(item) if !self.items[item].done => self.end_item(item, raw, events),
            _ => Ok(()),
        }
    }

    /// Tells what of an item was not told, and its end.
    pub(super) fn end_item(
        &mut self,
        item: usize,
        raw: &RawValue,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        let (parts, reader) = self.read(raw)?;
        parts.iter().for_each(|part| self.tally.add_content(&part.content));
        for (content, part) in parts.into_iter().enumerate() {
            self.end_part(item, content, part, events);
        }
        let growing = &mut self.items[item];
        growing.abandon(events);
        let tokens = reader.tokens.unwrap_or_default();
        let untold = tokens.into_iter().skip(growing.tokens).collect();
        growing.tell_tokens(untold, events);
        Ok(())
    }

    fn end_part(&mut self, item: usize, content: usize, part: Part, events: &mut Vec<ChatEvent>) {
        let kind = match &part.content {
            Content::Text(_) => PartKind::Text,
            Content::Refusal(_) => PartKind::Refusal,
            Content::Reasoning(_) if self.items[item].kind == Kind::Whole => PartKind::Reasoning,
            Content::ToolCall(call) if self.items[item].kind == Kind::Whole => {
                PartKind::ToolCall { id: call.id.clone(), name: call.name.clone(), kind: call.kind }
            }
            Content::Reasoning(_) | Content::ToolCall(_) => {
                if let Some(known) = self.items[item].parts.first_mut() {
                    known.finish(part, events);
                }
                return;
            }
            _ => return self.whole(part, events),
        };
        if self.items[item].kind == Kind::Whole {
            let index = self.part(kind, events);
            return GrowingPart::new(index, 0).finish(part, events);
        }
        if let Some(place) = self.content(item, Some(content as u64), kind, events) {
            self.items[item].parts[place].finish(part, events);
        }
    }
}

fn has_mark(extra: &Extra) -> bool {
    crate::responses::notes::has(extra, RAW)
}

fn delta(event: &Event<'_>) -> Result<String, ProviderError> {
    let Some(raw) = event.delta else { return Ok(String::new()) };
    serde_json::from_str::<Text<'_>>(raw.get()).map(Text::into_owned).map_err(unreadable)
}
