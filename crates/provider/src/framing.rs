//! Cuts a streaming body into frames, wherever the network cut it.

use memchr::{memchr, memchr2};
use tollgate_model::ProviderError;

/// The most bytes of one frame. A frame may hold a whole generated picture; beyond that it is an attack or a bug.
pub const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// How a streaming body is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events. Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html> (read 2026-11-23).
    Sse,
    /// One JSON document a line.
    JsonLines,
}

/// One frame of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The event's name, where the format has one.
    pub event: Option<&'a [u8]>,
    /// What it says. Of several `data` lines, all, joined by newlines.
    pub data: &'a [u8],
}

/// Cuts chunks into frames. Holds only what is not complete yet.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    max_frame_bytes: usize,
    /// The beginning of a frame whose end has not come.
    pending: Vec<u8>,
    /// Where in `pending` the line that is being read begins, and up to where it was searched.
    line_start: usize,
    searched: usize,
    /// Whether the last byte was a CR whose LF may come with the next chunk.
    after_cr: bool,
    /// Whether a byte-order mark may still come.
    at_start: bool,
    /// Several `data` lines, joined.
    joined: Vec<u8>,
}

impl Framer {
    /// Starts at the beginning of a body.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            max_frame_bytes: MAX_FRAME_BYTES,
            pending: Vec::new(),
            line_start: 0,
            searched: 0,
            after_cr: false,
            at_start: true,
            joined: Vec::new(),
        }
    }

    /// Sets the most bytes of one frame.
    #[must_use]
    pub const fn with_max_frame_bytes(mut self, bytes: usize) -> Self {
        self.max_frame_bytes = bytes;
        self
    }

    /// Takes the next chunk and hands each frame that is complete now to `each`.
    ///
    /// # Errors
    /// The first error of `each`, or a frame that is too long. The stream is over then.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        // The usual case, a chunk of whole frames, is read where it lies.
        if self.pending.is_empty() && !self.at_start {
            let (used, line_start, searched) = self.cut(chunk, 0, 0, &mut each)?;
            self.pending.extend_from_slice(&chunk[used..]);
            (self.line_start, self.searched) = (line_start - used, searched - used);
        } else {
            self.pending.extend_from_slice(chunk);
            if self.at_start && !self.skip_byte_order_mark() {
                return Ok(());
            }
            let pending = std::mem::take(&mut self.pending);
            let (used, line_start, searched) =
                self.cut(&pending, self.line_start, self.searched, &mut each)?;
            self.pending = pending;
            self.pending.drain(..used);
            (self.line_start, self.searched) = (line_start - used, searched - used);
        }
        if self.pending.len() > self.max_frame_bytes {
            return Err(ProviderError::protocol("a frame of the provider's stream is too long"));
        }
        Ok(())
    }

    /// Hands over a last frame that the body ended without closing.
    ///
    /// # Errors
    /// The error of `each`.
    pub fn finish(
        &mut self,
        mut each: impl FnMut(Frame<'_>) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        let rest = std::mem::take(&mut self.pending);
        (self.line_start, self.searched) = (0, 0);
        match self.framing {
            Framing::Sse => emit_event(&rest, &mut self.joined, &mut each),
            Framing::JsonLines => emit_line(&rest, &mut each),
        }
    }

    /// Returns how many of the last bytes that came belong to a frame whose end has not come.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Tells whether the start is settled: a mark was skipped, or none can come any more.
    fn skip_byte_order_mark(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.pending.len() < MARK.len() && MARK.starts_with(&self.pending) {
            return false;
        }
        if self.pending.starts_with(MARK) {
            self.pending.drain(..MARK.len());
        }
        self.at_start = false;
        true
    }

    /// Hands over all complete frames of `bytes`. Returns how many bytes they took, and where to go on.
    fn cut(
        &mut self,
        bytes: &[u8],
        mut line_start: usize,
        mut searched: usize,
        each: &mut impl FnMut(Frame<'_>) -> Result<(), ProviderError>,
    ) -> Result<(usize, usize, usize), ProviderError> {
        let mut frame_start = 0;
        if self.framing == Framing::JsonLines {
            while let Some(found) = memchr(b'\n', &bytes[searched..]) {
                let end = searched + found;
                emit_line(&bytes[frame_start..end], each)?;
                (frame_start, line_start, searched) = (end + 1, end + 1, end + 1);
            }
            return Ok((frame_start, line_start, bytes.len()));
        }
        if self.after_cr && !bytes.is_empty() && line_start < bytes.len() {
            self.after_cr = false;
            if bytes[line_start] == b'\n' {
                // The second half of a CRLF that was cut in two: no line of its own.
                if line_start == frame_start {
                    frame_start += 1;
                }
                line_start += 1;
                searched = line_start;
            }
        }
        while let Some(found) = memchr2(b'\r', b'\n', &bytes[searched..]) {
            let end = searched + found;
            let mut next = end + 1;
            if bytes[end] == b'\r' {
                match bytes.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if end == line_start {
                emit_event(&bytes[frame_start..end], &mut self.joined, each)?;
                frame_start = next;
            }
            (line_start, searched) = (next, next);
        }
        Ok((frame_start, line_start, bytes.len().max(searched)))
    }
}

fn emit_line(
    line: &[u8],
    each: &mut impl FnMut(Frame<'_>) -> Result<(), ProviderError>,
) -> Result<(), ProviderError> {
    let line = line.trim_ascii();
    if line.is_empty() { Ok(()) } else { each(Frame { event: None, data: line }) }
}

/// Reads the lines of one event. An event without data is none (comments, keep-alives).
fn emit_event(
    lines: &[u8],
    joined: &mut Vec<u8>,
    each: &mut impl FnMut(Frame<'_>) -> Result<(), ProviderError>,
) -> Result<(), ProviderError> {
    let mut event = None;
    let mut data: Option<&[u8]> = None;
    let mut several = false;
    let mut rest = lines;
    while !rest.is_empty() {
        let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let terminator = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[(end + terminator).min(rest.len())..];
        let (field, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => event = Some(value),
            b"data" => match data {
                None => data = Some(value),
                Some(first) => {
                    if !several {
                        joined.clear();
                        joined.extend_from_slice(first);
                        several = true;
                    }
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
            },
            // `id`, `retry`, comments and what is unknown mean nothing here.
            _ => {}
        }
    }
    match data {
        None => Ok(()),
        Some(_) if several => each(Frame { event, data: joined }),
        Some(data) => each(Frame { event, data }),
    }
}

#[cfg(test)]
mod tests;
