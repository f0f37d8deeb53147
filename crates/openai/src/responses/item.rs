//! Items → canonical. Questions and answers share them.
//!
//! What the model said (messages, reasoning, calls) becomes parts; a call that the client does not run itself, and every
//! item of a type that is not known here, stays as it stood.

use serde::de::Error;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Message, Part, Role,
    message::{Opaque, ToolCall, ToolCallKind, ToolResult},
    response::TokenLogprob,
};

use super::{
    notes::{self, FORMAT, ITEM, MESSAGE},
    wire::{Item, OneOrMany, Rest, Text, at_field},
};

mod content;
mod reasoning;

/// An item, read.
#[derive(Debug)]
pub(super) enum Read {
    /// A message of another than the model, or something that only this format has and that the client says.
    Turn(Message),
    /// What the model said: the parts of a message, or one part.
    Said(Vec<Part>),
    /// What a tool said.
    Result(Part),
    /// The proof of a part that was said before, which the format has no field for.
    Proof(String),
}

/// Adds what the model said in one item to what it said before it, so that both stay items of their own.
pub(super) fn extend(said: &mut Vec<Part>, mut item: Vec<Part>) {
    if let (Some(last), Some(first)) = (said.last(), item.first_mut())
        && notes::in_message(last)
        && notes::in_message(first)
        && !notes::has(&first.extra, ITEM)
    {
        first.extra.insert(&FORMAT, ITEM, Value::Object(Map::new()));
    }
    said.append(&mut item);
}

/// Reads items.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// How likely the tokens of texts were. `None`: it stays with the texts, as in a question, where it says nothing.
    pub(super) tokens: Option<Vec<TokenLogprob>>,
}

impl Reader {
    pub(super) fn read(&mut self, raw: &RawValue) -> serde_json::Result<Read> {
        let known: serde_json::Result<Item<'_>> = serde_json::from_str(raw.get());
        let item = match known {
            Ok(item) => item,
            // Its fields may mean something else.
            Err(error) => return opaque(raw).filter(|_| !is_known(kind_of(raw).as_deref())).ok_or(error),
        };
        match (item.kind.as_deref(), item.role.is_some()) {
            (Some("message"), _) | (None, true) => self.message(item),
            (Some("reasoning"), _) => reasoning::read(item),
            (Some("function_call" | "custom_tool_call"), _) => call(item),
            (Some("function_call_output" | "custom_tool_call_output"), _) => result(item),
            _ => opaque(raw).ok_or_else(|| serde_json::Error::custom("it is no item")),
        }
    }

    fn message(&mut self, mut item: Item<'_>) -> serde_json::Result<Read> {
        let missing = || serde_json::Error::custom("`role` is missing");
        let role = match &*item.role.take().ok_or_else(missing)? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            "developer" => Role::Developer,
            _ => {
                return Err(at_field("role", &serde_json::Error::custom("this role is not known")));
            }
        };
        let mut parts = self.content("content", item.content.take())?;
        if role == Role::Assistant {
            if let Some(first) = parts.first_mut() {
                note_message(&mut first.extra, item);
            }
            return Ok(Read::Said(parts));
        }
        let own = own_fields(&mut item);
        let rest = whole_rest(item);
        let mut message = Message::new(role, parts);
        message.extra = Extra::new(FORMAT, rest);
        if !own.is_empty() {
            message.extra.insert(&FORMAT, ITEM, Value::Object(own));
        }
        Ok(Read::Turn(message))
    }

    /// Reads a string or parts.
    fn content(&mut self, field: &str, raw: Option<&RawValue>) -> serde_json::Result<Vec<Part>> {
        let Some(raw) = raw else { return Ok(Vec::new()) };
        let mut read = || -> serde_json::Result<Vec<Part>> {
            match serde_json::from_str(raw.get())? {
                OneOrMany::One(text) => Ok(vec![Part::text(text)]),
                OneOrMany::Many(parts) => {
                    let numbered = parts.into_iter().enumerate();
                    let read = numbered.map(|(place, part)| {
                        content::read(part, &mut self.tokens)
                            .map_err(|error| at_field(&format!("[{place}]"), &error))
                    });
                    read.collect()
                }
            }
        };
        read().map_err(|error| at_field(field, &error))
    }
}

/// Remembers a message's own fields, and what is not known of it, with its first part.
fn note_message(extra: &mut Extra, mut item: Item<'_>) {
    let own = own_fields(&mut item);
    for (name, fields) in [(ITEM, own), (MESSAGE, whole_rest(item))] {
        if !fields.is_empty() {
            extra.insert(&FORMAT, name, Value::Object(fields));
        }
    }
}

/// What the first part of a message will be told to have, as far as the message's beginning says it: that it will be
/// complete is taken for granted.
pub(super) fn begun_message(raw: &RawValue) -> serde_json::Result<Extra> {
    let mut item: Item<'_> = serde_json::from_str(raw.get())?;
    item.content = None;
    item.role = None;
    let mut extra = Extra::NONE;
    note_message(&mut extra, completed(item));
    Ok(extra)
}

/// What reasoning or a call will be told to have, likewise.
pub(super) fn begun(raw: &RawValue) -> serde_json::Result<Part> {
    let item: Item<'_> = serde_json::from_str(raw.get())?;
    let read = match item.kind.as_deref() {
        Some("reasoning") => reasoning::read(completed(item))?,
        _ => call(completed(item))?,
    };
    match read {
        Read::Said(mut parts) if parts.len() == 1 => Ok(parts.remove(0)),
        _ => Ok(Part::reasoning("")),
    }
}

