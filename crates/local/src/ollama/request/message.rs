//! Messages: one text each, pictures and tool calls beside it, and each tool's result a message of its own.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;
use tollgate_model::{
    ChatRequest, Content, Losses, Message as Canonical, Part, RequestError, Role,
    extra::NOTE_PREFIX,
    message::{Audio, Document, Image, MediaSource, ToolCall as CanonicalCall, ToolCallKind, ToolResult},
};

use super::own_fields;
use crate::ollama::{
    custom_tool,
    wire::{Arguments, Function, Message, ToolCall},
};

/// Between the texts of one message, as Ollama itself joins neighbouring messages.
const BETWEEN_TEXTS: &str = "\n\n";

/// The fields of a message that are written of its parts.
const WRITTEN: [&str; 7] =
    ["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"];

pub(super) fn write_all<'a>(
    request: &'a ChatRequest,
    losses: &mut Losses,
) -> Result<Vec<Message<'a>>, RequestError> {
    let mut written = Vec::with_capacity(request.messages.len());
    for (index, message) in request.messages.iter().enumerate() {
        write(request, index, message, &mut written, losses)?;
    }
    Ok(written)
}

/// Where a part stands, in canonical terms.
#[derive(Debug, Clone, Copy)]
struct Place {
    message: usize,
    part: usize,
    /// The part of a tool's result.
    inner: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].parts[{}]", self.message, self.part)?;
        if let Some(inner) = self.inner {
            write!(f, ".parts[{inner}]")?;
        }
        Ok(())
    }
}

fn write<'a>(
    request: &'a ChatRequest,
    index: usize,
    message: &'a Canonical,
    written: &mut Vec<Message<'a>>,
    losses: &mut Losses,
) -> Result<(), RequestError> {
    if message.name.is_some() {
        losses.dropped(format!("messages[{index}].name"), "participants have no names");
    }
    let role = match message.role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut own = Message { role, ..Message::default() };
    let mut has_own = message.parts.is_empty() && message.role != Role::Tool;
    for (part_index, part) in message.parts.iter().enumerate() {
        let place = Place { message: index, part: part_index, inner: None };
        name_attributes(place, part, losses);
        if let Content::ToolResult(result) = &part.content {
            written.push(tool_result(request, place, result, losses)?);
        } else {
            has_own = true;
            add(&mut own, place, part, losses)?;
        }
    }
    let mut extra = own_fields(&message.extra, &format!("messages[{index}]"), losses);
    extra.retain(|name, _| !WRITTEN.contains(&name.as_str()));
    if has_own {
        own.extra = extra;
        written.push(own);
    } else if let Some(last) = written.last_mut() {
        last.extra.extend(extra);
    }
    Ok(())
}

/// Names what any part may carry and this format has no place for.
fn name_attributes(place: Place, part: &Part, losses: &mut Losses) {
    if part.cache.is_some() {
        losses.dropped(format!("{place}.cache"), "the server caches of its own accord");
    }
    if part.signature.is_some() {
        losses.dropped(format!("{place}.signature"), "the server reads no signatures");
    }
    if let Some((format, fields)) = part.extra.any() {
        // Notes are how another format wrote it: nothing that could be lost.
        for name in fields.keys().filter(|name| !name.starts_with(NOTE_PREFIX)) {
            losses.dropped(
                format!("{place}.{name}"),
                format!("a field of {format}, whose parts are not sent apart"),
            );
        }
    }
}

/// Adds a part to the message that it stands in.
fn add<'a>(
    message: &mut Message<'a>,
    place: Place,
    part: &'a Part,
    losses: &mut Losses,
) -> Result<(), RequestError> {
    let follows_call = !message.tool_calls.is_empty();
    match &part.content {
        Content::ToolCall(call) => {
            message.tool_calls.push(tool_call(place, call, losses));
            return Ok(());
        }
        Content::Text(text) => {
            if !text.citations.is_empty() {
                losses.dropped(format!("{place}.citations"), "the server keeps no citations");
            }
            join(&mut message.content, &text.text);
        }
        Content::Reasoning(reasoning) => {
            if reasoning.encrypted.is_some() {
                losses.dropped(format!("{place}.encrypted"), "only its issuer can read it");
            }
            if !reasoning.text.is_empty() {
                join(message.thinking.get_or_insert_default(), &reasoning.text);
            }
        }
        Content::Refusal(words) => {
            losses.approximated(place.to_string(), "a refusal is sent as text");
            join(&mut message.content, words);
        }
        Content::Image(image) => message.images.push(picture(place, image, losses)?),
        Content::Document(document) => {
            let text = document_text(place, document, losses)?;
            join_owned(&mut message.content, text);
        }
        Content::Audio(Audio { transcript: Some(words), .. }) if message.role == "assistant" => {
            losses.approximated(place.to_string(), "sound is sent as its transcript");
            join(&mut message.content, words);
        }
        Content::Audio(_) => return Err(refused(place, "the server does not take sound")),
        Content::Opaque(block) => {
            losses.dropped(place.to_string(), format!("a block of {} only", block.format))
        }
        _ => return Err(refused(place, "such a part cannot stand in this message")),
    }
    if follows_call {
        losses.approximated(place.to_string(), "text stands before tool calls, whatever their order was");
    }
    Ok(())
}

