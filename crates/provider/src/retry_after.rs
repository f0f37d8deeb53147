//! Reads how long a provider asks to wait.

use std::time::Duration;

use http::HeaderMap;

/// Reads `retry-after-ms`, then `retry-after` in seconds (whole or decimal).
///
/// An HTTP date gives `None`: without a clock it cannot be made a duration, and no vendor of an LLM sends one
/// (the SDKs of OpenAI and Anthropic read it, but their services send seconds).
#[must_use]
pub fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    from_seconds(seconds)
}

/// Reads a protobuf duration as JSON writes it (`"13.5s"`), as in Google's `RetryInfo.retryDelay`.
#[must_use]
pub fn from_protobuf(text: &str) -> Option<Duration> {
    from_seconds(text.strip_suffix('s')?.parse().ok()?)
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    // A wait of more than a year is a broken clock somewhere.
    (0.0..=31_536_000.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn milliseconds_win_over_seconds() {
        assert_eq!(from_headers(&headers(&[("retry-after", "2")])), Some(Duration::from_secs(2)));
        let both = headers(&[("retry-after", "2"), ("retry-after-ms", "1500")]);
        assert_eq!(from_headers(&both), Some(Duration::from_millis(1500)));
        assert_eq!(from_protobuf("13.5s"), Some(Duration::from_millis(13_500)));
    }

    #[test]
    fn nonsense_is_no_wait() {
        for value in ["-1", "NaN", "1e99", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(from_headers(&headers(&[("retry-after", value)])), None, "{value}");
        }
    }
}
