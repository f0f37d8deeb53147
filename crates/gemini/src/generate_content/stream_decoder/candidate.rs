//! One of the answers: its parts, as they come, and what is said of it as a whole.

use std::borrow::Cow;

use serde_json::{Map, Value};
use tollgate_model::{
    ChatEvent, Content, Delta, Extra, FinishReason, PartIndex, PartKind,
    message::{MediaSource, Opaque, ToolCallKind},
};

use super::{
    Numbers, end_part,
    part::{attributes, blob_value, call_value, logprobs, part_extra},
};
use crate::{
    base64::Joiner,
    generate_content::{
        FORMAT,
        finish::{finish_reason, said_reason},
        grounding,
        wire::response::{Blob, Candidate, FunctionCall, Part},
    },
    media,
    names::{Restore, unwrap_custom},
    read::{Text, compact},
};

/// One answer, as far as it came.
#[derive(Debug)]
pub(in crate::generate_content) struct CandidateState {
    pub(in crate::generate_content) index: u32,
    /// The text, thought or sound that the next piece may continue.
    open: Option<Open>,
    /// The last reason that was said. Held, since every frame may repeat it.
    pub(in crate::generate_content) finish_reason: Option<String>,
    /// Whether it calls functions: the reason is `STOP` all the same.
    called: bool,
    /// Fields that the canonical model has no place for.
    pub(in crate::generate_content) rest: Map<String, Value>,
}

#[derive(Debug)]
struct Open {
    part: PartIndex,
    kind: OpenKind,
    /// Nothing may be joined to it: it is signed, or bears fields of its own.
    sealed: bool,
}

#[derive(Debug)]
enum OpenKind {
    Text,
    Thought,
    /// Sound of a MIME type.
    Audio(String, Joiner),
}

impl OpenKind {
    const fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Text, Self::Text) | (Self::Thought, Self::Thought))
    }

    /// Returns what is still held when the part ends.
    fn rest(self) -> Option<Delta> {
        match self {
            Self::Audio(_, joiner) => joiner.finish().map(Delta::Media),
            Self::Text | Self::Thought => None,
        }
    }
}

impl CandidateState {
    pub(in crate::generate_content) fn new(index: u32) -> Self {
        Self { index, open: None, finish_reason: None, called: false, rest: Map::new() }
    }

