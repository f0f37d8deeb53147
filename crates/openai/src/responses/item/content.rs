//! The parts of a message, or of a tool's output → canonical.

use serde::de::Error;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Part,
    message::{Audio, CacheHint, Document, Image, MediaSource, Opaque},
    response::TokenLogprob,
};

use crate::{
    logprobs, media,
    responses::{
        citation,
        notes::{BREAKPOINT, CONTENT_PART, FORMAT, mark},
        wire::{ContentPart, InputAudio, Rest, Text, at_field},
    },
};

/// Reads a part. One of an unknown type is kept whole.
pub(super) fn read(
    mut wire: ContentPart<'_>,
    tokens: &mut Option<Vec<TokenLogprob>>,
) -> serde_json::Result<Part> {
    let kind = wire.kind.take();
    let content = match kind.as_deref() {
        Some("input_text" | "output_text" | "text") => text(&mut wire, tokens)?,
        Some("refusal") => wire.refusal.take().map(|text| Content::Refusal(text.into_owned())),
        Some("input_image") => image(&mut wire),
        Some("input_file") => file(&mut wire),
        Some("input_audio") => sound(&mut wire).map_err(|error| at_field("input_audio", &error))?,
        _ => None,
    };
    let Some(content) = content else {
        let value = Value::Object(whole(kind, wire));
        let mut part = Part::new(Content::Opaque(Opaque { format: FORMAT, value }));
        mark(&mut part, CONTENT_PART);
        return Ok(part);
    };
    let mut part = Part::new(content);
    let breakpoint = wire.prompt_cache_breakpoint.take();
    part.extra = Extra::new(FORMAT, whole(None, wire));
    if let Some(raw) = breakpoint {
        part.cache = Some(CacheHint::Standard);
        part.extra.insert(&FORMAT, BREAKPOINT, serde_json::from_str(raw.get())?);
    }
    Ok(part)
}

fn text(
    wire: &mut ContentPart<'_>,
    tokens: &mut Option<Vec<TokenLogprob>>,
) -> serde_json::Result<Option<Content>> {
    let text = wire.text.take().ok_or_else(|| serde_json::Error::custom("`text` is missing"))?;
    let mut text = tollgate_model::message::Text::new(text.into_owned());
    for raw in wire.annotations.take().unwrap_or_default().0 {
        text.citations.push(citation::decode(raw)?);
    }
    match (tokens, wire.logprobs) {
        (Some(tokens), Some(raw)) => {
            tokens.extend(logprobs::decode(serde_json::from_str(raw.get())?));
            wire.logprobs = None;
        }
        (None, Some(raw)) if raw.get() == "[]" => wire.logprobs = None,
        _ => {}
    }
    Ok(Some(Content::Text(text)))
}

fn image(wire: &mut ContentPart<'_>) -> Option<Content> {
    let source = match (wire.image_url.take(), wire.file_id.take()) {
        (Some(url), None) => media::source_of(url.0),
        (None, Some(id)) => MediaSource::File { id: id.into_owned(), issuer: FORMAT },
        (url, id) => {
            (wire.image_url, wire.file_id) = (url, id);
            return None;
        }
    };
    let detail = wire.detail.take().map(|word| media::detail(&word));
    Some(Content::Image(Image { source, detail }))
}

/// Reads a file by id, by address or with its bytes. `None` for bytes that do not say what they are.
fn file(wire: &mut ContentPart<'_>) -> Option<Content> {
    let source = match (&wire.file_id, &wire.file_url, &wire.file_data) {
        (Some(id), None, None) => MediaSource::File { id: id.to_string(), issuer: FORMAT },
        (None, Some(url), None) => MediaSource::Url { url: url.to_string(), media_type: None },
        (None, None, Some(data)) => {
            let (media_type, data) = media::split_data_url(data)?;
            MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        _ => return None,
    };
    (wire.file_id, wire.file_url, wire.file_data) = (None, None, None);
    let filename = wire.filename.take().map(Text::into_owned);
    Some(Content::Document(Document { source, filename, context: None, citations: None }))
}

fn sound(wire: &mut ContentPart<'_>) -> serde_json::Result<Option<Content>> {
    let Some(raw) = wire.input_audio else { return Ok(None) };
    let sound: InputAudio<'_> = serde_json::from_str(raw.get())?;
    let (Some(data), Some(format), true) = (sound.data, sound.format, sound.rest.is_empty()) else {
        return Ok(None);
    };
    wire.input_audio = None;
    let source =
        MediaSource::Base64 { media_type: media::audio_media_type(&format), data: data.into_owned() };
    Ok(Some(Content::Audio(Audio { source, transcript: None, id: None, expires_at: None })))
}

/// Puts together what of a part was not read.
fn whole(kind: Option<Text<'_>>, wire: ContentPart<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    let texts = [
        ("type", kind),
        ("text", wire.text),
        ("refusal", wire.refusal),
        ("image_url", wire.image_url),
        ("detail", wire.detail),
        ("file_id", wire.file_id),
        ("file_url", wire.file_url),
        ("file_data", wire.file_data),
        ("filename", wire.filename),
    ];
    for (name, text) in texts {
        object.extend(text.map(|text| (name.to_owned(), Value::from(text.into_owned()))));
    }
    let mut raw = Rest::default();
    let values: [(&str, Option<&RawValue>); 3] = [
        ("input_audio", wire.input_audio),
        ("logprobs", wire.logprobs),
        ("prompt_cache_breakpoint", wire.prompt_cache_breakpoint),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            raw.push(name.into(), value);
        }
    }
    object.extend(raw.into_map());
    let annotations = wire.annotations.map(|list| list.0).unwrap_or_default();
    if !annotations.is_empty() {
        let read = annotations.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok());
        object.insert("annotations".to_owned(), Value::Array(read.collect()));
    }
    object.extend(wire.rest.into_map());
    object
}
