//! The `message` of a choice → canonical parts: reasoning, then text, refusal, sound, pictures, tool calls.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, Part, ToolCallId,
    message::{Audio, MediaSource, Opaque, Reasoning, ToolCall, ToolCallKind},
};

use crate::chat::{
    citation, media,
    names::{Restore, made_call_id},
    request::{LEGACY, read_part},
    wire::{self, OneOrMany, arguments_text},
};

/// Reads messages of one answer.
#[derive(Debug)]
pub(in crate::chat) struct Reader<'a> {
    restore: &'a Restore,
    request: &'a ChatRequest,
    /// The answer's id, from which missing ids of calls are made.
    response: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(restore: &'a Restore, request: &'a ChatRequest, response: &'a str) -> Self {
        Self { restore, request, response }
    }

    /// Returns the parts, and the fields that are not known.
    pub(super) fn parts(
        &self,
        choice: u32,
        message: wire::Message<'_>,
    ) -> serde_json::Result<(Vec<Part>, Map<String, Value>)> {
        let mut parts = Vec::new();
        let mut rest = message.rest;
        let reasoning = reasoning_text(message.reasoning_content, message.reasoning, &mut rest);
        if let Some(reasoning) = reasoning.filter(|text| !text.is_empty()) {
            parts.push(Part::reasoning(reasoning));
        }
        match message.content {
            Some(OneOrMany::One(text)) if !text.is_empty() => parts.push(Part::text(text)),
            Some(OneOrMany::Many(content)) => {
                for part in content {
                    parts.push(read_part(part)?);
                }
            }
            _ => {}
        }
        if let Some(annotations) = message.annotations.filter(|list| list.get() != "[]") {
            if !parts.iter().any(|part| part.as_text().is_some()) {
                parts.push(Part::text(""));
            }
            let mut texts = parts.iter_mut().filter_map(|part| match &mut part.content {
                Content::Text(text) => Some(text),
                _ => None,
            });
            if let Some(text) = texts.next() {
                for raw in serde_json::from_str::<Vec<&RawValue>>(annotations.get())? {
                    text.citations.push(citation::decode(raw)?);
                }
            }
        }
        if let Some(refusal) = message.refusal.filter(|text| !text.is_empty()) {
            parts.push(Part::new(Content::Refusal(refusal.into_owned())));
        }
        parts.extend(message.audio.filter(wire::Audio::says_something).map(|audio| self.audio(audio)));
        for image in message.images.unwrap_or_default().0 {
            parts.push(image_of(image)?);
        }
        self.calls(choice, message.function_call, message.tool_calls, &mut parts)?;
        Ok((parts, rest.into_map()))
    }

    fn audio(&self, audio: wire::Audio<'_>) -> Part {
        let format = self.request.audio.as_ref().and_then(|audio| audio.format.as_deref());
        let media_type = media::audio_media_type(format.unwrap_or("wav"));
        let data = audio.data.map(wire::Text::into_owned).unwrap_or_default();
        let mut part = Part::new(Content::Audio(Audio {
            source: MediaSource::Base64 { media_type, data },
            transcript: audio.transcript.map(wire::Text::into_owned),
            id: audio.id.map(wire::Text::into_owned),
            expires_at: audio.expires_at,
        }));
        part.extra = audio.rest.into_extra(Format::OPENAI_CHAT);
        part
    }

    fn calls(
        &self,
        choice: u32,
        legacy: Option<wire::FunctionCall<'_>>,
        calls: Option<wire::List<wire::ToolCall<'_>>>,
        parts: &mut Vec<Part>,
    ) -> serde_json::Result<()> {
        if let Some(call) = legacy.filter(wire::FunctionCall::says_something) {
            let id = made_call_id(self.response, choice, 0);
            let name = self.restore.tool_name(call.name.as_deref().unwrap_or_default());
            let mut part = Part::tool_call(id, name, arguments_text(call.arguments)?);
            part.extra.insert(&Format::OPENAI_CHAT, LEGACY, Value::Bool(true));
            parts.push(part);
        }
        for (place, call) in calls.unwrap_or_default().0.into_iter().enumerate() {
            let made = || made_call_id(self.response, choice, place);
            let mut part = read_call(call, made)?;
            if let Content::ToolCall(call) = &mut part.content {
                call.name = self.restore.tool_name(&call.name);
            }
            parts.push(part);
        }
        Ok(())
    }
}

