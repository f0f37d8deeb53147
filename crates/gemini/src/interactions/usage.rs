//! The vendor's counters, in both directions. Thoughts and the prompts of server-side tools stand apart; cached tokens are
//! inside of the input.

use bytes::BytesMut;
use serde_json::{Map, Value, json};
use tollgate_model::{
    Losses, Usage,
    usage::{InputDetail, OutputDetail},
};
use tollgate_provider::json_writer::Object;

use super::wire::{self, ModalityTokens};

/// Reads the counters, and returns what the canonical usage has no place for.
pub(super) fn read(wire: &wire::Usage<'_>) -> serde_json::Result<(Usage, Map<String, Value>)> {
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
    };
    let mut usage = Usage {
        input_tokens: wire
            .total_input_tokens
            .map(|input| input.saturating_add(wire.total_tool_use_tokens.unwrap_or(0))),
        output_tokens: sum(wire.total_output_tokens, wire.total_thought_tokens),
        input: InputDetail {
            cache_read: wire.total_cached_tokens,
            audio: of("audio", &[&wire.input_tokens_by_modality, &wire.tool_use_tokens_by_modality]),
            image: of("image", &[&wire.input_tokens_by_modality, &wire.tool_use_tokens_by_modality]),
            cache_read_audio: of("audio", &[&wire.cached_tokens_by_modality]),
            tool_use: wire.total_tool_use_tokens,
            ..InputDetail::default()
        },
        output: OutputDetail {
            reasoning: wire.total_thought_tokens,
            audio: of("audio", &[&wire.output_tokens_by_modality]),
            image: of("image", &[&wire.output_tokens_by_modality]),
            ..OutputDetail::default()
        },
        ..Usage::default()
    };
    for count in wire.grounding_tool_count.iter().flatten() {
        let place = match count.kind.as_ref().map(|kind| &*kind.0) {
            Some("google_search") => &mut usage.server_tools.web_searches,
            Some("google_maps") => &mut usage.server_tools.map_lookups,
            Some("retrieval") => &mut usage.server_tools.file_searches,
            _ => continue,
        };
        *place = count.count;
    }
    Ok((usage, wire.rest.parse()?))
}

/// Adds up what the lists say of one modality. `None` where they do not name it.
fn of(modality: &str, lists: &[&Option<Vec<ModalityTokens<'_>>>]) -> Option<u64> {
    let named = lists.iter().filter_map(|list| list.as_ref()).flatten();
    let counts = named.filter(|count| count.modality.as_ref().is_some_and(|word| word.0 == modality));
    counts.map(|count| count.tokens.unwrap_or(0)).reduce(u64::saturating_add)
}

/// Writes the counters.
pub(super) fn write(out: &mut BytesMut, usage: &Usage, extra: Option<&Map<String, Value>>) {
    let apart = |total: Option<u64>, part: Option<u64>| Some(total?.saturating_sub(part.unwrap_or(0)));
    let tools = &usage.server_tools;
    let mut object = Object::begin(out);
    object.optional("total_tokens", usage.total_tokens());
    object.optional("total_input_tokens", apart(usage.input_tokens, usage.input.tool_use));
    object.optional("input_tokens_by_modality", modalities(usage.input.audio, usage.input.image));
    object.optional("total_cached_tokens", usage.input.cache_read);
    object.optional("cached_tokens_by_modality", modalities(usage.input.cache_read_audio, None));
    object.optional("total_output_tokens", apart(usage.output_tokens, usage.output.reasoning));
    object.optional("output_tokens_by_modality", modalities(usage.output.audio, usage.output.image));
    object.optional("total_tool_use_tokens", usage.input.tool_use);
    object.optional("total_thought_tokens", usage.output.reasoning);
    let counts = [
        ("google_search", tools.web_searches),
        ("google_maps", tools.map_lookups),
        ("retrieval", tools.file_searches),
    ];
    let counts: Vec<_> =
        counts.into_iter().filter_map(|(kind, count)| Some(json!({"type": kind, "count": count?}))).collect();
    object.optional("grounding_tool_count", (!counts.is_empty()).then_some(counts));
    object.extra(extra);
    object.end();
}

fn modalities(audio: Option<u64>, image: Option<u64>) -> Option<Vec<Value>> {
    let known = [("audio", audio), ("image", image)].into_iter();
    let known: Vec<_> =
        known.filter_map(|(word, count)| Some(json!({"modality": word, "tokens": count?}))).collect();
    (!known.is_empty()).then_some(known)
}

/// Names the counters that the format does not have.
pub(super) fn lose(usage: &Usage, losses: &mut Losses) {
    for (name, count) in [
        ("input.cache_write", usage.input.cache_write),
        ("input.cache_write_long", usage.input.cache_write_long),
        ("output.accepted_prediction", usage.output.accepted_prediction),
        ("output.rejected_prediction", usage.output.rejected_prediction),
        ("server_tools.web_fetches", usage.server_tools.web_fetches),
        ("server_tools.code_executions", usage.server_tools.code_executions),
    ] {
        if count.is_some_and(|count| count > 0) {
            losses.dropped(format!("usage.{name}"), "the format does not count it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_both_ways() {
        let json = json!({
            "total_tokens": 142, "total_input_tokens": 100, "total_cached_tokens": 60, "total_output_tokens": 7,
            "total_thought_tokens": 5, "total_tool_use_tokens": 30,
            "input_tokens_by_modality": [{"modality": "audio", "tokens": 20}],
            "grounding_tool_count": [{"type": "google_search", "count": 2}],
        });
        let text = json.to_string();
        let (usage, rest) = read(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(130), Some(12)));
        assert_eq!(
            (usage.input.cache_read, usage.input.audio, usage.output.reasoning),
            (Some(60), Some(20), Some(5))
        );
        assert_eq!((usage.server_tools.web_searches, rest.len()), (Some(2), 0));
        let mut out = BytesMut::new();
        write(&mut out, &usage, None);
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), json);
        assert!(read(&serde_json::from_str("{}").unwrap()).unwrap().0.is_empty());
    }
}
