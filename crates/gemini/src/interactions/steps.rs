//! Steps, in both directions: of requests and of answers.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Losses, Part, Signature, ToolCallId,
    message::{Reasoning, ToolCall, ToolCallKind, ToolResult},
};
use tollgate_provider::json_writer::{Array, Object};

use super::{
    FORMAT,
    content::{self, WithoutNotes},
    notes,
    wire::Step,
};
use crate::{
    names::{CUSTOM_INPUT, UNPARSED, wire_tool_name},
    read::{RawList, Text, compact, json_object},
    signature,
};

/// Whose step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Model,
    Tool,
}

/// A step, read.
#[derive(Debug)]
pub(super) struct ReadStep {
    pub(super) speaker: Speaker,
    pub(super) parts: Vec<Part>,
}

/// Reads a step of a client's request, or of the vendor's answer. One of a type that is not known is kept whole.
pub(super) fn read(raw: &RawValue, direction: Direction) -> serde_json::Result<ReadStep> {
    let step: Step<'_> = serde_json::from_str(raw.get())?;
    let kind = step.kind.as_ref().map(|kind| kind.0.to_string());
    let whole = || content::opaque(raw).map(|part| vec![part]);
    let (speaker, parts) = match (kind.as_deref(), step.role.as_ref().map(|role| &*role.0)) {
        (Some("user_input"), _) if step.rest.is_empty() => (Speaker::User, contents(step.content)?),
        (Some("model_output"), _) if step.rest.is_empty() => (Speaker::Model, contents(step.content)?),
        (Some("thought"), _) => match thought(&step, direction)? {
            Some(part) => (Speaker::Model, vec![part]),
            None => (Speaker::Model, whole()?),
        },
        (Some("function_call"), _) => (Speaker::Model, vec![call(step, direction)?]),
        (Some("function_result"), _) => (Speaker::Tool, vec![result(step)?]),
        (Some("user_input"), _) => (Speaker::User, whole()?),
        // A content where a step can stand is the user's, or in the older revision the model's.
        (Some(kind), _) if content::is_type(kind) => (direction.speaker(), vec![content::read(raw)?]),
        (None, Some("user")) => (Speaker::User, contents(step.content)?),
        (None, Some("model")) => (Speaker::Model, contents(step.content)?),
        // What the vendor runs by itself: searches, code and their results.
        _ => (Speaker::Model, whole()?),
    };
    Ok(ReadStep { speaker, parts })
}

/// Reads `content`: a text, one content or several; the older revision has calls and thoughts among them.
fn contents(raw: Option<&RawValue>) -> serde_json::Result<Vec<Part>> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(serde_json::from_str::<String>(raw.get())?)]);
    }
    let RawList(list) = serde_json::from_str(raw.get())?;
    let mut parts = Vec::with_capacity(list.len());
    for raw in list {
        parts.extend(read(raw, Direction::Request)?.parts);
    }
    Ok(parts)
}

/// Reads a thought whose summary is nothing but text. `None`: it shows something else.
fn thought(step: &Step<'_>, direction: Direction) -> serde_json::Result<Option<Part>> {
    let mut text = String::new();
    let mut lengths = Vec::new();
    for raw in step.summary.as_ref().map_or(&[] as &[&RawValue], |summary| &summary.0) {
        let part = content::read(raw)?;
        match &part.content {
            Content::Text(more) if more.citations.is_empty() && part.extra.is_empty() => {
                text.push_str(&more.text);
                lengths.push(Value::from(more.text.len()));
            }
            _ => return Ok(None),
        }
    }
    let mut part = Part::new(Content::Reasoning(Reasoning::new(text)));
    direction.sign(&mut part, step.signature.as_ref());
    // What a carried signature brought with it is of another format, and keeps its place.
    if part.extra.is_empty() {
        let mut extra = step.rest.parse()?;
        if lengths.len() > 1 {
            extra.insert(notes::SUMMARY.to_owned(), lengths.into());
        }
        if part.signature.is_none() {
            extra.insert(notes::UNSIGNED_THOUGHT.to_owned(), Value::Bool(true));
        }
        part.extra = Extra::new(FORMAT, extra);
    }
    Ok(Some(part))
}

