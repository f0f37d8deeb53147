//! How items and their contents begin, grow and end in a stream.

use bytes::BytesMut;
use tollgate_model::{
    Choice, Content, Delta, Losses, Part, PartIndex,
    message::{Citation, ToolCall, ToolCallKind},
};

use super::{Kind, Place, ResponsesEncoder, end_event, pieces::Pieces};
use crate::{
    logprobs::{self, Untold},
    responses::{
        citation,
        output::{Progress, Tokens, input_of, part_path, write_content, write_item},
        wire::{Array, Object},
    },
};

/// A part of the answer.
#[derive(Debug)]
pub(super) struct PartState {
    index: PartIndex,
    /// The item it came to stand in. `None`: not laid out, or nothing of it can be said.
    item: Option<usize>,
    /// Its place among the contents of a message.
    content: usize,
    /// Whether it was told anything of.
    grown: bool,
    ended: bool,
    /// Whether its end was told.
    told: bool,
    /// How many annotations were told, and how many tokens.
    annotations: usize,
    tokens: usize,
    /// Of reasoning, its pieces.
    pub(super) pieces: Pieces,
}

impl PartState {
    pub(super) fn new(index: PartIndex) -> Self {
        Self {
            index,
            item: None,
            content: 0,
            grown: false,
            ended: false,
            told: false,
            annotations: 0,
            tokens: 0,
            pieces: Pieces::default(),
        }
    }
}

impl ResponsesEncoder {
    fn number(&self, index: PartIndex) -> Option<usize> {
        self.parts.iter().rposition(|state| state.index == index)
    }

    pub(super) fn part(&self, number: usize) -> Option<&Part> {
        self.said.choice(0)?.parts.get(number)
    }

