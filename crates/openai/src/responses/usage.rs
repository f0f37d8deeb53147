//! Tokens: the vendor's counters and ours. All of the vendor's totals include their parts.

use bytes::BytesMut;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Losses, Usage,
    usage::{InputDetail, OutputDetail},
};

use super::wire::Object;
use crate::wire::wire_object;

wire_object! {
    Counters {
        input_tokens: u64,
        input_tokens_details: InputDetails<'a>,
        output_tokens: u64,
        output_tokens_details: OutputDetails<'a>,
        total_tokens: u64,
    }
}

wire_object! {
    InputDetails {
        cached_tokens: u64,
        cache_write_tokens: u64,
        cache_write_tokens_details: Lifetimes<'a>,
        audio_tokens: u64,
        image_tokens: u64,
    }
}

wire_object! {
    /// Cache writes by their lifetime.
    Lifetimes {
        ttl_30m_tokens: u64,
        ttl_12h_tokens: u64,
    }
}

wire_object! {
    OutputDetails {
        reasoning_tokens: u64,
        audio_tokens: u64,
        image_tokens: u64,
    }
}

/// Reads the counters, and returns those that are not known besides.
pub(super) fn decode(raw: &RawValue) -> serde_json::Result<(Usage, Map<String, Value>)> {
    let wire: Counters<'_> = serde_json::from_str(raw.get())?;
    let mut rest = wire.rest.into_map();
    let input = wire.input_tokens_details.unwrap_or_default();
    let output = wire.output_tokens_details.unwrap_or_default();
    for (name, unknown) in
        [("input_tokens_details", input.rest.into_map()), ("output_tokens_details", output.rest.into_map())]
    {
        if !unknown.is_empty() {
            rest.insert(name.to_owned(), Value::Object(unknown));
        }
    }
    let (cache_write, cache_write_long) = match input.cache_write_tokens_details {
        Some(Lifetimes { ttl_30m_tokens: short, ttl_12h_tokens: long, .. }) => {
            let all = input.cache_write_tokens.map(|all| all.saturating_sub(long.unwrap_or(0)));
            (short.or(all), long)
        }
        None => (input.cache_write_tokens, None),
    };
    let usage = Usage {
        input_tokens: wire.input_tokens,
        output_tokens: wire.output_tokens,
        input: InputDetail {
            cache_read: input.cached_tokens,
            cache_write,
            cache_write_long,
            audio: input.audio_tokens,
            image: input.image_tokens,
            ..InputDetail::default()
        },
        output: OutputDetail {
            reasoning: output.reasoning_tokens,
            audio: output.audio_tokens,
            image: output.image_tokens,
            ..OutputDetail::default()
        },
        ..Usage::default()
    };
    Ok((usage, rest))
}

/// Writes the counters. The format requires numbers for the main ones, so what is not known is 0 there.
pub(super) fn write(out: &mut BytesMut, usage: &Usage, extra: Option<&Map<String, Value>>) {
    let details = |name: &str| extra.and_then(|extra| extra.get(name)).and_then(Value::as_object);
    let number = |count: Option<u64>| count.unwrap_or(0);
    let (input, output) = (&usage.input, &usage.output);
    let mut object = Object::begin(out);
    object.field("input_tokens", &number(usage.input_tokens));
    let mut nested = object.object("input_tokens_details");
    nested.field("cached_tokens", &number(input.cache_read));
    let written = number(input.cache_write).saturating_add(number(input.cache_write_long));
    nested.field("cache_write_tokens", &written);
    if let Some(long) = input.cache_write_long {
        let mut lifetimes = nested.object("cache_write_tokens_details");
        lifetimes.field("ttl_30m_tokens", &number(input.cache_write)).field("ttl_12h_tokens", &long);
        lifetimes.end();
    }
    nested.optional("audio_tokens", input.audio).optional("image_tokens", input.image);
    nested.extra(details("input_tokens_details"));
    nested.end();
    object.field("output_tokens", &number(usage.output_tokens));
    let mut nested = object.object("output_tokens_details");
    nested.field("reasoning_tokens", &number(output.reasoning));
    nested.optional("audio_tokens", output.audio).optional("image_tokens", output.image);
    nested.extra(details("output_tokens_details"));
    nested.end();
    let total = number(usage.input_tokens).saturating_add(number(usage.output_tokens));
    object.field("total_tokens", &total);
    object.extra(extra);
    object.end();
}

/// Names what the counters do not say, or say though it is not known.
pub(super) fn lose(usage: &Usage, losses: &mut Losses) {
    if usage.input_tokens.is_none() || usage.output_tokens.is_none() {
        losses.approximated(
            "usage",
            "the provider did not count all: the format requires numbers, and 0 is written",
        );
    }
    for (path, count) in [
        ("usage.input.cache_read_audio", usage.input.cache_read_audio),
        ("usage.input.tool_use", usage.input.tool_use),
        ("usage.output.accepted_prediction", usage.output.accepted_prediction),
        ("usage.output.rejected_prediction", usage.output.rejected_prediction),
    ] {
        if count.is_some_and(|count| count > 0) {
            losses.dropped(path, "the format does not count it");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(counters: &Value) -> (Usage, Map<String, Value>) {
        decode(&RawValue::from_string(counters.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn cache_writes_are_parted_by_their_lifetime() {
        let counters = |details: Value| json!({"input_tokens": 9, "input_tokens_details": details});
        let of = |details: Value| {
            let usage = read(&counters(details)).0;
            (usage.input.cache_write, usage.input.cache_write_long)
        };
        assert_eq!(of(json!({"cache_write_tokens": 5})), (Some(5), None));
        let parted = json!({"cache_write_tokens": 5, "cache_write_tokens_details": {"ttl_30m_tokens": 2, "ttl_12h_tokens": 3}});
        assert_eq!(of(parted), (Some(2), Some(3)));
        let half = json!({"cache_write_tokens": 5, "cache_write_tokens_details": {"ttl_12h_tokens": 3}});
        assert_eq!(of(half), (Some(2), Some(3)));
    }

    #[test]
    fn counters_come_out_as_they_went_in() {
        let counters = json!({
            "input_tokens": 10, "output_tokens": 7, "total_tokens": 17, "cost_in_usd_ticks": 99,
            "input_tokens_details": {
                "cached_tokens": 4, "cache_write_tokens": 5, "text_tokens": 10,
                "cache_write_tokens_details": {"ttl_30m_tokens": 2, "ttl_12h_tokens": 3},
            },
            "output_tokens_details": {"reasoning_tokens": 3},
        });
        let (usage, rest) = read(&counters);
        let mut out = BytesMut::new();
        write(&mut out, &usage, Some(&rest));
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), counters);
        let mut losses = Losses::new();
        lose(&usage, &mut losses);
        assert!(losses.is_empty());
    }
}
