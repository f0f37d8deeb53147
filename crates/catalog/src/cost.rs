//! The cost of a usage: exact until the one rounding of the call.

use std::borrow::Cow;

use tollgate_model::{NanoUsd, Usage};

use crate::{
    date::Date,
    partition::partition,
    prices::{Class, Prices, Rates, Table},
    rate::{Multiplier, Rate},
};

/// One token at one nano-dollar a million tokens costs one femto-dollar (10⁻¹⁵ USD).
const FEMTOS_PER_NANO: i128 = 1_000_000;
/// One call at one nano-dollar a thousand calls.
const FEMTOS_PER_CALL: i128 = 1_000;

/// What decides the price of a call beside its usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceContext<'a> {
    /// The day of the call, in UTC.
    pub at: Date,
    /// The tier that the *response* names; what was asked for is not what was given.
    pub service_tier: Option<&'a str>,
    /// Where the model ran (Anthropic `usage.inference_geo`).
    pub inference_geo: Option<&'a str>,
    /// How fast it ran (Anthropic `usage.speed`).
    pub speed: Option<&'a str>,
    /// The region that the endpoint is bound to (OpenAI `us`, `eu`).
    pub region: Option<&'a str>,
}

impl<'a> PriceContext<'a> {
    /// A call of the standard tier without attributes.
    #[must_use]
    pub const fn new(at: Date) -> Self {
        Self { at, service_tier: None, inference_geo: None, speed: None, region: None }
    }

    /// Sets the tier that the response names.
    #[must_use]
    pub const fn with_service_tier(mut self, tier: Option<&'a str>) -> Self {
        self.service_tier = tier;
        self
    }

    /// Sets where the model ran.
    #[must_use]
    pub const fn with_inference_geo(mut self, geo: Option<&'a str>) -> Self {
        self.inference_geo = geo;
        self
    }

    /// Sets how fast it ran.
    #[must_use]
    pub const fn with_speed(mut self, speed: Option<&'a str>) -> Self {
        self.speed = speed;
        self
    }

    /// Sets the region of the endpoint.
    #[must_use]
    pub const fn with_region(mut self, region: Option<&'a str>) -> Self {
        self.region = region;
        self
    }

    /// The attributes that raise the price, as the data names them. Values that mean 'nothing special' are left out.
    fn attributes(&self) -> impl Iterator<Item = String> {
        [("inference_geo", self.inference_geo), ("speed", self.speed), ("region", self.region)]
            .into_iter()
            .filter_map(|(name, value)| {
                let value = value?.to_ascii_lowercase();
                let plain =
                    matches!(value.as_str(), "" | "global" | "not_available" | "standard" | "default");
                (!plain).then(|| format!("{name}={value}"))
            })
    }
}

/// Returns the tier of the data that a response's `service_tier` means.
#[must_use]
pub fn tier_name(service_tier: Option<&str>) -> Cow<'_, str> {
    match service_tier.unwrap_or_default() {
        "" | "default" | "standard" | "auto" | "on_demand" | "unspecified" => Cow::Borrowed(Prices::STANDARD),
        // OpenAI takes `fast` in requests and answers `priority`; some gateways before us echo the request.
        "fast" => Cow::Borrowed("priority"),
        other if other.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(tier_name(Some(&other.to_ascii_lowercase())).into_owned())
        }
        other => Cow::Borrowed(other),
    }
}

/// What a call cost, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The amount: the exact sum of the items, rounded half up to a nano-dollar, once.
    pub total: NanoUsd,
    /// What it is made of. Classes that were not consumed are left out.
    pub items: Vec<CostItem>,
    /// The first day of the price row used.
    pub valid_from: Date,
    /// The tier used, as the data names it.
    pub tier: String,
    /// The rates for long prompts were used.
    pub long_prompt: bool,
    /// What a reader of the bill should know.
    pub notes: Vec<Note>,
}

/// One class's part of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CostItem {
    /// The class.
    pub class: Class,
    /// Tokens, or calls.
    pub quantity: u64,
    /// The rate with all multipliers: a million tokens, or a thousand calls.
    pub rate: Rate,
    /// Quantity times rate, exactly, in femto-dollars (10⁻¹⁵ USD).
    pub femto_usd: i128,
}

/// What is unusual about a cost that could be told all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Note {
    /// The parts of this class are more than the class itself: the parts were billed, the rest is zero.
    PartsExceedTotal(Class),
    /// There is no rate for the first class here, so the dearer one of the second was taken.
    PricedAs(Class, Class),
    /// The call is older than the first price row known.
    BeforeValidFrom,
}

/// A cost that cannot be told. Never 0: a hard budget refuses it, a bill shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unpriced: {missing}")]
#[non_exhaustive]
pub struct Unpriced {
    /// What is not known.
    pub missing: Missing,
    /// What the known parts cost.
    pub at_least: NanoUsd,
}

impl Unpriced {
    /// Nothing is known of what it costs.
    #[must_use]
    pub const fn new(missing: Missing) -> Self {
        Self { missing, at_least: NanoUsd::ZERO }
    }
}

