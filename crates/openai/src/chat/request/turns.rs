//! Messages → `messages`.
//!
//! Results of tools are messages of their own and take text only. Their pictures, sounds and files go into a user message
//! that follows all results of the turn, since the vendor refuses anything between a call and its results.

use std::fmt;

use tollgate_model::{
    Content, Format, Message, Part, RequestError, Role,
    message::{CacheHint, Document, MediaSource, ToolResult},
};

use super::{LEGACY, encode::Encoder, tools::nested_fields};
use crate::chat::{
    Images, media,
    names::{wire_call_id, wire_tool_name},
    wire::{Array, Object},
};

mod assistant;

const FORMAT: Format = Format::OPENAI_CHAT;

/// Where a part stands. Becomes text only when there is a loss to name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    message: usize,
    part: usize,
    /// The part of a tool result.
    inner: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}].parts[{}]", self.message, self.part)?;
        match self.inner {
            Some(inner) => write!(f, ".parts[{inner}]"),
            None => Ok(()),
        }
    }
}

/// The pictures, sounds and files of tool results that wait for the end of the turn: the call's id, and a part.
type Carried<'a> = Vec<(&'a ToolResult, &'a Part)>;

pub(super) fn write<'a>(encoder: &mut Encoder<'a>, mut list: Array<'_>) {
    let mut carried = Carried::new();
    for (index, message) in encoder.request.messages.iter().enumerate() {
        encoder.write_results(&mut list, index, message, &mut carried);
        if message.role == Role::Tool {
            continue;
        }
        encoder.write_carried(&mut list, &mut carried);
        match message.role {
            Role::Assistant => encoder.write_assistant(&mut list, index, message),
            _ => encoder.write_turn(&mut list, index, message),
        }
    }
    encoder.write_carried(&mut list, &mut carried);
    list.end();
}

