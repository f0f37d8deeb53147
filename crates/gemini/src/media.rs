//! What a picture, a sound or a file is, told by MIME type or by name.

use std::borrow::Cow;

use tollgate_model::{
    Content, Format,
    message::{Audio, Document, Image, MediaSource},
};

pub(crate) const PLAIN: &str = "text/plain";

/// Makes the content that a MIME type stands for.
pub(crate) fn content(media_type: &str, source: MediaSource) -> Content {
    if media_type.starts_with("image/") {
        Content::Image(Image { source, detail: None })
    } else if media_type.starts_with("audio/") {
        Content::Audio(Audio { source, transcript: None, id: None, expires_at: None })
    } else {
        Content::Document(Document { source, filename: None, context: None, citations: None })
    }
}

/// Makes standard base64 of base64 in the alphabet of URLs, in which the vendor's Python SDK writes bytes.
pub(crate) fn standard_base64(data: Cow<'_, str>) -> String {
    if data.contains(['-', '_']) { data.replace('-', "+").replace('_', "/") } else { data.into_owned() }
}

/// Whether an address is one in the vendor's own stores: a file of its API, by address or name, or one in its cloud.
pub(crate) fn is_stored(uri: &str) -> bool {
    uri.starts_with("gs://")
        || uri.starts_with("https://generativelanguage.googleapis.com/")
        || !uri.contains(':')
}

/// Whether a file of `issuer` is in the vendor's own store, which all of its formats refer to alike.
pub(crate) fn is_own_store(issuer: &Format) -> bool {
    [Format::GEMINI_GENERATE_CONTENT, Format::GEMINI_INTERACTIONS].contains(issuer)
}

/// The path of an address.
pub(crate) fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Tells a MIME type from a file name.
pub(crate) fn by_extension(name: &str) -> Option<&'static str> {
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

    #[test]
    fn both_alphabets_of_base64_are_read() {
        assert_eq!(standard_base64("-_8=".into()), "+/8=");
    }
}
