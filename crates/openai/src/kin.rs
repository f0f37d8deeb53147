//! Fields that the vendor's two formats have in common, and no other format has.

use serde_json::{Map, Value};
use tollgate_model::{Extra, Format, Losses};

/// The fields of a request that both have under one name, with one meaning.
const SHARED: [&str; 5] =
    ["store", "safety_identifier", "prompt_cache_retention", "prompt_cache_options", "moderation"];

/// Returns what a client of the other format says in such fields.
pub(crate) fn shared(extra: &Extra, other: &Format) -> Option<Map<String, Value>> {
    let fields = extra.fields(other)?.iter().filter(|(name, _)| SHARED.contains(&name.as_str()));
    Some(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Names the other fields as lost: of the second of the two formats those that are not written, of a stranger all.
pub(crate) fn lose_others(extra: &Extra, [own, other]: [&Format; 2], written: &[&str], losses: &mut Losses) {
    let Some(fields) = extra.fields(other) else { return extra.lose_unless(own, "", losses) };
    let lost = fields
        .iter()
        .filter(|(name, _)| !SHARED.contains(&name.as_str()) && !written.contains(&name.as_str()));
    let lost = lost.map(|(name, value)| (name.clone(), value.clone())).collect();
    Extra::new(other.clone(), lost).lose_all("", losses);
}
