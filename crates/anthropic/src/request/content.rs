//! Parts → content blocks.

use std::borrow::Cow;

use serde_json::{Map, Value, json, value::RawValue};
use tollgate_model::{
    Content, Losses, Part, RequestError,
    message::{
        Citation, Document, Image, ImageDetail, MediaSource, Reasoning, Text, ToolCall, ToolCallKind,
        ToolResult,
    },
};

use super::{FORMAT, cache::control, extra_fields};
use crate::{
    names::wire_tool_name,
    wire::{Block, CitationsConfig, ExtraFields, Input, Place, Source},
};

/// A part of a system message: text only.
pub(super) fn system<'a>(place: Place, part: &'a Part, losses: &mut Losses) -> Option<Block<'a>> {
    match &part.content {
        Content::Text(content) => text(place, part, content, losses),
        _ => {
            losses.dropped(place.to_string(), "a system message holds text only");
            None
        }
    }
}

/// A part of a user's message, or of a tool's result.
pub(super) fn user<'a>(
    place: Place,
    part: &'a Part,
    losses: &mut Losses,
) -> Result<Option<Block<'a>>, RequestError> {
    Ok(match &part.content {
        Content::Text(content) => text(place, part, content, losses),
        Content::Image(content) => Some(image(place, part, content, losses)?),
        Content::Document(content) => Some(document(place, part, content, losses)?),
        Content::Opaque(block) if block.format == FORMAT => Some(opaque(place, part, &block.value, losses)),
        Content::Opaque(block) => {
            losses.dropped(place.to_string(), format!("a block of {} only", block.format));
            None
        }
        Content::Audio(_) => {
            return Err(RequestError::invalid_field(place.to_string(), "the provider does not take sound"));
        }
        Content::Refusal(words) => refusal(place, words, losses),
        Content::Reasoning(_) => {
            losses.dropped(place.to_string(), "reasoning is the assistant's");
            None
        }
        _ => {
            return Err(RequestError::invalid_field(
                place.to_string(),
                "such a part cannot stand in this message",
            ));
        }
    })
}

/// A part of an assistant's message that is no tool call.
pub(super) fn assistant<'a>(place: Place, part: &'a Part, losses: &mut Losses) -> Option<Block<'a>> {
    match &part.content {
        Content::Text(content) => text(place, part, content, losses),
        Content::Refusal(words) => refusal(place, words, losses),
        Content::Reasoning(content) => reasoning(place, part, content, losses),
        Content::Opaque(block) if block.format == FORMAT => Some(opaque(place, part, &block.value, losses)),
        Content::Opaque(block) => {
            losses.dropped(place.to_string(), format!("a block of {} only", block.format));
            None
        }
        Content::Audio(tollgate_model::message::Audio { transcript: Some(words), .. })
            if !words.trim().is_empty() =>
        {
            losses.approximated(place.to_string(), "sound is sent as its transcript");
            Some(Block::text(words.as_str()))
        }
        _ => {
            losses.dropped(place.to_string(), "an assistant's message cannot hold this");
            None
        }
    }
}

fn text<'a>(place: Place, part: &'a Part, content: &'a Text, losses: &mut Losses) -> Option<Block<'a>> {
    if content.text.trim().is_empty() {
        if !content.text.is_empty() || part.cache.is_some() {
            losses.dropped(place.to_string(), "a blank text is refused");
        }
        return None;
    }
    lose_signature(place, part, losses);
    let citations = content.citations.iter().enumerate();
    Some(Block::Text {
        text: Cow::Borrowed(&content.text),
        citations: citations
            .filter_map(|(index, value)| {
                let written = own_citation(value).filter(is_provable);
                if written.is_none() {
                    losses.dropped(format!("{place}.citations[{index}]"), "a citation of another format");
                }
                written
            })
            .collect(),
        cache_control: control(part.cache, &part.extra, place),
        extra: extra(part, &["type", "text", "citations", "cache_control"], place, losses),
    })
}

/// Writes a citation back as it was. One of another format cannot be made into one of this.
pub(crate) fn own_citation(citation: &Citation) -> Option<Map<String, Value>> {
    let mut written = citation.extra.fields(&FORMAT)?.clone();
    let of_document = match written.get("type")?.as_str()? {
        "char_location" | "page_location" | "content_block_location" => true,
        "web_search_result_location" => {
            written.insert("url".to_owned(), json!(citation.url));
            false
        }
        _ => false,
    };
    written.insert("cited_text".to_owned(), json!(citation.cited_text.as_deref().unwrap_or_default()));
    let title = if of_document { "document_title" } else { "title" };
    written.insert(title.to_owned(), json!(citation.title));
    Some(written)
}

