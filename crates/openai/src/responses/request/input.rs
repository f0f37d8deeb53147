//! Messages → `input` and `instructions`.
//!
//! What the model said becomes items in the order in which it was said. A result of a tool may hold pictures and files.

use std::{collections::HashSet, fmt};

use tollgate_model::{
    Content, Extra, Format, Message, Part, RequestError, Role,
    message::{Document, MediaSource, ToolResult},
};

use super::encode::Encoder;
use crate::{
    Images,
    names::{wire_call_id, wire_tool_name},
    responses::{
        notes::{self, BREAKPOINT, FORMAT, INSTRUCTIONS, ITEM, has},
        wire::{Array, Object},
    },
};

mod part;
mod said;

use part::{is_media, plain_text, write_part};

/// The longest id of an item that the vendor takes.
const MAX_ITEM_ID: usize = 63;

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

/// What is said of a call besides what answers it.
#[derive(Debug, Default)]
struct Calls<'a> {
    /// The calls with free-text input, whose results are items of another type.
    custom: HashSet<&'a str>,
}

pub(super) fn write<'a>(encoder: &mut Encoder<'a>, body: &mut Object<'_>) {
    let messages = &encoder.request.messages;
    let instructions = messages.iter().position(|message| instructions_of(message).is_some());
    if let Some(text) = instructions.and_then(|place| instructions_of(&messages[place])) {
        body.field("instructions", text);
    }
    let mut list = body.array("input");
    let mut calls = Calls::default();
    for (index, message) in messages.iter().enumerate() {
        if Some(index) != instructions {
            encoder.write_message(&mut list, index, message, &mut calls);
        }
    }
    list.end();
}

/// The text of a message that came as `instructions`, and still is one text.
fn instructions_of(message: &Message) -> Option<&str> {
    let [part] = message.parts.as_slice() else { return None };
    let plain = has(&message.extra, INSTRUCTIONS) && part.cache.is_none() && message.name.is_none();
    part.as_text().filter(|_| plain)
}

impl<'a> Encoder<'a> {
    fn write_message(
        &mut self,
        list: &mut Array<'_>,
        index: usize,
        message: &'a Message,
        calls: &mut Calls<'a>,
    ) {
        if message.name.is_some() {
            let why = "the format does not tell participants apart";
            self.losses.dropped(format!("messages[{index}].name"), why);
        }
        message.extra.lose_unless(&FORMAT, &format!("messages[{index}]"), &mut self.losses);
        self.write_results(list, index, message, calls);
        match message.role {
            Role::Tool => {}
            Role::Assistant => self.write_said(list, index, message, calls),
            _ => self.write_turn(list, index, message),
        }
    }

