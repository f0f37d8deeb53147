//! One choice of a stream: which of its parts are open, and how deltas continue them.

use serde_json::{Map, Value};
use tollgate_model::{
    ChatEvent, Content, Delta, Extra, FinishReason, Format, Part, PartIndex, PartKind, ToolCallId,
    message::{Opaque, ToolCallKind},
};

use crate::chat::{
    citation,
    names::{Restore, made_call_id},
    request::{LEGACY, read_part},
    response::{image_of, reasoning_text},
    wire::{self, OneOrMany, Text, arguments_text},
};

/// What all choices share while a chunk is read.
#[derive(Debug)]
pub(super) struct Context<'c> {
    pub(super) restore: &'c Restore,
    pub(super) audio_type: &'c str,
    pub(super) response: &'c str,
    pub(super) next_part: &'c mut u32,
    pub(super) events: &'c mut Vec<ChatEvent>,
}

impl Context<'_> {
    fn part(&mut self, choice: u32, kind: PartKind) -> PartIndex {
        let part = PartIndex(*self.next_part);
        *self.next_part += 1;
        self.events.push(ChatEvent::PartStart { part, choice, kind });
        part
    }

    fn grow(&mut self, part: PartIndex, delta: Delta) {
        self.events.push(ChatEvent::Delta { part, delta });
    }

    fn text(&mut self, part: PartIndex, text: impl Into<String>) {
        self.grow(part, Delta::Text(text.into()));
    }
}

/// One choice.
#[derive(Debug)]
pub(super) struct ChoiceState {
    pub(super) index: u32,
    /// Why it ended, held until the stream is complete.
    pub(super) reason: Option<FinishReason>,
    /// The part that is being written, calls apart.
    open: Option<(Kind, PartIndex)>,
    calls: Vec<CallState>,
}

/// Which part a delta continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Refusal,
    Audio,
}

/// One tool call. Calls stay open to the end, since their deltas may interleave.
#[derive(Debug)]
struct CallState {
    /// The vendor's number; `None` for the deprecated `function_call`.
    index: Option<u32>,
    id: ToolCallId,
    /// Whether the server gave the id.
    given: bool,
    kind: ToolCallKind,
    /// The part, once the name is known.
    part: Option<PartIndex>,
    /// What came before the name; and, for a call without a given id, all arguments so far.
    arguments: String,
    extra: Map<String, Value>,
    /// A call of a kind that is not known, in its vendor's words.
    opaque: Option<Map<String, Value>>,
}

impl ChoiceState {
    pub(super) const fn new(index: u32) -> Self {
        Self { index, reason: None, open: None, calls: Vec::new() }
    }

    /// Reads a delta. Returns the fields that are not known.
    pub(super) fn delta(
        &mut self,
        delta: wire::Message<'_>,
        context: &mut Context<'_>,
    ) -> serde_json::Result<Map<String, Value>> {
        let mut rest = delta.rest;
        if let Some(text) = reasoning_text(delta.reasoning_content, delta.reasoning, &mut rest) {
            self.grow(Kind::Reasoning, &text, context);
        }
        match delta.content {
            Some(OneOrMany::One(text)) => self.grow(Kind::Text, &text, context),
            Some(OneOrMany::Many(parts)) => {
                for part in parts {
                    self.part(read_part(part)?, context);
                }
            }
            None => {}
        }
        if let Some(annotations) = delta.annotations.filter(|list| list.get() != "[]") {
            // Before the text, as some servers tell the sources, or at the end. Where calls have ended the text by then,
            // the sources get one of their own, without words: their places count in the whole answer anyway.
            let part = self.open(Kind::Text, context);
            for raw in serde_json::from_str::<Vec<_>>(annotations.get())? {
                context.grow(part, Delta::Citation(Box::new(citation::decode(raw)?)));
            }
        }
        if let Some(text) = delta.refusal {
            self.grow(Kind::Refusal, &text, context);
        }
        if let Some(audio) =
            delta.audio.filter(|audio| audio.says_something() || audio.expires_at.is_some_and(|at| at > 0))
        {
            self.audio(audio, context);
        }
        for image in delta.images.unwrap_or_default().0 {
            self.part(image_of(image)?, context);
        }
        if let Some(call) = delta.function_call.filter(wire::FunctionCall::says_something) {
            self.legacy_call(&call, context)?;
        }
        for call in delta.tool_calls.unwrap_or_default().0 {
            self.call(call, context)?;
        }
        Ok(if rest.is_empty() { Map::new() } else { rest.into_map() })
    }

