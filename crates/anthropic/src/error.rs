//! Errors: non-2xx answers, and those that come inside an answer.
//!
//! Source: <https://docs.claude.com/en/api/errors> and the SDK's error classes (read 2026-11-23).

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tollgate_model::{ErrorKind, ProviderError};
use tollgate_provider::{error_text::readable, retry_after};

/// The longest foreign text that is taken over as a message.
const MAX_FOREIGN_TEXT: usize = 300;

/// `{"type":"error","error":{"type","message","details":{"error_code"}},"request_id"}`, as far as it is there.
#[derive(Debug, Default)]
struct ErrorBody {
    kind: Option<String>,
    message: Option<String>,
    error_code: Option<String>,
}

impl ErrorBody {
    /// Reads whatever can be read: proxies in between have shapes of their own.
    fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Self { message: foreign_text(body), ..Self::default() };
        };
        let error = match body.get("error") {
            Some(Value::String(message)) => {
                return Self { message: Some(message.clone()), ..Self::default() };
            }
            Some(error) => error,
            None => &body,
        };
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        Self {
            kind: text(error, "type"),
            message: text(error, "message"),
            error_code: error.get("details").and_then(|details| text(details, "error_code")),
        }
    }

    fn into_error(self, status: Option<StatusCode>) -> ProviderError {
        let kind = self.classify(status);
        let message = self.message.as_deref().and_then(readable).unwrap_or_else(|| match status {
            Some(status) => {
                format!("the provider answered with status {} and no readable error", status.as_u16())
            }
            None => "the provider broke off with an error that says nothing".to_owned(),
        });
        let error = ProviderError::new(kind, message).with_code(self.error_code.or(self.kind));
        match status {
            Some(status) => error.with_status(status),
            None => error,
        }
    }

    fn classify(&self, status: Option<StatusCode>) -> ErrorKind {
        if let Some(kind) = self.kind_by_code().or_else(|| self.kind_by_message()) {
            return kind;
        }
        match self.kind.as_deref().unwrap_or_default() {
            "invalid_request_error" => match status {
                Some(StatusCode::PAYLOAD_TOO_LARGE) => ErrorKind::RequestTooLarge,
                _ => ErrorKind::InvalidRequest,
            },
            "authentication_error" => ErrorKind::Authentication,
            "billing_error" => ErrorKind::QuotaExhausted,
            "permission_error" => ErrorKind::PermissionDenied,
            "not_found_error" => ErrorKind::ModelNotFound,
            "request_too_large" => ErrorKind::RequestTooLarge,
            "rate_limit_error" => ErrorKind::RateLimited,
            "timeout_error" => ErrorKind::Timeout,
            "overloaded_error" => ErrorKind::Overloaded,
            // `api_error`, `conflict_error` and what is unknown: the status knows more.
            _ => status.map_or(ErrorKind::Unavailable, kind_by_status),
        }
    }

    /// Codes that say that waiting does not help, though the status says 'too many requests'.
    fn kind_by_code(&self) -> Option<ErrorKind> {
        let code = self.error_code.as_deref()?;
        match code {
            "linked_organization_billing_unavailable" => Some(ErrorKind::QuotaExhausted),
            "request_body_too_large_after_decoding" => Some(ErrorKind::RequestTooLarge),
            _ => code.ends_with("spend_limit_reached").then_some(ErrorKind::QuotaExhausted),
        }
    }

    /// Conditions that the vendor tells apart by words alone; all are `invalid_request_error`.
    fn kind_by_message(&self) -> Option<ErrorKind> {
        const WORDS: [(&str, ErrorKind); 6] = [
            ("prompt is too long", ErrorKind::ContextLengthExceeded),
            ("exceed context limit", ErrorKind::ContextLengthExceeded),
            ("exceeds the maximum number of tokens", ErrorKind::ContextLengthExceeded),
            ("credit balance is too low", ErrorKind::QuotaExhausted),
            ("reached your specified API usage limits", ErrorKind::QuotaExhausted),
            ("blocked by content filtering policy", ErrorKind::ContentFiltered),
        ];
        let message = self.message.as_deref()?;
        WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
    }
}

/// A short plain text in place of JSON: a proxy's words. Pages and long texts say nothing to a program.
fn foreign_text(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?.trim();
    let plain = !text.is_empty() && text.len() <= MAX_FOREIGN_TEXT && !text.starts_with(['<', '{', '[']);
    plain.then(|| text.to_owned())
}

fn kind_by_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::ModelNotFound,
        408 | 504 => ErrorKind::Timeout,
        // The vendor's own SDKs try a conflict again.
        409 => ErrorKind::Unavailable,
        413 => ErrorKind::RequestTooLarge,
        429 => ErrorKind::RateLimited,
        503 | 529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

