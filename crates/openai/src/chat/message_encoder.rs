//! Messages, written for a provider of this format.

use serde_json::{Map, Value, json};
use tollgate_model::{
    Content, Format, Losses, Message, Part, RequestError, Role,
    message::{Audio, Document, Image, ImageDetail, MediaSource, ToolCall, ToolCallKind, ToolResult},
};

use super::media::{audio_format, data_url};
use crate::quirks::Quirks;

/// Writes all messages.
pub(crate) fn encode_messages(
    quirks: &Quirks,
    messages: &[Message],
    losses: &mut Losses,
) -> Result<Vec<Value>, RequestError> {
    let mut writer = Writer { quirks, losses, messages: Vec::with_capacity(messages.len()), pictures: Vec::new() };
    for (index, message) in messages.iter().enumerate() {
        writer.message(message, &format!("messages[{index}]"))?;
    }
    writer.show_pictures();
    Ok(writer.messages)
}

struct Writer<'a> {
    quirks: &'a Quirks,
    losses: &'a mut Losses,
    messages: Vec<Value>,
    /// Pictures in tool results, which may hold text only: shown by the user once all results of the turn are told.
    pictures: Vec<Value>,
}

impl Writer<'_> {
    fn message(&mut self, message: &Message, path: &str) -> Result<(), RequestError> {
        if message.role != Role::Tool {
            self.show_pictures();
        }
        let mut object = match message.role {
            Role::System => self.speaker("system", message, path)?,
            Role::Developer if self.quirks.developer_role => self.speaker("developer", message, path)?,
            Role::Developer => self.speaker("system", message, path)?,
            Role::User => self.speaker("user", message, path)?,
            Role::Assistant => self.assistant(message, path)?,
            Role::Tool => return self.results(message, path),
        };
        if let Some(name) = &message.name {
            object.insert("name".to_owned(), name.as_str().into());
        }
        message.extra.write_into(&Format::OPENAI_CHAT, &mut object, path, self.losses);
        self.messages.push(object.into());
        Ok(())
    }

    fn speaker(&mut self, role: &str, message: &Message, path: &str) -> Result<Map<String, Value>, RequestError> {
        let mut parts = Vec::new();
        for (index, part) in message.parts.iter().enumerate() {
            parts.extend(self.part(part, &format!("{path}.parts[{index}]"))?);
        }
        Ok(Map::from_iter([("role".to_owned(), role.into()), ("content".to_owned(), simplest(parts))]))
    }

    /// Writes a part of a system's, developer's or user's message.
    fn part(&mut self, part: &Part, path: &str) -> Result<Option<Value>, RequestError> {
        self.attributes(part, path);
        let value = match &part.content {
            Content::Text(text) => json!({"type": "text", "text": text.text}),
            Content::Image(image) => picture(image, path)?,
            Content::Audio(audio) => sound(audio, path)?,
            Content::Document(document) => self.document(document, path)?,
            Content::Opaque(opaque) if opaque.format == Format::OPENAI_CHAT => opaque.value.clone(),
            _ => {
                self.losses.dropped(path, "the format has no such part here");
                return Ok(None);
            }
        };
        let Value::Object(mut object) = value else { return Ok(Some(value)) };
        part.extra.write_into(&Format::OPENAI_CHAT, &mut object, path, self.losses);
        Ok(Some(object.into()))
    }

    fn attributes(&mut self, part: &Part, path: &str) {
        if part.cache.is_some() {
            self.losses.dropped(format!("{path}.cache"), "the provider caches by itself");
        }
        if part.signature.is_some() {
            self.losses.dropped(format!("{path}.signature"), "the format has no place for it");
        }
    }

    fn document(&mut self, document: &Document, path: &str) -> Result<Value, RequestError> {
        if document.context.is_some() {
            self.losses.dropped(format!("{path}.context"), "the format has no place for it");
        }
        if document.citations == Some(true) {
            self.losses.dropped(format!("{path}.citations"), "the format cannot ask for them");
        }
        let mut file = Map::new();
        match &document.source {
            MediaSource::Base64 { media_type, data } => {
                file.insert("file_data".to_owned(), data_url(media_type, data).into());
                // The vendor requires a name beside the bytes.
                let name = document.filename.as_deref().unwrap_or("document");
                file.insert("filename".to_owned(), name.into());
            }
            MediaSource::File { id, issuer } if *issuer == Format::OPENAI_CHAT => {
                file.insert("file_id".to_owned(), id.as_str().into());
            }
            MediaSource::Text { text } => {
                self.losses.emulated(path, "as a text part");
                return Ok(json!({"type": "text", "text": text}));
            }
            MediaSource::Url { .. } | MediaSource::File { .. } => {
                return Err(RequestError::invalid_field(path, "a document can be sent to this provider only by its bytes"));
            }
        }
        Ok(json!({"type": "file", "file": file}))
    }

    fn assistant(&mut self, message: &Message, path: &str) -> Result<Map<String, Value>, RequestError> {
        let mut content = Vec::new();
        let mut calls = Vec::new();
        let mut reasoning = String::new();
        let mut object = Map::from_iter([("role".to_owned(), "assistant".into()), ("content".to_owned(), Value::Null)]);
        for (index, part) in message.parts.iter().enumerate() {
            let path = format!("{path}.parts[{index}]");
            self.attributes(part, &path);
            match &part.content {
                Content::Text(text) => {
                    if !text.citations.is_empty() {
                        self.losses.dropped(format!("{path}.citations"), "a request cannot hold them");
                    }
                    content.push(json!({"type": "text", "text": text.text}));
                }
                Content::Refusal(refusal) => {
                    object.insert("refusal".to_owned(), refusal.as_str().into());
                }
                Content::ToolCall(call) => calls.push(tool_call(call, part, &path, self.losses)),
                Content::Reasoning(thought) => {
                    if self.quirks.reasoning_field.is_none() || thought.encrypted.is_some() {
                        self.losses.dropped(&path, "the format cannot carry this reasoning");
                    } else {
                        reasoning.push_str(&thought.text);
                    }
                }
                Content::Audio(Audio { id: Some(id), .. }) => {
                    object.insert("audio".to_owned(), json!({"id": id}));
                }
                Content::Opaque(opaque) if opaque.format == Format::OPENAI_CHAT => content.push(opaque.value.clone()),
                _ => self.losses.dropped(&path, "the format has no such part in an answer"),
            }
            if !matches!(part.content, Content::ToolCall(_)) {
                part.extra.lose_unless(&Format::OPENAI_CHAT, &path, self.losses);
            }
        }
        if !content.is_empty() {
            object.insert("content".to_owned(), simplest(content));
        }
        if let (Some(field), false) = (self.quirks.reasoning_field, reasoning.is_empty()) {
            object.insert(field.to_owned(), reasoning.into());
        }
        if !calls.is_empty() {
            object.insert("tool_calls".to_owned(), calls.into());
        }
        Ok(object)
    }

    /// Writes results: one message each.
    fn results(&mut self, message: &Message, path: &str) -> Result<(), RequestError> {
        for (index, part) in message.parts.iter().enumerate() {
            let path = format!("{path}.parts[{index}]");
            self.attributes(part, &path);
            let Content::ToolResult(result) = &part.content else {
                self.losses.dropped(&path, "only results stand in a tool's message");
                continue;
            };
            if result.is_error == Some(true) {
                self.losses.dropped(format!("{path}.is_error"), "the format has no such flag; the text says it");
            }
            let content = self.result_content(result, &path)?;
            let mut object = Map::from_iter([
                ("role".to_owned(), "tool".into()),
                ("tool_call_id".to_owned(), result.id.as_str().into()),
                ("content".to_owned(), content),
            ]);
            message.extra.write_into(&Format::OPENAI_CHAT, &mut object, &path, self.losses);
            self.messages.push(object.into());
        }
        Ok(())
    }

    fn result_content(&mut self, result: &ToolResult, path: &str) -> Result<Value, RequestError> {
        let mut texts = Vec::new();
        for (index, part) in result.parts.iter().enumerate() {
            let path = format!("{path}.parts[{index}]");
            match &part.content {
                Content::Text(_) => texts.extend(self.part(part, &path)?),
                Content::Image(image) => {
                    self.losses.emulated(&path, "shown by the user after the results");
                    self.pictures.push(json!({"type": "text", "text": format!("Image of tool result {}:", result.id)}));
                    self.pictures.push(picture(image, &path)?);
                }
                _ => self.losses.dropped(&path, "a result holds text only"),
            }
        }
        Ok(if texts.is_empty() { "".into() } else { simplest(texts) })
    }

    fn show_pictures(&mut self) {
        if !self.pictures.is_empty() {
            let content = std::mem::take(&mut self.pictures);
            self.messages.push(json!({"role": "user", "content": content}));
        }
    }
}

