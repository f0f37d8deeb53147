//! Errors: non-2xx answers, and those that come inside a stream.
//!
//! The shape is `google.rpc.Status`: `{"error": {code, message, status, details[]}}`, in an array where a
//! stream was asked for without `alt=sse`.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tollgate_model::{ErrorKind, ProviderError};
use tollgate_provider::{error_text::readable, retry_after};

/// Reads a non-2xx response. Total: an unreadable body still gives an error of the right kind.
#[must_use]
pub fn decode_error(response: &http::Response<Bytes>) -> ProviderError {
    let status = response.status();
    let value = serde_json::from_slice::<Value>(response.body()).unwrap_or(Value::Null);
    let error = Status(error_object(&value));
    let message = error.message().and_then(readable);
    let message = message.or_else(|| readable(str::from_utf8(response.body()).ok()?));
    let message = message.unwrap_or_else(|| {
        format!("the provider answered with status {} and no readable error", status.as_u16())
    });
    ProviderError::new(error.kind(status), message)
        .with_status(status)
        .with_code(error.code())
        .with_retry_after(error.retry_delay().or_else(|| retry_after::from_headers(response.headers())))
}

/// Reads a frame of a stream that holds an `error` in place of an answer.
#[must_use]
pub fn decode_error_frame(frame: &[u8]) -> ProviderError {
    let value = serde_json::from_slice::<Value>(frame).unwrap_or(Value::Null);
    let error = Status(error_object(&value));
    let message = error.message().and_then(readable);
    let message =
        message.unwrap_or_else(|| "the provider broke off with an error that says nothing".to_owned());
    let status = error.http_status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ProviderError::new(error.kind(status), message)
        .with_code(error.code())
        .with_retry_after(error.retry_delay())
}

/// Says that an answer cannot be read.
pub(crate) fn unreadable(what: &str, source: serde_json::Error) -> ProviderError {
    ProviderError::protocol(format!("the provider's {what} cannot be read")).with_source(source)
}

/// Finds the error below the wrappers that are in use.
fn error_object(value: &Value) -> &Value {
    let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    value.get("error").unwrap_or(value)
}

/// A `google.rpc.Status`, as far as it is there.
#[derive(Debug, Clone, Copy)]
struct Status<'a>(&'a Value);

impl<'a> Status<'a> {
    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    fn message(self) -> Option<&'a str> {
        self.text("message").or_else(|| self.0.as_str()).filter(|message| !message.is_empty())
    }

    fn details(self) -> impl Iterator<Item = &'a Value> {
        self.0.get("details").and_then(Value::as_array).into_iter().flatten()
    }

    /// The reason of `ErrorInfo`: `API_KEY_INVALID`.
    fn reason(self) -> Option<&'a str> {
        self.details().find_map(|detail| detail.get("reason")?.as_str())
    }

    fn code(self) -> Option<String> {
        self.reason().or_else(|| self.text("status")).map(str::to_owned)
    }

    fn http_status(self) -> Option<StatusCode> {
        let code = u16::try_from(self.0.get("code")?.as_u64()?).ok()?;
        StatusCode::from_u16(code).ok()
    }

    fn retry_delay(self) -> Option<std::time::Duration> {
        self.details().find_map(|detail| retry_after::from_protobuf(detail.get("retryDelay")?.as_str()?))
    }

    fn kind(self, status: StatusCode) -> ErrorKind {
        let message = self.message().unwrap_or_default();
        // A wrong key is a 400, a missing one a 403.
        if matches!(self.reason(), Some("API_KEY_INVALID" | "API_KEY_EXPIRED"))
            || message.contains("API key not valid")
            || message.contains("unregistered callers")
        {
            return ErrorKind::Authentication;
        }
        if let Some(kind) = kind_by_words(message) {
            return kind;
        }
        match self.text("status").unwrap_or_default() {
            "RESOURCE_EXHAUSTED" if self.is_spent() => ErrorKind::QuotaExhausted,
            "RESOURCE_EXHAUSTED" => ErrorKind::RateLimited,
            "UNAUTHENTICATED" => ErrorKind::Authentication,
            // A precondition of the account: its country, or that it has no billing.
            "PERMISSION_DENIED" | "FAILED_PRECONDITION" => ErrorKind::PermissionDenied,
            "NOT_FOUND" => ErrorKind::ModelNotFound,
            "UNAVAILABLE" => ErrorKind::Overloaded,
            "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
            "ABORTED" | "CANCELLED" => ErrorKind::Unavailable,
            _ => kind_by_status(status),
        }
    }

    /// A quota that waiting a minute does not refill: one of the day, or one of nothing at all.
    fn is_spent(self) -> bool {
        let violations = self.details().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        let text = |violation: &'a Value, name: &str| violation.get(name).and_then(Value::as_str);
        let mut spent = violations.map(|violation| {
            text(violation, "quotaId").is_some_and(|id| id.contains("PerDay"))
                || text(violation, "quotaValue") == Some("0")
        });
        spent.any(|spent| spent) || self.message().is_some_and(names_limit_zero)
    }
}

