//! Contents: texts, pictures, sound, films and documents, in both directions.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Extra, Losses, Part,
    message::{Audio, Document, Image, ImageDetail, MediaSource, Opaque, Text as TextContent},
};
use tollgate_provider::json_writer::{Array, Object};

use super::{FORMAT, citation, wire};
use crate::{media, read::Text};

/// The types of content.
const TYPES: [&str; 5] = ["text", "image", "audio", "video", "document"];

/// Whether a word is a type of content.
pub(super) fn is_type(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// Reads a content. One of a type that is not known is kept whole.
pub(super) fn read(raw: &RawValue) -> serde_json::Result<Part> {
    let content: wire::Content<'_> = serde_json::from_str(raw.get())?;
    let kind = content.kind.as_ref().map(|kind| kind.0.to_string()).unwrap_or_default();
    let mut extra = content.rest.parse()?;
    let part = match (kind.as_str(), content.text, content.data, content.uri) {
        ("text", Some(text), None, None) => {
            let mut part = Part::text(text.into_owned());
            if let Content::Text(text) = &mut part.content {
                text.citations =
                    content.annotations.unwrap_or_default().into_iter().map(citation::read).collect();
            }
            Some(part)
        }
        ("image" | "audio" | "video" | "document", None, Some(data), None) => {
            content.mime_type.map(|media_type| {
                let media_type = media_type.into_owned();
                let data = media::standard_base64(data.0);
                media_part(&kind, MediaSource::Base64 { media_type, data }, content.resolution, &mut extra)
            })
        }
        ("image" | "audio" | "video" | "document", None, None, Some(uri)) => {
            let source = stored(uri.into_owned(), content.mime_type.map(Text::into_owned), &mut extra);
            Some(media_part(&kind, source, content.resolution, &mut extra))
        }
        _ => None,
    };
    let Some(mut part) = part else { return opaque(raw) };
    part.extra = Extra::new(FORMAT, extra);
    Ok(part)
}

/// Keeps something whole.
pub(super) fn opaque(raw: &RawValue) -> serde_json::Result<Part> {
    let value = serde_json::from_str(raw.get())?;
    Ok(Part::new(Content::Opaque(Opaque { format: FORMAT, value })))
}

/// Files of the vendor's API, and those in its cloud, are the vendor's alone.
fn stored(uri: String, media_type: Option<String>, extra: &mut Map<String, Value>) -> MediaSource {
    if media::is_stored(&uri) {
        extra.extend(media_type.map(|kind| ("mime_type".to_owned(), kind.into())));
        MediaSource::File { id: uri, issuer: FORMAT }
    } else {
        MediaSource::Url { url: uri, media_type }
    }
}

fn media_part(
    kind: &str,
    source: MediaSource,
    resolution: Option<Text<'_>>,
    extra: &mut Map<String, Value>,
) -> Part {
    let detail = resolution.map(Text::into_owned);
    let content = match kind {
        "image" => {
            let detail = detail.map(|word| match word.as_str() {
                "low" => ImageDetail::Low,
                "high" => ImageDetail::High,
                _ => ImageDetail::Other(word),
            });
            return Part::new(Content::Image(Image { source, detail }));
        }
        "audio" => Content::Audio(Audio { source, transcript: None, id: None, expires_at: None }),
        _ => Content::Document(Document { source, filename: None, context: None, citations: None }),
    };
    extra.extend(detail.map(|word| ("resolution".to_owned(), word.into())));
    if kind == "video" {
        extra.insert("type".to_owned(), kind.into());
    }
    Part::new(content)
}

/// Why a content cannot be said in the format.
pub(super) type Unsayable = &'static str;

/// Writes a content that is a text or media, with what only this format says of it.
///
/// # Errors
/// Why it cannot be said; nothing is written then.
pub(super) fn write(
    contents: &mut Array<'_>,
    part: &Part,
    place: &str,
    losses: &mut Losses,
) -> Result<(), Unsayable> {
    let own = part.extra.fields(&FORMAT);
    let said = own.and_then(|own| own.get("mime_type")?.as_str());
    match &part.content {
        Content::Text(text) => {
            let mut object = contents.object();
            object.field("type", "text").field("text", &text.text);
            write_annotations(&mut object, text, place, losses);
            finish(object, part);
        }
        Content::Image(image) => {
            let source = source(&image.source, said)?;
            let mut object = contents.object();
            object.field("type", "image");
            source.write(&mut object);
            write_resolution(&mut object, image.detail.as_ref(), place, losses);
            finish(object, part);
        }
        Content::Audio(audio) => {
            let source = source(&audio.source, said)?;
            lose_audio_fields(audio, place, losses);
            let mut object = contents.object();
            object.field("type", "audio");
            source.write(&mut object);
            finish(object, part);
        }
        Content::Document(document) => write_document(contents, part, document, said, place, losses)?,
        _ => return Err("the format has no such content"),
    }
    Ok(())
}

fn write_annotations(object: &mut Object<'_>, text: &TextContent, place: &str, losses: &mut Losses) {
    if text.citations.is_empty() {
        return;
    }
    let mut annotations = object.array("annotations");
    for (index, cited) in text.citations.iter().enumerate() {
        citation::write(&mut annotations, cited, &format!("{place}.citations[{index}]"), losses);
    }
    annotations.end();
}

fn write_resolution(object: &mut Object<'_>, detail: Option<&ImageDetail>, place: &str, losses: &mut Losses) {
    let word = match detail {
        None | Some(ImageDetail::Auto) => return,
        Some(ImageDetail::Low) => "low",
        Some(ImageDetail::High) => "high",
        Some(ImageDetail::Other(word)) if matches!(word.as_str(), "medium" | "ultra_high") => word,
        Some(ImageDetail::Other(_)) => {
            return losses.dropped(format!("{place}.detail"), "the format has no such resolution");
        }
    };
    object.field("resolution", word);
}

fn write_document(
    contents: &mut Array<'_>,
    part: &Part,
    document: &Document,
    said: Option<&str>,
    place: &str,
    losses: &mut Losses,
) -> Result<(), Unsayable> {
    lose_document_fields(document, place, losses);
    if let MediaSource::Text { text } = &document.source {
        losses.emulated(place, "a document of plain text is sent as text");
        let mut object = contents.object();
        object.field("type", "text").field("text", text);
        finish(object, part);
        return Ok(());
    }
    let by_name = document.filename.as_deref().and_then(media::by_extension);
    let source = source(&document.source, said.or(by_name))?;
    let film = source.mime_type.is_some_and(|kind| kind.starts_with("video/"));
    let own_type = part.extra.field(&FORMAT, "type").and_then(Value::as_str);
    let mut object = contents.object();
    object.field("type", own_type.unwrap_or(if film { "video" } else { "document" }));
    source.write(&mut object);
    finish(object, part);
    Ok(())
}

fn finish(mut object: Object<'_>, part: &Part) {
    object.skip("mime_type").extra_but_notes(part.extra.fields(&FORMAT));
    object.end();
}

/// Leaves notes out of what is written.
pub(super) trait WithoutNotes {
    /// Appends the fields that are not written yet, but for notes.
    fn extra_but_notes(&mut self, fields: Option<&Map<String, Value>>) -> &mut Self;
}

impl WithoutNotes for Object<'_> {
    fn extra_but_notes(&mut self, fields: Option<&Map<String, Value>>) -> &mut Self {
        let kept = fields.into_iter().flatten().filter(|(name, _)| !is_note(name));
        let kept: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.extra(Some(&kept))
    }
}

