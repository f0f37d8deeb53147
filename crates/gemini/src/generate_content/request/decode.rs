//! The body of a request → canonical.

mod contents;
mod generation;
mod parts;
mod tools;

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{ChatRequest, Extra, Message, ModelName, Part, RequestError, Role};

pub(super) use self::generation::reasoning;

use self::contents::Reader;
use crate::{
    generate_content::{
        FORMAT, notes,
        path::ModelPath,
        wire::client_request::{Content, CountTokensRequest, GenerateContentRequest},
    },
    read::{RawList, invalid},
};

/// The verb that asks for a stream.
const STREAM: &str = "streamGenerateContent";

/// Reads what a path says: the model, and whether a stream is asked for.
pub(crate) fn asked(path: &str) -> Result<(ModelName, bool), RequestError> {
    let asked = ModelPath::parse(path);
    let asked = asked.ok_or_else(|| RequestError::invalid_field("model", "the path names no model"))?;
    let stream = asked.verb == STREAM;
    Ok((asked.model, stream))
}

/// Reads a whole request.
pub(in crate::generate_content) fn decode(path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
    let (model, stream) = asked(path)?;
    let body = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let mut request = read(model, body, "")?;
    request.stream = stream;
    Ok(request)
}

/// Reads the body of `countTokens`: contents, or a whole request.
pub(in crate::generate_content) fn decode_count(
    path: &str,
    body: &[u8],
) -> Result<ChatRequest, RequestError> {
    let (model, _) = asked(path)?;
    let outer: CountTokensRequest<'_> = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    match outer.generate_content_request {
        Some(request) => read(model, request, "generateContentRequest."),
        None => {
            let body = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
            read(model, body, "")
        }
    }
}

/// Reads a part of a content that is embedded.
pub(crate) fn read_embedded_part(raw: &RawValue) -> serde_json::Result<Part> {
    parts::read_alone(raw)
}

fn read(
    model: ModelName,
    body: GenerateContentRequest<'_>,
    prefix: &str,
) -> Result<ChatRequest, RequestError> {
    let at = |name: &str| format!("{prefix}{name}");
    let mut extra = body.rest.parse().map_err(|error| invalid(prefix, &error))?;
    let contents =
        body.contents.ok_or_else(|| RequestError::invalid_field(at("contents"), "`contents` is missing"))?;
    let mut messages = Vec::with_capacity(contents.0.len() + 1);
    if let Some(raw) = body.system_instruction {
        messages.push(system(raw, &at("systemInstruction"))?);
    }
    let mut reader = Reader::new(messages);
    for (index, content) in contents.0.into_iter().enumerate() {
        reader.read(&format!("{}[{index}]", at("contents")), content)?;
    }
    let mut request = ChatRequest::new(model, reader.messages);
    request.tools = tools::decode(body.tools.unwrap_or_default(), &at("tools"))?;
    if let Some(config) = body.tool_config {
        request.tool_choice =
            tools::decode_config(config, &mut extra).map_err(|error| invalid(&at("toolConfig"), &error))?;
    }
    if let Some(config) = body.generation_config {
        generation::decode(config, &mut request, &mut extra)
            .map_err(|error| invalid(&at("generationConfig"), &error))?;
    }
    request.cache.content = body.cached_content.map(|name| name.into_owned());
    request.service_tier = body.service_tier.map(|word| word.among(&[]).to_ascii_lowercase());
    if let Some(labels) = body.labels {
        request.metadata = labels;
        extra.insert(notes::LABELS.to_owned(), Value::Bool(true));
    }
    request.extra = Extra::new(FORMAT, extra);
    Ok(request)
}

/// Reads `systemInstruction`: a turn, or a text alone.
fn system(raw: &RawValue, path: &str) -> Result<Message, RequestError> {
    let error = |error| invalid(path, &error);
    if raw.get().starts_with('"') {
        return Ok(Message::system(serde_json::from_str::<String>(raw.get()).map_err(error)?));
    }
    let content: Content<'_> = serde_json::from_str(raw.get()).map_err(error)?;
    let RawList(parts) = content.parts.unwrap_or_default();
    let mut message = Message::new(Role::System, Vec::with_capacity(parts.len()));
    for (index, raw) in parts.into_iter().enumerate() {
        let part = parts::read_alone(raw);
        message.parts.push(part.map_err(|error| invalid(&format!("{path}.parts[{index}]"), &error))?);
    }
    message.extra = Extra::new(FORMAT, content.rest.parse().map_err(error)?);
    Ok(message)
}

/// Keeps unknown fields of a nested object under the object's name.
fn nest(extra: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    if fields.is_empty() {
        return;
    }
    match extra.get_mut(name).and_then(Value::as_object_mut) {
        Some(known) => known.extend(fields),
        None => {
            extra.insert(name.to_owned(), Value::Object(fields));
        }
    }
}
