//! Standard base64.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Reads bytes, padded or not.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for digit in chunk {
            group = group << 6 | value(*digit)?;
        }
        match chunk.len() {
            4 => bytes.extend_from_slice(&group.to_be_bytes()[1..]),
            3 => bytes.extend_from_slice(&(group << 6).to_be_bytes()[1..3]),
            2 => bytes.extend_from_slice(&(group << 12).to_be_bytes()[1..2]),
            _ => return None,
        }
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    let (first, place) = match digit {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => return Some(62),
        b'/' => return Some(63),
        _ => return None,
    };
    Some(u32::from(digit - first) + place)
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
