//! Pictures, sound and files, both ways.

use std::borrow::Cow;

use tollgate_model::message::MediaSource;

/// Reads a URL, which may hold the bytes themselves (`data:image/png;base64,…`).
pub(crate) fn source_of_url(url: String) -> MediaSource {
    if let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(','))
        && let Some(media_type) = head.strip_suffix(";base64")
    {
        return MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() };
    }
    MediaSource::Url { url, media_type: None }
}

/// Writes the bytes as a URL.
pub(crate) fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// Reads `input_audio.format`.
pub(crate) fn audio_media_type(format: &str) -> String {
    match format {
        "mp3" => "audio/mpeg".to_owned(),
        other => format!("audio/{other}"),
    }
}

/// Writes `input_audio.format`.
pub(crate) fn audio_format(media_type: &str) -> Cow<'_, str> {
    match media_type {
        "audio/mpeg" | "audio/mp3" => Cow::Borrowed("mp3"),
        "audio/x-wav" | "audio/wave" => Cow::Borrowed("wav"),
        other => Cow::Borrowed(other.strip_prefix("audio/").unwrap_or(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_url_holds_its_bytes() {
        let source = source_of_url("data:image/png;base64,AAAA".to_owned());
        assert_eq!(source, MediaSource::Base64 { media_type: "image/png".into(), data: "AAAA".into() });
        for url in ["https://x/y.png", "data:text/plain,hello"] {
            assert_eq!(source_of_url(url.to_owned()), MediaSource::Url { url: url.into(), media_type: None });
        }
    }
}
