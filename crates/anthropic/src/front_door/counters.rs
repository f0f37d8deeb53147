//! Canonical usage → the vendor's counters, which count apart what the canonical totals include.

use serde_json::{Map, Value};
use tollgate_model::{Losses, Usage};
use tollgate_provider::json_writer::Object;

/// Writes the `usage` of a message. What is not known is 0 where the format requires a number.
pub(super) fn write_message(
    mut usage: Object<'_>,
    counted: &Usage,
    service_tier: Option<&str>,
    extra: Option<&Map<String, Value>>,
) {
    write_totals(&mut usage, counted);
    write_split(&mut usage, counted, extra);
    usage.optional("service_tier", service_tier.map(tier)).extra(extra);
    usage.end();
}

/// Writes the `usage` of a `message_delta`: the totals so far. The vendor's own has neither the split of the cache writes
/// nor the class of service, since `message_start` had them; what that could not know yet stands here.
pub(super) fn write_delta(
    mut usage: Object<'_>,
    counted: &Usage,
    started_with: &Usage,
    service_tier: Option<&str>,
    extra: Option<&Map<String, Value>>,
) {
    write_totals(&mut usage, counted);
    let split = |usage: &Usage| (usage.input.cache_write, usage.input.cache_write_long);
    if split(counted) != split(started_with) {
        write_split(&mut usage, counted, extra);
    }
    usage.optional("service_tier", service_tier.map(tier)).extra(extra);
    usage.end();
}

/// Writes how long the cache keeps what was written.
fn write_split(usage: &mut Object<'_>, counted: &Usage, extra: Option<&Map<String, Value>>) {
    let Some(written_long) = counted.input.cache_write_long else { return };
    let written = counted.input.cache_write.unwrap_or(0);
    let mut split = usage.object("cache_creation");
    split.field("ephemeral_5m_input_tokens", &written).field("ephemeral_1h_input_tokens", &written_long);
    split.extra(extra.and_then(|extra| extra.get("cache_creation")?.as_object()));
    split.end();
}

fn write_totals(usage: &mut Object<'_>, counted: &Usage) {
    let read = counted.input.cache_read;
    let writes = match (counted.input.cache_write, counted.input.cache_write_long) {
        (None, None) => None,
        (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
    };
    let apart = read.unwrap_or(0).saturating_add(writes.unwrap_or(0));
    usage.field("input_tokens", &counted.input_tokens.unwrap_or(0).saturating_sub(apart));
    usage.optional("cache_creation_input_tokens", writes).optional("cache_read_input_tokens", read);
    usage.field("output_tokens", &counted.output_tokens.unwrap_or(0));
    if let Some(thinking) = counted.output.reasoning {
        let mut details = usage.object("output_tokens_details");
        details.field("thinking_tokens", &thinking);
        details.end();
    }
    let tools = &counted.server_tools;
    if tools.web_searches.is_some() || tools.web_fetches.is_some() {
        let mut used = usage.object("server_tool_use");
        used.optional("web_search_requests", tools.web_searches);
        used.optional("web_fetch_requests", tools.web_fetches);
        used.end();
    }
}

/// The vendor's word for the class of service.
fn tier(word: &str) -> &str {
    match word {
        "default" => "standard",
        word => word,
    }
}

/// Names the counters that the format has no place for.
pub(super) fn lose(counted: &Usage, losses: &mut Losses) {
    const WHY: &str = "the format does not count this";
    let Usage { input, output, server_tools, .. } = counted;
    let mut lose = |name: &str, count: Option<u64>| {
        if count.is_some_and(|count| count > 0) {
            losses.dropped(format!("usage.{name}"), WHY);
        }
    };
    lose("input.audio", input.audio);
    lose("input.image", input.image);
    lose("input.cache_read_audio", input.cache_read_audio);
    lose("input.tool_use", input.tool_use);
    lose("output.audio", output.audio);
    lose("output.image", output.image);
    lose("output.accepted_prediction", output.accepted_prediction);
    lose("output.rejected_prediction", output.rejected_prediction);
    lose("server_tools.map_lookups", server_tools.map_lookups);
    lose("server_tools.file_searches", server_tools.file_searches);
    lose("server_tools.code_executions", server_tools.code_executions);
}