/// What a price lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// The catalogue has no such model.
    #[error("the model is not in the catalogue")]
    Model,
    /// The model has no price.
    #[error("the model has no price")]
    Price,
    /// The provider did not say how many tokens went in.
    #[error("the provider reported no input tokens")]
    Usage,
    /// The model has no rates for this tier.
    #[error("no rates for the service tier `{0}`")]
    Tier(String),
    /// The tier has no rates for long prompts, others of the model have.
    #[error("no rates for long prompts in the service tier `{0}`")]
    LongPrompt(String),
    /// The model has no factor for this attribute.
    #[error("no multiplier for `{0}`")]
    Attribute(String),
    /// The tier has no rate for this class.
    #[error("no rate for {0}")]
    Rate(Class),
}

/// Returns what `usage` costs at `prices`.
///
/// Parts of a total are billed at their own rates, the rest at the total's. A class that no tier of the row has a rate for is
/// billed as what it is a part of. Cached reads without a rate are billed as input, which is never less. Nothing else is
/// guessed.
///
/// # Errors
/// [`Unpriced`], when something was consumed whose rate is not known.
pub fn price(prices: &Prices, usage: &Usage, context: &PriceContext<'_>) -> Result<Cost, Unpriced> {
    let quantities = partition(prices, usage).ok_or(Unpriced::new(Missing::Usage))?;
    let tier = tier_name(context.service_tier);
    let table = prices.tier(&tier).ok_or_else(|| Unpriced::new(Missing::Tier(tier.to_string())))?;
    let (rates, long_prompt) = rates_for(prices, table, quantities.prompt_tokens)
        .ok_or_else(|| Unpriced::new(Missing::LongPrompt(tier.to_string())))?;
    let multipliers = multipliers(prices, context)?;
    let mut cost = Cost {
        total: NanoUsd::ZERO,
        items: Vec::with_capacity(quantities.items.len()),
        valid_from: prices.valid_from,
        tier: tier.into_owned(),
        long_prompt,
        notes: quantities.notes,
    };
    if context.at < prices.valid_from {
        cost.notes.push(Note::BeforeValidFrom);
    }
    let mut missing = None;
    for (class, quantity) in quantities.items {
        match rate_of(prices, rates, class, &mut cost.notes) {
            Some(rate) => cost.items.push(item(class, quantity, rate, &multipliers)),
            None => missing = missing.or(Some(Missing::Rate(class))),
        }
    }
    cost.total = round(cost.items.iter().fold(0, |sum: i128, item| sum.saturating_add(item.femto_usd)));
    missing.map_or(Ok(()), |missing| Err(Unpriced { missing, at_least: cost.total }))?;
    Ok(cost)
}

/// Returns the rates for a prompt of this length, and whether they are those of a long one.
fn rates_for<'a>(prices: &Prices, table: &'a Table, prompt_tokens: u64) -> Option<(&'a Rates, bool)> {
    match &table.above {
        Some(above) if prompt_tokens > above.prompt_tokens => Some((&above.rates, true)),
        Some(_) => Some((&table.rates, false)),
        None => {
            let long_elsewhere = |(_, other): (&str, &Table)| {
                other.above.is_some_and(|above| prompt_tokens > above.prompt_tokens)
            };
            (!prices.tiers().any(long_elsewhere)).then_some((&table.rates, false))
        }
    }
}

fn multipliers(prices: &Prices, context: &PriceContext<'_>) -> Result<Vec<Multiplier>, Unpriced> {
    let factor = |attribute: String| {
        let found = prices.multiplier(&attribute);
        found.ok_or_else(|| Unpriced::new(Missing::Attribute(attribute)))
    };
    context.attributes().map(factor).collect()
}

/// Returns the rate of a class, or the one that is known not to be lower.
fn rate_of(prices: &Prices, rates: &Rates, class: Class, notes: &mut Vec<Note>) -> Option<Rate> {
    if class.is_by_call() {
        return prices.tools.rate(class);
    }
    if let Some(rate) = rates.rate(class) {
        return Some(rate);
    }
    let dearer = match class {
        Class::CacheRead => Class::Input,
        Class::AudioCacheRead => Class::AudioIn,
        _ => return None,
    };
    let rate = rates.rate(dearer)?;
    notes.push(Note::PricedAs(class, dearer));
    Some(rate)
}

/// Multiplies exactly. Multipliers are for tokens only.
fn item(class: Class, quantity: u64, rate: Rate, multipliers: &[Multiplier]) -> CostItem {
    let by_call = class.is_by_call();
    let rate = if by_call { rate } else { multipliers.iter().fold(rate, |rate, by| rate.times(*by)) };
    let femtos_per_unit = if by_call { FEMTOS_PER_CALL } else { 1 };
    // The largest quantity times the largest rate is just below 2¹²⁷.
    let femto_usd =
        i128::from(quantity).saturating_mul(i128::from(rate.nanos())).saturating_mul(femtos_per_unit);
    CostItem { class, quantity, rate, femto_usd }
}

/// Rounds half up to whole nano-dollars. Amounts are never negative.
fn round(femtos: i128) -> NanoUsd {
    let nanos = femtos.saturating_add(FEMTOS_PER_NANO / 2) / FEMTOS_PER_NANO;
    NanoUsd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