    /// Begins an event about an item.
    pub(super) fn item_event<'o>(&mut self, kind: &str, item: usize, out: &'o mut BytesMut) -> Object<'o> {
        let mut event = self.event(kind, out);
        event.field("item_id", &self.layout.items[item].id).field("output_index", &item);
        event
    }

    /// Begins an event about a content of a message.
    fn content_event<'o>(&mut self, kind: &str, number: usize, out: &'o mut BytesMut) -> Option<Object<'o>> {
        let state = &self.parts[number];
        let (item, content) = (state.item?, state.content);
        let mut event = self.item_event(kind, item, out);
        event.field("content_index", &content);
        Some(event)
    }

    /// Announces the first `count` parts, as far as they are not yet.
    pub(super) fn lay_out(&mut self, count: usize, out: &mut BytesMut) {
        while self.laid_out < count {
            let number = self.laid_out;
            self.laid_out += 1;
            let response = self.head.as_ref().map(|head| head.id.clone()).unwrap_or_default();
            let Some(part) = self.said.choice(0).and_then(|choice| choice.parts.get(number)) else { return };
            match self.layout.add(number, part, &response) {
                Place::Nowhere => {}
                Place::Begins(item) => {
                    self.parts[number].item = Some(item);
                    self.close_messages(false, out);
                    self.item_added(item, out);
                    if self.layout.items[item].kind == Kind::Message {
                        self.content_added(number, out);
                    }
                }
                Place::Continues(item) => {
                    self.parts[number].item = Some(item);
                    self.parts[number].content = self.layout.items[item].parts.len() - 1;
                    self.content_added(number, out);
                }
            }
        }
    }

    fn item_added(&mut self, item: usize, out: &mut BytesMut) {
        self.done.resize(item + 1, false);
        self.write_whole_item("response.output_item.added", item, Progress::Added, out);
    }

    fn item_done(&mut self, item: usize, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.done[item], true) {
            self.write_whole_item("response.output_item.done", item, Progress::Done, out);
        }
    }

    fn write_whole_item(&mut self, kind: &str, item: usize, progress: Progress, out: &mut BytesMut) {
        let mut event = self.event(kind, out);
        event.field("output_index", &item);
        if let Some(choice) = self.said.choice(0) {
            let laid_out = &self.layout.items[item];
            let mut tokens = Tokens::from_part(choice, laid_out.parts[0]);
            // What cannot be said is named at the end, when all of it is said again.
            let mut losses = Losses::new();
            write_item(event.key("item"), laid_out, &choice.parts, progress, &mut tokens, &mut losses);
        }
        event.end();
        end_event(out);
    }

    fn content_added(&mut self, number: usize, out: &mut BytesMut) {
        let empty = match self.part(number).map(|part| &part.content) {
            Some(Content::Refusal(_)) => Content::Refusal(String::new()),
            Some(Content::Opaque(opaque)) => Content::Opaque(opaque.clone()),
            _ => Content::Text(tollgate_model::message::Text::default()),
        };
        self.write_part_event("response.content_part.added", number, &Part::new(empty), out);
    }

    fn write_part_event(&mut self, kind: &str, number: usize, part: &Part, out: &mut BytesMut) {
        let none = Choice::new(0, Vec::new(), None);
        let choice = self.said.choice(0).unwrap_or(&none);
        let mut written = BytesMut::new();
        let mut list = Array::begin(&mut written);
        let mut tokens = Tokens::from_part(choice, number);
        if part.as_text() == Some("") {
            tokens = Tokens::of(&none);
        }
        write_content(&mut list, part, number, &mut tokens, &mut Losses::new());
        if let Some(mut event) = self.content_event(kind, number, out) {
            // Without the bracket that opens the list.
            event.key("part").extend_from_slice(&written[1..]);
            event.end();
            end_event(out);
        }
    }

    pub(super) fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
        // Fields of the part may be told before its first content: its own id, above all. Sound is told in its words.
        if matches!(delta, Delta::Extra(_) | Delta::Media(_) | Delta::AudioId { .. }) {
            return;
        }
        let Some(number) = self.number(part) else { return };
        self.lay_out(number + 1, out);
        let Some(item) = self.parts[number].item else { return };
        match (delta, self.layout.items[item].kind.clone()) {
            (Delta::Text(text), Kind::Message) => self.say(number, text, out),
            (Delta::Text(_), Kind::Reasoning) => self.reason(number, item, out),
            (Delta::Text(text), Kind::Call(kind)) => self.call(number, item, kind, text, out),
            (Delta::Citation(citation), Kind::Message) => self.cite(number, citation, out),
            _ => {}
        }
    }

    fn say(&mut self, number: usize, text: &str, out: &mut BytesMut) {
        let refusal = matches!(self.part(number).map(|part| &part.content), Some(Content::Refusal(_)));
        let kind = if refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        let Some(mut event) = self.content_event(kind, number, out) else { return };
        event.field("delta", text);
        if !refusal {
            event.array("logprobs").end();
        }
        event.end();
        end_event(out);
    }

    /// Tells how likely tokens were, with the texts that they are of, as far as the ends of these were not told.
    pub(super) fn tell_tokens(&mut self, out: &mut BytesMut) {
        for number in 0..self.laid_out {
            let state = &self.parts[number];
            let (Some(choice), false) = (self.said.choice(0), state.told) else { continue };
            let Some(text) = choice.parts[number].as_text() else { continue };
            let tokens = Tokens::from_part(choice, number).take(text);
            let Some(more) = tokens.get(state.tokens..).filter(|more| !more.is_empty()) else { continue };
            let mut written = BytesMut::new();
            logprobs::write(Array::begin(&mut written), more, Untold::OfText);
            self.parts[number].tokens = tokens.len();
            if let Some(mut event) = self.content_event("response.output_text.delta", number, out) {
                event.field("delta", "").key("logprobs").extend_from_slice(&written);
                event.end();
                end_event(out);
            }
        }
    }

    fn cite(&mut self, number: usize, cited: &Citation, out: &mut BytesMut) {
        let length = self.part(number).and_then(Part::as_text).map_or(0, |text| text.chars().count() as u64);
        let mut written = BytesMut::new();
        let mut list = Array::begin(&mut written);
        if !citation::write(&mut list, cited, length, &part_path(number), &mut Losses::new()) {
            return;
        }
        let index = self.parts[number].annotations;
        self.parts[number].annotations += 1;
        let kind = "response.output_text.annotation.added";
        if let Some(mut event) = self.content_event(kind, number, out) {
            event.field("annotation_index", &index).key("annotation").extend_from_slice(&written[1..]);
            event.end();
            end_event(out);
        }
    }

    fn call(&mut self, number: usize, item: usize, kind: ToolCallKind, text: &str, out: &mut BytesMut) {
        self.parts[number].grown = true;
        let kind = match kind {
            ToolCallKind::Function => "response.function_call_arguments.delta",
            ToolCallKind::Custom => "response.custom_tool_call_input.delta",
        };
        let mut event = self.item_event(kind, item, out);
        event.field("delta", text);
        event.end();
        end_event(out);
    }

    pub(super) fn part_end(&mut self, part: PartIndex, out: &mut BytesMut) {
        let Some(number) = self.number(part) else { return };
        self.lay_out(number + 1, out);
        self.parts[number].ended = true;
        let Some(item) = self.parts[number].item else { return };
        match self.layout.items[item].kind.clone() {
            Kind::Message => {}
            Kind::Reasoning => {
                if self.parts[number].pieces.open {
                    self.end_piece(number, item, out);
                }
                self.item_done(item, out);
            }
            Kind::Call(_) => {
                self.call_done(number, item, out);
                self.item_done(item, out);
            }
            Kind::Image | Kind::Opaque | Kind::Proof(_) => self.item_done(item, out),
        }
        self.proof(number, out);
    }

    fn call_done(&mut self, number: usize, item: usize, out: &mut BytesMut) {
        let call = match self.part(number).map(|part| &part.content) {
            Some(Content::ToolCall(call)) => call.clone(),
            _ => return,
        };
        let input = input_of(&call);
        if !self.parts[number].grown && !input.is_empty() {
            self.call(number, item, call.kind, input, out);
        }
        let ToolCall { kind, name, .. } = &call;
        let mut event = match kind {
            ToolCallKind::Function => {
                let mut event = self.item_event("response.function_call_arguments.done", item, out);
                event.field("name", name).field("arguments", input);
                event
            }
            ToolCallKind::Custom => self.item_event("response.custom_tool_call_input.done", item, out),
        };
        if *kind == ToolCallKind::Custom {
            event.field("input", input);
        }
        event.end();
        end_event(out);
    }

    /// Tells another vendor's proof of a part that its item cannot hold.
    fn proof(&mut self, number: usize, out: &mut BytesMut) {
        let response = self.head.as_ref().map(|head| head.id.clone()).unwrap_or_default();
        let Some(part) = self.said.choice(0).and_then(|choice| choice.parts.get(number)) else { return };
        let Some(item) = self.layout.add_proof(number, part, &response) else { return };
        self.close_messages(false, out);
        self.item_added(item, out);
        self.item_done(item, out);
    }

    /// Ends the messages that are complete: those that something follows, or all of them at the end of the answer.
    pub(super) fn close_messages(&mut self, all: bool, out: &mut BytesMut) {
        if self.waits_for_tokens && !all {
            return;
        }
        let count = self.layout.items.len() - usize::from(!all);
        for item in 0..count.min(self.done.len()) {
            if self.done[item] || self.layout.items[item].kind != Kind::Message {
                continue;
            }
            self.tell_ended_contents(item, out);
            let parts = &self.layout.items[item].parts;
            if parts.iter().all(|number| self.parts[*number].told) {
                self.item_done(item, out);
            }
        }
    }

    /// Tells the end of a message's contents that have ended.
    fn tell_ended_contents(&mut self, item: usize, out: &mut BytesMut) {
        for number in self.layout.items[item].parts.clone() {
            let state = &mut self.parts[number];
            if state.ended && !std::mem::replace(&mut state.told, true) {
                self.content_done(number, out);
            }
        }
    }

    fn content_done(&mut self, number: usize, out: &mut BytesMut) {
        let Some(part) = self.part(number).cloned() else { return };
        match &part.content {
            Content::Refusal(text) => {
                if let Some(mut event) = self.content_event("response.refusal.done", number, out) {
                    event.field("refusal", text);
                    event.end();
                    end_event(out);
                }
            }
            Content::Opaque(_) => {}
            content => self.text_done(number, content, out),
        }
        self.write_part_event("response.content_part.done", number, &part, out);
    }

    fn text_done(&mut self, number: usize, content: &Content, out: &mut BytesMut) {
        let text = match content {
            Content::Text(text) => text.text.as_str(),
            Content::Audio(audio) => audio.transcript.as_deref().unwrap_or_default(),
            _ => "",
        };
        let none = Choice::new(0, Vec::new(), None);
        let choice = self.said.choice(0).filter(|_| matches!(content, Content::Text(_))).unwrap_or(&none);
        let mut tokens = BytesMut::new();
        logprobs::write(
            Array::begin(&mut tokens),
            Tokens::from_part(choice, number).take(text),
            Untold::OfText,
        );
        if let Some(mut event) = self.content_event("response.output_text.done", number, out) {
            event.field("text", text).key("logprobs").extend_from_slice(&tokens);
            event.end();
            end_event(out);
        }
    }
}
