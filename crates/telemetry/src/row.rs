//! A record as a row.

use rusqlite::{CachedStatement, params};
use serde::Serialize;
use serde_json::{Map, Value};
use tollgate_catalog::Cost;
use tollgate_model::{CallId, Usage};

use crate::{
    content::ContentPlace,
    record::{CallCost, CallRecord, CostLine},
    segment,
};

pub(crate) const INSERT: &str = "
    INSERT OR IGNORE INTO calls (
        id, started_at_us, key, team, user, tags, front_door, operation, model_asked, provider, model, response_model,
        response_id, streamed, relayed, attempts, outcome, error_kind, error_message, http_status, finish_reason,
        usage_source, input_tokens, output_tokens, cache_read, cache_write, cache_write_long, reasoning, usage,
        cost_nanos, unpriced, cost_lines, price_valid_from, service_tier, first_token_us, duration_us, losses,
        request_at, response_at
    ) VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
        ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39
    )";

/// Writes one row.
pub(crate) fn insert(
    statement: &mut CachedStatement<'_>,
    record: &CallRecord,
    content: Option<&ContentPlace>,
) -> rusqlite::Result<usize> {
    let usage = &record.usage;
    let finish_reason = record.finish_reason.as_ref().map(tollgate_model::FinishReason::as_str);
    let priced = match &record.cost {
        CallCost::Priced(cost) => Some(cost),
        CallCost::Nothing | CallCost::Unpriced(_) => None,
    };
    let unpriced = match &record.cost {
        CallCost::Unpriced(why) => Some(why.missing.to_string()),
        CallCost::Nothing | CallCost::Priced(_) => None,
    };
    statement.execute(params![
        id_bytes(&record.id),
        record.started_at_us,
        record.caller.key.as_ref().map(AsRef::<str>::as_ref),
        record.caller.team.as_deref(),
        record.caller.user.as_deref(),
        tags(&record.caller.tags),
        record.front_door.as_ref().map(tollgate_model::Format::as_str),
        record.operation,
        record.model_asked.as_str(),
        record.provider.as_ref().map(AsRef::<str>::as_ref),
        record.model.as_ref().map(AsRef::<str>::as_ref),
        record.response_model.as_ref().map(AsRef::<str>::as_ref),
        record.response_id.as_ref().map(AsRef::<str>::as_ref),
        record.streamed,
        record.relayed,
        json(&record.attempts),
        record.outcome.as_str(),
        record.error.as_ref().map(|error| error.kind.as_str()),
        record.error.as_ref().map(|error| error.message.as_str()),
        record.http_status,
        finish_reason.as_deref(),
        record.usage_source.as_str(),
        count(usage.input_tokens),
        count(usage.output_tokens),
        count(usage.input.cache_read),
        count(usage.input.cache_write),
        count(usage.input.cache_write_long),
        count(usage.output.reasoning),
        says_more(usage).then(|| json(usage)),
        record.cost.total().map(tollgate_model::NanoUsd::nanos),
        unpriced,
        priced.map(|cost| json(&lines(cost))),
        priced.map(|cost| cost.valid_from.to_string()),
        record.service_tier.as_deref(),
        record.time_to_first_token_us,
        record.duration_us,
        (!record.losses.is_empty()).then(|| json(&record.losses)),
        content.map(|place| segment::encode(&place.request)),
        content.map(|place| segment::encode(&place.response)),
    ])
}

/// Returns the sixteen bytes of a UUID; any other id as its text.
pub(crate) fn id_bytes(id: &CallId) -> Vec<u8> {
    uuid::Uuid::try_parse(id.as_str())
        .map_or_else(|_| id.as_str().as_bytes().to_vec(), |uuid| uuid.as_bytes().to_vec())
}

/// The inverse of [`id_bytes`].
pub(crate) fn id_text(bytes: &[u8]) -> CallId {
    match uuid::Uuid::from_slice(bytes) {
        Ok(uuid) => CallId::new(uuid.to_string()),
        Err(_) => CallId::new(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records hold no maps with keys that are not text")
}

fn tags(tags: &[(String, String)]) -> Option<String> {
    let pairs = tags.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    (!tags.is_empty()).then(|| json(&Map::from_iter(pairs)))
}

fn count(tokens: Option<u64>) -> Option<i64> {
    tokens.map(signed)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether the columns are not enough.
fn says_more(usage: &Usage) -> bool {
    let mut columns =
        Usage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, ..Usage::default() };
    columns.input.cache_read = usage.input.cache_read;
    columns.input.cache_write = usage.input.cache_write;
    columns.input.cache_write_long = usage.input.cache_write_long;
    columns.output.reasoning = usage.output.reasoning;
    columns != *usage
}

fn lines(cost: &Cost) -> Vec<CostLine> {
    let lines = cost.items.iter().map(|item| CostLine {
        class: item.class.to_string(),
        quantity: item.quantity,
        rate_usd: item.rate.to_string(),
        amount_usd: dollars(item.femto_usd),
    });
    lines.collect()
}

/// Writes femto-dollars (10⁻¹⁵ USD) as dollars, with all decimals that are not zero, at least two.
fn dollars(femto_usd: i128) -> String {
    const FEMTOS_PER_USD: u128 = 1_000_000_000_000_000;
    let femtos = femto_usd.unsigned_abs();
    let mut text = String::with_capacity(24);
    if femto_usd < 0 {
        text.push('-');
    }
    // Amounts of calls fit into 64 bits, where division is one instruction.
    let mut fraction = match u64::try_from(femtos) {
        Ok(femtos) => {
            text.push_str(&(femtos / 1_000_000_000_000_000).to_string());
            femtos % 1_000_000_000_000_000
        }
        Err(_) => {
            text.push_str(&(femtos / FEMTOS_PER_USD).to_string());
            u64::try_from(femtos % FEMTOS_PER_USD).unwrap_or(0)
        }
    };
    text.push('.');
    let mut place = 100_000_000_000_000;
    for decimal in 0..15 {
        if fraction == 0 && decimal >= 2 {
            break;
        }
        text.push(char::from(b'0' + (fraction / place).to_le_bytes()[0]));
        fraction %= place;
        place /= 10;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back() {
        for id in [crate::new_call_id(), CallId::new("of another kind")] {
            assert_eq!(id_text(&id_bytes(&id)), id);
        }
    }

    #[test]
    fn femto_dollars_are_written_exactly() {
        assert_eq!(dollars(1_500_000_000_000_000), "1.50");
        assert_eq!(dollars(1), "0.000000000000001");
        assert_eq!(dollars(-20_000_000_000_000), "-0.02");
        assert_eq!(dollars(i128::from(u64::MAX) * 10), "184467.4407370955161500".trim_end_matches('0'));
        assert_eq!(dollars(0), "0.00");
    }
}
