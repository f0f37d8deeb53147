//! Pictures, sound and documents → `inlineData` and `fileData`.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/file-input-methods> (read 2026-11-23).

use std::borrow::Cow;

use tollgate_model::{
    Content, Losses, RequestError,
    message::{Document, ImageDetail, MediaSource},
};

use crate::{
    base64,
    generate_content::wire::request::{Blob, Data, ExtraFields, FileData, Place},
    media::{PLAIN, by_extension, is_own_store, path},
};

/// Writes what a media part holds.
pub(super) fn data<'a>(
    place: Place,
    content: &'a Content,
    untyped: bool,
    losses: &mut Losses,
) -> Result<Data<'a>, RequestError> {
    match content {
        Content::Image(image) => {
            if image.detail.as_ref().is_some_and(|detail| *detail != ImageDetail::Auto) {
                losses
                    .dropped(format!("{place}.detail"), "how closely to look is said for the whole request");
            }
            source(place, &image.source, None, untyped)
        }
        Content::Document(document) => {
            lose_document_fields(place, document, losses);
            source(place, &document.source, document.filename.as_deref(), untyped)
        }
        Content::Audio(audio) => {
            if audio.transcript.is_some() {
                losses.dropped(format!("{place}.transcript"), "sound is sent without its words");
            }
            source(place, &audio.source, None, untyped)
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
    untyped: bool,
) -> Result<Data<'a>, RequestError> {
    match source {
        MediaSource::Base64 { media_type, data } => {
            inline(place, said(media_type).or_else(|| by_extension(filename?)), data)
        }
        MediaSource::Url { url, media_type } => match url.strip_prefix("data:") {
            Some(rest) => data_url(place, rest),
            // The client left the type out, and the provider is to find it out.
            None if untyped => Ok(file_data(None, url)),
            None => linked(place, url, media_type.as_deref(), filename),
        },
        MediaSource::File { id, issuer } if is_own_store(issuer) => {
            // The vendor knows the type of what it stores.
            Ok(file_data(filename.and_then(by_extension), id))
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
    Ok(file_data(mime_type, url))
}

fn file_data<'a>(mime_type: Option<&'a str>, file_uri: &'a str) -> Data<'a> {
    Data::FileData(FileData { mime_type, file_uri, extra: ExtraFields::default() })
}

/// Films on YouTube and files in the vendor's own store: their type is known there.
fn is_known_by_address(url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    matches!(host, "youtube.com" | "m.youtube.com" | "youtu.be" | "generativelanguage.googleapis.com")
}