    /// Continues the part of a kind, or begins one.
    fn grow(&mut self, kind: Kind, text: &str, context: &mut Context<'_>) {
        if !text.is_empty() {
            let part = self.open(kind, context);
            context.text(part, text);
        }
    }

    fn open(&mut self, kind: Kind, context: &mut Context<'_>) -> PartIndex {
        if let Some((open, part)) = self.open
            && open == kind
        {
            return part;
        }
        self.close_open(context);
        let part = context.part(
            self.index,
            match kind {
                Kind::Text => PartKind::Text,
                Kind::Reasoning => PartKind::Reasoning,
                Kind::Refusal => PartKind::Refusal,
                Kind::Audio => PartKind::Audio { media_type: context.audio_type.to_owned() },
            },
        );
        self.open = Some((kind, part));
        part
    }

    fn close_open(&mut self, context: &mut Context<'_>) {
        if let Some((_, part)) = self.open.take() {
            context.events.push(ChatEvent::PartEnd { part });
        }
    }

    /// Takes a content part that stands in a delta: text and reasoning go on, what is whole stands alone.
    fn part(&mut self, part: Part, context: &mut Context<'_>) {
        match part.content {
            Content::Text(text) => self.grow(Kind::Text, &text.text, context),
            Content::Reasoning(reasoning) => self.grow(Kind::Reasoning, &reasoning.text, context),
            Content::Refusal(text) => self.grow(Kind::Refusal, &text, context),
            whole => {
                self.close_open(context);
                let index = context.part(self.index, PartKind::Whole(Box::new(whole)));
                if !part.extra.is_empty() {
                    context.grow(index, Delta::Extra(part.extra));
                }
                context.events.push(ChatEvent::PartEnd { part: index });
            }
        }
    }

    fn audio(&mut self, audio: wire::Audio<'_>, context: &mut Context<'_>) {
        let part = self.open(Kind::Audio, context);
        if audio.id.is_some() || audio.expires_at.is_some() {
            let id = audio.id.map(Text::into_owned);
            context.grow(part, Delta::AudioId { id, expires_at: audio.expires_at });
        }
        if let Some(data) = audio.data.filter(|data| !data.is_empty()) {
            context.grow(part, Delta::Media(data.into_owned()));
        }
        if let Some(transcript) = audio.transcript.filter(|text| !text.is_empty()) {
            context.text(part, transcript.into_owned());
        }
    }

    fn legacy_call(
        &mut self,
        call: &wire::FunctionCall<'_>,
        context: &mut Context<'_>,
    ) -> serde_json::Result<()> {
        let arguments = arguments_text(call.arguments)?;
        let place = self.calls.iter().position(|known| known.index.is_none());
        let place = place.unwrap_or_else(|| {
            self.close_open(context);
            let id = made_call_id(context.response, self.index, 0);
            let mut state = CallState::new(None, id, true, ToolCallKind::Function);
            state.extra.insert(LEGACY.to_owned(), Value::Bool(true));
            self.calls.push(state);
            self.calls.len() - 1
        });
        self.calls[place].grow(self.index, call.name.as_deref(), &arguments, context);
        Ok(())
    }

