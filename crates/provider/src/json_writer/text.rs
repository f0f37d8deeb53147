//! Texts as JSON strings.

use bytes::BufMut;

/// Appends `text` as a JSON string.
pub fn append_text<B: BufMut>(out: &mut B, text: &str) {
    out.put_u8(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        if has_escapes(block) {
            let start = index * BLOCK;
            for (word_index, word) in block.as_chunks::<8>().0.iter().enumerate() {
                let mut found = escapes(u64::from_le_bytes(*word));
                while found != 0 {
                    let at = start + word_index * 8 + (found.trailing_zeros() / 8) as usize;
                    out.put_slice(&bytes[written..at]);
                    put_escape(out, bytes[at]);
                    written = at + 1;
                    found &= found - 1;
                }
            }
        }
    }
    for at in bytes.len() - rest.len()..bytes.len() {
        if is_escaped(bytes[at]) {
            out.put_slice(&bytes[written..at]);
            put_escape(out, bytes[at]);
            written = at + 1;
        }
    }
    out.put_slice(&bytes[written..]);
    out.put_u8(b'"');
}

/// So many bytes are looked at together, in a loop without branches that becomes a few vector instructions.
const BLOCK: usize = 32;

fn has_escapes(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(false, |any, byte| any | is_escaped(*byte))
}

const fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Marks the highest bit of each byte that is escaped, and of no other.
const fn escapes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // Adding cannot carry into the next byte, since the highest bits are left out of the sum.
    const fn is_zero(word: u64) -> u64 {
        !(((word & LOW) + LOW) | word)
    }
    let control = is_zero(word & (ONES * 0xe0));
    (is_zero(word ^ (ONES * 0x22)) | is_zero(word ^ (ONES * 0x5c)) | control) & (ONES * 0x80)
}

fn put_escape<B: BufMut>(out: &mut B, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            out.put_slice(b"\\u00");
            out.put_u8(DIGITS[usize::from(byte >> 4)]);
            out.put_u8(DIGITS[usize::from(byte & 15)]);
            return;
        }
    };
    out.put_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_does(text in "[\u{0}-\u{1f}\"\\\\a-zäß€😀\u{7f}]{0,100}") {
            let mut out = Vec::new();
            append_text(&mut out, &text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