fn join<'a>(text: &mut Cow<'a, str>, more: &'a str) {
    if text.is_empty() {
        *text = Cow::Borrowed(more);
    } else if !more.is_empty() {
        let text = text.to_mut();
        text.push_str(BETWEEN_TEXTS);
        text.push_str(more);
    }
}

fn join_owned(text: &mut Cow<'_, str>, more: String) {
    if text.is_empty() {
        *text = Cow::Owned(more);
    } else {
        let text = text.to_mut();
        text.push_str(BETWEEN_TEXTS);
        text.push_str(&more);
    }
}

fn tool_call<'a>(place: Place, call: &'a CanonicalCall, losses: &mut Losses) -> ToolCall<'a> {
    let arguments = match call.kind {
        ToolCallKind::Custom => {
            losses.emulated(place.to_string(), "a free text is a function's only argument");
            Arguments::Made(custom_tool::wrap(&call.arguments))
        }
        ToolCallKind::Function => arguments(place, call, losses),
    };
    ToolCall { id: call.id.as_str(), function: Function { name: &call.name, arguments } }
}

/// Arguments are an object on the wire. What the model wrote goes through as it stands, if it is one.
fn arguments<'a>(place: Place, call: &'a CanonicalCall, losses: &mut Losses) -> Arguments<'a> {
    if call.arguments.trim().is_empty() {
        return Arguments::Made(serde_json::Map::new());
    }
    match serde_json::from_str::<&RawValue>(&call.arguments) {
        Ok(raw) if raw.get().starts_with('{') => Arguments::Written(raw),
        _ => {
            losses.approximated(
                format!("{place}.arguments"),
                "they are no JSON object: they are sent as a text in one",
            );
            Arguments::Made(custom_tool::wrap(&call.arguments))
        }
    }
}

fn tool_result<'a>(
    request: &'a ChatRequest,
    place: Place,
    result: &'a ToolResult,
    losses: &mut Losses,
) -> Result<Message<'a>, RequestError> {
    let mut message = Message { role: "tool", ..Message::default() };
    if result.is_error == Some(true) {
        losses.dropped(format!("{place}.is_error"), "a result cannot be marked as a failure");
    }
    for (inner, part) in result.parts.iter().enumerate() {
        let place = Place { inner: Some(inner), ..place };
        name_attributes(place, part, losses);
        match &part.content {
            Content::Text(_) | Content::Image(_) | Content::Document(_) | Content::Opaque(_) => {
                add(&mut message, place, part, losses)?;
            }
            _ => return Err(refused(place, "a tool's result holds texts, pictures and documents")),
        }
    }
    message.tool_name = result.name.as_deref().or_else(|| called_name(request, place.message, result));
    message.tool_call_id = Some(result.id.as_str());
    Ok(message)
}

/// Finds the tool that a result answers: the last call with its id before it.
fn called_name<'a>(request: &'a ChatRequest, before: usize, result: &ToolResult) -> Option<&'a str> {
    let earlier = request.messages[..before].iter().rev();
    earlier.flat_map(|message| message.parts.iter().rev()).find_map(|part| match &part.content {
        Content::ToolCall(call) if call.id == result.id => Some(call.name.as_str()),
        _ => None,
    })
}

fn picture<'a>(place: Place, image: &'a Image, losses: &mut Losses) -> Result<&'a str, RequestError> {
    if image.detail.is_some() {
        losses.dropped(format!("{place}.detail"), "the model decides how closely it looks");
    }
    match &image.source {
        MediaSource::Base64 { data, .. } => Ok(data),
        MediaSource::Url { url, .. } => inline_data(url)
            .ok_or_else(|| refused(place, "Ollama fetches no pictures: send the picture itself, in base64")),
        MediaSource::File { issuer, .. } => {
            Err(refused(place, &format!("the picture is stored at another vendor ({issuer})")))
        }
        MediaSource::Text { .. } => Err(refused(place, "text is no picture")),
    }
}

/// Returns the base64 of a `data:` URL.
fn inline_data(url: &str) -> Option<&str> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    head.ends_with(";base64").then_some(data)
}

/// Writes a document of text into the text; the format has no documents.
fn document_text(place: Place, document: &Document, losses: &mut Losses) -> Result<String, RequestError> {
    let MediaSource::Text { text } = &document.source else {
        return Err(refused(place, "Ollama takes no files: send a document as text"));
    };
    losses.emulated(place.to_string(), "a document is written into the message's text");
    if document.citations == Some(true) {
        losses.dropped(format!("{place}.citations"), "the model gives no citations");
    }
    let mut written = String::new();
    for line in [&document.filename, &document.context].into_iter().flatten() {
        written.push_str(line);
        written.push('\n');
    }
    written.push_str(text);
    Ok(written)
}

fn refused(place: Place, why: &str) -> RequestError {
    RequestError::invalid_field(place.to_string(), why)
}
