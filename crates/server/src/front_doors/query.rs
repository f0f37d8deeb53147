//! What stands behind the question mark.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tollgate_provider::base_url::decoded_segment;

/// Where the vendor's own SDKs put the key.
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// Returns the first value of a name.
pub(super) fn value<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| decoded_segment(value))
}

/// Moves `?key=`, as Gemini's clients may send their key, to where every other credential stands.
///
/// A key that no header can hold becomes an empty one, which nobody has: it must not be as if none had been sent.
pub(super) fn move_key(uri: &Uri, headers: &mut HeaderMap) {
    if let Some(key) = value(uri, "key") {
        let key = HeaderValue::from_str(&key).unwrap_or_else(|_| HeaderValue::from_static(""));
        headers.append(API_KEY, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_query_is_a_credential_like_any_other() {
        let uri: Uri = "/v1beta/models?alt=sse&key=sk%2Da".parse().unwrap();
        assert_eq!(value(&uri, "alt").as_deref(), Some("sse"));
        let mut headers = HeaderMap::new();
        move_key(&uri, &mut headers);
        assert_eq!(headers["x-goog-api-key"], "sk-a");
        let mut headers = HeaderMap::new();
        move_key(&"/v1/models".parse().unwrap(), &mut headers);
        assert!(headers.is_empty());
        move_key(&"/v1beta/models?key=%0a".parse().unwrap(), &mut headers);
        assert_eq!(headers["x-goog-api-key"], "");
    }
}
