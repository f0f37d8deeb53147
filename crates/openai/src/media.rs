//! Pictures, sounds and files: data URLs and the vendor's words for encodings.

use std::borrow::Cow;

use tollgate_model::message::{ImageDetail, MediaSource};

/// Reads an address, which may hold the bytes themselves.
pub(crate) fn source_of(url: Cow<'_, str>) -> MediaSource {
    match split_data_url(&url) {
        Some((media_type, data)) => {
            MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => MediaSource::Url { url: url.into_owned(), media_type: None },
    }
}

/// Parts `data:<media type>;base64,<bytes>`. Other encodings stay addresses: they come out again as they went in.
pub(crate) fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    (!media_type.is_empty() && !media_type.contains(',')).then_some((media_type, data))
}

pub(crate) fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// The MIME type of the vendor's word for an encoding of sound.
pub(crate) fn audio_media_type(format: &str) -> String {
    match format {
        "mp3" => "audio/mpeg".to_owned(),
        format => format!("audio/{format}"),
    }
}

/// The vendor's word for a MIME type.
pub(crate) fn audio_format(media_type: &str) -> &str {
    let essence = media_type.split(';').next().unwrap_or(media_type).trim();
    match essence {
        "audio/mpeg" => "mp3",
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        other => other.strip_prefix("audio/").unwrap_or(other),
    }
}

/// A name for a file that has none: the vendor wants one with bytes.
pub(crate) fn filename(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "document.pdf",
        "text/plain" => "document.txt",
        _ => "document",
    }
}

pub(crate) fn detail(word: &str) -> ImageDetail {
    match word {
        "auto" => ImageDetail::Auto,
        "low" => ImageDetail::Low,
        "high" => ImageDetail::High,
        other => ImageDetail::Other(other.to_owned()),
    }
}

pub(crate) fn detail_word(detail: &ImageDetail) -> &str {
    match detail {
        ImageDetail::Auto => "auto",
        ImageDetail::Low => "low",
        ImageDetail::High => "high",
        ImageDetail::Other(word) => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_an_address_come_out_as_they_went_in() {
        for url in ["data:image/png;base64,AAAA", "data:image/png;charset=x;base64,AA=="] {
            let MediaSource::Base64 { media_type, data } = source_of(url.into()) else { panic!("{url}") };
            assert_eq!(data_url(&media_type, &data), url);
        }
        for url in ["https://x/y.png", "data:,plain", "data:;base64,AAAA", "data:text/plain,a;base64,b"] {
            assert_eq!(source_of(url.into()), MediaSource::Url { url: url.to_owned(), media_type: None });
        }
    }

    #[test]
    fn encodings_of_sound_have_two_names() {
        for format in ["wav", "mp3", "flac", "opus", "pcm16"] {
            assert_eq!(audio_format(&audio_media_type(format)), format);
        }
        assert_eq!(audio_format("audio/x-wav"), "wav");
    }
}
