//! `messages` → canonical.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Format, Message, Part, RequestError, Role, ToolCallId,
    message::{Audio, MediaSource, ToolResult},
};

use super::{
    LEGACY,
    decode::invalid,
    parts::{cache_hint, read_part},
};
use crate::chat::{
    names::made_call_id,
    response::{read_call, reasoning_text},
    wire::{List, MessageContent, OneOrMany, RequestMessage, Text, arguments_text},
};

pub(super) fn decode(messages: List<RequestMessage<'_>>) -> Result<Vec<Message>, RequestError> {
    let mut reader = Reader::default();
    let numbered = messages.0.into_iter().enumerate();
    numbered.map(|(index, message)| reader.message(index, message)).collect()
}

#[derive(Debug, Default)]
struct Reader {
    /// The calls by the deprecated `function_call`, which have no ids: name, and the id we made.
    legacy: Vec<(String, ToolCallId)>,
}

impl Reader {
    fn message(&mut self, index: usize, wire: RequestMessage<'_>) -> Result<Message, RequestError> {
        let place = |field: &str| format!("messages[{index}].{field}");
        let role = match wire.role.as_deref() {
            Some("system") => Role::System,
            Some("developer") => Role::Developer,
            Some("user") => Role::User,
            Some("assistant") => return self.assistant(index, wire),
            Some("tool") => return tool(index, wire),
            Some("function") => return self.function(index, wire),
            Some(_) => {
                return Err(RequestError::invalid_field(place("role"), "this role is not known"));
            }
            None => return Err(RequestError::invalid_field(place("role"), "`role` is missing")),
        };
        let parts = content(index, wire.content)?;
        let mut message = Message::new(role, parts);
        message.name = wire.name.map(Text::into_owned);
        let mut extra = wire.rest.into_map();
        take_cache(&mut extra, &mut message.parts);
        message.extra = Extra::new(Format::OPENAI_CHAT, extra);
        Ok(message)
    }

    fn assistant(&mut self, index: usize, mut wire: RequestMessage<'_>) -> Result<Message, RequestError> {
        let mut parts = Vec::new();
        let reasoning = reasoning_text(wire.reasoning_content, wire.reasoning, &mut wire.rest);
        parts.extend(reasoning.filter(|text| !text.is_empty()).map(Part::reasoning));
        let said = content(index, wire.content)?;
        let calls = wire.tool_calls.unwrap_or_default().0;
        // An empty text beside calls is a way to say that there is none.
        let empty = |part: &Part| part.as_text() == Some("") && part.extra.is_empty();
        if !(said.len() == 1 && empty(&said[0]) && (!calls.is_empty() || wire.function_call.is_some())) {
            parts.extend(said);
        }
        parts.extend(wire.refusal.map(|text| Part::new(Content::Refusal(text.into_owned()))));
        parts.extend(wire.audio.and_then(|audio| audio.id).map(|id| earlier_sound(&id)));
        if let Some(call) = wire.function_call {
            let path = format!("messages[{index}].function_call.arguments");
            let arguments = arguments_text(call.arguments).map_err(|error| invalid(&path, &error))?;
            let name = call.name.map(Text::into_owned).unwrap_or_default();
            let id = made_call_id("function_call", number(index), 0);
            self.legacy.push((name.clone(), id.clone()));
            parts.push(marked(Part::tool_call(id, name, arguments)));
        }
        for (place, call) in calls.into_iter().enumerate() {
            let made = || made_call_id("tool_calls", number(index), place);
            let path = format!("messages[{index}].tool_calls[{place}]");
            parts.push(read_call(call, made).map_err(|error| invalid(&path, &error))?);
        }
        let mut message = Message::new(Role::Assistant, parts);
        message.name = wire.name.map(Text::into_owned);
        let mut extra = wire.rest.into_map();
        take_cache(&mut extra, &mut message.parts);
        message.extra = Extra::new(Format::OPENAI_CHAT, extra);
        Ok(message)
    }

    /// A result of the deprecated `function_call`: it belongs to the last call of that name.
    fn function(&self, index: usize, wire: RequestMessage<'_>) -> Result<Message, RequestError> {
        let name = wire.name.map(Text::into_owned).unwrap_or_default();
        let call = self.legacy.iter().rev().find(|(known, _)| *known == name);
        let id = call.map_or_else(|| made_call_id("function", number(index), 0), |(_, id)| id.clone());
        let parts = content(index, wire.content)?;
        let result = ToolResult { id, name: Some(name), parts, is_error: None };
        let mut message = Message::new(Role::Tool, vec![marked(Part::new(Content::ToolResult(result)))]);
        message.extra = wire.rest.into_extra(Format::OPENAI_CHAT);
        Ok(message)
    }
}

fn tool(index: usize, wire: RequestMessage<'_>) -> Result<Message, RequestError> {
    let missing = || {
        RequestError::invalid_field(format!("messages[{index}].tool_call_id"), "`tool_call_id` is missing")
    };
    let id = ToolCallId::new(&*wire.tool_call_id.ok_or_else(missing)?);
    let parts = content(index, wire.content)?;
    let name = wire.name.map(Text::into_owned);
    let result = Part::new(Content::ToolResult(ToolResult { id, name, parts, is_error: None }));
    let mut message = Message::new(Role::Tool, vec![result]);
    let mut extra = wire.rest.into_map();
    take_cache(&mut extra, &mut message.parts);
    message.extra = Extra::new(Format::OPENAI_CHAT, extra);
    Ok(message)
}

fn content(index: usize, content: Option<MessageContent<'_>>) -> Result<Vec<Part>, RequestError> {
    match content {
        None => Ok(Vec::new()),
        Some(OneOrMany::One(text)) => Ok(vec![Part::text(text)]),
        Some(OneOrMany::Many(parts)) => {
            let read = |(place, part)| {
                read_part(part)
                    .map_err(|error| invalid(&format!("messages[{index}].content[{place}]"), &error))
            };
            parts.into_iter().enumerate().map(read).collect()
        }
    }
}

/// Brings `cache_control` of a message to its last part, where the other formats have it.
fn take_cache(extra: &mut Map<String, Value>, parts: &mut [Part]) {
    let Some(last) = parts.last_mut().filter(|part| part.cache.is_none()) else { return };
    let Some(value) = extra.get("cache_control") else { return };
    let raw = serde_json::to_string(value).and_then(|text| serde_json::from_str::<Box<RawValue>>(&text));
    last.cache = raw.ok().and_then(|raw| cache_hint(&raw));
    if last.cache.is_some() {
        extra.shift_remove("cache_control");
    }
}

fn earlier_sound(id: &str) -> Part {
    Part::new(Content::Audio(Audio {
        source: MediaSource::File { id: id.to_owned(), issuer: Format::OPENAI_CHAT },
        transcript: None,
        id: Some(id.to_owned()),
        expires_at: None,
    }))
}

fn marked(mut part: Part) -> Part {
    part.extra.insert(&Format::OPENAI_CHAT, LEGACY, Value::Bool(true));
    part
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
