//! What a caller may ask of the gateway itself, by header.

use std::time::Duration;

use http::HeaderMap;
use tollgate_model::RequestError;

/// `x-tollgate-tags`, `x-tollgate-timeout`, `x-tollgate-strict`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Labels for the record.
    pub tags: Vec<(String, String)>,
    /// The most time that the whole call may take.
    pub timeout: Option<Duration>,
    /// Whether to refuse the call rather than lose something in translation. `None`: as the gateway is configured.
    pub strict: Option<bool>,
}

/// More than anybody sorts by; keeps a record's size bounded.
const MAX_TAGS: usize = 32;
/// Long enough for any id.
const MAX_TAG_BYTES: usize = 256;
/// A day.
const MAX_TIMEOUT_SECONDS: f64 = 86_400.0;

impl CallOptions {
    /// Reads the headers.
    ///
    /// # Errors
    /// A header that cannot be read: what a caller asked for is never ignored.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, RequestError> {
        let mut options = Self::default();
        if let Some(text) = header(headers, "x-tollgate-tags")? {
            options.tags = parse_tags(text)?;
        }
        if let Some(text) = header(headers, "x-tollgate-timeout")? {
            let seconds = text.trim_end_matches('s').parse::<f64>().ok();
            let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MAX_TIMEOUT_SECONDS);
            let seconds = seconds.ok_or_else(|| {
                bad("x-tollgate-timeout", "seconds between 0 and 86400, such as 30 or 2.5s")
            })?;
            options.timeout = Some(Duration::from_secs_f64(seconds));
        }
        if let Some(text) = header(headers, "x-tollgate-strict")? {
            options.strict = match text {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => return Err(bad("x-tollgate-strict", "true or false")),
            };
        }
        Ok(options)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, RequestError> {
    headers
        .get(name)
        .map(|value| value.to_str().map(str::trim).map_err(|_| bad(name, "plain text")))
        .transpose()
}

fn bad(name: &str, expected: &str) -> RequestError {
    RequestError::invalid_field(name, format!("the header {name} must hold {expected}"))
}

fn parse_tags(text: &str) -> Result<Vec<(String, String)>, RequestError> {
    let wrong =
        || bad("x-tollgate-tags", "name=value pairs with commas between them, at most 32 of 256 bytes each");
    let mut tags = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        if name.trim().is_empty() || pair.len() > MAX_TAG_BYTES || tags.len() == MAX_TAGS {
            return Err(wrong());
        }
        tags.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<CallOptions, RequestError> {
        CallOptions::from_headers(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]))
    }

    #[test]
    fn headers_are_read() {
        let tags = read("x-tollgate-tags", "feature=search, env=prod").unwrap().tags;
        assert_eq!(tags, [("feature".into(), "search".into()), ("env".into(), "prod".into())]);
        assert_eq!(read("x-tollgate-timeout", "2.5s").unwrap().timeout, Some(Duration::from_millis(2500)));
        assert_eq!(read("x-tollgate-strict", "true").unwrap().strict, Some(true));
        assert_eq!(read("x-tollgate-strict", "0").unwrap().strict, Some(false));
        assert_eq!(CallOptions::from_headers(&HeaderMap::new()).unwrap(), CallOptions::default());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (name, value) in [
            ("x-tollgate-tags", "feature"),
            ("x-tollgate-tags", "=x"),
            ("x-tollgate-timeout", "soon"),
            ("x-tollgate-timeout", "-1"),
            ("x-tollgate-timeout", "inf"),
            ("x-tollgate-strict", "yes"),
        ] {
            assert_eq!(read(name, value).unwrap_err().param.as_deref(), Some(name), "{value}");
        }
    }
}
