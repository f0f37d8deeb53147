//! A vendor's data file: its models, found by id and alias.

use std::collections::HashMap;

use serde::Deserialize;
use tollgate_model::ProviderName;

use crate::{
    card::{Capabilities, Model, Rules},
    date::Date,
    prices::PriceList,
};

/// A model with its prices and where they come from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its card.
    pub model: Model,
    /// What it is asked for.
    pub kind: ModelKind,
    /// Further names of the same model at the same price.
    pub aliases: Vec<String>,
    /// Its prices. Empty: unpriced.
    pub prices: PriceList,
    /// The page that the facts stand on.
    pub source: String,
    /// The day that was read.
    pub read: Option<Date>,
    /// The day its vendor takes it off.
    pub retires: Option<Date>,
    /// What the sources disagree about.
    pub disputed: Option<String>,
    /// Why it has no price.
    pub unpriced: Option<String>,
    /// Anything else a reader should know.
    pub note: Option<String>,
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelKind {
    /// Answers to messages.
    Chat,
    /// Vectors.
    Embedding,
}

/// All models of one vendor.
#[derive(Debug)]
pub(crate) struct Vendor {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
    retired: HashMap<String, Date>,
}

impl Vendor {
    /// Reads a data file. Errors name the line.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let file: File<'_> = serde_json::from_str(text)?;
        let entries: Vec<_> = file.models.into_iter().map(|row| row.into_entry(file.provider)).collect();
        let names = |(at, entry): (usize, &Entry)| {
            let aliases = entry.aliases.clone().into_iter();
            aliases.chain([entry.model.id.to_string()]).map(move |name| (name, at)).collect::<Vec<_>>()
        };
        let by_id = entries.iter().enumerate().flat_map(names).collect();
        Ok(Self { entries, by_id, retired: file.retired })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a model by its id, by an alias of the data, or by one of the three forms that vendors give every model.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let name = name.strip_prefix("models/").unwrap_or(name);
        // An older snapshot may have had another price, so a name that was taken off is not read as the current model's.
        if self.retired.contains_key(name) {
            return None;
        }
        let plain = || name.strip_suffix("-latest").or_else(|| without_day(name));
        let at = self.by_id.get(name).or_else(|| self.by_id.get(plain()?))?;
        self.entries.get(*at)
    }
}

/// Cuts the day off a dated snapshot (`-2026-01-31`, `-20260131`).
fn without_day(name: &str) -> Option<&str> {
    let dashed = |name: &'_ str| name.len().checked_sub(11).filter(|at| name.is_char_boundary(*at));
    if let Some((plain, day)) = dashed(name).map(|at| name.split_at(at))
        && day.strip_prefix('-').is_some_and(|day| day.parse::<Date>().is_ok())
    {
        return Some(plain);
    }
    let (plain, day) = name.rsplit_once('-')?;
    let shaped = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    (shaped && format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]).parse::<Date>().is_ok()).then_some(plain)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    provider: &'a str,
    retired: HashMap<String, Date>,
    #[serde(borrow)]
    models: Vec<Row<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    id: &'a str,
    kind: ModelKind,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    retires: Option<Date>,
    #[serde(default)]
    aliases: Vec<String>,
    source: String,
    read: Date,
    disputed: Option<String>,
    unpriced: Option<String>,
    note: Option<String>,
    capabilities: Capabilities,
    rules: Rules,
    prices: PriceList,
}

impl Row<'_> {
    fn into_entry(self, provider: &str) -> Entry {
        Entry {
            model: Model {
                provider: ProviderName::from(provider),
                id: self.id.into(),
                context_window: self.context_window,
                max_output_tokens: self.max_output_tokens,
                capabilities: self.capabilities,
                rules: self.rules,
            },
            kind: self.kind,
            aliases: self.aliases,
            prices: self.prices,
            source: self.source,
            read: Some(self.read),
            retires: self.retires,
            disputed: self.disputed,
            unpriced: self.unpriced,
            note: self.note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_day;

    #[test]
    fn only_a_real_day_is_cut_off() {
        assert_eq!(without_day("gpt-6-sol-2026-09-08"), Some("gpt-6-sol"));
        assert_eq!(without_day("claude-opus-5-5-20260905"), Some("claude-opus-5-5"));
        for name in [
            "gpt-6-sol",
            "grok-4.20-0309",
            "x-2026-13-01",
            "x-20261301",
            "claude-opus-5-5",
            "é-026-01-01",
            "",
        ] {
            assert_eq!(without_day(name), None, "{name}");
        }
    }
}
