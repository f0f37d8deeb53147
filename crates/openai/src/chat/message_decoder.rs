//! Messages, read into canonical terms.

use serde_json::Value;
use tollgate_model::{
    Content, Extra, Format, Message, Part, RequestError, Role,
    message::{
        Audio, CacheHint, Document, Image, ImageDetail, MediaSource, Opaque, Reasoning, ToolCall, ToolCallKind, ToolResult,
    },
};

use super::media::{audio_media_type, source_of_url};
use crate::fields::Fields;

pub(crate) fn decode_messages(values: Vec<Value>) -> Result<Vec<Message>, RequestError> {
    values.into_iter().enumerate().map(|(index, value)| decode_message(value, format!("messages[{index}]"))).collect()
}

fn decode_message(value: Value, path: String) -> Result<Message, RequestError> {
    let mut fields = Fields::new(value, path)?;
    let role = fields.required_text("role")?;
    let name = fields.text("name")?;
    let mut message = match role.as_str() {
        "system" => Message::new(Role::System, content(&mut fields)?),
        "developer" => Message::new(Role::Developer, content(&mut fields)?),
        "user" => Message::new(Role::User, content(&mut fields)?),
        "assistant" => Message::new(Role::Assistant, assistant(&mut fields)?),
        "tool" => {
            let id = fields.required_text("tool_call_id")?;
            let parts = content(&mut fields)?;
            let result = ToolResult { id: id.into(), name: None, parts, is_error: None };
            Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))])
        }
        // The older way: the result of a function, known by its name.
        "function" => {
            let function = name.clone().ok_or_else(|| fields.wrong("name", "a string"))?;
            let parts = content(&mut fields)?;
            let result = ToolResult { id: legacy_id(&function), name: Some(function), parts, is_error: None };
            let message = Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))]);
            return Ok(with_rest(message, fields));
        }
        _ => return Err(fields.wrong("role", "system, developer, user, assistant, tool or function")),
    };
    message.name = name;
    Ok(with_rest(message, fields))
}

fn with_rest(mut message: Message, fields: Fields) -> Message {
    message.extra = Extra::new(Format::OPENAI_CHAT, fields.rest());
    message
}

/// An older function call has no id; call and result are joined by the function's name.
fn legacy_id(function: &str) -> tollgate_model::ToolCallId {
    format!("call_{function}").into()
}

/// Reads `content`: nothing, a text, or parts.
fn content(fields: &mut Fields) -> Result<Vec<Part>, RequestError> {
    match fields.take("content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(if text.is_empty() { Vec::new() } else { vec![Part::text(text)] }),
        Some(Value::Array(items)) => {
            let path = fields.path("content");
            items.into_iter().enumerate().map(|(index, item)| part(item, format!("{path}[{index}]"))).collect()
        }
        Some(_) => Err(fields.wrong("content", "a string or an array of parts")),
    }
}

/// Reads an assistant's message in the order in which it was thought, said and done.
fn assistant(fields: &mut Fields) -> Result<Vec<Part>, RequestError> {
    let mut parts = Vec::new();
    for name in ["reasoning_content", "reasoning"] {
        if let Some(Value::String(_)) = fields.peek(name)
            && let Some(text) = fields.text(name)?
            && !text.is_empty()
            && parts.is_empty()
        {
            parts.push(Part::new(Content::Reasoning(Reasoning::new(text))));
        }
    }
    parts.extend(content(fields)?);
    if let Some(refusal) = fields.text("refusal")? {
        parts.push(Part::new(Content::Refusal(refusal)));
    }
    if let Some(mut audio) = fields.object("audio")? {
        parts.push(Part::new(Content::Audio(Audio {
            source: MediaSource::Text { text: String::new() },
            transcript: None,
            id: Some(audio.required_text("id")?),
            expires_at: None,
        })));
    }
    let calls_path = fields.path("tool_calls");
    for (index, value) in fields.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        parts.push(tool_call(value, &format!("{calls_path}[{index}]"))?);
    }
    if let Some(mut call) = fields.object("function_call")? {
        let name = call.required_text("name")?;
        let arguments = call.text("arguments")?.unwrap_or_default();
        parts.push(Part::tool_call(legacy_id(&name), name, arguments));
    }
    Ok(parts)
}