/// A search result whose index the vendor did not make is refused.
fn is_provable(citation: &Map<String, Value>) -> bool {
    citation.get("encrypted_index").is_none_or(|index| index != "")
}

fn refusal<'a>(place: Place, words: &'a str, losses: &mut Losses) -> Option<Block<'a>> {
    if words.trim().is_empty() {
        losses.dropped(place.to_string(), "a blank text is refused");
        return None;
    }
    losses.approximated(place.to_string(), "a refusal is sent as text");
    Some(Block::text(words))
}

/// Reasoning goes back to its issuer unchanged. Anyone else's cannot be sent: the signature is checked.
fn reasoning<'a>(
    place: Place,
    part: &'a Part,
    content: &'a Reasoning,
    losses: &mut Losses,
) -> Option<Block<'a>> {
    let own = part.signature.as_ref().filter(|signature| signature.issuer == FORMAT);
    let block = match (own, &content.encrypted) {
        (Some(_), Some(data)) => Block::RedactedThinking { data },
        (Some(own), None) if !own.value.is_empty() => {
            Block::Thinking { thinking: &content.text, signature: &own.value }
        }
        _ => {
            losses.dropped(place.to_string(), "reasoning that the provider did not sign is refused");
            return None;
        }
    };
    if part.cache.is_some() {
        losses.dropped(format!("{place}.cache"), "reasoning cannot end a cached prefix");
    }
    if !part.extra.is_empty() {
        part.extra.lose_all(&place.to_string(), losses);
    }
    Some(block)
}

fn opaque<'a>(place: Place, part: &Part, block: &'a Value, losses: &mut Losses) -> Block<'a> {
    if part.cache.is_some() && block.get("cache_control").is_none() {
        losses.dropped(format!("{place}.cache"), "the block is sent exactly as it stands");
    }
    Block::Opaque(block)
}

/// A call in the assistant's message.
pub(super) fn tool_use<'a>(
    place: Place,
    part: &'a Part,
    call: &'a ToolCall,
    id: Cow<'a, str>,
    losses: &mut Losses,
) -> Block<'a> {
    lose_signature(place, part, losses);
    let input = match call.kind {
        ToolCallKind::Custom => Input::Custom { input: &call.arguments },
        ToolCallKind::Function => input(place, &call.arguments, losses),
    };
    Block::ToolUse {
        id,
        name: wire_tool_name(&call.name),
        input,
        cache_control: control(part.cache, &part.extra, place),
        extra: extra(part, &["type", "id", "name", "input", "cache_control"], place, losses),
    }
}

fn input<'a>(place: Place, arguments: &'a str, losses: &mut Losses) -> Input<'a> {
    let trimmed = arguments.trim();
    if trimmed.is_empty() {
        return Input::Empty {};
    }
    match serde_json::from_str::<&RawValue>(trimmed) {
        Ok(raw) if trimmed.starts_with('{') => Input::Raw(raw),
        _ => {
            losses.approximated(
                format!("{place}.arguments"),
                "arguments that are no JSON object are sent as one text, `unparsed_arguments`",
            );
            Input::Unparsed { unparsed_arguments: arguments }
        }
    }
}

/// A result in the user's turn.
pub(super) fn tool_result<'a>(
    place: Place,
    part: &'a Part,
    result: &'a ToolResult,
    tool_use_id: Cow<'a, str>,
    losses: &mut Losses,
) -> Result<Block<'a>, RequestError> {
    let mut content = Vec::with_capacity(result.parts.len());
    for (index, inner) in result.parts.iter().enumerate() {
        let place = match place {
            Place::Part(message, part) => Place::Nested(message, part, index),
            other => other,
        };
        content.extend(user(place, inner, losses)?);
    }
    Ok(Block::ToolResult {
        tool_use_id,
        content,
        is_error: result.is_error,
        cache_control: control(part.cache, &part.extra, place),
        extra: extra(part, &["type", "tool_use_id", "content", "is_error", "cache_control"], place, losses),
    })
}

fn image<'a>(
    place: Place,
    part: &'a Part,
    image: &'a Image,
    losses: &mut Losses,
) -> Result<Block<'a>, RequestError> {
    if image.detail.as_ref().is_some_and(|detail| *detail != ImageDetail::Auto) {
        losses.dropped(format!("{place}.detail"), "pictures are always looked at in full");
    }
    let source = match &image.source {
        MediaSource::Base64 { media_type, data } => {
            Source::Base64 { media_type: image_type(media_type), data }
        }
        MediaSource::Url { url, .. } => Source::Url { url },
        MediaSource::File { id, issuer } if *issuer == FORMAT => Source::File { file_id: id },
        MediaSource::File { issuer, .. } => return Err(foreign_file(place, issuer.as_str())),
        MediaSource::Text { .. } => {
            return Err(RequestError::invalid_field(place.to_string(), "text is no picture"));
        }
    };
    Ok(Block::Image {
        source,
        cache_control: control(part.cache, &part.extra, place),
        extra: extra(part, &["type", "source", "cache_control"], place, losses),
    })
}

