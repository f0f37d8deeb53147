//! Passes a stream on in whole events.

use std::collections::VecDeque;

use bytes::Bytes;

/// The most that is held back. A longer event is passed on as it comes: a picture is not kept in memory twice.
const MAX_HELD_BYTES: usize = 256 * 1024;

/// The pieces of a stream, of which the beginning of an event is held back until its end has come.
///
/// Were it passed on and the stream then cut, the error event would follow in the middle of a line, and the client could
/// read neither. No event is later for it, since no client can read one before its end.
#[derive(Debug, Default)]
pub(crate) struct WholeEvents {
    ready: VecDeque<Bytes>,
    held: VecDeque<Bytes>,
}

impl WholeEvents {
    /// Takes the next piece, after which `pending` bytes belong to an event without its end.
    pub(crate) fn push(&mut self, mut piece: Bytes, pending: usize) {
        match piece.len().checked_sub(pending) {
            Some(complete) => {
                let beginning = piece.split_off(complete);
                self.ready.append(&mut self.held);
                self.ready.extend(Some(piece).filter(|piece| !piece.is_empty()));
                self.held.extend(Some(beginning).filter(|piece| !piece.is_empty()));
            }
            None => self.held.push_back(piece),
        }
        if pending > MAX_HELD_BYTES {
            self.release();
        }
    }

    /// Takes a piece that is to follow what is ready, in the place of what is held back.
    pub(crate) fn replace_held(&mut self, piece: Bytes) {
        self.held.clear();
        self.ready.push_back(piece);
    }

    /// Lets go of what is held back.
    pub(crate) fn release(&mut self) {
        self.ready.append(&mut self.held);
    }

    /// What can be passed on, in order.
    pub(crate) fn ready(&self) -> impl Iterator<Item = &Bytes> {
        self.ready.iter()
    }

    /// Returns the next piece to pass on.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_provider::{Framer, Framing};

    use super::*;

    fn passed(events: &mut WholeEvents) -> String {
        let pieces: Vec<Bytes> = std::iter::from_fn(|| events.pop()).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[test]
    fn only_whole_events_pass_and_no_byte_is_lost_wherever_it_is_cut() {
        let stream = ": a\r\n\r\ndata: 1\n\ndata: 2\ndata: 3\r\r\n\ndata: é\r\n\r\n: b\n\ndata: half";
        for size in 1..stream.len() {
            let (mut events, mut framer) = (WholeEvents::default(), Framer::new(Framing::Sse));
            let mut all = String::new();
            for piece in stream.as_bytes().chunks(size) {
                framer.feed(piece, |_| Ok(())).unwrap();
                events.push(Bytes::copy_from_slice(piece), framer.pending_bytes());
                all += &passed(&mut events);
                let ends = ["\n\n", "\r\r", "\r\n\r\n", "\r\n\r", "\r\r\n"];
                assert!(all.is_empty() || ends.iter().any(|end| all.ends_with(end)), "{size}: {all:?}");
            }
            assert_eq!(all, stream.trim_end_matches("data: half"), "{size}");
            events.release();
            assert_eq!(passed(&mut events), "data: half");
        }
    }

    #[test]
    fn a_huge_event_passes_as_it_comes() {
        let mut events = WholeEvents::default();
        let piece = Bytes::from(vec![b'x'; 100 * 1024]);
        for (nth, passing) in [(1, 0), (2, 0), (3, 3), (4, 1)] {
            events.push(piece.clone(), nth * piece.len());
            assert_eq!(std::iter::from_fn(|| events.pop()).count(), passing);
        }
    }
}
