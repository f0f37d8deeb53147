//! Cuts a usage into classes that are billed apart, so that every token is billed exactly once.

use tollgate_model::Usage;

use crate::{
    cost::Note,
    prices::{Class, Prices},
};

/// How much of each class was consumed.
#[derive(Debug, Default)]
pub(crate) struct Quantities {
    /// Each class at most once, in the order of the classes within input, output and tools.
    pub(crate) items: Vec<(Class, u64)>,
    /// Tokens of the prompt, cached ones included.
    pub(crate) prompt_tokens: u64,
    /// What did not add up.
    pub(crate) notes: Vec<Note>,
}

/// Cuts `usage` into the classes that `prices` has rates for. `None`: the provider said nothing about its input.
pub(crate) fn partition(prices: &Prices, usage: &Usage) -> Option<Quantities> {
    let mut quantities = Quantities::default();
    let input = input_parts(prices, usage, &mut quantities.notes);
    quantities.prompt_tokens = quantities.add(Class::Input, usage.input_tokens?, &input);
    let output = output_parts(prices, usage);
    quantities.add(Class::Output, usage.output_tokens.unwrap_or(0), &output);
    let tools = usage.server_tools;
    for (class, calls) in [
        (Class::WebSearch, tools.web_searches),
        (Class::WebFetch, tools.web_fetches),
        (Class::MapLookup, tools.map_lookups),
        (Class::FileSearch, tools.file_searches),
        (Class::CodeExecution, tools.code_executions),
    ] {
        quantities.items.extend(calls.filter(|calls| *calls > 0).map(|calls| (class, calls)));
    }
    Some(quantities)
}

impl Quantities {
    /// Adds the parts, and the rest of `total` as `whole`. Returns the total: the sum of the parts where that is more.
    fn add(&mut self, whole: Class, total: u64, parts: &[(Class, u64)]) -> u64 {
        let sum = parts.iter().fold(0_u64, |sum, (_, tokens)| sum.saturating_add(*tokens));
        if sum > total {
            self.notes.push(Note::PartsExceedTotal(whole));
        }
        let rest = (whole, total.saturating_sub(sum));
        self.items
            .extend(std::iter::once(rest).chain(parts.iter().copied()).filter(|(_, tokens)| *tokens > 0));
        total.max(sum)
    }
}

/// The parts of the prompt that have rates of their own; the others stay in `Class::Input`.
fn input_parts(prices: &Prices, usage: &Usage, notes: &mut Vec<Note>) -> Vec<(Class, u64)> {
    let detail = usage.input;
    let cache_read = detail.cache_read.unwrap_or(0);
    let mut parts = Vec::with_capacity(6);
    if prices.knows(Class::AudioIn) || prices.knows(Class::AudioCacheRead) {
        // Cached audio is counted in both of its wholes, and taken out of both.
        let audio = detail.audio.unwrap_or(0);
        let said = detail.cache_read_audio.unwrap_or(0);
        let cached_audio = said.min(audio).min(cache_read);
        if cached_audio < said {
            notes.push(Note::PartsExceedTotal(Class::AudioCacheRead));
        }
        parts.push((Class::CacheRead, cache_read - cached_audio));
        parts.push((Class::AudioIn, audio - cached_audio));
        parts.push((Class::AudioCacheRead, cached_audio));
    } else {
        parts.push((Class::CacheRead, cache_read));
    }
    // Vendors without a rate for writes bill them as input. One with a rate for short writes only is not known to.
    if prices.knows(Class::CacheWrite) || prices.knows(Class::CacheWriteLong) {
        parts.push((Class::CacheWrite, detail.cache_write.unwrap_or(0)));
        parts.push((Class::CacheWriteLong, detail.cache_write_long.unwrap_or(0)));
    }
    if prices.knows(Class::ImageIn) {
        parts.push((Class::ImageIn, detail.image.unwrap_or(0)));
    }
    parts
}

/// The parts of the answer that have rates of their own; the others stay in `Class::Output`.
fn output_parts(prices: &Prices, usage: &Usage) -> Vec<(Class, u64)> {
    let detail = usage.output;
    [
        (Class::ReasoningOut, detail.reasoning),
        (Class::AudioOut, detail.audio),
        (Class::ImageOut, detail.image),
    ]
    .into_iter()
    .filter(|(class, _)| prices.knows(*class))
    .map(|(class, tokens)| (class, tokens.unwrap_or(0)))
    .collect()
}