/// Reads an element of `tool_calls`. `made` gives an id to one that has none.
pub(in crate::chat) fn read_call(
    call: wire::ToolCall<'_>,
    made: impl FnOnce() -> ToolCallId,
) -> serde_json::Result<Part> {
    let id = call.id.filter(|id| !id.is_empty()).map_or_else(made, |id| ToolCallId::new(&*id));
    let mut extra = Map::new();
    let (name, arguments, kind, nested) = match (call.function, call.custom) {
        (Some(function), _) => {
            let arguments = arguments_text(function.arguments)?.into_owned();
            (function.name, arguments, ToolCallKind::Function, ("function", function.rest))
        }
        (None, Some(custom)) => {
            let input = custom.input.map(wire::Text::into_owned).unwrap_or_default();
            (custom.name, input, ToolCallKind::Custom, ("custom", custom.rest))
        }
        // A call of a kind that is not known: kept whole.
        (None, None) => {
            let mut value = Map::from_iter([("id".to_owned(), Value::from(id.as_str()))]);
            value.extend(call.kind.map(|kind| ("type".to_owned(), Value::from(&*kind))));
            value.extend(call.rest.into_map());
            let opaque = Opaque { format: Format::OPENAI_CHAT, value: Value::Object(value) };
            let mut part = Part::new(Content::Opaque(opaque));
            part.extra.insert(&Format::OPENAI_CHAT, "tool_calls", Value::Bool(true));
            return Ok(part);
        }
    };
    if !nested.1.is_empty() {
        extra.insert(nested.0.to_owned(), Value::Object(nested.1.into_map()));
    }
    extra.extend(call.rest.into_map());
    let name = name.map(wire::Text::into_owned).unwrap_or_default();
    let mut part = Part::new(Content::ToolCall(ToolCall { id, name, arguments, kind }));
    part.extra = Extra::new(Format::OPENAI_CHAT, extra);
    Ok(part)
}

/// Reads reasoning by either of its names; some servers say it twice. What is no text goes to `rest`.
pub(in crate::chat) fn reasoning_text<'a>(
    reasoning_content: Option<&'a RawValue>,
    reasoning: Option<&'a RawValue>,
    rest: &mut wire::Rest<'a>,
) -> Option<String> {
    let mut found = None;
    for (name, raw) in [("reasoning_content", reasoning_content), ("reasoning", reasoning)] {
        let Some(raw) = raw else { continue };
        match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if found.as_ref().is_none_or(String::is_empty) => found = Some(text),
            Ok(_) => {}
            Err(_) => rest.push(name.into(), raw),
        }
    }
    found
}

/// Reads Mistral's `thinking`: a text, or parts of type `text`.
pub(in crate::chat) fn thinking_text(raw: &RawValue) -> serde_json::Result<String> {
    let content: OneOrMany<'_, wire::ContentPart<'_>> = serde_json::from_str(raw.get())?;
    Ok(match content {
        OneOrMany::One(text) => text.into_owned(),
        OneOrMany::Many(parts) => parts.iter().filter_map(|part| part.text.as_deref()).collect(),
    })
}

/// Reads an element of `images`.
pub(in crate::chat) fn image_of(part: wire::ContentPart<'_>) -> serde_json::Result<Part> {
    let mut part = read_part(part)?;
    // Their `index` and the like mean nothing beside the order.
    if matches!(part.content, Content::Image(_)) {
        part.extra = Extra::NONE;
    }
    Ok(part)
}

/// Makes a reasoning part of Mistral's.
pub(in crate::chat) fn thinking_part(raw: &RawValue) -> serde_json::Result<Part> {
    Ok(Part::new(Content::Reasoning(Reasoning::new(thinking_text(raw)?))))
}