fn call(step: Step<'_>, direction: Direction) -> serde_json::Result<Part> {
    let id = step.id.map(Text::into_owned).unwrap_or_default();
    let name = step.name.map(Text::into_owned).unwrap_or_default();
    let arguments = match (step.arguments, direction) {
        (None, _) => "{}".to_owned(),
        (Some(raw), Direction::Request) => arguments(raw),
        (Some(raw), Direction::Answer) => compact(raw).into_owned(),
    };
    let call = ToolCall { id: id.into(), name, arguments, kind: ToolCallKind::Function };
    let mut part = Part::new(Content::ToolCall(call));
    direction.sign(&mut part, step.signature.as_ref());
    if part.extra.is_empty() {
        part.extra = Extra::new(FORMAT, step.rest.parse()?);
    }
    Ok(part)
}

/// Takes arguments that were no JSON object out of the object that carries them.
fn arguments(raw: &RawValue) -> String {
    let object: Option<Map<String, Value>> =
        if raw.get().contains(UNPARSED) { serde_json::from_str(raw.get()).ok() } else { None };
    match object.as_ref().and_then(|object| object.get(UNPARSED).filter(|_| object.len() == 1)) {
        Some(Value::String(text)) => text.clone(),
        _ => compact(raw).into_owned(),
    }
}

fn result(step: Step<'_>) -> serde_json::Result<Part> {
    let mut parts = Vec::new();
    if let Some(raw) = step.result {
        match raw.get().as_bytes().first() {
            Some(b'"') => parts.push(Part::text(serde_json::from_str::<String>(raw.get())?)),
            Some(b'[') => {
                let list: Vec<&RawValue> = serde_json::from_str(raw.get())?;
                for raw in list {
                    parts.push(content::read(raw)?);
                }
                if let [Part { content: Content::Text(_), extra, .. }] = parts.as_mut_slice() {
                    extra.insert(&FORMAT, notes::LIST, Value::Bool(true));
                }
            }
            _ => {
                let mut part = Part::text(compact(raw).into_owned());
                part.extra.insert(&FORMAT, notes::OBJECT, Value::Bool(true));
                parts.push(part);
            }
        }
    }
    let id = ToolCallId::from(step.call_id.or(step.id).map(Text::into_owned).unwrap_or_default());
    let name = step.name.map(Text::into_owned);
    let result = ToolResult { id, name, parts, is_error: step.is_error };
    let mut part = Part::new(Content::ToolResult(result));
    part.extra = Extra::new(FORMAT, step.rest.parse()?);
    Ok(part)
}

/// Which way steps go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the client to the vendor: what was carried along is unpacked, and only what is the vendor's own goes on.
    Request,
    /// From the vendor to the client: what other vendors need back is carried along.
    Answer,
}

impl Direction {
    const fn speaker(self) -> Speaker {
        match self {
            Self::Request => Speaker::User,
            Self::Answer => Speaker::Model,
        }
    }

    /// Gives a part its signature.
    fn sign(self, part: &mut Part, signature: Option<&Text<'_>>) {
        match (self, signature) {
            (_, None) => {}
            (Self::Request, Some(text)) => {
                signature::read(&text.0, &FORMAT, part);
            }
            (Self::Answer, Some(text)) if text.0.is_empty() => {}
            (Self::Answer, Some(text)) => {
                part.signature = Some(Signature { issuer: FORMAT, value: text.0.to_string() });
            }
        }
    }
}

/// Writes the steps of the model.
#[derive(Debug)]
pub(super) struct ModelSteps<'a> {
    pub(super) direction: Direction,
    /// What stands on the first call that the vendor did not sign.
    pub(super) placeholder: Option<&'static str>,
    pub(super) losses: &'a mut Losses,
}

