//! Signatures: a format's own, or another vendor's proof that is carried in its place.
//!
//! In a stream, the words of a signed part are out before its signature comes, so that this stands on an empty piece
//! behind them; clients send all pieces back. A carried proof therefore says how long the text is that it is about.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use tollgate_model::{Format, Part, Signature};
use tollgate_provider::carried;

/// The signature that the vendor documents for calls it did not make itself: `skip_thought_signature_validator`, in
/// base64 as all bytes are.
pub(crate) const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// Where a carried proof says how many bytes of text it is about.
const TEXT_BYTES: &str = "text_bytes";

/// What stands in the field of a part's signature in the format `format`, if anything does. `text_bytes` is how long the
/// part's text is as a whole, where it may be written in pieces.
pub(crate) fn write(part: &Part, format: &Format, text_bytes: Option<usize>) -> Option<String> {
    match own(part, format) {
        Some(own) => Some(own.to_owned()),
        None => carried::pack(part, format).map(|packed| match text_bytes {
            Some(bytes) => with_length(packed, bytes),
            None => packed,
        }),
    }
}

/// The signature that a part has of `format` itself.
pub(crate) fn own<'a>(part: &'a Part, format: &Format) -> Option<&'a str> {
    let signature = part.signature.as_ref().filter(|signature| signature.issuer == *format)?;
    Some(signature.value.as_str()).filter(|value| !value.is_empty())
}

/// Gives a part its signature back. Returns how long the text is that it is about, where it is another vendor's.
pub(crate) fn read(text: &str, format: &Format, part: &mut Part) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    // The vendor's Python SDK decodes bytes, and encodes them again in the alphabet of URLs.
    let carried = text.starts_with(carried::PREFIX).then(|| text.replace('-', "+").replace('_', "/"));
    match carried.filter(|text| carried::unpack(text, part)) {
        Some(text) => length(&text),
        None => {
            part.signature = Some(Signature { issuer: format.clone(), value: text.to_owned() });
            None
        }
    }
}

fn object(packed: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&STANDARD.decode(packed).ok()?).ok()
}

fn with_length(packed: String, text_bytes: usize) -> String {
    let Some(mut object) = object(&packed) else { return packed };
    object.insert(TEXT_BYTES.to_owned(), text_bytes.into());
    STANDARD.encode(Value::Object(object).to_string())
}

fn length(packed: &str) -> Option<usize> {
    object(packed)?.get(TEXT_BYTES)?.as_u64().and_then(|bytes| usize::try_from(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;

    fn signed(issuer: Format, value: &str) -> Part {
        Part::reasoning("hm").with_signature(Signature { issuer, value: value.to_owned() })
    }

    #[test]
    fn the_vendors_own_stays_as_it_is() {
        let part = signed(FORMAT, "a_b-c/d+");
        let mut back = Part::reasoning("hm");
        assert_eq!(read(&write(&part, &FORMAT, Some(2)).unwrap(), &FORMAT, &mut back), None);
        assert_eq!(back, part);
        assert_eq!(
            (write(&Part::reasoning("hm"), &FORMAT, None), write(&signed(FORMAT, ""), &FORMAT, None)),
            (None, None)
        );
    }

    #[test]
    fn another_vendors_comes_back_in_either_alphabet() {
        let part = signed(Format::ANTHROPIC_MESSAGES, "Eq??>>~~ÿ");
        let text = write(&part, &FORMAT, Some(2)).unwrap();
        assert!(text.starts_with(carried::PREFIX) && text.contains('/'), "{text}");
        for text in [text.replace('+', "-").replace('/', "_"), text] {
            let mut back = Part::reasoning("hm");
            assert_eq!(read(&text, &FORMAT, &mut back), Some(2));
            assert_eq!(back, part);
        }
    }
}
