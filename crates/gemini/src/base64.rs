//! Standard base64.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Writes padding, and reads with or without.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Writes bytes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Reads bytes, padded or not.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// Joins pieces of base64, each padded on its own, into one text.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    /// The bytes that do not fill a group of four characters yet: up to two.
    held: Vec<u8>,
}

impl Joiner {
    /// Takes the next piece and returns what can be said now: whole groups. What is no base64 comes back as it is.
    pub(crate) fn push(&mut self, piece: String) -> String {
        if self.held.is_empty() && piece.len().is_multiple_of(4) && !piece.ends_with('=') {
            return piece;
        }
        let Some(more) = decode(&piece) else { return piece };
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend(more);
        self.held = bytes.split_off(bytes.len() / 3 * 3);
        encode(&bytes)
    }

    /// Returns the last group, if one is held.
    pub(crate) fn finish(self) -> Option<String> {
        (!self.held.is_empty()).then(|| encode(&self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_padding_and_read_without() {
        for (bytes, text) in
            [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("\u{fc}?>", "w7w/Pg==")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
            assert_eq!(decode(text.trim_end_matches('=')).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!((decode("a"), decode("a*bc")), (None, None));
    }

    #[test]
    fn pieces_are_joined_whatever_their_length() {
        for lengths in [[1, 2, 3, 4], [3, 3, 3, 1], [2, 2, 2, 2], [0, 5, 0, 1]] {
            let mut joiner = Joiner::default();
            let mut joined = String::new();
            let mut whole = Vec::new();
            for length in lengths {
                let bytes = vec![length; usize::from(length)];
                let said = joiner.push(encode(&bytes));
                assert!(said.len() % 4 == 0 && !said.ends_with('='));
                joined += &said;
                whole.extend(bytes);
            }
            joined.extend(joiner.finish());
            assert_eq!(joined, encode(&whole));
        }
    }
}
