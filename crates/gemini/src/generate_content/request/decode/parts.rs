//! Parts → canonical parts.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Part,
    message::{MediaSource, Opaque},
};

use super::nest;
use crate::{
    generate_content::{
        FORMAT, notes,
        wire::client_request::{self as wire, Blob, FileData},
    },
    media,
    read::Text,
    signature,
};

/// A part, as far as it can be read without the conversation around it.
#[derive(Debug)]
pub(super) struct ReadPart<'a> {
    /// The part. Calls and results are still empty.
    pub(super) part: Part,
    /// How long the text is that a carried signature is about.
    pub(super) signed_bytes: Option<usize>,
    pub(super) kind: Kind<'a>,
}

/// What is left to be read.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Nothing.
    Done,
    Call(wire::FunctionCall<'a>),
    Result(wire::FunctionResponse<'a>),
}

/// Reads a part. One of a kind that is not known is kept whole.
pub(super) fn read(raw: &RawValue) -> serde_json::Result<ReadPart<'_>> {
    let wire: wire::Part<'_> = serde_json::from_str(raw.get())?;
    let thought = wire.thought == Some(true);
    let mut extra = Map::new();
    let mut kind = Kind::Done;
    let content =
        match (wire.text, wire.inline_data, wire.file_data, wire.function_call, wire.function_response) {
            (Some(Text(text)), None, None, None, None) => Some(if thought {
                Part::reasoning(text).content
            } else {
                if text.is_empty() {
                    extra.insert(notes::EMPTY_TEXT.to_owned(), Value::Bool(true));
                }
                Part::text(text).content
            }),
            // A thought of which nothing is shown but its signature.
            (None, None, None, None, None) if thought && wire.rest.is_empty() => {
                Some(Part::reasoning("").content)
            }
            (None, Some(raw), None, None, None) if !thought => inline(raw, &mut extra)?,
            (None, None, Some(raw), None, None) if !thought => file(raw, &mut extra)?,
            (None, None, None, Some(call), None) if !thought => {
                kind = Kind::Call(call);
                Some(Part::text("").content)
            }
            (None, None, None, None, Some(result)) if !thought => {
                kind = Kind::Result(result);
                Some(Part::text("").content)
            }
            _ => None,
        };
    let Some(content) = content else { return opaque(raw) };
    let mut part = Part::new(content);
    let signed_bytes = wire.thought_signature.and_then(|text| signature::read(&text.0, &FORMAT, &mut part));
    if thought && part.signature.is_none() && part.extra.is_empty() {
        extra.insert(notes::UNSIGNED_THOUGHT.to_owned(), Value::Bool(true));
    }
    extra.extend(wire.rest.parse()?);
    // What a carried signature brought with it is of another format, and keeps its place.
    if part.extra.is_empty() {
        part.extra = Extra::new(FORMAT, extra);
    }
    Ok(ReadPart { part, signed_bytes, kind })
}

fn opaque(raw: &RawValue) -> serde_json::Result<ReadPart<'_>> {
    let value = serde_json::from_str(raw.get())?;
    let part = Part::new(Content::Opaque(Opaque { format: FORMAT, value }));
    Ok(ReadPart { part, signed_bytes: None, kind: Kind::Done })
}

/// Reads bytes. `None` where they, or what they are, is missing.
fn inline(raw: &RawValue, extra: &mut Map<String, Value>) -> serde_json::Result<Option<Content>> {
    let blob: Blob<'_> = serde_json::from_str(raw.get())?;
    let (Some(media_type), Some(data)) = (blob.mime_type, blob.data) else { return Ok(None) };
    nest(extra, "inlineData", blob.rest.parse()?);
    let (media_type, data) = (media_type.into_owned(), media::standard_base64(data.0));
    Ok(Some(media::content(&media_type.clone(), MediaSource::Base64 { media_type, data })))
}

/// Reads a file by address. One in the vendor's own stores is the vendor's alone.
fn file(raw: &RawValue, extra: &mut Map<String, Value>) -> serde_json::Result<Option<Content>> {
    let file: FileData<'_> = serde_json::from_str(raw.get())?;
    let Some(uri) = file.file_uri.map(Text::into_owned) else { return Ok(None) };
    let said = file.mime_type.map(Text::into_owned);
    let kind =
        said.as_deref().or_else(|| media::by_extension(media::path(&uri))).unwrap_or_default().to_owned();
    let mut rest = file.rest.parse()?;
    let source = if media::is_stored(&uri) {
        rest.extend(said.map(|kind| ("mimeType".to_owned(), Value::from(kind))));
        MediaSource::File { id: uri, issuer: FORMAT }
    } else {
        if said.is_none() {
            extra.insert(notes::UNTYPED.to_owned(), Value::Bool(true));
        }
        MediaSource::Url { url: uri, media_type: said }
    };
    nest(extra, "fileData", rest);
    Ok(Some(media::content(&kind, source)))
}

/// Reads a part that stands outside of the conversation. Calls and results, which do not belong there, are kept whole.
pub(super) fn read_alone(raw: &RawValue) -> serde_json::Result<Part> {
    let read = read(raw)?;
    match read.kind {
        Kind::Done => Ok(read.part),
        Kind::Call(_) | Kind::Result(_) => Ok(opaque(raw)?.part),
    }
}

/// Reads what may stand in the result of a function: media.
pub(super) fn read_inside(raw: &RawValue) -> serde_json::Result<Part> {
    let mut part = read_alone(raw)?;
    if !matches!(part.content, Content::Image(_) | Content::Audio(_) | Content::Document(_)) {
        part = opaque(raw)?.part;
    }
    part.extra.insert(&FORMAT, notes::INSIDE, Value::Bool(true));
    Ok(part)
}
