//! Rates: exact decimals, never through a binary fraction.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tollgate_model::NanoUsd;

/// A rate in whole nano-US-dollars for a million tokens, or for a thousand calls of a server-side tool.
///
/// Written in dollars: `"0.075"` is 75,000,000 nano-dollars. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(i64);

/// Text or a number that is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate in US dollars: plain decimals, at most nine of them, not negative")]
pub struct ParseRateError;

impl Rate {
    /// Free of charge.
    pub const FREE: Self = Self(0);

    /// Returns the rate in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Multiplies, rounding half up to a nano-dollar a million tokens. All rates and multipliers known so far give whole ones.
    #[must_use]
    pub(crate) fn times(self, multiplier: Multiplier) -> Self {
        let thousandths = i128::from(self.0) * i128::from(multiplier.0);
        Self(i64::try_from((thousandths + 500) / 1000).unwrap_or(i64::MAX))
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let amount: NanoUsd = text.parse().map_err(|_| ParseRateError)?;
        if amount < NanoUsd::ZERO { Err(ParseRateError) } else { Ok(Self(amount.nanos())) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NanoUsd::from_nanos(self.0).fmt(f)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    /// Reads text exactly. A number is read as its shortest decimal form, which is what the operator wrote
    /// (`0.02` in a TOML file) up to 15 digits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl de::Visitor<'_> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate in US dollars")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<Rate, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Rate, E> {
        self.visit_str(&dollars.to_string())
    }

    fn visit_f64<E: de::Error>(self, dollars: f64) -> Result<Rate, E> {
        self.visit_str(&dollars.to_string())
    }
}

/// A factor on the token rates, in thousandths: `"1.1"` is 1100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Multiplier(u32);

impl Multiplier {
    const NANOS_PER_THOUSANDTH: i64 = 1_000_000;

    /// Returns the factor in thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }
}

impl FromStr for Multiplier {
    type Err = ParseRateError;

    /// Reads at most three decimals.
    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let nanos = text.parse::<Rate>()?.nanos();
        if nanos % Self::NANOS_PER_THOUSANDTH != 0 {
            return Err(ParseRateError);
        }
        u32::try_from(nanos / Self::NANOS_PER_THOUSANDTH).map(Self).map_err(|_| ParseRateError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_exact_from_text_and_from_numbers() {
        for (json, nanos) in
            [("\"0.075\"", 75_000_000), ("0.1", 100_000_000), ("3", 3_000_000_000), ("\"0\"", 0)]
        {
            assert_eq!(serde_json::from_str::<Rate>(json).unwrap().nanos(), nanos, "{json}");
        }
        for json in ["\"-1\"", "-1", "1e-12", "\"1e3\"", "null", "\"\""] {
            assert!(serde_json::from_str::<Rate>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_multiplier_has_at_most_three_decimals() {
        assert_eq!("1.1".parse::<Multiplier>().unwrap().thousandths(), 1100);
        assert!("1.0001".parse::<Multiplier>().is_err());
        let rate: Rate = "0.2".parse().unwrap();
        assert_eq!(rate.times("1.1".parse().unwrap()).nanos(), 220_000_000);
    }
}
