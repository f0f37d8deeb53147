//! Finds what a prompt repeats of an earlier one.
//!
//! An agent sends its whole conversation again with every call. Compressing it again each time would cost more processor
//! time than everything else that a gateway does with a call; comparing it with the one before costs a read of both.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
};

use bytes::Bytes;
use tollgate_model::KeyId;

use crate::segment::{Segment, push_part};

/// The shortest beginning that is worth a reference.
const SHORTEST: usize = 512;
/// A mark is a hash of so many bytes before a depth.
const MARK_BYTES: usize = 64;
/// Depths double from [`SHORTEST`] on: up to 64 MiB.
const DEPTHS: u32 = 18;
/// How much text is remembered.
const MAX_BYTES: usize = 24 * 1024 * 1024;
const MAX_TEXTS: usize = 4096;
/// A text in more pieces than this is written anew: reading it would unpack as many blocks.
const MAX_SEGMENTS: usize = 64;
/// How old what is referred to may be: whoever deletes old blocks has to keep them for so long after their last call.
pub(crate) const MAX_AGE_US: i64 = 60 * 60 * 1_000_000;
/// A text that is shorter is copied, since it may be a small part of the buffer that it was read into.
const COPIED_BYTES: usize = 64 * 1024;

/// Recent prompts, and where they are stored.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    hasher: RandomState,
    texts: VecDeque<Known>,
    /// The number of the oldest of `texts`.
    oldest: u64,
    bytes: usize,
    /// From a mark to the number of the latest text that has it.
    marks: HashMap<u64, u64>,
}

/// A prompt that is stored.
#[derive(Debug)]
struct Known {
    key: Option<KeyId>,
    text: Bytes,
    segments: Vec<Segment>,
    /// When the oldest of its pieces was written.
    oldest_us: i64,
}

/// What a text shares with an earlier one: its beginning, and its end after what is new.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    known: u64,
    prefix: usize,
    suffix: usize,
}

impl Repeat {
    /// What is new, of the text it was found for.
    pub(crate) fn new_part<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.prefix..text.len() - self.suffix]
    }
}

impl Repeats {
    /// Looks for an earlier prompt of the same key with the same beginning.
    pub(crate) fn find(&self, key: Option<&KeyId>, text: &[u8], now_us: i64) -> Option<Repeat> {
        let deepest_first = (0..DEPTHS).rev().map(|level| SHORTEST << level);
        for depth in deepest_first.filter(|depth| *depth <= text.len()) {
            let Some(&number) = self.marks.get(&self.mark(key, text, depth)) else { continue };
            let Some(known) = self.known(number) else { continue };
            let fits = known.key.as_ref() == key && now_us.saturating_sub(known.oldest_us) <= MAX_AGE_US;
            let prefix = if fits { common_prefix(&known.text, text) } else { 0 };
            if prefix >= SHORTEST {
                let rest = known.text.len().min(text.len()) - prefix;
                let suffix = common_suffix(&known.text, text, rest);
                return Some(Repeat { known: number, prefix, suffix });
            }
        }
        None
    }

    /// Puts together where the text stands whose new part was written to `new`. `None`: in too many pieces.
    pub(crate) fn compose(&self, repeat: &Repeat, new: &[Segment]) -> Option<Vec<Segment>> {
        let known = self.known(repeat.known)?;
        let mut segments = Vec::with_capacity(known.segments.len() + 2);
        push_part(&mut segments, &known.segments, 0, repeat.prefix as u64);
        for segment in new {
            crate::segment::push(&mut segments, *segment);
        }
        let suffix_start = known.text.len() - repeat.suffix;
        push_part(&mut segments, &known.segments, suffix_start as u64, repeat.suffix as u64);
        (segments.len() <= MAX_SEGMENTS).then_some(segments)
    }

    /// Remembers a text, its place, and what it was put together from.
    pub(crate) fn remember(
        &mut self,
        key: Option<&KeyId>,
        text: &Bytes,
        segments: Vec<Segment>,
        from: Option<&Repeat>,
        now_us: i64,
    ) {
        if text.len() < SHORTEST || text.len() > MAX_BYTES {
            return;
        }
        let oldest_us =
            from.and_then(|repeat| self.known(repeat.known)).map_or(now_us, |known| known.oldest_us);
        let number = self.oldest + self.texts.len() as u64;
        for depth in (0..DEPTHS).map(|level| SHORTEST << level).take_while(|depth| *depth <= text.len()) {
            self.marks.insert(self.mark(key, text, depth), number);
        }
        let text = if text.len() < COPIED_BYTES { Bytes::copy_from_slice(text) } else { text.clone() };
        self.bytes += text.len();
        self.texts.push_back(Known { key: key.cloned(), text, segments, oldest_us });
        while self.bytes > MAX_BYTES || self.texts.len() > MAX_TEXTS {
            let Some(forgotten) = self.texts.pop_front() else { break };
            self.bytes -= forgotten.text.len();
            self.oldest += 1;
        }
        // Marks of forgotten texts go in one sweep now and then, rather than one by one.
        if self.marks.len() > 4 * MAX_TEXTS {
            let oldest = self.oldest;
            self.marks.retain(|_, number| *number >= oldest);
        }
    }