/// Reads a tool call.
pub(crate) fn tool_call(value: Value, path: &str) -> Result<Part, RequestError> {
    let mut fields = Fields::new(value, path)?;
    let id = fields.required_text("id")?;
    let custom = fields.peek("custom").is_some();
    fields.take("type");
    let inner = if custom { "custom" } else { "function" };
    let mut call = fields.object(inner)?.ok_or_else(|| fields.wrong(inner, "an object"))?;
    let name = call.required_text("name")?;
    let (arguments, kind) = if custom {
        (call.text("input")?.unwrap_or_default(), ToolCallKind::Custom)
    } else {
        (arguments(&mut call), ToolCallKind::Function)
    };
    let mut part = Part::new(Content::ToolCall(ToolCall { id: id.into(), name, arguments, kind }));
    part.extra = Extra::new(Format::OPENAI_CHAT, fields.rest());
    Ok(part)
}

/// Reads `arguments`: a string of JSON; some servers and clients write the object itself.
pub(crate) fn arguments(call: &mut Fields) -> String {
    match call.take("arguments") {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    }
}

/// Reads one element of `content`.
fn part(value: Value, path: String) -> Result<Part, RequestError> {
    let mut fields = Fields::new(value, path)?;
    let kind = fields.required_text("type")?;
    let cache = cache_hint(&mut fields);
    let content = match kind.as_str() {
        "text" | "input_text" | "output_text" => Part::text(fields.required_text("text")?).content,
        "refusal" => Content::Refusal(fields.required_text("refusal")?),
        "image_url" => image(&mut fields)?,
        "input_audio" => audio(&mut fields)?,
        "file" => document(&mut fields)?,
        _ => {
            let mut object = fields.rest();
            object.insert("type".to_owned(), Value::String(kind));
            let opaque = Opaque { format: Format::OPENAI_CHAT, value: Value::Object(object) };
            return Ok(Part { cache, ..Part::new(Content::Opaque(opaque)) });
        }
    };
    Ok(Part { content, cache, signature: None, extra: Extra::new(Format::OPENAI_CHAT, fields.rest()) })
}

fn image(fields: &mut Fields) -> Result<Content, RequestError> {
    // Some clients write the URL itself instead of an object that holds it.
    let (url, detail) = match fields.peek("image_url") {
        Some(Value::String(_)) => (fields.required_text("image_url")?, None),
        _ => {
            let mut image = fields.object("image_url")?.ok_or_else(|| fields.wrong("image_url", "an object"))?;
            (image.required_text("url")?, image.text("detail")?)
        }
    };
    let detail = detail.map(|word| match word.as_str() {
        "auto" => ImageDetail::Auto,
        "low" => ImageDetail::Low,
        "high" => ImageDetail::High,
        _ => ImageDetail::Other(word),
    });
    Ok(Content::Image(Image { source: source_of_url(url), detail }))
}

fn audio(fields: &mut Fields) -> Result<Content, RequestError> {
    let mut audio = fields.object("input_audio")?.ok_or_else(|| fields.wrong("input_audio", "an object"))?;
    let media_type = audio_media_type(&audio.required_text("format")?);
    let source = MediaSource::Base64 { media_type, data: audio.required_text("data")? };
    Ok(Content::Audio(Audio { source, transcript: None, id: None, expires_at: None }))
}

fn document(fields: &mut Fields) -> Result<Content, RequestError> {
    let mut file = fields.object("file")?.ok_or_else(|| fields.wrong("file", "an object"))?;
    let filename = file.text("filename")?;
    let source = match (file.text("file_data")?, file.text("file_id")?) {
        (Some(data), _) if data.starts_with("data:") => source_of_url(data),
        // Bare base64: only PDF files are documented.
        (Some(data), _) => MediaSource::Base64 { media_type: "application/pdf".to_owned(), data },
        (None, Some(id)) => MediaSource::File { id, issuer: Format::OPENAI_CHAT },
        (None, None) => return Err(file.wrong("file_data", "there, or `file_id`")),
    };
    Ok(Content::Document(Document { source, filename, context: None, citations: None }))
}

/// Reads Anthropic's `cache_control`, which gateways have added to this format. One that cannot be read is left where it is.
pub(crate) fn cache_hint(fields: &mut Fields) -> Option<CacheHint> {
    let control = fields.peek("cache_control")?;
    if control.get("type")?.as_str()? != "ephemeral" {
        return None;
    }
    let hint = match control.get("ttl").and_then(Value::as_str) {
        None => CacheHint::Standard,
        Some("5m") => CacheHint::FiveMinutes,
        Some("1h") => CacheHint::OneHour,
        Some(_) => return None,
    };
    fields.take("cache_control");
    Some(hint)
}