impl<'a> Encoder<'a> {
    /// Writes the tool results of a message, whoever's it is.
    fn write_results(
        &mut self,
        list: &mut Array<'_>,
        index: usize,
        message: &'a Message,
        carried: &mut Carried<'a>,
    ) {
        let mut first = true;
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            let Content::ToolResult(result) = &part.content else {
                if message.role == Role::Tool {
                    self.losses.dropped(place.to_string(), "only results stand in a tool's turn");
                }
                continue;
            };
            self.write_result(list, place, message, part, result, std::mem::take(&mut first), carried);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call, which would otherwise build a struct for itself"
    )]
    fn write_result(
        &mut self,
        list: &mut Array<'_>,
        place: Place,
        message: &Message,
        part: &Part,
        result: &'a ToolResult,
        first: bool,
        carried: &mut Carried<'a>,
    ) {
        self.lose_attributes(part, place);
        if result.is_error == Some(true) {
            self.losses.dropped(format!("{place}.is_error"), "the format does not say that a tool failed");
        }
        let legacy = part.extra.field(&FORMAT, LEGACY).is_some();
        let mut object = list.object();
        object.field("role", if legacy { "function" } else { "tool" });
        if !legacy {
            object.field("tool_call_id", &wire_call_id(&result.id, self.quirks.max_tool_call_id));
        }
        object.optional("name", result.name.as_deref().map(wire_tool_name));
        let mut texts = Vec::with_capacity(result.parts.len());
        for (inner, part) in result.parts.iter().enumerate() {
            let place = Place { inner: Some(inner), ..place };
            if is_media(part) {
                if self.admits(part, Role::User, place) {
                    self.losses.emulated(
                        place.to_string(),
                        "moved into a user message, since results take text only",
                    );
                    carried.push((result, part));
                }
            } else if !matches!(part.content, Content::Text(_) | Content::Document(_) | Content::Opaque(_)) {
                self.losses.dropped(place.to_string(), "results take text only");
            } else if self.admits(part, Role::Tool, place) {
                texts.push(part);
            }
        }
        self.write_content(&mut object, &texts);
        if self.quirks.cache_control {
            write_cache(&mut object, part.cache);
        }
        if first {
            message.extra.lose_unless(&FORMAT, &format!("messages[{}]", place.message), &mut self.losses);
            object.extra(message.extra.fields(&FORMAT));
        }
        object.skip(LEGACY).extra(part.extra.fields(&FORMAT));
        object.end();
    }

    fn write_carried(&self, list: &mut Array<'_>, carried: &mut Carried<'a>) {
        if carried.is_empty() {
            return;
        }
        let mut object = list.object();
        object.field("role", "user");
        let mut content = object.array("content");
        let mut last = None;
        for (result, part) in carried.drain(..) {
            if last != Some(&result.id) {
                let id = wire_call_id(&result.id, self.quirks.max_tool_call_id);
                let mut text = content.object();
                text.field("type", "text").field("text", &format!("Result of tool call {id}:"));
                text.end();
                last = Some(&result.id);
            }
            self.write_part(&mut content, part);
        }
        content.end();
        object.end();
    }

    /// Writes a system, developer or user message.
    fn write_turn(&mut self, list: &mut Array<'_>, index: usize, message: &Message) {
        let mut kept = Vec::with_capacity(message.parts.len());
        let mut results = 0;
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            if matches!(part.content, Content::ToolResult(_)) {
                results += 1;
            } else if self.admits(part, message.role, place) {
                self.lose_attributes(part, place);
                kept.push(part);
            }
        }
        // A turn of which nothing is left says nothing; one that was empty from the start is the client's affair.
        if kept.is_empty() && (!message.parts.is_empty() || results > 0) {
            return;
        }
        let mut object = list.object();
        object.field(
            "role",
            match message.role {
                Role::System => "system",
                Role::Developer if self.quirks.developer_role => "developer",
                Role::Developer => "system",
                _ => "user",
            },
        );
        self.write_content(&mut object, &kept);
        object.optional("name", message.name.as_deref());
        message.extra.lose_unless(&FORMAT, &format!("messages[{index}]"), &mut self.losses);
        if results == 0 {
            object.extra(message.extra.fields(&FORMAT));
        }
        object.end();
    }

    /// Writes `content`: a single plain text as a string, anything else as an array.
    fn write_content(&self, object: &mut Object<'_>, parts: &[&Part]) {
        match parts {
            [] => {
                object.field("content", "");
            }
            [part] if part.extra.is_empty() && (part.cache.is_none() || !self.quirks.cache_control) => {
                if let Some(text) = plain_text(part) {
                    object.field("content", text);
                } else {
                    self.write_parts(object, parts);
                }
            }
            _ => self.write_parts(object, parts),
        }
    }

    fn write_parts(&self, object: &mut Object<'_>, parts: &[&Part]) {
        let mut content = object.array("content");
        for part in parts {
            self.write_part(&mut content, part);
        }
        content.end();
    }

    /// Tells whether a part can be written into a message of that role. If not, names the loss, or refuses the request.
    fn admits(&mut self, part: &Part, role: Role, place: Place) -> bool {
        let user = role == Role::User;
        let refusal = match &part.content {
            Content::Text(text) => {
                if !text.citations.is_empty() {
                    self.losses.dropped(format!("{place}.citations"), "the format takes no citations back");
                }
                return true;
            }
            Content::Image(image) if user => match (&image.source, self.quirks.images) {
                (_, Images::None) => "the server takes no pictures",
                (MediaSource::Base64 { .. }, _) => return true,
                (MediaSource::Url { url, .. }, Images::InlineOnly) if !url.starts_with("data:") => {
                    "the server fetches no pictures"
                }
                (MediaSource::Url { .. }, _) => return true,
                (MediaSource::File { .. } | MediaSource::Text { .. }, _) => {
                    "the format takes pictures inline or by address"
                }
            },
            Content::Audio(audio) if user => match &audio.source {
                MediaSource::Base64 { .. } if self.quirks.audio_input => return true,
                MediaSource::Base64 { .. } => "the server takes no sound",
                _ => "the format takes sound inline only",
            },
            Content::Document(document) => match self.admits_document(document, user, place) {
                Ok(()) => return true,
                Err(why) => why,
            },
            Content::Opaque(opaque) if opaque.format == FORMAT => return true,
            Content::Opaque(_) => "a part of another format",
            Content::Reasoning(_) | Content::Refusal(_) | Content::ToolCall(_) => "only the model says such",
            _ => "the format takes it from users only",
        };
        if user && is_media(part) {
            self.refused.get_or_insert_with(|| RequestError::invalid_field(place.to_string(), refusal));
        } else {
            self.losses.dropped(place.to_string(), refusal);
        }
        false
    }

    fn admits_document(&mut self, document: &Document, user: bool, place: Place) -> Result<(), &'static str> {
        match &document.source {
            MediaSource::Text { .. } => {
                self.losses.emulated(place.to_string(), "sent as text");
            }
            _ if !user => return Err("the format takes files from users only"),
            _ if !self.quirks.documents => return Err("the server takes no files"),
            MediaSource::Base64 { .. } => {}
            MediaSource::File { issuer, .. } if *issuer == FORMAT || *issuer == Format::OPENAI_RESPONSES => {}
            MediaSource::File { .. } => return Err("a file in another vendor's store"),
            MediaSource::Url { .. } => return Err("the format takes no files by address"),
        }
        if document.context.is_some() {
            self.losses.dropped(format!("{place}.context"), "the format says nothing about a file");
        }
        if document.citations == Some(true) {
            self.losses.dropped(format!("{place}.citations"), "the format cites no files");
        }
        Ok(())
    }

    /// Names the attributes of a part that the format has no place for.
    fn lose_attributes(&mut self, part: &Part, place: Place) {
        if part.signature.is_some() {
            self.losses.dropped(format!("{place}.signature"), "the format has no signatures");
        }
        if part.cache.is_some() && !self.quirks.cache_control {
            self.losses.dropped(format!("{place}.cache"), "the provider chooses by itself what is cached");
        }
        part.extra.lose_unless(&FORMAT, &place.to_string(), &mut self.losses);
    }

    /// Writes a part that was admitted.
    fn write_part(&self, content: &mut Array<'_>, part: &Part) {
        let extra = part.extra.fields(&FORMAT);
        if let Content::Opaque(opaque) = &part.content {
            return content.element(&opaque.value);
        }
        let mut object = content.object();
        match &part.content {
            Content::Image(image) => {
                object.field("type", "image_url");
                let mut nested = object.object("image_url");
                match &image.source {
                    MediaSource::Base64 { media_type, data } => {
                        nested.field("url", &media::data_url(media_type, data))
                    }
                    MediaSource::Url { url, .. }
                    | MediaSource::Text { text: url }
                    | MediaSource::File { id: url, .. } => nested.field("url", url),
                };
                nested.optional("detail", image.detail.as_ref().map(media::detail_word));
                nested.extra(nested_fields(extra, "image_url"));
                nested.end();
            }
            Content::Audio(audio) => {
                object.field("type", "input_audio");
                if let MediaSource::Base64 { media_type, data } = &audio.source {
                    let mut nested = object.object("input_audio");
                    nested.field("data", data).field("format", media::audio_format(media_type));
                    nested.extra(nested_fields(extra, "input_audio"));
                    nested.end();
                }
            }
            Content::Document(document) if !matches!(document.source, MediaSource::Text { .. }) => {
                object.field("type", "file");
                write_file(object.object("file"), document, part);
            }
            Content::Refusal(text) => {
                object.field("type", "refusal").field("refusal", text);
            }
            _ => {
                object.field("type", "text").field("text", plain_text(part).unwrap_or_default());
            }
        }
        if self.quirks.cache_control {
            write_cache(&mut object, part.cache);
        }
        object.extra(extra);
        object.end();
    }
}

