//! Price rows: what each class of tokens costs, by tier, length of the prompt and day.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

use crate::{
    date::Date,
    rate::{Multiplier, Rate},
};

/// What is billed: a class of tokens, or calls of a server-side tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// Prompt tokens that belong to no other class.
    Input,
    /// Prompt tokens read from the cache.
    CacheRead,
    /// Prompt tokens written to the cache for its standard lifetime (Anthropic 5 minutes, OpenAI 30 minutes).
    CacheWrite,
    /// Prompt tokens written to the cache for its long lifetime (Anthropic 1 hour, OpenAI 12 hours).
    CacheWriteLong,
    /// Audio in the prompt.
    AudioIn,
    /// Audio in the prompt, read from the cache.
    AudioCacheRead,
    /// Images in the prompt.
    ImageIn,
    /// Answer tokens that belong to no other class.
    Output,
    /// Reasoning.
    ReasoningOut,
    /// Audio in the answer.
    AudioOut,
    /// Images in the answer.
    ImageOut,
    /// Web searches of the provider's own.
    WebSearch,
    /// Pages that the provider fetched.
    WebFetch,
    /// Map lookups.
    MapLookup,
    /// File searches.
    FileSearch,
    /// Code executions.
    CodeExecution,
}

impl Class {
    /// All of them, in the order of the variants.
    pub const ALL: [Self; 16] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWriteLong,
        Self::AudioIn,
        Self::AudioCacheRead,
        Self::ImageIn,
        Self::Output,
        Self::ReasoningOut,
        Self::AudioOut,
        Self::ImageOut,
        Self::WebSearch,
        Self::WebFetch,
        Self::MapLookup,
        Self::FileSearch,
        Self::CodeExecution,
    ];

    /// Returns its name in data files and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWriteLong => "cache_write_long",
            Self::AudioIn => "audio_in",
            Self::AudioCacheRead => "audio_cache_read",
            Self::ImageIn => "image_in",
            Self::Output => "output",
            Self::ReasoningOut => "reasoning_out",
            Self::AudioOut => "audio_out",
            Self::ImageOut => "image_out",
            Self::WebSearch => "web_search",
            Self::WebFetch => "web_fetch",
            Self::MapLookup => "map_lookup",
            Self::FileSearch => "file_search",
            Self::CodeExecution => "code_execution",
        }
    }

    /// Tells whether it is billed by the call instead of by the token.
    #[must_use]
    pub const fn is_by_call(self) -> bool {
        matches!(
            self,
            Self::WebSearch | Self::WebFetch | Self::MapLookup | Self::FileSearch | Self::CodeExecution
        )
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(name: &str) -> Result<Self, UnknownClass> {
        Self::ALL.into_iter().find(|class| class.as_str() == name).ok_or(UnknownClass)
    }
}

/// A name that is no class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no class of tokens or calls has this name")]
pub struct UnknownClass;

/// Rates by class. A class without one is not known: not free, and not the rate of another class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates([Option<Rate>; Class::ALL.len()]);

impl Rates {
    /// Returns the rate of a class, where it is known.
    #[must_use]
    pub const fn rate(&self, class: Class) -> Option<Rate> {
        self.0[class as usize]
    }

    /// Sets the rate of a class.
    #[must_use]
    pub const fn with(mut self, class: Class, rate: Rate) -> Self {
        self.0[class as usize] = Some(rate);
        self
    }

    /// Lists what is known.
    pub fn iter(&self) -> impl Iterator<Item = (Class, Rate)> {
        Class::ALL.into_iter().filter_map(|class| Some((class, self.rate(class)?)))
    }
}

/// The rates of one service tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Table {
    /// The rates.
    pub rates: Rates,
    /// The rates of the whole call once its prompt is long.
    pub above: Option<Above>,
}

/// The rates of a call with a long prompt. They hold for all of it, the answer included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Above {
    /// They hold when the prompt has more tokens than this, cached ones included.
    pub prompt_tokens: u64,
    /// The rates.
    pub rates: Rates,
}

/// What a model costs from one day on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prices {
    /// The first day, in UTC.
    pub valid_from: Date,
    tiers: Vec<(Box<str>, Table)>,
    /// Server-side tools, for a thousand calls.
    pub tools: Rates,
    multipliers: Vec<(Box<str>, Multiplier)>,
}

impl Prices {
    /// The tier of a call that asks for none.
    pub const STANDARD: &'static str = "standard";

    /// Makes a row with the rates of the standard tier only.
    #[must_use]
    pub fn new(valid_from: Date, standard: Rates) -> Self {
        let table = Table { rates: standard, above: None };
        Self {
            valid_from,
            tiers: vec![(Self::STANDARD.into(), table)],
            tools: Rates::default(),
            multipliers: vec![],
        }
    }

