//! Pictures, sound and documents → `inlineData` and `fileData`.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/file-input-methods> (read 2026-11-23).

use std::borrow::Cow;

use tollgate_model::{
    Content, Losses, RequestError,
    message::{Document, ImageDetail, MediaSource},
};

use super::FORMAT;
use crate::{
    base64,
    generate_content::wire::request::{Blob, Data, ExtraFields, FileData, Place},
};

/// Writes what a media part holds.
pub(super) fn data<'a>(
    place: Place,
    content: &'a Content,
    losses: &mut Losses,
) -> Result<Data<'a>, RequestError> {
    match content {
        Content::Image(image) => {
            if image.detail.as_ref().is_some_and(|detail| *detail != ImageDetail::Auto) {
                losses
                    .dropped(format!("{place}.detail"), "how closely to look is said for the whole request");
            }
            source(place, &image.source, None)
        }
        Content::Document(document) => {
            lose_document_fields(place, document, losses);
            source(place, &document.source, document.filename.as_deref())
        }
        Content::Audio(audio) => {
            if audio.transcript.is_some() {
                losses.dropped(format!("{place}.transcript"), "sound is sent without its words");
            }
            source(place, &audio.source, None)
        }
        _ => Err(RequestError::invalid_field(place.to_string(), "such a part cannot stand in this message")),
    }
}

fn lose_document_fields(place: Place, document: &Document, losses: &mut Losses) {
    if document.filename.is_some() {
        losses.dropped(format!("{place}.filename"), "files have no names");
    }
    if document.context.is_some() {
        losses.dropped(format!("{place}.context"), "the format has no place for it");
    }
    if document.citations == Some(true) {
        losses.dropped(format!("{place}.citations"), "documents are not cited");
    }
}

fn source<'a>(
    place: Place,
    source: &'a MediaSource,
    filename: Option<&'a str>,
) -> Result<Data<'a>, RequestError> {
    match source {
        MediaSource::Base64 { media_type, data } => {
            inline(place, said(media_type).or_else(|| by_extension(filename?)), data)
        }
        MediaSource::Url { url, media_type } => match url.strip_prefix("data:") {
            Some(rest) => data_url(place, rest),
            None => linked(place, url, media_type.as_deref(), filename),
        },
        MediaSource::File { id, issuer } if *issuer == FORMAT => {
            // The vendor knows the type of what it stores.
            Ok(Data::FileData(FileData { mime_type: filename.and_then(by_extension), file_uri: id }))
        }
        MediaSource::File { issuer, .. } => Err(RequestError::invalid_field(
            place.to_string(),
            format!("the file is stored at another vendor ({issuer})"),
        )),
        MediaSource::Text { text } => Ok(Data::InlineData(Blob {
            mime_type: filename
                .and_then(by_extension)
                .filter(|kind| kind.starts_with("text/"))
                .unwrap_or(PLAIN),
            data: Cow::Owned(base64::encode(text.as_bytes())),
            extra: ExtraFields::default(),
        })),
    }
}

const PLAIN: &str = "text/plain";

/// A MIME type that says something.
fn said(media_type: &str) -> Option<&str> {
    match media_type.trim() {
        "" | "application/octet-stream" => None,
        "image/jpg" => Some("image/jpeg"),
        said => Some(said),
    }
}

fn inline<'a>(place: Place, mime_type: Option<&'a str>, data: &'a str) -> Result<Data<'a>, RequestError> {
    let mime_type = mime_type.ok_or_else(|| untyped(place))?;
    Ok(Data::InlineData(Blob { mime_type, data: Cow::Borrowed(data), extra: ExtraFields::default() }))
}

fn untyped(place: Place) -> RequestError {
    RequestError::invalid_field(
        place.to_string(),
        "the provider wants to know the MIME type, and neither the part nor a file extension tells it",
    )
}

fn data_url(place: Place, rest: &str) -> Result<Data<'_>, RequestError> {
    let (head, data) = rest
        .split_once(',')
        .ok_or_else(|| RequestError::invalid_field(place.to_string(), "the data URL holds no data"))?;
    let Some(media_type) = head.strip_suffix(";base64") else {
        return Err(RequestError::invalid_field(place.to_string(), "only data URLs in base64 are taken"));
    };
    inline(place, said(media_type), data)
}

fn linked<'a>(
    place: Place,
    url: &'a str,
    media_type: Option<&'a str>,
    filename: Option<&'a str>,
) -> Result<Data<'a>, RequestError> {
    let mime_type = media_type.and_then(said).or_else(|| by_extension(path(url)));
    let mime_type = mime_type.or_else(|| filename.and_then(by_extension));
    if mime_type.is_none() && !is_known_by_address(url) {
        return Err(untyped(place));
    }
    Ok(Data::FileData(FileData { mime_type, file_uri: url }))
}

fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Films on YouTube and files in the vendor's own store: their type is known there.
fn is_known_by_address(url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    matches!(host, "youtube.com" | "m.youtube.com" | "youtu.be" | "generativelanguage.googleapis.com")
}

/// Tells a MIME type from a file name.
fn by_extension(name: &str) -> Option<&'static str> {
    const TYPES: [(&str, &str); 44] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("heic", "image/heic"),
        ("heif", "image/heif"),
        ("bmp", "image/bmp"),
        ("tiff", "image/tiff"),
        ("svg", "image/svg+xml"),
        ("pdf", "application/pdf"),
        ("txt", PLAIN),
        ("log", PLAIN),
        ("md", "text/markdown"),
        ("csv", "text/csv"),
        ("html", "text/html"),
        ("htm", "text/html"),
        ("css", "text/css"),
        ("xml", "text/xml"),
        ("rtf", "text/rtf"),
        ("json", "application/json"),
        ("yaml", PLAIN),
        ("yml", PLAIN),
        ("js", "text/javascript"),
        ("ts", PLAIN),
        ("py", "text/x-python"),
        ("rs", PLAIN),
        ("go", PLAIN),
        ("mp3", "audio/mp3"),
        ("wav", "audio/wav"),
        ("aiff", "audio/aiff"),
        ("aac", "audio/aac"),
        ("ogg", "audio/ogg"),
        ("flac", "audio/flac"),
        ("m4a", "audio/m4a"),
        ("opus", "audio/opus"),
        ("mp4", "video/mp4"),
        ("mpeg", "video/mpeg"),
        ("mpg", "video/mpg"),
        ("mov", "video/mov"),
        ("avi", "video/avi"),
        ("webm", "video/webm"),
        ("wmv", "video/wmv"),
        ("3gp", "video/3gpp"),
    ];
    let (_, extension) = name.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_by_extension_whatever_its_case() {
        assert_eq!(by_extension("a.b.PDF"), Some("application/pdf"));
        assert_eq!(by_extension(path("https://x.test/a.png?size=1#b.pdf")), Some("image/png"));
        assert_eq!(by_extension("https://x.test/picture"), None);
    }
}