/// Conditions that the vendor tells apart by words alone; all are `INVALID_ARGUMENT`.
fn kind_by_words(message: &str) -> Option<ErrorKind> {
    const WORDS: [(&str, ErrorKind); 3] = [
        ("exceeds the maximum number of tokens", ErrorKind::ContextLengthExceeded),
        ("model only supports up to", ErrorKind::ContextLengthExceeded),
        ("payload size exceeds the limit", ErrorKind::RequestTooLarge),
    ];
    WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
}

/// Says whether the words hold `limit: 0`, and not `limit: 0.5` or the like.
fn names_limit_zero(message: &str) -> bool {
    message.split("limit: 0").skip(1).any(|rest| {
        let mut rest = rest.chars();
        match rest.next() {
            Some('.') => !rest.next().is_some_and(|next| next.is_ascii_digit()),
            Some(next) => !next.is_ascii_digit(),
            None => true,
        }
    })
}

fn kind_by_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::ModelNotFound,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::RequestTooLarge,
        429 => ErrorKind::RateLimited,
        // A conflict, and the vendor's own cancellation, not our client's.
        409 | 499 => ErrorKind::Unavailable,
        503 => ErrorKind::Overloaded,
        400..=498 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn decode(status: u16, body: &str) -> ProviderError {
        let response = http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes()));
        decode_error(&response.unwrap())
    }

    fn kind(status: u16, word: &str, message: &str, details: &Value) -> ErrorKind {
        let error =
            json!({"error": {"code": status, "message": message, "status": word, "details": details}});
        let kind = decode(status, &error.to_string()).kind();
        assert_eq!(decode(status, &json!([error]).to_string()).kind(), kind, "in an array");
        assert_eq!(decode_error_frame(error.to_string().as_bytes()).kind(), kind, "in a stream");
        kind
    }

    #[test]
    fn each_status_has_its_kind() {
        let cases = [
            (400, "INVALID_ARGUMENT", ErrorKind::InvalidRequest),
            (401, "UNAUTHENTICATED", ErrorKind::Authentication),
            (403, "PERMISSION_DENIED", ErrorKind::PermissionDenied),
            (404, "NOT_FOUND", ErrorKind::ModelNotFound),
            (429, "RESOURCE_EXHAUSTED", ErrorKind::RateLimited),
            (500, "INTERNAL", ErrorKind::Unavailable),
            (503, "UNAVAILABLE", ErrorKind::Overloaded),
            (504, "DEADLINE_EXCEEDED", ErrorKind::Timeout),
        ];
        for (status, word, expected) in cases {
            assert_eq!(kind(status, word, "words", &json!([])), expected, "{word}");
            assert_eq!(decode(status, "<html>").kind(), expected, "{status} alone");
        }
    }

    #[test]
    fn a_wrong_key_and_a_long_prompt_are_told_from_a_bad_request() {
        let reason = json!([{"reason": "API_KEY_INVALID"}]);
        assert_eq!(kind(400, "INVALID_ARGUMENT", "no", &reason), ErrorKind::Authentication);
        let long = "The input token count (9) exceeds the maximum number of tokens allowed (8).";
        assert_eq!(kind(400, "INVALID_ARGUMENT", long, &json!([])), ErrorKind::ContextLengthExceeded);
        let large = "Request payload size exceeds the limit: 20971520 bytes.";
        assert_eq!(kind(400, "INVALID_ARGUMENT", large, &json!([])), ErrorKind::RequestTooLarge);
        let country = "User location is not supported for the API use.";
        assert_eq!(kind(400, "FAILED_PRECONDITION", country, &json!([])), ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_quota_of_the_day_or_of_nothing_is_exhausted() {
        let quota = |id: &str| json!([{"violations": [{"quotaId": id, "quotaValue": "20"}]}]);
        let with = |id, message| kind(429, "RESOURCE_EXHAUSTED", message, &quota(id));
        assert_eq!(with("RequestsPerDayPerModel", "m"), ErrorKind::QuotaExhausted);
        assert_eq!(with("RequestsPerMinutePerModel", "m, limit: 05"), ErrorKind::RateLimited);
        assert_eq!(with("RequestsPerMinutePerModel", "m, limit: 0, model: x"), ErrorKind::QuotaExhausted);
    }

    #[test]
    fn the_wait_is_taken_from_the_details() {
        let body = json!({"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "13.5s"}]}});
        assert_eq!(decode(429, &body.to_string()).retry_after, Some(Duration::from_millis(13_500)));
    }

    #[test]
    fn any_body_gives_an_error() {
        for body in ["", "<html>", "{", "[]", "null", "{\"error\":7}", "[[]]"] {
            assert_eq!(decode(502, body).kind(), ErrorKind::Unavailable, "{body}");
            assert!(!decode_error_frame(body.as_bytes()).message.is_empty());
        }
        assert_eq!(decode(502, "\"x\"").message, "x");
    }
}
