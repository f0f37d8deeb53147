//! A part of an item, as far as it was told.

use tollgate_model::{ChatEvent, Content, Delta, Extra, Part, PartIndex};

/// A part that is being told.
#[derive(Debug)]
pub(super) struct GrowingPart {
    pub(super) part: PartIndex,
    /// Its place among the contents of a message.
    pub(super) content: u64,
    /// How many bytes of text were told.
    pub(super) told: usize,
    pub(super) citations: usize,
    pub(super) extra: Extra,
    /// The lengths of the pieces of reasoning; the last one grows.
    pub(super) pieces: Vec<usize>,
    pub(super) ended: bool,
}

impl GrowingPart {
    pub(super) fn new(part: PartIndex, content: u64) -> Self {
        let extra = Extra::NONE;
        Self { part, content, told: 0, citations: 0, extra, pieces: Vec::new(), ended: false }
    }

    pub(super) fn push(&self, delta: Delta, events: &mut Vec<ChatEvent>) {
        events.push(ChatEvent::Delta { part: self.part, delta });
    }

    pub(super) fn text(&mut self, text: String, events: &mut Vec<ChatEvent>) {
        if !text.is_empty() {
            self.told += text.len();
            self.push(Delta::Text(text), events);
        }
    }

    /// Tells what of the whole text was not told.
    pub(super) fn rest_of_text(&mut self, whole: &str, events: &mut Vec<ChatEvent>) {
        let rest = whole.get(self.told..).unwrap_or_default().to_owned();
        self.text(rest, events);
    }

    pub(super) fn set_extra(&mut self, extra: Extra, events: &mut Vec<ChatEvent>) {
        if extra != self.extra {
            self.push(Delta::Extra(extra.clone()), events);
            self.extra = extra;
        }
    }

    pub(super) fn end(&mut self, events: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.ended, true) {
            events.push(ChatEvent::PartEnd { part: self.part });
        }
    }

    /// Tells what of the whole part was not told, and its end.
    pub(super) fn finish(&mut self, whole: Part, events: &mut Vec<ChatEvent>) {
        if self.ended {
            return;
        }
        let Part { content, signature, extra, .. } = whole;
        match content {
            Content::Text(text) => {
                self.rest_of_text(&text.text, events);
                for citation in text.citations.into_iter().skip(self.citations) {
                    self.push(Delta::Citation(Box::new(citation)), events);
                }
            }
            Content::Refusal(text) => self.rest_of_text(&text, events),
            Content::ToolCall(call) => self.rest_of_text(&call.arguments, events),
            Content::Reasoning(reasoning) => {
                self.rest_of_text(&reasoning.text, events);
                if let Some(encrypted) = reasoning.encrypted {
                    self.push(Delta::Encrypted(encrypted), events);
                }
            }
            _ => {}
        }
        if let Some(signature) = signature {
            self.push(Delta::Signature(signature), events);
        }
        self.set_extra(extra, events);
        self.end(events);
    }
}