/// The name that the format knows a picture's type by.
fn image_type(media_type: &str) -> &str {
    if media_type.eq_ignore_ascii_case("image/jpg") { "image/jpeg" } else { media_type }
}

fn foreign_file(place: Place, issuer: &str) -> RequestError {
    RequestError::invalid_field(place.to_string(), format!("the file is stored at another vendor ({issuer})"))
}

fn document<'a>(
    place: Place,
    part: &'a Part,
    document: &'a Document,
    losses: &mut Losses,
) -> Result<Block<'a>, RequestError> {
    const PLAIN: &str = "text/plain";
    let source = match &document.source {
        MediaSource::Base64 { media_type, data } => {
            match base64_kind(media_type, document.filename.as_deref()) {
                Base64Kind::Pdf => Source::Base64 { media_type: "application/pdf", data },
                Base64Kind::Image => {
                    let source = Source::Base64 { media_type: image_type(media_type), data };
                    let extra = ExtraFields::default();
                    return Ok(Block::Image {
                        source,
                        cache_control: control(part.cache, &part.extra, place),
                        extra,
                    });
                }
                Base64Kind::Text => {
                    let text = decode_base64(data).and_then(|bytes| String::from_utf8(bytes).ok());
                    let text = text.ok_or_else(|| {
                        RequestError::invalid_field(place.to_string(), "the document is no text in base64")
                    })?;
                    Source::Text { media_type: PLAIN, data: Cow::Owned(text) }
                }
                Base64Kind::Other => {
                    return Err(RequestError::invalid_field(
                        place.to_string(),
                        format!("the provider takes PDF and text documents, not `{media_type}`"),
                    ));
                }
            }
        }
        MediaSource::Url { url, .. } => Source::Url { url },
        MediaSource::File { id, issuer } if *issuer == FORMAT => Source::File { file_id: id },
        MediaSource::File { issuer, .. } => return Err(foreign_file(place, issuer.as_str())),
        MediaSource::Text { text } => Source::Text { media_type: PLAIN, data: Cow::Borrowed(text) },
    };
    Ok(Block::Document {
        source,
        title: document.filename.as_deref(),
        context: document.context.as_deref(),
        citations: document.citations.map(|enabled| CitationsConfig { enabled }),
        cache_control: control(part.cache, &part.extra, place),
        extra: extra(
            part,
            &["type", "source", "title", "context", "citations", "cache_control"],
            place,
            losses,
        ),
    })
}

enum Base64Kind {
    Pdf,
    Image,
    Text,
    Other,
}

fn base64_kind(media_type: &str, filename: Option<&str>) -> Base64Kind {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let is_pdf = || filename.is_some_and(|name| name.to_ascii_lowercase().ends_with(".pdf"));
    match media_type {
        "application/pdf" => Base64Kind::Pdf,
        "" | "application/octet-stream" if is_pdf() => Base64Kind::Pdf,
        "application/json" | "application/xml" | "application/yaml" => Base64Kind::Text,
        _ if media_type.starts_with("text/") => Base64Kind::Text,
        _ if media_type.starts_with("image/") => Base64Kind::Image,
        _ => Base64Kind::Other,
    }
}

/// Reads standard base64, padded or not.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for digit in chunk {
            group = group << 6 | u32::from(base64_digit(*digit)?);
        }
        match chunk.len() {
            4 => bytes.extend_from_slice(&group.to_be_bytes()[1..]),
            3 => bytes.extend_from_slice(&(group << 6).to_be_bytes()[1..3]),
            2 => bytes.extend_from_slice(&(group << 12).to_be_bytes()[1..2]),
            _ => return None,
        }
    }
    Some(bytes)
}

const fn base64_digit(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// A signature of another vendor on something that needs none is left out: it is that vendor's bookkeeping.
fn lose_signature(place: Place, part: &Part, losses: &mut Losses) {
    if part.signature.is_some() {
        losses.dropped(format!("{place}.signature"), "only reasoning is signed");
    }
}

fn extra<'a>(part: &'a Part, written: &[&str], place: Place, losses: &mut Losses) -> ExtraFields<'a> {
    extra_fields(&part.extra, written, || place.to_string(), losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for (text, bytes) in [("", ""), ("YQ==", "a"), ("YQ", "a"), ("YWI=", "ab"), ("YWJj", "abc")] {
            assert_eq!(decode_base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(decode_base64("a"), None);
        assert_eq!(decode_base64("a*bc"), None);
    }
}
