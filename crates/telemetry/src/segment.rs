//! Where a stored text stands: in one block, or in pieces of several.

use std::io;

/// A piece of a text: so many bytes of a block, from an offset on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) block: u64,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// Adds a piece, joined with the last one where it goes on from there. An empty one adds nothing.
pub(crate) fn push(segments: &mut Vec<Segment>, segment: Segment) {
    if segment.length == 0 {
        return;
    }
    match segments.last_mut() {
        Some(last) if last.block == segment.block && last.offset + last.length == segment.offset => {
            last.length += segment.length;
        }
        _ => segments.push(segment),
    }
}

/// Adds the pieces of `length` bytes of a text, from `start` on.
pub(crate) fn push_part(segments: &mut Vec<Segment>, of: &[Segment], start: u64, length: u64) {
    let end = start + length;
    let mut at = 0;
    for segment in of {
        let (from, to) = (start.max(at), end.min(at + segment.length));
        if from < to {
            let offset = segment.offset + (from - at);
            push(segments, Segment { block: segment.block, offset, length: to - from });
        }
        at += segment.length;
    }
}

/// Writes the pieces as numbers of seven bits a byte (LEB128): block, offset, length.
pub(crate) fn encode(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segments.len() * 8);
    for segment in segments {
        for mut number in [segment.block, segment.offset, segment.length] {
            while number >= 0x80 {
                bytes.push(number.to_le_bytes()[0] | 0x80);
                number >>= 7;
            }
            bytes.push(number.to_le_bytes()[0]);
        }
    }
    bytes
}

/// The inverse of [`encode`].
pub(crate) fn decode(mut bytes: &[u8]) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    while !bytes.is_empty() {
        let mut number = || {
            let mut number = 0;
            for shift in (0..64).step_by(7) {
                let (&byte, rest) = bytes.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
                bytes = rest;
                number |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    return Ok(number);
                }
            }
            Err(io::Error::from(io::ErrorKind::InvalidData))
        };
        segments.push(Segment { block: number()?, offset: number()?, length: number()? });
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn segment(block: u64, offset: u64, length: u64) -> Segment {
        Segment { block, offset, length }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let segments = [segment(1, 0, 127), segment(128, u64::MAX, 1 << 40), segment(3, 5, 7)];
        assert_eq!(decode(&encode(&segments)).unwrap(), segments);
        assert!(decode(&[0x80]).is_err());
        assert!(decode(&[0xff; 11]).is_err());
    }

    #[test]
    fn a_part_of_a_text_is_parts_of_its_pieces() {
        let text = [segment(1, 10, 5), segment(2, 0, 5), segment(1, 40, 5)];
        let part = |start, length| {
            let mut segments = Vec::new();
            push_part(&mut segments, &text, start, length);
            segments
        };
        assert_eq!(part(0, 15), text);
        assert_eq!(part(3, 4), [segment(1, 13, 2), segment(2, 0, 2)]);
        assert_eq!(part(12, 3), [segment(1, 42, 3)]);
        assert_eq!(part(7, 0), []);
    }

    #[test]
    fn neighbours_are_joined() {
        let mut segments = vec![segment(1, 10, 5)];
        push(&mut segments, segment(1, 15, 5));
        push(&mut segments, segment(1, 15, 0));
        push(&mut segments, segment(2, 20, 5));
        assert_eq!(segments, [segment(1, 10, 10), segment(2, 20, 5)]);
    }
}
