//! Days: prices change from one to the next.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SECONDS_PER_DAY: i64 = 86_400;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

/// Text that is not a day as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day as YYYY-MM-DD")]
pub struct ParseDateError;

impl Date {
    /// Returns the UTC day of a Unix time.
    ///
    /// The algorithm is Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a month and a day of the month; years within ±3·10¹¹ of a second count fit an i32 after the clamp"
    )]
    #[expect(clippy::cast_sign_loss, reason = "both are remainders, never negative")]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        const LIMIT: i64 = i32::MAX as i64 * 300;
        let days = seconds.div_euclid(SECONDS_PER_DAY).clamp(-LIMIT, LIMIT) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * from_march + 2) / 5 + 1) as u8;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 } as u8;
        let year = (year_of_era + era * 400 + i64::from(month <= 2)) as i32;
        Self { year, month, day }
    }
}

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Self, ParseDateError> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(ParseDateError);
        }
        let year = text[..4].parse().map_err(|_| ParseDateError)?;
        let month = text[5..7].parse().map_err(|_| ParseDateError)?;
        let day = text[8..].parse().map_err(|_| ParseDateError)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return Err(ParseDateError),
        };
        if day == 0 || day > last { Err(ParseDateError) } else { Ok(Self { year, month, day }) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unix_time_falls_on_its_utc_day() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_796_083_199, "2026-11-30"),
            (1_796_083_200, "2026-12-01"),
            (1_798_761_600, "2027-01-01"),
        ] {
            assert_eq!(Date::from_unix_seconds(seconds).to_string(), day, "{seconds}");
        }
        let _ = (Date::from_unix_seconds(i64::MIN), Date::from_unix_seconds(i64::MAX));
    }

    #[test]
    fn only_real_days_are_read() {
        assert!("2028-02-29".parse::<Date>().is_ok());
        for text in
            ["2027-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "2026-04-31", "20260101", "2026-01-0é"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
