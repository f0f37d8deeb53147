//! Canonical usage → `usageMetadata`.

use bytes::BytesMut;
use serde_json::{Map, Value, json};
use tollgate_model::{Losses, Usage};
use tollgate_provider::json_writer::Object;

/// Writes the counters as the vendor adds them up: prompts of server-side tools and thoughts stand apart.
pub(in crate::generate_content) fn write(
    out: &mut BytesMut,
    usage: &Usage,
    service_tier: Option<&str>,
    extra: Option<&Map<String, Value>>,
) {
    let tool_use = usage.input.tool_use;
    let thoughts = usage.output.reasoning;
    let apart = |total: Option<u64>, part: Option<u64>| Some(total?.saturating_sub(part.unwrap_or(0)));
    let mut object = Object::begin(out);
    object.optional("promptTokenCount", apart(usage.input_tokens, tool_use));
    object.optional("candidatesTokenCount", apart(usage.output_tokens, thoughts));
    object.optional("totalTokenCount", usage.total_tokens());
    object.optional("cachedContentTokenCount", usage.input.cache_read);
    object.optional("toolUsePromptTokenCount", tool_use);
    object.optional("thoughtsTokenCount", thoughts);
    object.optional("promptTokensDetails", details(usage.input.audio, usage.input.image));
    object.optional("cacheTokensDetails", details(usage.input.cache_read_audio, None));
    object.optional("candidatesTokensDetails", details(usage.output.audio, usage.output.image));
    object.optional("serviceTier", service_tier);
    object.extra(extra);
    object.end();
}

/// The tokens of each modality, as far as they are known.
fn details(audio: Option<u64>, image: Option<u64>) -> Option<Value> {
    let known = [("AUDIO", audio), ("IMAGE", image)].into_iter();
    let known = known.filter_map(|(word, count)| Some(json!({"modality": word, "tokenCount": count?})));
    let known: Vec<_> = known.collect();
    (!known.is_empty()).then(|| known.into())
}

/// The class of service in the vendor's words. `None`: it has none for it.
pub(in crate::generate_content) fn service_tier(word: &str) -> Option<&str> {
    match word {
        "default" => Some("standard"),
        "standard" | "flex" | "priority" | "unspecified" => Some(word),
        // As the vendor's cloud writes it.
        word if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
            Some(word)
        }
        _ => None,
    }
}

/// Names the counters that the format does not have. `grounded`: the answer says itself what it looked up.
pub(in crate::generate_content) fn lose(usage: &Usage, grounded: bool, losses: &mut Losses) {
    let (input, output, tools) = (&usage.input, &usage.output, &usage.server_tools);
    let looked_up = |count: Option<u64>| count.filter(|_| !grounded);
    for (name, count) in [
        ("input.cache_write", input.cache_write),
        ("input.cache_write_long", input.cache_write_long),
        ("output.accepted_prediction", output.accepted_prediction),
        ("output.rejected_prediction", output.rejected_prediction),
        ("server_tools.web_searches", looked_up(tools.web_searches)),
        ("server_tools.web_fetches", tools.web_fetches),
        ("server_tools.map_lookups", looked_up(tools.map_lookups)),
        ("server_tools.file_searches", tools.file_searches),
        ("server_tools.code_executions", tools.code_executions),
    ] {
        if count.is_some_and(|count| count > 0) {
            losses.dropped(format!("usage.{name}"), "the format does not count it");
        }
    }
}
