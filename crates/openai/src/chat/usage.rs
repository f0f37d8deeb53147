//! `usage`, in the vendor's terms and in ours. Both count totals that include their parts.
//!
//! Source: `CompletionUsage` in the vendor's OpenAPI description (read 2026-11-23).

use bytes::BytesMut;
use serde_json::{Map, Value};
use tollgate_model::{
    Losses, Usage,
    usage::{InputDetail, OutputDetail},
};

use super::wire;

/// Reads the counters, and returns beside them what has no place in ours.
///
/// `counted_apart` is [`super::Quirks::reasoning_counted_apart`].
pub(super) fn decode(wire: wire::Usage<'_>, counted_apart: bool) -> (Usage, Map<String, Value>) {
    let mut rest = wire.rest.into_map();
    let input = wire.prompt_tokens_details.unwrap_or_default();
    let output = wire.completion_tokens_details.unwrap_or_default();
    for (name, details) in [("prompt_tokens_details", input.rest), ("completion_tokens_details", output.rest)]
    {
        let details = details.into_map();
        if !details.is_empty() {
            rest.insert(name.to_owned(), Value::Object(details));
        }
    }
    let elsewhere = wire.prompt_cache_hit_tokens.or(wire.num_cached_tokens).or(wire.cached_tokens);
    let mut usage = Usage {
        input_tokens: wire.prompt_tokens,
        output_tokens: wire.completion_tokens,
        input: InputDetail {
            cache_read: input.cached_tokens.or(elsewhere),
            cache_write: input.cache_write_tokens,
            audio: input.audio_tokens,
            image: input.image_tokens,
            ..InputDetail::default()
        },
        output: OutputDetail {
            reasoning: output.reasoning_tokens,
            audio: output.audio_tokens,
            image: output.image_tokens,
            accepted_prediction: output.accepted_prediction_tokens,
            rejected_prediction: output.rejected_prediction_tokens,
        },
        ..Usage::default()
    };
    if counted_apart {
        usage.output_tokens = with_reasoning(&usage, wire.total_tokens);
    }
    (usage, rest)
}

/// Adds the reasoning where the totals prove that it was left out.
fn with_reasoning(usage: &Usage, total: Option<u64>) -> Option<u64> {
    let (Some(input), Some(output), Some(reasoning)) =
        (usage.input_tokens, usage.output_tokens, usage.output.reasoning)
    else {
        return usage.output_tokens;
    };
    let sum = output.checked_add(reasoning);
    let apart = sum.and_then(|sum| sum.checked_add(input)).is_some_and(|all| total == Some(all));
    if apart { sum } else { Some(output) }
}

/// Writes the counters. What is not known is left out, since 0 would be a claim.
pub(super) fn write(out: &mut BytesMut, usage: &Usage, extra: Option<&Map<String, Value>>) {
    let details = |name: &str| extra.and_then(|extra| extra.get(name)).and_then(Value::as_object);
    let total =
        usage.input_tokens.zip(usage.output_tokens).map(|(input, output)| input.saturating_add(output));
    let mut object = wire::Object::begin(out);
    object.optional("prompt_tokens", usage.input_tokens);
    object.optional("completion_tokens", usage.output_tokens);
    object.optional("total_tokens", total);
    let (input, output) = (&usage.input, &usage.output);
    let written = match (input.cache_write, input.cache_write_long) {
        (None, None) => None,
        (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
    };
    let known = [
        ("cached_tokens", input.cache_read),
        ("cache_write_tokens", written),
        ("audio_tokens", input.audio),
        ("image_tokens", input.image),
    ];
    write_details(&mut object, "prompt_tokens_details", &known, details("prompt_tokens_details"));
    let known = [
        ("reasoning_tokens", output.reasoning),
        ("audio_tokens", output.audio),
        ("image_tokens", output.image),
        ("accepted_prediction_tokens", output.accepted_prediction),
        ("rejected_prediction_tokens", output.rejected_prediction),
    ];
    write_details(&mut object, "completion_tokens_details", &known, details("completion_tokens_details"));
    object.extra(extra);
    object.end();
}

fn write_details(
    object: &mut wire::Object<'_>,
    name: &'static str,
    known: &[(&'static str, Option<u64>)],
    extra: Option<&Map<String, Value>>,
) {
    if extra.is_none() && known.iter().all(|(_, count)| count.is_none()) {
        return;
    }
    let mut details = object.object(name);
    for (name, count) in known {
        details.optional(name, *count);
    }
    details.extra(extra);
    details.end();
}

/// Names the counters that the format has no place for.
pub(super) fn lose(usage: &Usage, losses: &mut Losses) {
    if !usage.server_tools.is_empty() {
        losses.dropped("usage.server_tools", "the format does not count the provider's own tools");
    }
    if usage.input.tool_use.is_some() {
        losses
            .dropped("usage.input.tool_use", "the format does not count what the provider's own tools said");
    }
    if usage.input.cache_read_audio.is_some() {
        losses.dropped("usage.input.cache_read_audio", "the format does not count cached sound apart");
    }
    if usage.input.cache_write_long.is_some_and(|tokens| tokens > 0) {
        losses.approximated("usage.input.cache_write_long", "the format counts cache writes in one sum");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, counted_apart: bool) -> Usage {
        decode(serde_json::from_str(json).unwrap(), counted_apart).0
    }

    #[test]
    fn reasoning_is_added_exactly_when_the_totals_say_so() {
        let apart = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":45,"completion_tokens_details":{"reasoning_tokens":30}}"#;
        assert_eq!(read(apart, true).output_tokens, Some(35));
        assert_eq!(read(apart, false).output_tokens, Some(5));
        let inside = apart.replace("\"total_tokens\":45", "\"total_tokens\":15");
        assert_eq!(read(&inside, true).output_tokens, Some(5));
        let huge = format!(
            r#"{{"prompt_tokens":1,"completion_tokens":{},"total_tokens":0,"completion_tokens_details":{{"reasoning_tokens":2}}}}"#,
            u64::MAX
        );
        assert_eq!(read(&huge, true).output_tokens, Some(u64::MAX));
    }

    #[test]
    fn cached_tokens_stand_in_many_places() {
        for json in [
            r#"{"prompt_tokens_details":{"cached_tokens":7}}"#,
            r#"{"prompt_cache_hit_tokens":7,"prompt_cache_miss_tokens":1}"#,
            r#"{"num_cached_tokens":7}"#,
            r#"{"cached_tokens":7}"#,
            r#"{"cached_tokens":9,"prompt_tokens_details":{"cached_tokens":7}}"#,
        ] {
            assert_eq!(read(json, false).input.cache_read, Some(7), "{json}");
        }
    }

    #[test]
    fn unknown_counters_come_out_where_they_stood() {
        let json = r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1,"text_tokens":4},"cost_in_usd_ticks":99}"#;
        let (usage, rest) = decode(serde_json::from_str(json).unwrap(), false);
        let mut out = BytesMut::new();
        write(&mut out, &usage, Some(&rest));
        let (was, is): (Value, Value) =
            (serde_json::from_str(json).unwrap(), serde_json::from_slice(&out).unwrap());
        assert_eq!(was, is);
    }
}
