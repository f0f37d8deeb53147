//! RFC 3339 → Unix seconds. All that `created_at` needs.

/// Reads a time such as `2026-08-07T06:08:09.335586Z` or `2026-08-07T08:08:09+02:00`. Fractions of a second are cut off.
pub(super) fn unix_seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [(4, b"-"), (7, b"-"), (13, b":"), (16, b":")];
    let shaped = separators.iter().all(|(at, separator)| bytes.get(*at) == Some(&separator[0]));
    if !shaped || !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (year, month, day) = (digits(bytes, 0, 4)?, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?);
    let (hour, minute, second) = (digits(bytes, 11, 2)?, digits(bytes, 14, 2)?, digits(bytes, 17, 2)?);
    // 60 is a leap second.
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset(&bytes[19..])?)
}

/// Reads what follows the seconds: a fraction, then `Z` or `+hh:mm`.
fn offset(rest: &[u8]) -> Option<i64> {
    let zone = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            &fraction[length..]
        }
        None => rest,
    };
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(zone, 1, 2)?, digits(zone, 4, 2)?);
            let seconds = hours * 3600 + minutes * 60;
            (hours < 24 && minutes < 60).then_some(if *sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

fn digits(bytes: &[u8], start: usize, length: usize) -> Option<i64> {
    let mut number = 0;
    for byte in bytes.get(start..start + length)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(number)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_year = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    let before_month: i64 = (1..month).map(|month| days_in(year, month)).sum();
    before_year + before_month + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_zone() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2001-09-09T01:46:40Z", 1_000_000_000),
            ("2026-08-07T06:08:09.335586Z", 1_786_082_889),
            ("2026-08-07T08:08:09+02:00", 1_786_082_889),
            ("2026-08-06T23:08:09.1-07:00", 1_786_082_889),
            ("2100-03-01t00:00:00z", 4_107_542_400),
        ] {
            assert_eq!(unix_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2026-08-07",
            "2026-08-07T06:08:09",
            "2026-13-07T06:08:09Z",
            "2026-02-29T06:08:09Z",
            "2026-08-07T24:08:09Z",
            "2026-08-07T06:08:09.Z",
            "2026-08-07T06:08:09+2:00",
            "2026-08-07T06:08:09Zz",
            "2026-08-07T06:08:0éZ",
            "+026-08-07T06:08:09Z",
        ] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }
}
