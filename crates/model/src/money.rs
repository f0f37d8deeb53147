//! Money: whole nano-US-dollars. `i64` holds a call (up to 9.2 billion dollars), `i128` holds any sum.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

const NANOS_PER_USD: i64 = 1_000_000_000;
const NANO_DIGITS: usize = 9;

/// An amount of one call, in nano-US-dollars (10⁻⁹ USD).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be held.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes an amount in nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Takes an amount in whole dollars.
    #[must_use]
    pub const fn from_usd(usd: i32) -> Self {
        Self(usd as i64 * NANOS_PER_USD)
    }

    /// Returns the amount in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Adds, staying at [`NanoUsd::MAX`] when the sum does not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns dollars for charts and labels. Never for arithmetic.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a display value")]
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_USD as f64
    }
}

/// A sum over many calls, in nano-US-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NanoUsdSum(i128);

impl NanoUsdSum {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes a sum in nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// Returns the sum in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// Returns dollars for charts and labels. Never for arithmetic.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a display value")]
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_USD as f64
    }
}

impl From<NanoUsd> for NanoUsdSum {
    fn from(amount: NanoUsd) -> Self {
        Self(amount.0.into())
    }
}

impl Add for NanoUsdSum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for NanoUsdSum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign<NanoUsd> for NanoUsdSum {
    fn add_assign(&mut self, amount: NanoUsd) {
        self.0 += i128::from(amount.0);
    }
}

impl Sum<NanoUsd> for NanoUsdSum {
    fn sum<I: Iterator<Item = NanoUsd>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount.into())
    }
}

impl Sum for NanoUsdSum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::ZERO, Add::add)
    }
}

/// Writes dollars with all nine decimals that matter, at least two: `0.000173500` is `0.0001735`, 12 dollars `12.00`.
fn write_dollars(f: &mut fmt::Formatter<'_>, nanos: i128) -> fmt::Result {
    if nanos < 0 {
        f.write_str("-")?;
    }
    let nanos = nanos.unsigned_abs();
    // What fits into 64 bits, as every single call does, is divided by one instruction.
    let per_usd = NANOS_PER_USD.unsigned_abs();
    let mut fraction = match u64::try_from(nanos) {
        Ok(nanos) => {
            write!(f, "{}", nanos / per_usd)?;
            nanos % per_usd
        }
        Err(_) => {
            write!(f, "{}", nanos / u128::from(per_usd))?;
            u64::try_from(nanos % u128::from(per_usd)).unwrap_or(0)
        }
    };
    let mut decimals = [b'0'; 9];
    for decimal in decimals.iter_mut().rev() {
        *decimal += (fraction % 10).to_le_bytes()[0];
        fraction /= 10;
    }
    let kept = decimals.iter().rposition(|decimal| *decimal != b'0').map_or(0, |last| last + 1).max(2);
    f.write_str(".")?;
    f.write_str(str::from_utf8(&decimals[..kept]).unwrap_or_default())
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_dollars(f, self.0.into())
    }
}

impl fmt::Display for NanoUsdSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_dollars(f, self.0)
    }
}

/// Text that is not an amount of dollars with at most nine decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount in US dollars with at most nine decimals")]
pub struct ParseMoneyError;

impl FromStr for NanoUsd {
    type Err = ParseMoneyError;

    /// Reads plain decimals (`12`, `0.075`, `-3.5`), exactly: a tenth decimal is an error, not a rounding.
    fn from_str(text: &str) -> Result<Self, ParseMoneyError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty()
            || digits == "."
            || fraction.len() > NANO_DIGITS
            || !all_digits(whole)
            || !all_digits(fraction)
        {
            return Err(ParseMoneyError);
        }
        let nanos: i64 = format!("{whole}{fraction:0<NANO_DIGITS$}").parse().map_err(|_| ParseMoneyError)?;
        Ok(Self(if negative { -nanos } else { nanos }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_prints_what_it_reads() {
        for text in ["0.00", "0.0001735", "12.00", "-3.50", "0.000000001", "9223372036.854775807"] {
            assert_eq!(text.parse::<NanoUsd>().unwrap().to_string(), text);
        }
        assert_eq!("3".parse::<NanoUsd>().unwrap(), NanoUsd::from_usd(3));
        assert_eq!(".5".parse::<NanoUsd>().unwrap(), NanoUsd::from_nanos(500_000_000));
    }

    #[test]
    fn what_is_not_an_exact_amount_is_refused() {
        for text in ["", ".", "-", "1e3", "0.0000000001", "1,5", "+1", " 1", "9223372036.854775808"] {
            assert_eq!(text.parse::<NanoUsd>(), Err(ParseMoneyError), "{text:?}");
        }
    }

    #[test]
    fn a_sum_holds_more_than_any_call() {
        let sum: NanoUsdSum = [NanoUsd::MAX, NanoUsd::MAX].into_iter().sum();
        assert_eq!(sum.nanos(), i128::from(i64::MAX) * 2);
    }
}