    fn call(&mut self, call: wire::ToolCall<'_>, context: &mut Context<'_>) -> serde_json::Result<()> {
        let kind = if call.custom.is_some() && call.function.is_none() {
            ToolCallKind::Custom
        } else {
            ToolCallKind::Function
        };
        let (name, arguments, nested) = match (call.function, call.custom) {
            (Some(function), _) => {
                (function.name, arguments_text(function.arguments)?, ("function", function.rest))
            }
            (None, Some(custom)) => {
                (custom.name, custom.input.unwrap_or_default().0, ("custom", custom.rest))
            }
            (None, None) => (None, "".into(), ("function", wire::Rest::default())),
        };
        let id = call.id.as_deref().filter(|id| !id.is_empty());
        let name = name.as_deref().filter(|name| !name.is_empty());
        let place = self.place(call.index, id, name).unwrap_or_else(|| {
            self.close_open(context);
            let number = self.calls.len();
            let made = || made_call_id(context.response, self.index, number);
            let index = Some(call.index.unwrap_or_else(|| u32::try_from(number).unwrap_or(u32::MAX)));
            let state = CallState::new(index, id.map_or_else(made, ToolCallId::from), id.is_some(), kind);
            self.calls.push(state);
            number
        });
        let state = &mut self.calls[place];
        if let Some(word) = call.kind.as_deref().filter(|word| !matches!(*word, "" | "function" | "custom")) {
            let whole = state.opaque.get_or_insert_default();
            whole.insert("id".to_owned(), Value::from(state.id.as_str()));
            whole.insert("type".to_owned(), Value::from(word));
        }
        if let Some(whole) = &mut state.opaque {
            whole.extend(call.rest.into_map());
            return Ok(());
        }
        if !nested.1.is_empty() {
            state.extra.insert(nested.0.to_owned(), Value::Object(nested.1.into_map()));
        }
        if !call.rest.is_empty() {
            state.extra.extend(call.rest.into_map());
        }
        state.grow(self.index, name, &arguments, context);
        Ok(())
    }

    /// Finds the call that a delta continues. Servers differ: some repeat index 0 for one call after the other, some
    /// leave the index or the id out.
    fn place(&self, index: Option<u32>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let place = match (index, id) {
            (Some(_), _) => self.calls.iter().rposition(|call| call.index == index)?,
            (None, Some(id)) => return self.calls.iter().rposition(|call| call.id.as_str() == id),
            (None, None) => self.calls.len().checked_sub(1)?,
        };
        let call = &self.calls[place];
        let another = match id {
            Some(id) => call.given && call.id.as_str() != id && name.is_some(),
            None => !call.given && name.is_some() && is_whole(&call.arguments),
        };
        (!another).then_some(place)
    }

    /// Closes all parts.
    pub(super) fn close(&mut self, context: &mut Context<'_>) {
        self.close_open(context);
        for call in std::mem::take(&mut self.calls) {
            call.close(self.index, context);
        }
    }
}

/// Tells whether arguments are complete JSON, so that a further name begins another call.
fn is_whole(arguments: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok()
}

impl CallState {
    fn new(index: Option<u32>, id: ToolCallId, given: bool, kind: ToolCallKind) -> Self {
        let arguments = String::new();
        Self { index, id, given, kind, part: None, arguments, extra: Map::new(), opaque: None }
    }

    fn grow(&mut self, choice: u32, name: Option<&str>, arguments: &str, context: &mut Context<'_>) {
        if self.part.is_none()
            && let Some(name) = name
        {
            self.begin(choice, name, context);
        }
        match self.part {
            Some(part) if !arguments.is_empty() => {
                context.text(part, arguments);
                if !self.given {
                    self.arguments.push_str(arguments);
                }
            }
            Some(_) => {}
            None => self.arguments.push_str(arguments),
        }
    }

    fn begin(&mut self, choice: u32, name: &str, context: &mut Context<'_>) {
        let name = context.restore.tool_name(name);
        let kind = PartKind::ToolCall { id: self.id.clone(), name, kind: self.kind };
        let part = context.part(choice, kind);
        self.part = Some(part);
        if !self.arguments.is_empty() {
            context.text(part, self.arguments.clone());
        }
    }

    fn close(mut self, choice: u32, context: &mut Context<'_>) {
        if let Some(whole) = self.opaque {
            let opaque = Opaque { format: Format::OPENAI_CHAT, value: Value::Object(whole) };
            let part = context.part(choice, PartKind::Whole(Box::new(Content::Opaque(opaque))));
            let mark = Map::from_iter([("tool_calls".to_owned(), Value::Bool(true))]);
            context.grow(part, Delta::Extra(Extra::new(Format::OPENAI_CHAT, mark)));
            context.events.push(ChatEvent::PartEnd { part });
            return;
        }
        if self.part.is_none() {
            self.begin(choice, "", context);
        }
        let Some(part) = self.part else { return };
        let extra = Extra::new(Format::OPENAI_CHAT, self.extra);
        if !extra.is_empty() {
            context.grow(part, Delta::Extra(extra));
        }
        context.events.push(ChatEvent::PartEnd { part });
    }
}