/// Reads a non-2xx response.
pub(crate) fn from_response(response: &http::Response<Bytes>) -> ProviderError {
    ErrorBody::read(response.body())
        .into_error(Some(response.status()))
        .with_retry_after(retry_after::from_headers(response.headers()))
}

/// Reads an `error` object that came inside a stream, or in place of an answer under a 2xx status.
pub(crate) fn in_band(body: &[u8]) -> ProviderError {
    ErrorBody::read(body).into_error(None)
}

/// Says that an answer cannot be read.
pub(crate) fn unreadable(what: &str, source: serde_json::Error) -> ProviderError {
    ProviderError::protocol(format!("the provider's {what} cannot be read")).with_source(source)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn decode(status: u16, body: &str) -> ProviderError {
        let response = http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes()));
        from_response(&response.unwrap())
    }

    fn typed(kind: &str, message: &str) -> String {
        serde_json::json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
            .to_string()
    }

    #[test]
    fn each_status_and_type_has_its_kind() {
        let cases = [
            (400, "invalid_request_error", ErrorKind::InvalidRequest),
            (401, "authentication_error", ErrorKind::Authentication),
            (402, "billing_error", ErrorKind::QuotaExhausted),
            (403, "permission_error", ErrorKind::PermissionDenied),
            (404, "not_found_error", ErrorKind::ModelNotFound),
            (409, "conflict_error", ErrorKind::Unavailable),
            (413, "request_too_large", ErrorKind::RequestTooLarge),
            (413, "invalid_request_error", ErrorKind::RequestTooLarge),
            (429, "rate_limit_error", ErrorKind::RateLimited),
            (500, "api_error", ErrorKind::Unavailable),
            (504, "timeout_error", ErrorKind::Timeout),
            (529, "overloaded_error", ErrorKind::Overloaded),
            (529, "api_error", ErrorKind::Overloaded),
            (400, "invented_error", ErrorKind::InvalidRequest),
        ];
        for (status, kind, expected) in cases {
            let error = decode(status, &typed(kind, "words"));
            assert_eq!(error.kind(), expected, "{status} {kind}");
            assert_eq!(error.status.map(|status| status.as_u16()), Some(status));
            assert_eq!((error.message.as_str(), error.code.as_deref()), ("words", Some(kind)));
            // Without a body that can be read, the status alone gives the same, but for what only a body can say.
            if kind != "invented_error" && status != 400 {
                assert_eq!(decode(status, "<html>").kind(), expected, "{status} alone");
            }
        }
    }

    #[test]
    fn words_and_codes_tell_what_the_type_does_not() {
        let long = typed("invalid_request_error", "prompt is too long: 212000 tokens > 200000 maximum");
        assert_eq!(decode(400, &long).kind(), ErrorKind::ContextLengthExceeded);
        let both =
            typed("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 3");
        assert_eq!(decode(400, &both).kind(), ErrorKind::ContextLengthExceeded);
        let poor = typed("invalid_request_error", "Your credit balance is too low to go on");
        assert_eq!(decode(400, &poor).kind(), ErrorKind::QuotaExhausted);
        for code in ["enforced_spend_limit_reached", "contract_spend_limit_reached"] {
            let body = serde_json::json!({"type": "error", "error": {"type": "rate_limit_error", "message": "m",
                "details": {"error_code": code}}});
            let error = decode(429, &body.to_string());
            assert_eq!((error.kind(), error.code.as_deref()), (ErrorKind::QuotaExhausted, Some(code)));
        }
        let ramp = r#"{"error":{"type":"rate_limit_error","details":{"error_code":"ramp_limit_exceeded"}}}"#;
        assert_eq!(decode(429, ramp).kind(), ErrorKind::RateLimited);
    }

    #[test]
    fn any_body_gives_an_error() {
        for body in ["", "<html><h1>502</h1></html>", "{", "[]", "null", "\"x\"", "{\"error\":7}"] {
            let error = decode(502, body);
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}");
            assert!(error.message.contains("502"), "{body}: {}", error.message);
        }
        assert_eq!(decode(502, "upstream connect error").message, "upstream connect error");
        assert_eq!(decode(500, r#"{"error":"text"}"#).message, "text");
        assert_eq!(decode(302, "").kind(), ErrorKind::Protocol);
    }

    #[test]
    fn the_wait_is_taken_from_the_head() {
        let response = http::Response::builder().status(429).header("retry-after", "7").body(Bytes::new());
        assert_eq!(from_response(&response.unwrap()).retry_after, Some(Duration::from_secs(7)));
    }
}