    /// Adds a tier, or replaces it.
    #[must_use]
    pub fn with_tier(mut self, name: &str, table: Table) -> Self {
        self.tiers.retain(|(known, _)| **known != *name);
        self.tiers.push((name.into(), table));
        self
    }

    /// Sets the rates of server-side tools.
    #[must_use]
    pub const fn with_tools(mut self, tools: Rates) -> Self {
        self.tools = tools;
        self
    }

    /// Adds a factor on all token rates for calls with an attribute, for example `speed=fast`.
    #[must_use]
    pub fn with_multiplier(mut self, attribute: &str, multiplier: Multiplier) -> Self {
        self.multipliers.push((attribute.into(), multiplier));
        self
    }

    /// Returns a tier by its name in the data: `standard`, `batch`, `flex`, `priority` …
    #[must_use]
    pub fn tier(&self, name: &str) -> Option<&Table> {
        self.tiers.iter().find(|(known, _)| **known == *name).map(|(_, table)| table)
    }

    /// Lists the tiers.
    pub fn tiers(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.tiers.iter().map(|(name, table)| (&**name, table))
    }

    /// Returns the factor of an attribute, for example `inference_geo=us`.
    #[must_use]
    pub fn multiplier(&self, attribute: &str) -> Option<Multiplier> {
        self.multipliers.iter().find(|(known, _)| **known == *attribute).map(|(_, multiplier)| *multiplier)
    }

    /// Lists the factors.
    pub fn multipliers(&self) -> impl Iterator<Item = (&str, Multiplier)> {
        self.multipliers.iter().map(|(attribute, multiplier)| (&**attribute, *multiplier))
    }

    /// Tells whether any tier has a rate of its own for a class. If none has, its tokens are billed as their parent's.
    pub(crate) fn knows(&self, class: Class) -> bool {
        self.tiers.iter().any(|(_, table)| {
            table.rates.rate(class).is_some()
                || table.above.is_some_and(|above| above.rates.rate(class).is_some())
        })
    }
}

/// A model's price rows over time, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceList(Vec<Prices>);

impl PriceList {
    /// Takes rows in any order.
    #[must_use]
    pub fn new(mut rows: Vec<Prices>) -> Self {
        rows.sort_by_key(|row| row.valid_from);
        Self(rows)
    }

    /// Returns the row of a day. Days before the first row have the first row: it says since when it is *known* to hold.
    #[must_use]
    pub fn at(&self, day: Date) -> Option<&Prices> {
        self.0.iter().rev().find(|row| row.valid_from <= day).or_else(|| self.0.first())
    }

    /// Lists the rows, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = &Prices> {
        self.0.iter()
    }

    /// Tells whether there is none: the model is unpriced.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One key of a table in the data: a class with its rate, or `above`.
struct TableVisitor;

impl<'de> de::Visitor<'de> for TableVisitor {
    type Value = Table;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rates by class")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Table, A::Error> {
        let mut table = Table::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "above" {
                table.above = Some(map.next_value()?);
                continue;
            }
            let class: Class =
                key.parse().map_err(|_| de::Error::custom(format_args!("unknown class `{key}`")))?;
            if table.rates.rate(class).is_some() {
                return Err(de::Error::custom(format_args!("`{key}` is there twice")));
            }
            table.rates = table.rates.with(class, map.next_value()?);
        }
        Ok(table)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor)
    }
}

impl<'de> Deserialize<'de> for Rates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(deserializer)?;
        if table.above.is_some() {
            Err(de::Error::custom("`above` has no place here"))
        } else {
            Ok(table.rates)
        }
    }
}

struct PricesVisitor;

impl<'de> de::Visitor<'de> for PricesVisitor {
    type Value = Prices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price row")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Prices, A::Error> {
        let (mut valid_from, mut tools, mut tiers, mut multipliers) =
            (None, Rates::default(), vec![], vec![]);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "valid_from" => valid_from = Some(map.next_value()?),
                "tools" => tools = map.next_value()?,
                "multipliers" => multipliers = map.next_value::<Multipliers>()?.0,
                // Every other key is a tier: vendors invent new ones.
                tier => tiers.push((tier.into(), map.next_value()?)),
            }
        }
        let valid_from = valid_from.ok_or_else(|| de::Error::missing_field("valid_from"))?;
        Ok(Prices { valid_from, tiers, tools, multipliers })
    }
}

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PricesVisitor)
    }
}

impl<'de> Deserialize<'de> for PriceList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::new)
    }
}

struct Multipliers(Vec<(Box<str>, Multiplier)>);

impl<'de> Deserialize<'de> for Multipliers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Box<str>, String>::deserialize(deserializer)?;
        let read =
            |(attribute, text): (Box<str>, String)| Ok((attribute, text.parse().map_err(de::Error::custom)?));
        map.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}