    /// Forgets everything: what it refers to was not written after all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn known(&self, number: u64) -> Option<&Known> {
        self.texts.get(usize::try_from(number.checked_sub(self.oldest)?).ok()?)
    }

    fn mark(&self, key: Option<&KeyId>, text: &[u8], depth: usize) -> u64 {
        self.hasher.hash_one((key, depth, &text[depth - MARK_BYTES..depth]))
    }
}

/// How much is compared at once, by the fastest way there is.
const STRIDE: usize = 1024;

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let strides = a.chunks_exact(STRIDE).zip(b.chunks_exact(STRIDE));
    let start = strides.take_while(|(a, b)| a == b).count() * STRIDE;
    start + a[start..].iter().zip(&b[start..]).take_while(|(a, b)| a == b).count()
}

fn common_suffix(a: &[u8], b: &[u8], limit: usize) -> usize {
    let (a, b) = (&a[a.len() - limit..], &b[b.len() - limit..]);
    let strides = a.rchunks_exact(STRIDE).zip(b.rchunks_exact(STRIDE));
    let end = strides.take_while(|(a, b)| a == b).count() * STRIDE;
    let (a, b) = (&a[..limit - end], &b[..limit - end]);
    end + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn conversation(turns: usize) -> Bytes {
        let messages: String =
            (0..turns).map(|turn| format!("turn {turn} {}, ", "x".repeat(turn % 97))).collect();
        Bytes::from(format!("{{\"messages\":[{messages}],\"tools\":[\"a long list of tools\"]}}"))
    }

    fn at(block: u64, text: &[u8]) -> Vec<Segment> {
        vec![Segment { block, offset: 0, length: text.len() as u64 }]
    }

    #[test]
    fn the_next_turn_repeats_all_but_its_own_words() {
        let mut repeats = Repeats::default();
        let (first, second) = (conversation(40), conversation(41));
        repeats.remember(None, &first, at(1, &first), None, 0);
        let repeat = repeats.find(None, &second, 1).unwrap();
        assert!(repeat.new_part(&second).len() < 60, "{repeat:?}");
        let new = at(2, repeat.new_part(&second));
        let segments = repeats.compose(&repeat, &new).unwrap();
        assert_eq!(segments.iter().map(|segment| segment.length).sum::<u64>(), second.len() as u64);
        assert_eq!(segments.iter().map(|segment| segment.block).collect::<Vec<_>>(), [1, 2, 1]);
    }

    #[test]
    fn another_key_and_an_old_text_are_not_referred_to() {
        let mut repeats = Repeats::default();
        let text = conversation(40);
        let (mine, yours) = (KeyId::from("mine".to_owned()), KeyId::from("yours".to_owned()));
        repeats.remember(Some(&mine), &text, at(1, &text), None, 0);
        assert!(repeats.find(Some(&mine), &text, MAX_AGE_US).is_some());
        assert_eq!(repeats.find(Some(&yours), &text, 0), None);
        assert_eq!(repeats.find(None, &text, 0), None);
        assert_eq!(repeats.find(Some(&mine), &text, MAX_AGE_US + 1), None);
        // What was put together from something old is as old as that.
        let repeat = repeats.find(Some(&mine), &text, MAX_AGE_US).unwrap();
        repeats.remember(Some(&mine), &text, at(1, &text), Some(&repeat), MAX_AGE_US);
        assert_eq!(repeats.find(Some(&mine), &text, MAX_AGE_US + 1), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut repeats = Repeats::default();
        for turn in 0..10_000 {
            let text = Bytes::from(format!("{turn:1000}"));
            repeats.remember(None, &text, at(turn, &text), None, 0);
        }
        assert_eq!(repeats.texts.len(), MAX_TEXTS);
        assert!(repeats.marks.len() <= 4 * MAX_TEXTS + 1);
        let large = Bytes::from(vec![b'x'; MAX_BYTES]);
        repeats.remember(None, &large, at(1, &large), None, 0);
        assert_eq!((repeats.texts.len(), repeats.bytes), (1, MAX_BYTES));
        repeats.clear();
        assert_eq!(repeats.find(None, &large, 0), None);
    }

    proptest! {
        #[test]
        fn what_is_shared_and_what_is_new_make_the_text(
            before in "[ab]{600,3000}", cut in 0..600_usize, middle in "[abc]{0,40}", keep in 0..600_usize,
        ) {
            let text = [&before[..before.len() - cut], &middle, &before[before.len() - keep.min(cut)..]].concat();
            let mut repeats = Repeats::default();
            let known = Bytes::from(before.clone());
            repeats.remember(None, &known, at(1, &known), None, 0);
            if let Some(repeat) = repeats.find(None, text.as_bytes(), 0) {
                let new = repeat.new_part(text.as_bytes());
                let segments = repeats.compose(&repeat, &at(2, new)).unwrap();
                let pieces = segments.iter().map(|segment| {
                    let whole = if segment.block == 1 { before.as_bytes() } else { new };
                    let start = usize::try_from(segment.offset).unwrap();
                    &whole[start..start + usize::try_from(segment.length).unwrap()]
                });
                prop_assert_eq!(pieces.collect::<Vec<_>>().concat(), text.into_bytes());
            }
        }
    }
}
