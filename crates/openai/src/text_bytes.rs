//! How long texts are, without reading them.

use serde_json::value::RawValue;

/// How many bytes a text has; of what is no text, the bytes of its JSON.
pub(crate) fn text_bytes(raw: &RawValue) -> u64 {
    let [b'"', text @ .., b'"'] = raw.get().as_bytes() else { return raw.get().len() as u64 };
    let mut bytes = text.len();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (raw, said) = match &rest[at + 1..] {
            [b'u', a, b, c, d, ..] => (6, utf8_bytes([*a, *b, *c, *d])),
            _ => (2, 1),
        };
        bytes -= raw - said;
        rest = rest.get(at + raw..).unwrap_or_default();
    }
    bytes as u64
}

/// How many bytes the character has that four hexadecimal digits name; half a pair of surrogates, half of the pair's.
fn utf8_bytes(digits: [u8; 4]) -> usize {
    let number = str::from_utf8(&digits).ok().and_then(|digits| u16::from_str_radix(digits, 16).ok());
    match number.unwrap_or(0) {
        0..0x80 => 1,
        0x80..0x800 | 0xd800..0xe000 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_as_they_will_be_read() {
        for text in ["", "plain", "line\nbreak \"quoted\" \\ back", "ü € 😀 \u{1}", "\\u00e9"] {
            let escaped = text.chars().flat_map(|c| {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>()
            });
            for json in
                [serde_json::Value::from(text).to_string(), format!("\"{}\"", escaped.collect::<String>())]
            {
                let raw = RawValue::from_string(json).unwrap();
                assert_eq!(text_bytes(&raw), text.len() as u64, "{raw}");
            }
        }
        let other = RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap();
        assert_eq!(text_bytes(&other), 7);
    }
}
