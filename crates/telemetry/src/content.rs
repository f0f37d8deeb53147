//! Packs prompts and answers into blocks that are compressed as one.
//!
//! A call of an agent repeats the whole conversation so far. Compressed one by one, each call pays for all of it again, in
//! time and space; compressed together, what was there before is one long match.

use std::io::{self, Write as _};

use zstd::stream::{Encoder, raw::CParameter};

/// How much text a block holds at most, beyond its first call. Reading one call unpacks one block.
const BLOCK_BYTES: u64 = 4 * 1024 * 1024;
/// Reaches back over a whole block.
const WINDOW_LOG: u32 = 22;
/// Positions that are remembered. The level's own 2^14 forget a conversation of 200 KB before it comes again.
const HASH_LOG: u32 = 17;
/// The fastest of the usual levels: the text is there for people, seldom.
const LEVEL: i32 = 1;

/// Where a text stands in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// A block that is complete.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) raw_length: u64,
    pub(crate) zstd: Vec<u8>,
}

/// A block that is being filled.
pub(crate) struct BlockWriter {
    encoder: Encoder<'static, Vec<u8>>,
    raw_length: u64,
}

impl BlockWriter {
    pub(crate) fn new() -> io::Result<Self> {
        let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
        encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        encoder.set_parameter(CParameter::HashLog(HASH_LOG))?;
        Ok(Self { encoder, raw_length: 0 })
    }

    /// Appends a text that comes in pieces.
    pub(crate) fn append<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<Place> {
        let offset = self.raw_length;
        for piece in pieces {
            self.encoder.write_all(piece)?;
            self.raw_length += piece.len() as u64;
        }
        Ok(Place { offset, length: self.raw_length - offset })
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.raw_length >= BLOCK_BYTES
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.raw_length == 0
    }

    pub(crate) fn finish(self) -> io::Result<Block> {
        Ok(Block { raw_length: self.raw_length, zstd: self.encoder.finish()? })
    }
}

/// Unpacks one text of a block.
pub(crate) fn read(zstd: &[u8], place: Place) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut decoder = zstd::Decoder::new(zstd)?;
    decoder.window_log_max(WINDOW_LOG.max(27))?;
    io::copy(&mut decoder.by_ref().take(place.offset), &mut io::sink())?;
    let mut text = Vec::new();
    let read = decoder.take(place.length).read_to_end(&mut text)? as u64;
    if read == place.length { Ok(text) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_from_their_places() {
        let mut block = BlockWriter::new().unwrap();
        let large = b"0123456789abcdef".repeat(400_000);
        let texts: [&[u8]; 4] = [b"", b"x", &large, b"last"];
        let places = texts.map(|text| block.append(text.chunks(1000)).unwrap());
        assert!(block.is_full());
        let block = block.finish().unwrap();
        for (text, place) in texts.into_iter().zip(places) {
            assert_eq!(read(&block.zstd, place).unwrap(), text);
        }
        assert!(read(&block.zstd, Place { offset: block.raw_length, length: 1 }).is_err());
    }

    #[test]
    fn a_history_that_comes_again_takes_hardly_any_space() {
        // Text that does not compress by itself: each number appears once.
        let history: String =
            (0..30_000_u64).map(|n| format!("{:x} ", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
        let size = |times: usize| {
            let mut block = BlockWriter::new().unwrap();
            for _ in 0..times {
                block.append([history.as_bytes()]).unwrap();
            }
            block.finish().unwrap().zstd.len()
        };
        assert!(size(5) < size(1) + size(1) / 20, "{} against {}", size(5), size(1));
    }
}
