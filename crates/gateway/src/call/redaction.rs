//! Keeps a provider's credential out of what the provider says of it.

use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;
use tollgate_model::ProviderError;

/// What stands in a credential's place.
const REDACTED: &str = "[redacted]";
/// A shorter one is no secret, and would be found in ordinary words.
const MIN_SECRET_BYTES: usize = 8;

/// The credentials on a request: the values that its authorizer marked as sensitive.
#[derive(Debug)]
pub(crate) struct Credentials(Vec<HeaderValue>);

impl Credentials {
    pub(crate) fn of(request: &http::Request<Bytes>) -> Self {
        Self(request.headers().values().filter(|value| value.is_sensitive()).cloned().collect())
    }

    /// The secrets themselves, without a scheme such as `Bearer`.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let texts = self.0.iter().filter_map(|value| value.to_str().ok());
        texts
            .map(|text| text.rsplit(' ').next().unwrap_or(text))
            .filter(|secret| secret.len() >= MIN_SECRET_BYTES)
    }

    /// Tells whether a document shows one of them, also if it is written with escapes.
    pub(crate) fn show_in(&self, document: &[u8]) -> bool {
        let raw = String::from_utf8_lossy(document);
        let plain = serde_json::from_slice::<Value>(document).map(|document| document.to_string());
        let plain = plain.unwrap_or_default();
        self.secrets().any(|secret| raw.contains(secret) || plain.contains(secret))
    }

    /// Takes them out of an error's words.
    pub(crate) fn redact(&self, error: ProviderError) -> ProviderError {
        let texts = [Some(&error.message), error.code.as_ref(), error.param.as_ref()];
        if !self.secrets().any(|secret| texts.iter().flatten().any(|text| text.contains(secret))) {
            return error;
        }
        let clean =
            |text: &String| self.secrets().fold(text.clone(), |text, secret| text.replace(secret, REDACTED));
        // What lies below is left out: it may say the same.
        let redacted = ProviderError::new(error.kind(), clean(&error.message))
            .with_retry_after(error.retry_after)
            .with_code(error.code.as_ref().map(clean))
            .with_param(error.param.as_ref().map(clean));
        match error.status {
            Some(status) => redacted.with_status(status),
            None => redacted,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use tollgate_model::ErrorKind;

    use super::*;

    fn credentials(value: &'static str) -> Credentials {
        let mut request = http::Request::new(Bytes::new());
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        request.headers_mut().insert("authorization", value);
        request.headers_mut().insert("accept", HeaderValue::from_static("application/json"));
        Credentials::of(&request)
    }

    #[test]
    fn a_credential_is_found_however_it_is_written() {
        let credentials = credentials("Bearer sk-live-123456");
        assert!(credentials.show_in(br#"{"error":"bad key sk-live-123456"}"#));
        assert!(credentials.show_in(br#"{"error":"bad key \u0073k-live-123456"}"#));
        assert!(credentials.show_in(b"bad key sk-live-123456"));
        assert!(!credentials.show_in(br#"{"error":"Bearer application/json sk-***456"}"#));
    }

    #[test]
    fn an_error_keeps_all_but_the_credential() {
        let error = || {
            ProviderError::new(ErrorKind::Authentication, "bad key: sk-live-123456.")
                .with_status(StatusCode::UNAUTHORIZED)
                .with_code(Some("sk-live-123456".to_owned()))
                .with_param(Some("key".to_owned()))
        };
        let redacted = credentials("Bearer sk-live-123456").redact(error());
        assert_eq!(redacted.message, "bad key: [redacted].");
        assert_eq!((redacted.code.as_deref(), redacted.param.as_deref()), (Some(REDACTED), Some("key")));
        assert_eq!(
            (redacted.kind(), redacted.status),
            (ErrorKind::Authentication, Some(StatusCode::UNAUTHORIZED))
        );
        assert_eq!(credentials("Bearer key").redact(error()).message, "bad key: sk-live-123456.");
    }
}
