//! What a prompt counts, piece by piece, and what of it the provider has seen before.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

use crate::dice::{hash_value, stir};

/// How long a marked prefix is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ttl {
    FiveMinutes,
    OneHour,
}

/// A piece of a prompt that a cached prefix can end with: a tool, a block, a message.
#[derive(Debug)]
struct Segment {
    hash: u64,
    tokens: u64,
    mark: Option<Ttl>,
}

/// A prompt in the order that caches see: tools, system, messages.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    segments: Vec<Segment>,
    pub(crate) image: u64,
    pub(crate) audio: u64,
    pub(crate) document: u64,
}

impl Prompt {
    pub(crate) fn add(&mut self, value: &Value, tokens: u64, mark: Option<Ttl>) {
        self.segments.push(Segment { hash: hash_value(0, value), tokens, mark });
    }

    /// Marks the last piece, unless it bears a mark.
    pub(crate) fn mark_last(&mut self, ttl: Ttl) {
        if let Some(last) = self.segments.last_mut() {
            last.mark.get_or_insert(ttl);
        }
    }

    pub(crate) fn marks(&self) -> impl Iterator<Item = Ttl> {
        self.segments.iter().filter_map(|segment| segment.mark)
    }

    pub(crate) fn total(&self) -> u64 {
        self.segments.iter().map(|segment| segment.tokens).sum()
    }

    /// After each segment: the hash and the tokens of everything up to there.
    fn prefixes(&self, model: u64) -> Vec<(u64, u64)> {
        let mut so_far = (stir(model, 0xCACE), 0);
        let prefix = |segment: &Segment| {
            so_far = (stir(so_far.0, segment.hash), so_far.1 + segment.tokens);
            so_far
        };
        self.segments.iter().map(prefix).collect()
    }
}

/// The parts of a prompt that caching concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CacheUse {
    pub(crate) read: u64,
    pub(crate) write_5m: u64,
    pub(crate) write_1h: u64,
}

/// The most prefixes that are remembered; the oldest go first.
const KEPT: usize = 1 << 16;
/// How many pieces before a mark a provider looks for an earlier prefix.
const LOOK_BACK: usize = 20;

/// The prefixes that a provider has seen.
#[derive(Debug, Default)]
pub(crate) struct PrefixCache(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Seen {
    fn remember(&mut self, prefix: u64) {
        if self.known.insert(prefix) {
            self.order.push_back(prefix);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl PrefixCache {
    /// The tokens read by a cache that needs no marks: whole steps of 128 from 1024 on. Remembers the prompt.
    pub(crate) fn automatic(&self, model: u64, prompt: &Prompt) -> u64 {
        let prefixes = prompt.prefixes(model);
        let long_enough = || prefixes.iter().filter(|(_, tokens)| *tokens >= 1024);
        if long_enough().next().is_none() {
            return 0;
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = long_enough()
            .rev()
            .find(|(prefix, _)| seen.known.contains(prefix))
            .map_or(0, |(_, tokens)| *tokens);
        long_enough().for_each(|(prefix, _)| seen.remember(*prefix));
        read / 128 * 128
    }

    /// What a cache with marks reads and writes. Prefixes under `least` tokens are silently left alone.
    pub(crate) fn marked(&self, model: u64, prompt: &Prompt, least: u64) -> CacheUse {
        let prefixes = prompt.prefixes(model);
        let marks = |at: &usize| prompt.segments[*at].mark.is_some() && prefixes[*at].1 >= least;
        let marked: Vec<usize> = (0..prefixes.len()).filter(marks).collect();
        let Some(last) = marked.last().copied() else { return CacheUse::default() };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = marked.iter().rev().find_map(|mark| {
            let candidates = (mark.saturating_sub(LOOK_BACK)..=*mark).rev();
            candidates.into_iter().find(|at| seen.known.contains(&prefixes[*at].0))
        });
        let mut used = CacheUse { read: hit.map_or(0, |at| prefixes[at].1), ..CacheUse::default() };
        let mut from = used.read;
        for mark in marked.iter().filter(|mark| hit.is_none_or(|hit| **mark > hit)) {
            let written = prefixes[*mark].1 - from;
            match prompt.segments[*mark].mark {
                Some(Ttl::OneHour) => used.write_1h += written,
                Some(Ttl::FiveMinutes) | None => used.write_5m += written,
            }
            from = prefixes[*mark].1;
        }
        // A prefix is found again by its marks only.
        marked.iter().for_each(|mark| seen.remember(prefixes[*mark].0));
        debug_assert_eq!(used.read + used.write_5m + used.write_1h, prefixes[last].1.max(used.read));
        used
    }
}

/// Tokens of a JSON value's text: what a model reads of a tool, a schema, an argument.
pub(crate) fn json_tokens(value: &Value) -> u64 {
    json_bytes(value).div_ceil(4)
}

fn json_bytes(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(items) => 2 + items.iter().map(json_bytes).sum::<u64>(),
        Value::Object(fields) => {
            2 + fields.iter().map(|(name, value)| name.len() as u64 + 4 + json_bytes(value)).sum::<u64>()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt(pieces: &[(&str, u64, Option<Ttl>)]) -> Prompt {
        let mut prompt = Prompt::default();
        for (text, tokens, mark) in pieces {
            prompt.add(&json!(text), *tokens, *mark);
        }
        prompt
    }

    #[test]
    fn a_prefix_is_found_again_on_the_same_model_only() {
        let cache = PrefixCache::default();
        let rules = ("rules", 2_000, None);
        assert_eq!(cache.automatic(1, &prompt(&[rules, ("one", 5, None)])), 0);
        assert_eq!(cache.automatic(1, &prompt(&[rules, ("two", 5, None)])), 1_920);
        assert_eq!(cache.automatic(2, &prompt(&[rules, ("two", 5, None)])), 0);
        assert_eq!(cache.automatic(1, &prompt(&[("short", 1_000, None)])), 0);
        assert_eq!(cache.automatic(1, &prompt(&[("short", 1_000, None)])), 0);
    }

    #[test]
    fn marks_write_what_is_new_each_at_its_age() {
        let cache = PrefixCache::default();
        let (hour, minutes) = (Some(Ttl::OneHour), Some(Ttl::FiveMinutes));
        let first = prompt(&[("a", 1_000, hour), ("b", 1_000, None), ("c", 500, minutes), ("d", 9, None)]);
        assert_eq!(cache.marked(1, &first, 1_024), CacheUse { write_5m: 2_500, ..CacheUse::default() });
        let longer = prompt(&[
            ("a", 1_000, None),
            ("b", 1_000, None),
            ("c", 500, None),
            ("d", 9, None),
            ("e", 1, minutes),
        ]);
        assert_eq!(cache.marked(1, &longer, 1_024), CacheUse { read: 2_500, write_5m: 10, write_1h: 0 });
        assert_eq!(cache.marked(1, &first, 4_096), CacheUse::default());
    }

    #[test]
    fn the_mark_itself_does_not_change_a_prefix() {
        let marked = hash_value(0, &json!({"text": "a", "cache_control": {"type": "ephemeral"}}));
        assert_eq!(marked, hash_value(0, &json!({"text": "a"})));
        assert_ne!(marked, hash_value(0, &json!({"text": "b"})));
    }
}