/// Whether a name is that of a note.
pub(super) fn is_note(name: &str) -> bool {
    name.starts_with(tollgate_model::extra::NOTE_PREFIX)
}

/// Where media are, as it is written.
struct Source<'a> {
    name: &'static str,
    value: &'a str,
    mime_type: Option<&'a str>,
}

impl Source<'_> {
    fn write(&self, object: &mut Object<'_>) {
        object.field(self.name, self.value).optional("mime_type", self.mime_type);
    }
}

fn source<'a>(source: &'a MediaSource, said: Option<&'a str>) -> Result<Source<'a>, Unsayable> {
    let at = |name, value, mime_type| Ok(Source { name, value, mime_type });
    match source {
        MediaSource::Base64 { media_type, data } => at("data", data, Some(media_type)),
        MediaSource::Url { url, media_type } => match data_url(url) {
            Some((media_type, data)) => at("data", data, Some(media_type)),
            None => {
                let by_name = media::by_extension(media::path(url));
                at("uri", url, media_type.as_deref().or(said).or(by_name))
            }
        },
        MediaSource::File { id, issuer } if media::is_own_store(issuer) => at("uri", id, said),
        MediaSource::File { .. } => Err("the file is in another vendor's store"),
        MediaSource::Text { .. } => Err("a picture or a sound is no text"),
    }
}

fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    Some((head.strip_suffix(";base64")?, data))
}

fn lose_audio_fields(audio: &Audio, place: &str, losses: &mut Losses) {
    if audio.transcript.is_some() {
        losses.dropped(format!("{place}.transcript"), "sound comes without its words");
    }
    if audio.id.is_some() || audio.expires_at.is_some() {
        losses.dropped(format!("{place}.id"), "sound has no id");
    }
}

fn lose_document_fields(document: &Document, place: &str, losses: &mut Losses) {
    if document.filename.is_some() {
        losses.dropped(format!("{place}.filename"), "files have no names");
    }
    if document.context.is_some() {
        losses.dropped(format!("{place}.context"), "the format has no place for it");
    }
    if document.citations == Some(true) {
        losses.dropped(format!("{place}.citations"), "whether documents are cited is not asked for");
    }
}
