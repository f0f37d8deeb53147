//! Times, as people write them on a command line.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::output::CommandError;

/// Reads a time, a day, or how long ago; returns Unix microseconds.
pub(crate) fn moment(text: Option<&str>, now: Timestamp) -> Result<Option<i64>, CommandError> {
    text.map(|text| {
        parse(text, now).map(Timestamp::as_microsecond).ok_or_else(|| {
            CommandError::usage(format!(
                "\"{text}\" is not a time such as 2026-11-23, 2026-11-23T08:00Z, 30m, 24h or 7d"
            ))
        })
    })
    .transpose()
}

fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(day) = text.parse::<Date>() {
        return day.to_zoned(TimeZone::system()).ok().map(|midnight| midnight.timestamp());
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..=1_000_000).contains(number))?;
    let span = match unit {
        "m" => Span::new().minutes(number),
        "h" => Span::new().hours(number),
        "d" => Span::new().hours(number * 24),
        _ => return None,
    };
    now.checked_sub(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_are_read() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let read = |text| parse(text, now).map(|time| time.to_string());
        assert_eq!(read("2026-11-01T08:00Z").as_deref(), Some("2026-11-01T08:00:00Z"));
        assert_eq!(read("90m").as_deref(), Some("2026-11-23T10:30:00Z"));
        assert_eq!(read("7d").as_deref(), Some("2026-11-16T12:00:00Z"));
        assert!(read("2026-11-20").is_some());
        for text in ["", "m", "soon", "5x", "-3h", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