fn completed(mut item: Item<'_>) -> Item<'_> {
    if item.status.is_some() {
        item.status = Some(Text("completed".into()));
    }
    item
}

/// The item's type, if it says one.
fn kind_of(raw: &RawValue) -> Option<String> {
    let object: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
    object.get("type").and_then(Value::as_str).map(str::to_owned)
}

fn is_known(kind: Option<&str>) -> bool {
    let calls = ["function_call", "custom_tool_call", "function_call_output", "custom_tool_call_output"];
    kind.is_none_or(|kind| matches!(kind, "message" | "reasoning") || calls.contains(&kind))
}

/// Takes the item's own fields, which no other format has a use for.
fn own_fields(item: &mut Item<'_>) -> Map<String, Value> {
    let mut own = Map::new();
    for (name, text) in [("id", item.id.take()), ("type", item.kind.take()), ("status", item.status.take())] {
        own.extend(text.map(|text| (name.to_owned(), Value::from(text.into_owned()))));
    }
    own
}

/// What is left of an item: fields that are not known, and those that its type does not have.
fn whole_rest(item: Item<'_>) -> Map<String, Value> {
    let mut rest = Map::new();
    let texts = [
        ("role", item.role),
        ("call_id", item.call_id),
        ("name", item.name),
        ("input", item.input),
        ("encrypted_content", item.encrypted_content),
    ];
    for (name, text) in texts {
        rest.extend(text.map(|text| (name.to_owned(), Value::from(text.into_owned()))));
    }
    let mut raw = Rest::default();
    let values = [
        ("content", item.content),
        ("arguments", item.arguments),
        ("output", item.output),
        ("summary", item.summary),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            raw.push(name.into(), value);
        }
    }
    rest.extend(raw.into_map());
    rest.extend(item.rest.into_map());
    rest
}

/// Adds the item's own fields, but the type that says nothing new, and what is not known of it.
fn finish(mut part: Part, mut item: Item<'_>) -> Part {
    let mut own = own_fields(&mut item);
    own.shift_remove("type");
    part.extra = Extra::new(FORMAT, whole_rest(item));
    if !own.is_empty() {
        part.extra.insert(&FORMAT, ITEM, Value::Object(own));
    }
    part
}

fn call(mut item: Item<'_>) -> serde_json::Result<Read> {
    let missing = |name: &str| serde_json::Error::custom(format_args!("`{name}` is missing"));
    let kind = match item.kind.as_deref() {
        Some("custom_tool_call") => ToolCallKind::Custom,
        _ => ToolCallKind::Function,
    };
    let id = item.call_id.take().ok_or_else(|| missing("call_id"))?.into_owned();
    let name = item.name.take().ok_or_else(|| missing("name"))?.into_owned();
    let arguments = match kind {
        ToolCallKind::Function => arguments(item.arguments.take())?,
        ToolCallKind::Custom => item.input.take().map(Text::into_owned).unwrap_or_default(),
    };
    let call = ToolCall { id: id.into(), name, arguments, kind };
    Ok(Read::Said(vec![finish(Part::new(Content::ToolCall(call)), item)]))
}

/// Reads `arguments`: the text of a string, or the JSON text of anything else.
fn arguments(raw: Option<&RawValue>) -> serde_json::Result<String> {
    match raw {
        None => Ok(String::new()),
        Some(raw) if raw.get().starts_with('"') => serde_json::from_str(raw.get()),
        Some(raw) => Ok(raw.get().to_owned()),
    }
}

fn result(mut item: Item<'_>) -> serde_json::Result<Read> {
    let missing = || serde_json::Error::custom("`call_id` is missing");
    let id = item.call_id.take().ok_or_else(missing)?.into_owned();
    let name = item.name.take().map(Text::into_owned);
    let parts = Reader::default().content("output", item.output.take())?;
    let is_custom = item.kind.as_deref() == Some("custom_tool_call_output");
    let result = ToolResult { id: id.into(), name, parts, is_error: None };
    let kind = item.kind.clone();
    let mut part = finish(Part::new(Content::ToolResult(result)), item);
    if let Some(kind) = kind.filter(|_| is_custom) {
        let mut own = notes::object(&part.extra, ITEM).cloned().unwrap_or_default();
        own.insert("type".to_owned(), Value::from(kind.into_owned()));
        part.extra.insert(&FORMAT, ITEM, Value::Object(own));
    }
    Ok(Read::Result(part))
}

/// Keeps an item as it stands. What the client says stands in a turn of its own.
fn opaque(raw: &RawValue) -> Option<Read> {
    let value: Value = serde_json::from_str(raw.get()).ok()?;
    let fields = value.as_object()?;
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    let role = match word("type") {
        Some(
            "computer_call_output"
            | "local_shell_call_output"
            | "shell_call_output"
            | "apply_patch_call_output"
            | "mcp_approval_response",
        ) => Some(Role::User),
        Some("tool_search_output") if word("execution") != Some("server") => Some(Role::User),
        Some("additional_tools") => Some(Role::Developer),
        _ => None,
    };
    let part = Part::new(Content::Opaque(Opaque { format: FORMAT, value }));
    Some(match role {
        Some(role) => Read::Turn(Message::new(role, vec![part])),
        None => Read::Said(vec![part]),
    })
}