impl ModelSteps<'_> {
    /// Writes parts as steps. Contents that follow each other stand in one; `place` names a part.
    pub(super) fn write(&mut self, steps: &mut Array<'_>, parts: &[Part], place: impl Fn(usize) -> String) {
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            let here = place(at);
            match &part.content {
                Content::Reasoning(reasoning) => self.thought(steps, part, reasoning, &here),
                Content::ToolCall(call) => self.call(steps, part, call, &here),
                Content::Opaque(opaque) if opaque.format == FORMAT && !is_content(&opaque.value) => {
                    steps.element(&opaque.value);
                }
                _ => {
                    let run = parts[at..].iter().enumerate();
                    let run =
                        run.take_while(|(index, part)| is_output(part) && (*index == 0 || !begins(part)));
                    let length = run.count().max(1);
                    self.output(steps, &parts[at..at + length], |index| place(at + index));
                    at += length;
                    continue;
                }
            }
            at += 1;
        }
    }

    fn lose_attributes(&mut self, part: &Part, place: &str) {
        if part.cache.is_some() {
            self.losses
                .dropped(format!("{place}.cache"), "the vendor caches by itself, and takes no breakpoints");
        }
        part.extra.lose_unless(&FORMAT, place, self.losses);
    }

    /// Returns what stands in a step's `signature`, and names what is lost.
    fn signature(&mut self, part: &Part, place: &str) -> Option<String> {
        let own = signature::own(part, &FORMAT).map(str::to_owned);
        let written = match self.direction {
            Direction::Request => own,
            Direction::Answer => signature::write(part, &FORMAT, None),
        };
        if written.is_none() && part.signature.as_ref().is_some_and(|signature| !signature.value.is_empty()) {
            self.losses.dropped(format!("{place}.signature"), "it means nothing to another vendor");
        }
        let carried = written.is_some() && signature::own(part, &FORMAT).is_none();
        if carried {
            return written;
        }
        self.lose_attributes(part, place);
        written
    }

    fn thought(&mut self, steps: &mut Array<'_>, part: &Part, reasoning: &Reasoning, place: &str) {
        let own = signature::own(part, &FORMAT).is_some()
            || part.extra.field(&FORMAT, notes::UNSIGNED_THOUGHT).is_some();
        if self.direction == Direction::Request && !own {
            self.losses.dropped(place, "reasoning that the vendor did not sign is not its own");
            return;
        }
        let signature = self.signature(part, place);
        if signature.is_none() && reasoning.encrypted.is_some() {
            self.losses.dropped(format!("{place}.encrypted"), "only its issuer can read it");
        }
        let mut step = steps.object();
        step.field("type", "thought").optional("signature", signature);
        if !reasoning.text.is_empty() {
            let mut summary = step.array("summary");
            for text in pieces(part, &reasoning.text) {
                let mut content = summary.object();
                content.field("type", "text").field("text", text);
                content.end();
            }
            summary.end();
        }
        step.extra_but_notes(part.extra.fields(&FORMAT));
        step.end();
    }

    fn call(&mut self, steps: &mut Array<'_>, part: &Part, call: &ToolCall, place: &str) {
        let mut signature = self.signature(part, place);
        let placeholder = self.placeholder.take();
        if let (None, Some(placeholder)) = (&signature, placeholder) {
            signature = Some(placeholder.to_owned());
            let why = "the call is another model's: the vendor's placeholder stands for its signature";
            self.losses.emulated(format!("{place}.signature"), why);
        }
        let mut step = steps.object();
        step.field("type", "function_call").field("id", &call.id);
        match self.direction {
            Direction::Request => step.field("name", &*wire_tool_name(&call.name)),
            Direction::Answer => step.field("name", &call.name),
        };
        self.arguments(&mut step, call, place);
        step.optional("signature", signature);
        step.extra_but_notes(part.extra.fields(&FORMAT));
        step.end();
    }

    fn arguments(&mut self, step: &mut Object<'_>, call: &ToolCall, place: &str) {
        match (call.kind, json_object(&call.arguments)) {
            (ToolCallKind::Function, Some(arguments)) => {
                step.field("arguments", arguments);
            }
            (ToolCallKind::Function, None) if call.arguments.trim().is_empty() => {
                step.object("arguments").end();
            }
            (kind, _) => {
                let name = match kind {
                    ToolCallKind::Custom => CUSTOM_INPUT,
                    ToolCallKind::Function => UNPARSED,
                };
                // What is asked as a custom tool is declared so, and named as such there.
                if kind == ToolCallKind::Function || self.direction == Direction::Answer {
                    let why = format!("what is no JSON object is sent as one text, `{name}`");
                    self.losses.approximated(format!("{place}.arguments"), why);
                }
                let mut arguments = step.object("arguments");
                arguments.field(name, &call.arguments);
                arguments.end();
            }
        }
    }

    fn output(&mut self, steps: &mut Array<'_>, parts: &[Part], place: impl Fn(usize) -> String) {
        let mut written = bytes::BytesMut::new();
        let mut contents = Array::begin(&mut written);
        for (index, part) in parts.iter().enumerate() {
            self.content(&mut contents, part, &place(index));
        }
        contents.end();
        if written.len() > 2 {
            let mut step = steps.object();
            step.field("type", "model_output");
            step.key("content").extend_from_slice(&written);
            step.end();
        }
    }

    fn content(&mut self, contents: &mut Array<'_>, part: &Part, place: &str) {
        if part.signature.as_ref().is_some_and(|signature| !signature.value.is_empty()) {
            self.losses.dropped(format!("{place}.signature"), "only thoughts and calls are signed");
        }
        self.lose_attributes(part, place);
        match &part.content {
            Content::Refusal(words) if !words.is_empty() => {
                self.losses.approximated(place, "the format has no refusals: the words are text");
                let mut object = contents.object();
                object.field("type", "text").field("text", words);
                object.end();
            }
            Content::Refusal(_) => {}
            // Nothing is said.
            Content::Text(text) if text.text.is_empty() && text.citations.is_empty() => {}
            Content::Opaque(opaque) if opaque.format == FORMAT => contents.element(&opaque.value),
            Content::Opaque(opaque) => {
                self.losses.dropped(place, format!("a block of {} only", opaque.format))
            }
            _ => {
                if let Err(why) = content::write(contents, part, place, self.losses) {
                    self.losses.dropped(place, why);
                }
            }
        }
    }
}

/// Whether a part stands in the model's output.
pub(super) fn is_output(part: &Part) -> bool {
    match &part.content {
        Content::Reasoning(_) | Content::ToolCall(_) => false,
        Content::Opaque(opaque) => opaque.format != FORMAT || is_content(&opaque.value),
        _ => true,
    }
}

/// Whether a step of its own begins with a part.
fn begins(part: &Part) -> bool {
    part.extra.field(&FORMAT, notes::OWN_STEP).is_some()
}

/// Whether a value of this format is a content, and no step.
fn is_content(value: &Value) -> bool {
    value["type"].as_str().is_some_and(content::is_type)
}

/// The texts of a summary, as they came.
fn pieces<'a>(part: &Part, text: &'a str) -> Vec<&'a str> {
    let lengths = part.extra.field(&FORMAT, notes::SUMMARY).and_then(Value::as_array);
    let mut rest = text;
    let mut pieces = Vec::new();
    for length in lengths.into_iter().flatten().filter_map(Value::as_u64) {
        let Some((piece, more)) =
            usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length))
        else {
            return vec![text];
        };
        pieces.push(piece);
        rest = more;
    }
    if pieces.is_empty() || !rest.is_empty() { vec![text] } else { pieces }
}
