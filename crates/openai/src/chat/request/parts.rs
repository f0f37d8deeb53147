//! Content parts → canonical. Questions and answers share them.

use serde::de::Error;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Format, Part,
    message::{Audio, CacheHint, Document, Image, MediaSource, Opaque},
};

use crate::chat::{
    media,
    response::thinking_part,
    wire::{CacheControl, ContentPart, FileSource, ImageUrl, InputAudio, Text},
};

/// Reads a content part. One of an unknown type is kept whole.
pub(in crate::chat) fn read_part(mut wire: ContentPart<'_>) -> serde_json::Result<Part> {
    let mut extra = Map::new();
    let kind = wire.kind.take();
    let content = match kind.as_deref() {
        Some("text") => {
            let text = wire.text.take().ok_or_else(|| serde_json::Error::custom("`text` is missing"))?;
            return finish(Part::text(text.into_owned()), wire, extra);
        }
        Some("refusal") => wire.refusal.take().map(|text| Content::Refusal(text.into_owned())),
        Some("image_url") => wire.image_url.take().map(|raw| image(raw, &mut extra)).transpose()?,
        Some("input_audio") => wire.input_audio.take().map(|raw| sound(raw, &mut extra)).transpose()?,
        Some("file") => match wire.file.map(|raw| file(raw, &mut extra)).transpose()?.flatten() {
            Some(document) => {
                wire.file = None;
                Some(document)
            }
            None => None,
        },
        Some("thinking") => {
            let raw = wire.thinking.take();
            let part = raw.map(thinking_part).transpose()?;
            part.map(|part| part.content)
        }
        _ => None,
    };
    match content {
        Some(content) => finish(Part::new(content), wire, extra),
        None => {
            Ok(Part::new(Content::Opaque(Opaque { format: Format::OPENAI_CHAT, value: whole(kind, wire)? })))
        }
    }
}

/// Adds what any part may carry.
fn finish(mut part: Part, wire: ContentPart<'_>, mut extra: Map<String, Value>) -> serde_json::Result<Part> {
    if let Some(raw) = wire.cache_control {
        part.cache = cache_hint(raw);
        if part.cache.is_none() {
            extra.insert("cache_control".to_owned(), serde_json::from_str(raw.get())?);
        }
    }
    let others = [
        ("image_url", wire.image_url),
        ("input_audio", wire.input_audio),
        ("file", wire.file),
        ("thinking", wire.thinking),
    ];
    for (name, raw) in others {
        if let Some(raw) = raw {
            extra.insert(name.to_owned(), serde_json::from_str(raw.get())?);
        }
    }
    if !wire.rest.is_empty() {
        extra.extend(wire.rest.into_map());
    }
    part.extra = Extra::new(Format::OPENAI_CHAT, extra);
    Ok(part)
}

/// Puts a part together again.
fn whole(kind: Option<Text<'_>>, wire: ContentPart<'_>) -> serde_json::Result<Value> {
    let mut object = Map::new();
    object.extend(kind.map(|kind| ("type".to_owned(), Value::from(&*kind))));
    object.extend(wire.text.map(|text| ("text".to_owned(), Value::from(&*text))));
    object.extend(wire.refusal.map(|text| ("refusal".to_owned(), Value::from(&*text))));
    let raw = [
        ("image_url", wire.image_url),
        ("input_audio", wire.input_audio),
        ("file", wire.file),
        ("thinking", wire.thinking),
        ("cache_control", wire.cache_control),
    ];
    for (name, raw) in raw {
        if let Some(raw) = raw {
            object.insert(name.to_owned(), serde_json::from_str(raw.get())?);
        }
    }
    object.extend(wire.rest.into_map());
    Ok(Value::Object(object))
}

/// Reads Anthropic's `cache_control`, which gateways take in this format too. `None` for what is none of its shapes.
pub(super) fn cache_hint(raw: &RawValue) -> Option<CacheHint> {
    let control: CacheControl<'_> = serde_json::from_str(raw.get()).ok()?;
    if control.kind.as_deref() != Some("ephemeral") || !control.rest.is_empty() {
        return None;
    }
    match control.ttl.as_deref() {
        None => Some(CacheHint::Standard),
        Some("5m") => Some(CacheHint::FiveMinutes),
        Some("1h") => Some(CacheHint::OneHour),
        Some(_) => None,
    }
}

fn image(raw: &RawValue, extra: &mut Map<String, Value>) -> serde_json::Result<Content> {
    // Some servers, and so some clients, write the address alone.
    let wire = if raw.get().starts_with('"') {
        ImageUrl { url: Some(serde_json::from_str(raw.get())?), ..ImageUrl::default() }
    } else {
        serde_json::from_str(raw.get())?
    };
    let url = wire.url.ok_or_else(|| serde_json::Error::custom("`image_url.url` is missing"))?;
    super::decode::nest(extra, "image_url", wire.rest.into_map());
    Ok(Content::Image(Image {
        source: media::source_of(url.0),
        detail: wire.detail.map(|word| media::detail(&word)),
    }))
}

fn sound(raw: &RawValue, extra: &mut Map<String, Value>) -> serde_json::Result<Content> {
    let wire: InputAudio<'_> = serde_json::from_str(raw.get())?;
    let missing = |name| serde_json::Error::custom(format_args!("`input_audio.{name}` is missing"));
    let data = wire.data.ok_or_else(|| missing("data"))?.into_owned();
    let format = wire.format.ok_or_else(|| missing("format"))?;
    super::decode::nest(extra, "input_audio", wire.rest.into_map());
    let source = MediaSource::Base64 { media_type: media::audio_media_type(&format), data };
    Ok(Content::Audio(Audio { source, transcript: None, id: None, expires_at: None }))
}

/// Reads a file by id or with its bytes. `None` for other ways, which only some server knows.
fn file(raw: &RawValue, extra: &mut Map<String, Value>) -> serde_json::Result<Option<Content>> {
    let wire: FileSource<'_> = serde_json::from_str(raw.get())?;
    let source = match (wire.file_id, wire.file_data) {
        (Some(id), None) => MediaSource::File { id: id.into_owned(), issuer: Format::OPENAI_CHAT },
        (None, Some(data)) => match media::split_data_url(&data) {
            Some((media_type, data)) => {
                MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
            }
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    super::decode::nest(extra, "file", wire.rest.into_map());
    let filename = wire.filename.map(Text::into_owned);
    Ok(Some(Content::Document(Document { source, filename, context: None, citations: None })))
}
