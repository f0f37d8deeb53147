//! One of the answers: its parts, as they come, and what is said of it as a whole.

use std::borrow::Cow;

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatEvent, Content, Delta, Extra, FinishReason, PartIndex, PartKind, Signature,
    message::{Audio, Document, Image, MediaSource, Opaque, ToolCallKind},
    response::TokenLogprob,
};

use crate::{
    base64::Joiner,
    grounding,
    names::{Restore, unwrap_custom},
    stream::{FORMAT, Numbers, end_part},
    wire::response::{
        Blob, Candidate, FINISH_REASONS, FunctionCall, LogprobsCandidate, LogprobsResult, Part, Rest, Text,
    },
};

/// One answer, as far as it came.
#[derive(Debug)]
pub(crate) struct CandidateState {
    pub(crate) index: u32,
    /// The text, thought or sound that the next piece may continue.
    open: Option<Open>,
    /// The last reason that was said. Held, since every frame may repeat it.
    pub(crate) finish_reason: Option<String>,
    /// Whether it calls functions: the reason is `STOP` all the same.
    called: bool,
    /// Fields that the canonical model has no place for.
    pub(crate) rest: Map<String, Value>,
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
    pub(crate) fn new(index: u32) -> Self {
        Self { index, open: None, finish_reason: None, called: false, rest: Map::new() }
    }

    /// Reads the next piece.
    pub(crate) fn read(
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
        let whole = PartKind::Whole(Box::new(media(media_type, data)));
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
    pub(crate) fn close(&mut self, block_reason: Option<&str>, events: &mut Vec<ChatEvent>) {
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
        if let Some(reason) = reason {
            events.push(ChatEvent::Stop { choice: self.index, reason });
        }
    }

    /// Returns what the canonical model has no place for, as a candidate.
    pub(crate) fn into_rest(self) -> Option<Value> {
        if self.rest.is_empty() {
            return None;
        }
        let mut candidate = Map::from_iter([("index".to_owned(), Value::from(self.index))]);
        candidate.extend(self.rest);
        Some(Value::Object(candidate))
    }
}

/// Returns the reason that a piece of an answer gives, unless it says that the answer goes on.
pub(crate) fn said_reason<'a>(candidate: &Candidate<'a>) -> Option<Cow<'a, str>> {
    let word = candidate.finish_reason.as_ref()?.among(&FINISH_REASONS);
    (word != FINISH_REASONS[0]).then_some(word)
}

/// Says what a reason means.
pub(crate) fn finish_reason(word: &str, called: bool) -> FinishReason {
    let own = || Some(word.to_owned());
    match word {
        // Also for calls: only the parts tell.
        "STOP" if called => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "IMAGE_OTHER" => FinishReason::ContentFilter(own()),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => FinishReason::MalformedToolCall(own()),
        "TOO_MANY_TOOL_CALLS" | "CONTINUATION" => FinishReason::PauseTurn,
        _ => FinishReason::Other(word.to_owned()),
    }
}

fn attributes(signature: Option<Text<'_>>, extra: Extra) -> impl Iterator<Item = Delta> {
    let signature = signature.filter(|signature| !signature.0.is_empty());
    let signature = signature.map(|signature| Signature { issuer: FORMAT, value: signature.0.into_owned() });
    let extra = (!extra.is_empty()).then_some(extra);
    signature.map(Delta::Signature).into_iter().chain(extra.map(Delta::Extra))
}

fn part_extra(thought: Option<bool>, rest: &Rest<'_>) -> serde_json::Result<Map<String, Value>> {
    let mut extra = rest.parse()?;
    if thought == Some(true) {
        extra.insert("thought".to_owned(), Value::Bool(true));
    }
    Ok(extra)
}

fn media(media_type: String, data: String) -> Content {
    let picture = media_type.starts_with("image/");
    let sound = media_type.starts_with("audio/");
    let source = MediaSource::Base64 { media_type, data };
    if picture {
        Content::Image(Image { source, detail: None })
    } else if sound {
        Content::Audio(Audio { source, transcript: None, id: None, expires_at: None })
    } else {
        Content::Document(Document { source, filename: None, context: None, citations: None })
    }
}

fn blob_value(blob: Blob<'_>) -> serde_json::Result<Map<String, Value>> {
    let mut value = blob.rest.parse()?;
    let fields = [("mimeType", blob.mime_type), ("data", blob.data)];
    for (name, text) in fields.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        value.insert(name.to_owned(), Value::from(text.0.into_owned()));
    }
    Ok(value)
}

fn call_value(call: FunctionCall<'_>) -> serde_json::Result<Map<String, Value>> {
    let mut value = call.rest.parse()?;
    let fields = [("id", call.id), ("name", call.name)];
    for (name, text) in fields.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        value.insert(name.to_owned(), Value::from(text.0.into_owned()));
    }
    if let Some(args) = call.args {
        value.insert("args".to_owned(), serde_json::from_str(args.get())?);
    }
    Ok(value)
}

/// Takes out the white space between tokens: a complete answer is indented, and so are its arguments.
fn compact(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    if !text.contains(['\n', '\r', '\t', ' ']) {
        return Cow::Borrowed(text);
    }
    let mut compact = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for char in text.chars() {
        if quoted || !matches!(char, ' ' | '\n' | '\r' | '\t') {
            compact.push(char);
        }
        quoted ^= char == '"' && !escaped;
        escaped = quoted && char == '\\' && !escaped;
    }
    Cow::Owned(compact)
}

fn logprobs(result: LogprobsResult<'_>) -> Vec<TokenLogprob> {
    let mut top = result.top_candidates.unwrap_or_default().into_iter();
    let chosen = result.chosen_candidates.unwrap_or_default().into_iter();
    chosen
        .map(|chosen| {
            let beside = top.next().and_then(|top| top.candidates).unwrap_or_default();
            let mut token = logprob(chosen);
            token.top = beside.into_iter().map(logprob).collect();
            token
        })
        .collect()
}

fn logprob(candidate: LogprobsCandidate<'_>) -> TokenLogprob {
    TokenLogprob {
        token: candidate.token.map(|token| token.0.into_owned()).unwrap_or_default(),
        logprob: candidate.log_probability.unwrap_or(0.0),
        bytes: None,
        top: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_lose_their_indentation_and_nothing_else() {
        let compacted = |text: &str| compact(serde_json::from_str(text).unwrap()).into_owned();
        assert_eq!(
            compacted("{\n  \"a\": [1, 2],\n  \"b\": \"x \\\" \\\\ y\" }"),
            r#"{"a":[1,2],"b":"x \" \\ y"}"#
        );
        assert_eq!(compacted("{}"), "{}");
    }
}
