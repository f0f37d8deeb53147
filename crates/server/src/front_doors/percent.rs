//! Percent-encoding, as it stands in paths and queries.

use std::borrow::Cow;

/// Undoes percent-encoding: SDKs write the slash of `provider/model` as `%2F`.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(decoded) {
        Ok(decoded) if decoded != text => Cow::Owned(decoded),
        // Nothing was encoded, or nothing that is text: such a name is not known anyway.
        Ok(_) | Err(_) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once_and_what_is_no_text_stays() {
        assert_eq!(percent_decoded("openai%2Fgpt-6"), "openai/gpt-6");
        assert_eq!(percent_decoded("ollama%2fqwen3%3A8b"), "ollama/qwen3:8b");
        assert_eq!(percent_decoded("%252F"), "%2F");
        for same in ["gpt-6", "a%", "a%2", "a%zz", "%ff", "é"] {
            assert_eq!(percent_decoded(same), same);
        }
    }
}
