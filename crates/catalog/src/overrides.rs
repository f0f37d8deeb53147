//! What an operator says of a model: a price of his own, a model that the catalogue lacks.

use serde::Deserialize;
use tollgate_model::{ModelName, ProviderName};

use crate::{
    card::{Capabilities, Model},
    date::Date,
    prices::{Class, PriceList, Prices, Rates, Table},
    rate::Rate,
    vendor::{Entry, ModelKind},
};

/// Changes to one model. What is not said stays as the catalogue has it.
///
/// Any rate given here replaces the whole price list by one row: the model's rates of the standard tier with these in their
/// place, valid always and for prompts of any length. Other tiers are dropped, since rates that the operator negotiated say
/// nothing about them; the rates of server-side tools and the multipliers stay.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Override {
    /// Input tokens that are in no other class, for a million.
    pub input_usd_per_million: Option<Rate>,
    /// Output tokens that are in no other class, for a million.
    pub output_usd_per_million: Option<Rate>,
    /// Cached reads, for a million. Not given and not known: as input.
    pub cache_read_usd_per_million: Option<Rate>,
    /// Cache writes at the standard lifetime, for a million.
    pub cache_write_usd_per_million: Option<Rate>,
    /// Cache writes at the long lifetime, for a million.
    pub cache_write_long_usd_per_million: Option<Rate>,
    /// Reasoning, for a million, where it does not cost what output does.
    pub reasoning_usd_per_million: Option<Rate>,
    /// Audio in the prompt, for a million.
    pub audio_in_usd_per_million: Option<Rate>,
    /// Audio in the answer, for a million.
    pub audio_out_usd_per_million: Option<Rate>,
    /// The most tokens of prompt and answer together.
    pub context_window: Option<u64>,
    /// The most tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Override {
    /// The day from which an operator's prices hold: always.
    const ALWAYS: &str = "0000-01-01";

    fn rates(&self) -> impl Iterator<Item = (Class, Rate)> {
        [
            (Class::Input, self.input_usd_per_million),
            (Class::Output, self.output_usd_per_million),
            (Class::CacheRead, self.cache_read_usd_per_million),
            (Class::CacheWrite, self.cache_write_usd_per_million),
            (Class::CacheWriteLong, self.cache_write_long_usd_per_million),
            (Class::ReasoningOut, self.reasoning_usd_per_million),
            (Class::AudioIn, self.audio_in_usd_per_million),
            (Class::AudioOut, self.audio_out_usd_per_million),
        ]
        .into_iter()
        .filter_map(|(class, rate)| Some((class, rate?)))
    }

    pub(crate) fn apply(&self, mut entry: Entry) -> Entry {
        entry.model.context_window = self.context_window.or(entry.model.context_window);
        entry.model.max_output_tokens = self.max_output_tokens.or(entry.model.max_output_tokens);
        entry.model.capabilities.update(&self.capabilities);
        if self.rates().next().is_some() {
            entry.prices = self.replace(&entry.prices);
            "the configuration".clone_into(&mut entry.source);
            (entry.read, entry.disputed, entry.unpriced) = (None, None, None);
        }
        entry
    }

    /// One row: the latest known, with the operator's rates in place of its standard ones.
    fn replace(&self, known: &PriceList) -> PriceList {
        let always: Date = Self::ALWAYS.parse().expect("the first day of a year is a day");
        let latest = known.rows().last();
        let rates = latest
            .and_then(|row| row.tier(Prices::STANDARD))
            .map_or_else(Rates::default, |table| table.rates);
        let rates = self.rates().fold(rates, |rates, (class, rate)| rates.with(class, rate));
        let row = Prices::new(always, rates).with_tools(latest.map_or_else(Rates::default, |row| row.tools));
        let add = |row: Prices, (attribute, by): (&str, _)| row.with_multiplier(attribute, by);
        let row = latest.into_iter().flat_map(Prices::multipliers).fold(row, add);
        PriceList::new(vec![row.with_tier(Prices::STANDARD, Table { rates, above: None })])
    }
}

impl Entry {
    /// A model that the catalogue lacks: everything is allowed, nothing has a price.
    pub(crate) fn unknown(provider: ProviderName, id: ModelName) -> Self {
        Self {
            model: Model::unknown(provider, id),
            kind: ModelKind::Chat,
            aliases: Vec::new(),
            prices: PriceList::default(),
            source: "the configuration".to_owned(),
            read: None,
            retires: None,
            disputed: None,
            unpriced: None,
            note: None,
        }
    }
}