    /// Writes the tool results of a message, whoever's it is.
    fn write_results(&mut self, list: &mut Array<'_>, index: usize, message: &Message, calls: &Calls<'_>) {
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            match &part.content {
                Content::ToolResult(result) => self.write_result(list, place, part, result, calls),
                _ if message.role == Role::Tool => {
                    self.losses.dropped(place.to_string(), "only results stand in a tool's turn");
                }
                _ => {}
            }
        }
    }

    fn write_result(
        &mut self,
        list: &mut Array<'_>,
        place: Place,
        part: &Part,
        result: &ToolResult,
        calls: &Calls<'_>,
    ) {
        self.lose_attributes(part, place);
        if result.is_error == Some(true) {
            self.losses.dropped(format!("{place}.is_error"), "the format does not say that a tool failed");
        }
        let own_type = notes::object(&part.extra, ITEM).and_then(|own| own.get("type")?.as_str());
        let custom = self.quirks.custom_tools
            && (own_type == Some("custom_tool_call_output") || calls.custom.contains(result.id.as_str()));
        let (kind, prefix) =
            if custom { ("custom_tool_call_output", "ctc") } else { ("function_call_output", "fc") };
        let kept: Vec<&Part> = result
            .parts
            .iter()
            .enumerate()
            .filter(|(inner, part)| self.admits_in_result(part, Place { inner: Some(*inner), ..place }))
            .map(|(_, part)| part)
            .collect();
        let mut object = list.object();
        object.field("type", kind);
        object.field("call_id", &wire_call_id(&result.id, self.quirks.max_tool_call_id));
        // Where it is not taken, nothing is lost: the call says it.
        let name = result.name.as_deref().filter(|_| self.quirks.named_results);
        object.optional("name", name.map(wire_tool_name));
        self.write_content(&mut object, "output", &kept, Role::Tool);
        self.write_own(&mut object, &part.extra, prefix, place);
        object.end();
    }

    fn admits_in_result(&mut self, part: &Part, place: Place) -> bool {
        let sound = matches!(part.content, Content::Audio(_));
        if sound {
            self.losses.dropped(place.to_string(), "results hold texts, pictures and files");
            return false;
        }
        let admitted = self.admits(part, Role::Tool, place);
        if admitted {
            self.lose_attributes(part, place);
        }
        admitted
    }

    /// Writes a system, developer or user message, and what else the client says in it.
    fn write_turn(&mut self, list: &mut Array<'_>, index: usize, message: &Message) {
        let mut kept = Vec::with_capacity(message.parts.len());
        let mut others = 0;
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            match &part.content {
                Content::ToolResult(_) => others += 1,
                Content::Opaque(opaque) if opaque.format == FORMAT && !notes::in_message(part) => {
                    list.element(&opaque.value);
                    others += 1;
                }
                _ => {
                    if self.admits(part, message.role, place) {
                        self.lose_attributes(part, place);
                        kept.push(part);
                    }
                }
            }
        }
        // A turn of which nothing is left says nothing; one that was empty from the start is the client's affair.
        if kept.is_empty() && (!message.parts.is_empty() || others > 0) {
            return;
        }
        let mut object = list.object();
        let role = match message.role {
            Role::System => "system",
            Role::Developer if self.quirks.developer_role => "developer",
            Role::Developer => "system",
            _ => "user",
        };
        object.field("role", role);
        self.write_content(&mut object, "content", &kept, message.role);
        self.write_own(&mut object, &message.extra, "msg", Place { message: index, part: 0, inner: None });
        object.end();
    }

    /// Writes an item's own fields: its id, if the vendor can have given it, and what only this format has.
    fn write_own(&mut self, object: &mut Object<'_>, extra: &Extra, prefix: &str, place: Place) {
        for (name, value) in notes::object(extra, ITEM).into_iter().flatten() {
            match (name.as_str(), value.as_str()) {
                ("id", Some(id)) if !self.may_be_own(id, prefix) => {
                    self.losses.dropped(format!("{place}.id"), "not an id of this vendor");
                }
                ("id", _) => {
                    object.field("id", value);
                }
                ("status", _) => {
                    object.field("status", value);
                }
                ("type", Some("message")) => {
                    object.field("type", value);
                }
                _ => {}
            }
        }
        object.extra(extra.fields(&FORMAT));
    }

    /// Whether the vendor can have given an id to an item.
    fn may_be_own(&self, id: &str, prefix: &str) -> bool {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !self.quirks.checked_item_ids
            || (id.starts_with(prefix) && id.len() <= MAX_ITEM_ID && id.bytes().all(fits))
    }

    /// Writes a single plain text as a string, anything else as a list.
    fn write_content(&self, object: &mut Object<'_>, field: &'static str, parts: &[&Part], role: Role) {
        match parts {
            [] => {
                object.field(field, "");
            }
            [part] if plain_text(part).is_some() && part.extra.fields(&FORMAT).is_none() => {
                object.field(field, plain_text(part).unwrap_or_default());
            }
            _ => {
                let mut content = object.array(field);
                for part in parts {
                    write_part(&mut content, part, role);
                }
                content.end();
            }
        }
    }

    /// Tells whether a part can be written into a message of that role, or into a result. If not, names the loss, or
    /// refuses the request.
    fn admits(&mut self, part: &Part, role: Role, place: Place) -> bool {
        let shown = matches!(role, Role::User | Role::Tool);
        let refusal = match &part.content {
            Content::Text(text) => {
                if !text.citations.is_empty() && role != Role::Assistant {
                    self.losses.dropped(format!("{place}.citations"), "the format takes none from clients");
                }
                return true;
            }
            Content::Image(image) if shown => match (&image.source, self.quirks.images) {
                (_, Images::None) => "the server takes no pictures",
                (MediaSource::Base64 { .. }, _) => return true,
                (MediaSource::Url { url, .. }, Images::InlineOnly) if !url.starts_with("data:") => {
                    "the server fetches no pictures"
                }
                (MediaSource::Url { .. }, _) => return true,
                (MediaSource::File { issuer, .. }, _) if is_own(issuer) => return true,
                (MediaSource::File { .. }, _) => "a picture in another vendor's store",
                (MediaSource::Text { .. }, _) => "a picture is no text",
            },
            Content::Audio(audio) if shown => match &audio.source {
                MediaSource::Base64 { .. } if self.quirks.audio_input => return true,
                MediaSource::Base64 { .. } => "the server takes no sound",
                _ => "the format takes sound inline only",
            },
            Content::Document(document) => match self.admits_document(document, shown, place) {
                Ok(()) => return true,
                Err(why) => why,
            },
            Content::Opaque(opaque) if opaque.format == FORMAT => return true,
            Content::Opaque(_) => "a part of another format",
            Content::Reasoning(_) | Content::Refusal(_) | Content::ToolCall(_) => "only the model says such",
            _ => "the format takes it from users only",
        };
        if role == Role::User && is_media(part) {
            self.refused.get_or_insert_with(|| RequestError::invalid_field(place.to_string(), refusal));
        } else {
            self.losses.dropped(place.to_string(), refusal);
        }
        false
    }

    fn admits_document(
        &mut self,
        document: &Document,
        shown: bool,
        place: Place,
    ) -> Result<(), &'static str> {
        match &document.source {
            MediaSource::Text { .. } => {
                self.losses.emulated(place.to_string(), "sent as text");
            }
            _ if !shown => return Err("the format takes files from users only"),
            _ if !self.quirks.documents => return Err("the server takes no files"),
            MediaSource::Base64 { .. } | MediaSource::Url { .. } => {}
            MediaSource::File { issuer, .. } if is_own(issuer) => {}
            MediaSource::File { .. } => return Err("a file in another vendor's store"),
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
            self.losses.dropped(format!("{place}.signature"), "only reasoning is signed here");
        }
        if part.cache.is_some() && !has(&part.extra, BREAKPOINT) {
            self.losses.dropped(format!("{place}.cache"), "the provider chooses by itself what is cached");
        }
        part.extra.lose_unless(&FORMAT, &place.to_string(), &mut self.losses);
    }
}

/// Whether the vendor knows an id of its file store.
fn is_own(issuer: &Format) -> bool {
    *issuer == FORMAT || *issuer == Format::OPENAI_CHAT
}
