//! Stores prompts and answers: what an earlier prompt already said is referred to, the rest is compressed in blocks.

use std::io;

use rusqlite::{Connection, OptionalExtension as _, Transaction};
use zstd::bulk::Compressor;

use crate::{
    database::StoreError,
    record::CallRecord,
    repeats::Repeats,
    segment::{Segment, push},
};

/// How much text a block holds at most, beyond its last text. Reading one call unpacks each block that it is in.
const BLOCK_BYTES: usize = 1024 * 1024;
/// The fastest of the usual levels: the text is there for people, seldom.
const LEVEL: i32 = 1;
/// The largest block that is unpacked: one text of the largest body, with its answer.
const MAX_BLOCK_BYTES: usize = 1024 * 1024 * 1024;

/// Where a call's texts are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContentPlace {
    pub(crate) request: Vec<Segment>,
    pub(crate) response: Vec<Segment>,
}

/// Writes texts. Holds what it can use again: the compressor, its buffers, and the recent prompts.
pub(crate) struct ContentWriter {
    compressor: Compressor<'static>,
    repeats: Repeats,
    /// The block that is being filled.
    raw: Vec<u8>,
    block: u64,
}

impl ContentWriter {
    pub(crate) fn new() -> io::Result<Self> {
        let compressor = Compressor::new(LEVEL)?;
        Ok(Self { compressor, repeats: Repeats::default(), raw: Vec::new(), block: 0 })
    }

    /// Writes the texts of a batch, and returns where each record's stand. `None`: it has none.
    ///
    /// A block holds the texts of one key only, and refers to no other key's, so that one key's texts can be taken away
    /// without touching another's.
    pub(crate) fn write(
        &mut self,
        transaction: &Transaction<'_>,
        records: &[Box<CallRecord>],
    ) -> Result<Vec<Option<ContentPlace>>, StoreError> {
        let mut order: Vec<usize> =
            (0..records.len()).filter(|index| has_content(&records[*index])).collect();
        order.sort_by_key(|index| records[*index].caller.key.as_ref());
        let mut places = vec![None; records.len()];
        if order.is_empty() {
            return Ok(places);
        }
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM content_blocks";
        let next: i64 = transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        self.block = next.unsigned_abs();
        self.raw.clear();
        for (position, &index) in order.iter().enumerate() {
            let record = &records[index];
            places[index] = Some(self.place(record));
            let last_of_key =
                order.get(position + 1).is_none_or(|next| records[*next].caller.key != record.caller.key);
            if last_of_key || self.raw.len() >= BLOCK_BYTES {
                self.finish_block(transaction)?;
            }
        }
        Ok(places)
    }

    /// Forgets what was written last: the transaction failed.
    pub(crate) fn forget(&mut self) {
        self.repeats.clear();
    }

    fn place(&mut self, record: &CallRecord) -> ContentPlace {
        let (key, now) = (record.caller.key.as_ref(), record.started_at_us);
        let text = &record.request;
        let mut repeat = self.repeats.find(key, text, now);
        let new = self.append(repeat.as_ref().map_or(text, |repeat| repeat.new_part(text)));
        let composed = repeat.as_ref().and_then(|repeat| self.repeats.compose(repeat, &[new]));
        let request = composed.unwrap_or_else(|| {
            if repeat.take().is_some() {
                // In too many pieces by now.
                self.raw.truncate(self.raw.len() - usize::try_from(new.length).unwrap_or(0));
                return pieces([self.append(text)]);
            }
            pieces([new])
        });
        self.repeats.remember(key, text, request.clone(), repeat.as_ref(), now);
        let response = record.response.iter().map(|piece| self.append(piece)).collect::<Vec<_>>();
        ContentPlace { request, response: pieces(response) }
    }

    fn append(&mut self, text: &[u8]) -> Segment {
        let offset = self.raw.len() as u64;
        self.raw.extend_from_slice(text);
        Segment { block: self.block, offset, length: text.len() as u64 }
    }

    fn finish_block(&mut self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        if self.raw.is_empty() {
            return Ok(());
        }
        let zstd = self.compressor.compress(&self.raw).map_err(StoreError::Content)?;
        let sql = "INSERT INTO content_blocks (id, raw_length, zstd) VALUES (?1, ?2, ?3)";
        let raw_length = i64::try_from(self.raw.len()).unwrap_or(i64::MAX);
        transaction.prepare_cached(sql)?.execute((signed(self.block), raw_length, zstd))?;
        self.block += 1;
        self.raw.clear();
        // One large text must not be paid for ever after.
        self.raw.shrink_to(2 * BLOCK_BYTES);
        Ok(())
    }
}

impl std::fmt::Debug for ContentWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentWriter").field("block", &self.block).finish_non_exhaustive()
    }
}

/// Reads a text from its blocks.
///
/// A block that is gone leaves nothing of the text: half a prompt would mislead.
pub(crate) fn read(connection: &Connection, segments: &[Segment]) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    let mut unpacked: Option<(u64, Vec<u8>)> = None;
    for segment in segments {
        let raw = match unpacked.take() {
            Some((block, raw)) if block == segment.block => raw,
            _ => match unpack(connection, segment.block)? {
                Some(raw) => raw,
                None => return Ok(Vec::new()),
            },
        };
        text.extend_from_slice(part(&raw, *segment).map_err(StoreError::Content)?);
        unpacked = Some((segment.block, raw));
    }
    Ok(text)
}

fn unpack(connection: &Connection, block: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT raw_length, zstd FROM content_blocks WHERE id = ?")?;
    let found = statement
        .query_row([signed(block)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((raw_length, zstd)) = found else { return Ok(None) };
    let capacity = usize::try_from(raw_length).unwrap_or(0).min(MAX_BLOCK_BYTES);
    zstd::bulk::decompress(&zstd, capacity).map(Some).map_err(StoreError::Content)
}

fn part(raw: &[u8], segment: Segment) -> io::Result<&[u8]> {
    let start = usize::try_from(segment.offset).ok();
    let end = usize::try_from(segment.offset.saturating_add(segment.length)).ok();
    start
        .zip(end)
        .and_then(|(start, end)| raw.get(start..end))
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn pieces(all: impl IntoIterator<Item = Segment>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for segment in all {
        push(&mut segments, segment);
    }
    segments
}

fn has_content(record: &CallRecord) -> bool {
    !record.request.is_empty() || record.response.iter().any(|piece| !piece.is_empty())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
