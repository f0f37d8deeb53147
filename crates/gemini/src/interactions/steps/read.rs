//! Steps → parts.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Part, ToolCallId,
    message::{Reasoning, ToolCall, ToolCallKind, ToolResult},
};

use super::{Direction, ReadStep, Speaker};
use crate::{
    interactions::{FORMAT, content, notes, wire::Step},
    names::UNPARSED,
    read::{RawList, Text, compact},
};

/// Reads a step of a client's request, or of the vendor's answer. One of a type that is not known is kept whole.
pub(in crate::interactions) fn read(raw: &RawValue, direction: Direction) -> serde_json::Result<ReadStep> {
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