    /// Reads the next piece.
    pub(in crate::generate_content) fn read(
        &mut self,
        candidate: Candidate<'_>,
        restore: &Restore,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        if let Some(reason) = said_reason(&candidate) {
            self.finish_reason = Some(reason.into_owned());
        }
        for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            self.read_part(part, restore, numbers, events)?;
        }
        if let Some(result) = candidate.logprobs_result {
            let tokens = logprobs(result);
            if !tokens.is_empty() {
                events.push(ChatEvent::Logprobs { choice: self.index, tokens });
            }
        }
        if !candidate.rest.is_empty() {
            self.keep(candidate.rest.parse()?);
        }
        Ok(())
    }

    /// Keeps fields: later ones replace earlier ones, but for those inside an object that are not repeated.
    fn keep(&mut self, fields: Map<String, Value>) {
        for (name, value) in fields {
            match (self.rest.get_mut(&name), value) {
                (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                (_, value) => {
                    self.rest.insert(name, value);
                }
            }
        }
    }

    fn read_part(
        &mut self,
        part: Part<'_>,
        restore: &Restore,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        match part {
            Part {
                function_call: Some(call),
                thought,
                thought_signature,
                rest,
                text: None,
                inline_data: None,
            } => {
                let mut extra = part_extra(thought, &rest)?;
                self.read_call(call, thought_signature, &mut extra, restore, numbers, events)
            }
            Part {
                inline_data: Some(blob),
                thought: None | Some(false),
                thought_signature,
                rest,
                text: None,
                function_call: None,
            } => self.read_blob(blob, thought_signature, rest.parse()?, numbers, events),
            Part {
                text: Some(text),
                thought,
                thought_signature,
                rest,
                function_call: None,
                inline_data: None,
            } => {
                let kind = if thought == Some(true) { OpenKind::Thought } else { OpenKind::Text };
                self.read_text(kind, text, thought_signature, rest.parse()?, numbers, events);
                Ok(())
            }
            other => self.read_opaque(other, numbers, events),
        }
    }

    fn read_text(
        &mut self,
        kind: OpenKind,
        text: Text<'_>,
        signature: Option<Text<'_>>,
        rest: Map<String, Value>,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) {
        let signature = signature.filter(|signature| !signature.0.is_empty());
        // A signed piece stays a part of its own, as the vendor wants to have it back: also an empty one.
        let sealed = signature.is_some() || !rest.is_empty();
        if text.0.is_empty() && !sealed {
            return;
        }
        let part = match &self.open {
            Some(open) if open.kind.is_like(&kind) && !open.sealed && !sealed => open.part,
            _ => {
                let thought = matches!(kind, OpenKind::Thought);
                let start = if thought { PartKind::Reasoning } else { PartKind::Text };
                self.open(start, kind, sealed, numbers, events)
            }
        };
        if !text.0.is_empty() {
            events.push(ChatEvent::Delta { part, delta: Delta::Text(text.0.into_owned()) });
        }
        let deltas = attributes(signature, Extra::new(FORMAT, rest));
        events.extend(deltas.map(|delta| ChatEvent::Delta { part, delta }));
    }

    fn open(
        &mut self,
        start: PartKind,
        kind: OpenKind,
        sealed: bool,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> PartIndex {
        self.end_open(events);
        let part = numbers.part(self.index, start, events);
        self.open = Some(Open { part, kind, sealed });
        part
    }

    fn end_open(&mut self, events: &mut Vec<ChatEvent>) {
        if let Some(open) = self.open.take() {
            end_part(open.part, open.kind.rest(), events);
        }
    }

    fn read_call(
        &mut self,
        call: FunctionCall<'_>,
        signature: Option<Text<'_>>,
        extra: &mut Map<String, Value>,
        restore: &Restore,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        self.end_open(events);
        self.called = true;
        let wire_name = call.name.map(|name| name.0).unwrap_or_default();
        let (name, kind) = restore.asked(&wire_name);
        let args = call.args.map_or(Cow::Borrowed("{}"), compact);
        let arguments = match kind {
            ToolCallKind::Function => args.into_owned(),
            ToolCallKind::Custom => unwrap_custom(&args),
        };
        let id = call.id.map(|id| id.0.into_owned()).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| numbers.call_id());
        if !call.rest.is_empty() {
            extra.insert("functionCall".to_owned(), Value::Object(call.rest.parse()?));
        }
        let start = PartKind::ToolCall { id: id.into(), name: name.to_owned(), kind };
        let part = numbers.part(self.index, start, events);
        if !arguments.is_empty() {
            events.push(ChatEvent::Delta { part, delta: Delta::Text(arguments) });
        }
        end_part(part, attributes(signature, Extra::new(FORMAT, std::mem::take(extra))), events);
        Ok(())
    }

    fn read_blob(
        &mut self,
        blob: Blob<'_>,
        signature: Option<Text<'_>>,
        mut extra: Map<String, Value>,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        let media_type = blob.mime_type.map(|kind| kind.0.into_owned()).unwrap_or_default();
        let data = blob.data.map(|data| data.0.into_owned()).unwrap_or_default();
        if !blob.rest.is_empty() {
            extra.insert("inlineData".to_owned(), Value::Object(blob.rest.parse()?));
        }
        let signature = signature.filter(|signature| !signature.0.is_empty());
        if media_type.starts_with("audio/") && signature.is_none() && extra.is_empty() {
            self.read_audio(media_type, data, numbers, events);
            return Ok(());
        }
        self.end_open(events);
        let content = media::content(&media_type.clone(), MediaSource::Base64 { media_type, data });
        let whole = PartKind::Whole(Box::new(content));
        let part = numbers.part(self.index, whole, events);
        end_part(part, attributes(signature, Extra::new(FORMAT, extra)), events);
        Ok(())
    }

    /// Sound comes in pieces, each padded on its own.
    fn read_audio(
        &mut self,
        media_type: String,
        data: String,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) {
        let continued =
            matches!(&self.open, Some(Open { kind: OpenKind::Audio(known, _), .. }) if *known == media_type);
        if !continued {
            let start = PartKind::Audio { media_type: media_type.clone() };
            self.open(start, OpenKind::Audio(media_type, Joiner::default()), false, numbers, events);
        }
        if let Some(Open { part, kind: OpenKind::Audio(_, joiner), .. }) = &mut self.open {
            let data = joiner.push(data);
            if !data.is_empty() {
                events.push(ChatEvent::Delta { part: *part, delta: Delta::Media(data) });
            }
        }
    }

    /// A part of another kind (code and its results, server-side tools, pictures of thoughts), put together as it was.
    fn read_opaque(
        &mut self,
        part: Part<'_>,
        numbers: &mut Numbers,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        let mut value = part.rest.parse()?;
        if let Some(text) = part.text {
            value.insert("text".to_owned(), Value::from(text.0.into_owned()));
        }
        if let Some(blob) = part.inline_data {
            value.insert("inlineData".to_owned(), Value::Object(blob_value(blob)?));
        }
        if let Some(call) = part.function_call {
            value.insert("functionCall".to_owned(), Value::Object(call_value(call)?));
        }
        if let Some(thought) = part.thought {
            value.insert("thought".to_owned(), Value::Bool(thought));
        }
        if let Some(signature) = part.thought_signature {
            value.insert("thoughtSignature".to_owned(), Value::from(signature.0.into_owned()));
        }
        if value.is_empty() {
            return Ok(());
        }
        self.end_open(events);
        let content = Content::Opaque(Opaque { format: FORMAT, value: Value::Object(value) });
        let part = numbers.part(self.index, PartKind::Whole(Box::new(content)), events);
        end_part(part, None, events);
        Ok(())
    }

    /// Ends the last part, with its citations, and says why the answer ended.
    pub(in crate::generate_content) fn close(
        &mut self,
        block_reason: Option<&str>,
        events: &mut Vec<ChatEvent>,
    ) {
        if let Some(open) = self.open.take() {
            let cited = match &open.kind {
                OpenKind::Text => grounding::citations(&self.rest),
                OpenKind::Thought | OpenKind::Audio(..) => Vec::new(),
            };
            let deltas = cited.into_iter().map(|citation| Delta::Citation(Box::new(citation)));
            end_part(open.part, deltas.chain(open.kind.rest()), events);
        }
        let reason = match (&self.finish_reason, block_reason) {
            (Some(reason), _) => Some(finish_reason(reason, self.called)),
            (None, Some(blocked)) => Some(FinishReason::ContentFilter(Some(blocked.to_owned()))),
            (None, None) => None,
        };
        // One of two words for an answer that is only paused: how to go on stands beside it.
        if let Some(word @ "CONTINUATION") = self.finish_reason.as_deref() {
            self.rest.insert("finishReason".to_owned(), word.into());
        }
        if let Some(reason) = reason {
            events.push(ChatEvent::Stop { choice: self.index, reason });
        }
    }

    /// Returns what the canonical model has no place for, as a candidate.
    pub(in crate::generate_content) fn into_rest(self) -> Option<Value> {
        if self.rest.is_empty() {
            return None;
        }
        let mut candidate = Map::from_iter([("index".to_owned(), Value::from(self.index))]);
        candidate.extend(self.rest);
        Some(Value::Object(candidate))
    }
}
