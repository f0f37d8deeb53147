//! Timestamps as the vendor writes them.

/// Reads an RFC 3339 time in UTC (`2026-11-23T15:04:05.123456Z`) as Unix seconds.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|number| number.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(|number| number.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    fits.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01. The year is taken to begin in March, so that the leap day is its last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

/// Writes Unix seconds as an RFC 3339 time in UTC. `None` for years that have not four digits.
pub(crate) fn rfc3339(unix: i64) -> Option<String> {
    let (mut day, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    // Counted from 0000-03-01, in spans of 400, 100, 4 and 1 years; the leap day is the last of each.
    day += 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (1..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_second() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_seconds("2000-02-29T23:59:59.999Z"), Some(951_868_799));
        assert_eq!(unix_seconds("2026-11-23T15:04:05.123456Z"), Some(1_795_446_245));
        for text in ["", "2026", "2026-13-01T00:00:00Z", "2026-11-23T15:04:05+02:00", "x-y-zT1:2:3Z"] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(rfc3339(951_868_799).as_deref(), Some("2000-02-29T23:59:59Z"));
        for unix in (0..4_102_444_800).step_by(86_399 * 17) {
            assert_eq!(unix_seconds(&rfc3339(unix).unwrap()), Some(unix));
        }
        assert_eq!(rfc3339(i64::MAX / 2), None);
    }
}