fn write_file(mut object: Object<'_>, document: &Document, part: &Part) {
    match &document.source {
        MediaSource::Base64 { media_type, data } => {
            object.field("file_data", &media::data_url(media_type, data));
            object.field(
                "filename",
                document.filename.as_deref().unwrap_or_else(|| media::filename(media_type)),
            );
        }
        MediaSource::File { id, .. } => {
            object.field("file_id", id).optional("filename", document.filename.as_deref());
        }
        MediaSource::Url { .. } | MediaSource::Text { .. } => {}
    }
    object.extra(nested_fields(part.extra.fields(&FORMAT), "file"));
    object.end();
}

/// Whether a part is something to look at, to hear or to read; a document of plain text is text.
fn is_media(part: &Part) -> bool {
    match &part.content {
        Content::Image(_) | Content::Audio(_) => true,
        Content::Document(document) => !matches!(document.source, MediaSource::Text { .. }),
        _ => false,
    }
}

fn plain_text(part: &Part) -> Option<&str> {
    match &part.content {
        Content::Text(text) => Some(&text.text),
        Content::Document(Document { source: MediaSource::Text { text }, .. }) => Some(text),
        _ => None,
    }
}

/// Writes `cache_control`, for servers that take it.
pub(super) fn write_cache(object: &mut Object<'_>, hint: Option<CacheHint>) {
    let Some(hint) = hint else { return };
    let mut control = object.object("cache_control");
    control.field("type", "ephemeral");
    match hint {
        CacheHint::Standard => {}
        CacheHint::FiveMinutes => {
            control.field("ttl", "5m");
        }
        CacheHint::OneHour => {
            control.field("ttl", "1h");
        }
    }
    control.end();
}
