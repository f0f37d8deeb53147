//! A part of a message or of a result, as the vendor has it.

use tollgate_model::{
    Content, Part, Role,
    message::{Document, MediaSource},
};

use crate::{
    media,
    responses::{
        notes::{self, BREAKPOINT, FORMAT},
        wire::{Array, Object},
    },
};

/// Writes a part of a message or of a result that was admitted.
pub(super) fn write_part(content: &mut Array<'_>, part: &Part, role: Role) {
    if let Content::Opaque(opaque) = &part.content {
        return content.element(&opaque.value);
    }
    let mut object = content.object();
    match &part.content {
        Content::Image(image) => {
            object.field("type", "input_image");
            match &image.source {
                MediaSource::Base64 { media_type, data } => {
                    object.field("image_url", &media::data_url(media_type, data))
                }
                MediaSource::File { id, .. } => object.field("file_id", id),
                MediaSource::Url { url, .. } | MediaSource::Text { text: url } => {
                    object.field("image_url", url)
                }
            };
            object.optional("detail", image.detail.as_ref().map(media::detail_word));
        }
        Content::Audio(audio) => {
            object.field("type", "input_audio");
            if let MediaSource::Base64 { media_type, data } = &audio.source {
                let mut nested = object.object("input_audio");
                nested.field("data", data).field("format", media::audio_format(media_type));
                nested.end();
            }
        }
        Content::Document(document) if plain_text(part).is_none() => write_file(&mut object, document),
        _ => {
            let kind = if role == Role::Assistant { "output_text" } else { "input_text" };
            object.field("type", kind).field("text", plain_text(part).unwrap_or_default());
        }
    }
    object.optional("prompt_cache_breakpoint", notes::note(&part.extra, BREAKPOINT));
    object.extra(part.extra.fields(&FORMAT));
    object.end();
}

fn write_file(object: &mut Object<'_>, document: &Document) {
    object.field("type", "input_file");
    let mut filename = document.filename.as_deref();
    match &document.source {
        MediaSource::Base64 { media_type, data } => {
            object.field("file_data", &media::data_url(media_type, data));
            filename = filename.or_else(|| Some(media::filename(media_type)));
        }
        MediaSource::Url { url, .. } => {
            object.field("file_url", url);
        }
        MediaSource::File { id, .. } => {
            object.field("file_id", id);
        }
        MediaSource::Text { .. } => {}
    }
    object.optional("filename", filename);
}

/// Whether a part is something to look at, to hear or to read; a document of plain text is text.
pub(super) fn is_media(part: &Part) -> bool {
    match &part.content {
        Content::Image(_) | Content::Audio(_) => true,
        Content::Document(document) => !matches!(document.source, MediaSource::Text { .. }),
        _ => false,
    }
}

pub(super) fn plain_text(part: &Part) -> Option<&str> {
    match &part.content {
        Content::Text(text) => Some(&text.text),
        Content::Document(Document { source: MediaSource::Text { text }, .. }) => Some(text),
        _ => None,
    }
}
