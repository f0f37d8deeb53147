//! Content blocks → parts.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Part, Role,
    message::{
        CacheHint, Document, Image, MediaSource, Opaque, Reasoning, Text, ToolCall, ToolCallKind, ToolResult,
    },
};
use tollgate_provider::carried;

use super::{FORMAT, Wrong, object, optional, required};
use crate::{
    response::{read_citations, sealed, signature},
    wire::{self, Object},
};

/// Reads a block. One that is not known is kept as it stands.
pub(super) fn decode(raw: &RawValue, role: Role) -> Result<Part, Wrong> {
    let mut block = object(raw)?;
    let kind: wire::Text<'_> = required(&mut block, "type")?;
    let content = match &*kind.0 {
        "text" => text(&mut block)?,
        "image" => match source(&mut block)? {
            Some(source) => Content::Image(Image { source, detail: None }),
            None => return opaque(raw),
        },
        "document" => match document(&mut block)? {
            Some(document) => Content::Document(document),
            None => return opaque(raw),
        },
        "thinking" => return thinking(block),
        "redacted_thinking" => return redacted(block),
        "tool_use" if role == Role::Assistant => tool_use(&mut block)?,
        "tool_result" if role == Role::User => tool_result(&mut block)?,
        "tool_use" => return Err(Wrong::new("type", "`tool_use` stands in the assistant's messages only")),
        "tool_result" => return Err(Wrong::new("type", "`tool_result` stands in the user's messages only")),
        _ => return opaque(raw),
    };
    let mut part = Part::new(content);
    let mut extra = Map::new();
    part.cache = cache_control(&mut block, &mut extra)?;
    extra.extend(block.rest());
    part.extra = Extra::new(FORMAT, extra);
    Ok(part)
}

fn opaque(raw: &RawValue) -> Result<Part, Wrong> {
    let value = serde_json::from_str(raw.get()).map_err(|error| Wrong::new("", error.to_string()))?;
    Ok(Part::new(Content::Opaque(Opaque { format: FORMAT, value })))
}

fn text(block: &mut Object<'_>) -> Result<Content, Wrong> {
    let text = required(block, "text")?;
    let citations = read_citations(block).map_err(|error| Wrong::new("citations", error.to_string()))?;
    Ok(Content::Text(Text { text, citations }))
}

fn thinking(mut block: Object<'_>) -> Result<Part, Wrong> {
    let mut part = Part::reasoning(required::<String>(&mut block, "thinking")?);
    let proof: Option<String> = optional(&mut block, "signature")?;
    part.extra = Extra::new(FORMAT, block.rest());
    let carried = proof.as_deref().is_some_and(|proof| carried::unpack(proof, &mut part));
    if !carried {
        part.signature = signature(proof);
    }
    Ok(part)
}

fn redacted(mut block: Object<'_>) -> Result<Part, Wrong> {
    let data: String = required(&mut block, "data")?;
    let mut part = Part::new(Content::Reasoning(Reasoning::default()));
    part.extra = Extra::new(FORMAT, block.rest());
    if !carried::unpack(&data, &mut part) {
        let encrypted = Some(data);
        part.content = Content::Reasoning(Reasoning { text: String::new(), encrypted });
        part.signature = Some(sealed());
    }
    Ok(part)
}

fn tool_use(block: &mut Object<'_>) -> Result<Content, Wrong> {
    let id: String = required(block, "id")?;
    let name = required(block, "name")?;
    let input = block.take_raw("input").map_or("{}", RawValue::get).to_owned();
    Ok(Content::ToolCall(ToolCall { id: id.into(), name, arguments: input, kind: ToolCallKind::Function }))
}

fn tool_result(block: &mut Object<'_>) -> Result<Content, Wrong> {
    let id: String = required(block, "tool_use_id")?;
    let parts = match block.take_raw("content") {
        None => Vec::new(),
        Some(raw) if raw.get().starts_with('"') => vec![Part::text(
            serde_json::from_str::<String>(raw.get())
                .map_err(|error| Wrong::new("content", error.to_string()))?,
        )],
        Some(raw) => {
            let blocks: Vec<&RawValue> = serde_json::from_str(raw.get())
                .map_err(|_| Wrong::new("content", "must be a text or an array of content blocks"))?;
            let read = |(index, block): (usize, _)| {
                decode(block, Role::Tool).map_err(|wrong| wrong.at(&format!("content[{index}]")))
            };
            blocks.into_iter().enumerate().map(read).collect::<Result<_, _>>()?
        }
    };
    let is_error = optional(block, "is_error")?;
    Ok(Content::ToolResult(ToolResult { id: id.into(), name: None, parts, is_error }))
}

fn document(block: &mut Object<'_>) -> Result<Option<Document>, Wrong> {
    let Some(source) = source(block)? else { return Ok(None) };
    let citations = block.take::<Map<String, Value>>("citations");
    let citations = citations.map_err(|error| Wrong::new("citations", error.to_string()))?;
    Ok(Some(Document {
        source,
        filename: optional(block, "title")?,
        context: optional(block, "context")?,
        citations: citations.and_then(|citations| citations.get("enabled")?.as_bool()),
    }))
}

/// Reads where the bytes are. `None`: in a way that only this format has.
fn source(block: &mut Object<'_>) -> Result<Option<MediaSource>, Wrong> {
    let raw = block.take_raw("source").ok_or_else(|| Wrong::new("source", "field required"))?;
    let read = || -> Result<Option<MediaSource>, Wrong> {
        let mut source = object(raw)?;
        let kind: wire::Text<'_> = required(&mut source, "type")?;
        let read = match &*kind.0 {
            "base64" => MediaSource::Base64 {
                media_type: required(&mut source, "media_type")?,
                data: required(&mut source, "data")?,
            },
            "url" => MediaSource::Url { url: required(&mut source, "url")?, media_type: None },
            "file" => MediaSource::File { id: required(&mut source, "file_id")?, issuer: FORMAT },
            "text" => {
                let _plain = source.take_raw("media_type");
                MediaSource::Text { text: required(&mut source, "data")? }
            }
            _ => return Ok(None),
        };
        Ok(source.rest().is_empty().then_some(read))
    };
    read().map_err(|wrong| wrong.at("source"))
}

/// Reads a cache breakpoint. What only this format knows of it goes to `extra`, under the field's name.
pub(super) fn cache_control(
    block: &mut Object<'_>,
    extra: &mut Map<String, Value>,
) -> Result<Option<CacheHint>, Wrong> {
    let Some(raw) = block.take_raw("cache_control") else { return Ok(None) };
    let (hint, rest) = hint(raw).map_err(|wrong| wrong.at("cache_control"))?;
    if !rest.is_empty() {
        extra.insert("cache_control".to_owned(), Value::Object(rest));
    }
    Ok(Some(hint))
}

fn hint(raw: &RawValue) -> Result<(CacheHint, Map<String, Value>), Wrong> {
    let mut control = object(raw)?;
    let kind: wire::Text<'_> = required(&mut control, "type")?;
    if kind.0 != "ephemeral" {
        return Err(Wrong::new("type", format!("`{}` is not known: use `ephemeral`", kind.0)));
    }
    let hint = match optional::<wire::Text<'_>>(&mut control, "ttl")?.as_ref().map(|ttl| &*ttl.0) {
        None => CacheHint::Standard,
        Some("5m") => CacheHint::FiveMinutes,
        Some("1h") => CacheHint::OneHour,
        Some(other) => {
            return Err(Wrong::new("ttl", format!("`{other}` is not known: use `5m` or `1h`")));
        }
    };
    Ok((hint, control.rest()))
}