/// A single plain text is written as a string, which every server understands.
fn simplest(mut parts: Vec<Value>) -> Value {
    if let [Value::Object(only)] = parts.as_mut_slice()
        && only.len() == 2
        && only.get("type").is_some_and(|kind| kind == "text")
        && let Some(text) = only.get_mut("text")
    {
        return text.take();
    }
    if parts.is_empty() { "".into() } else { parts.into() }
}

fn picture(image: &Image, path: &str) -> Result<Value, RequestError> {
    let url = match &image.source {
        MediaSource::Url { url, .. } => url.clone(),
        MediaSource::Base64 { media_type, data } => data_url(media_type, data),
        MediaSource::File { .. } | MediaSource::Text { .. } => {
            return Err(RequestError::invalid_field(path, "an image can be sent to this provider only by URL or by its bytes"));
        }
    };
    let mut object = Map::from_iter([("url".to_owned(), url.into())]);
    let detail = image.detail.as_ref().map(|detail| match detail {
        ImageDetail::Auto => "auto",
        ImageDetail::Low => "low",
        ImageDetail::High => "high",
        ImageDetail::Other(word) => word,
    });
    object.extend(detail.map(|detail| ("detail".to_owned(), detail.into())));
    Ok(json!({"type": "image_url", "image_url": object}))
}

fn sound(audio: &Audio, path: &str) -> Result<Value, RequestError> {
    let MediaSource::Base64 { media_type, data } = &audio.source else {
        return Err(RequestError::invalid_field(path, "sound can be sent to this provider only by its bytes"));
    };
    Ok(json!({"type": "input_audio", "input_audio": {"data": data, "format": audio_format(media_type)}}))
}

fn tool_call(call: &ToolCall, part: &Part, path: &str, losses: &mut Losses) -> Value {
    let mut object = Map::from_iter([("id".to_owned(), Value::from(call.id.as_str()))]);
    let (kind, inner) = match call.kind {
        ToolCallKind::Function => {
            // An empty input is `{}`: some servers parse it.
            let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
            ("function", json!({"name": call.name, "arguments": arguments}))
        }
        ToolCallKind::Custom => ("custom", json!({"name": call.name, "input": call.arguments})),
    };
    object.insert("type".to_owned(), kind.into());
    object.insert(kind.to_owned(), inner);
    part.extra.write_into(&Format::OPENAI_CHAT, &mut object, path, losses);
    object.into()
}
