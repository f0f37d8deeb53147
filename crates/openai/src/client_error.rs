//! Errors as clients of this format are told them, so that the vendor's SDKs raise their proper classes.
//!
//! The SDKs choose the class by the status: 400 bad request, 401 authentication, 403 permission, 404 not found, 409
//! conflict, 422 unprocessable, 429 rate limit, from 500 on internal server error. They wait as `retry-after-ms`, then
//! `retry-after` say, and do not try again where `x-should-retry` is `false`.
//! Source: the vendor's Python SDK 3.54.0 (read 2026-11-23).

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tollgate_model::{CallError, ErrorKind};
use tollgate_provider::json_writer::Object;

/// Makes the whole response.
pub(crate) fn response(error: &CallError) -> http::Response<Bytes> {
    let mut body = BytesMut::with_capacity(256);
    write(&mut body, error);
    let mut response = http::Response::new(body.freeze());
    *response.status_mut() = status(error);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = error.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        headers.insert(HeaderName::from_static("retry-after-ms"), HeaderValue::from(millis));
    }
    if error.kind == ErrorKind::QuotaExhausted {
        // A 429 that no waiting helps against.
        headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
    }
    response
}

/// The status by which the SDKs find their class. Other vendors' numbers become those that this vendor has.
fn status(error: &CallError) -> StatusCode {
    match (error.kind, error.status.as_u16()) {
        (ErrorKind::Authentication, _) => StatusCode::UNAUTHORIZED,
        (ErrorKind::PermissionDenied, _) => StatusCode::FORBIDDEN,
        (ErrorKind::ModelNotFound, _) => StatusCode::NOT_FOUND,
        (ErrorKind::RateLimited | ErrorKind::QuotaExhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        (ErrorKind::Overloaded, ..) | (_, 529) => StatusCode::SERVICE_UNAVAILABLE,
        _ => error.status,
    }
}

/// Appends `{"error":{…}}`.
pub(crate) fn write(out: &mut BytesMut, error: &CallError) {
    let mut body = Object::begin(out);
    write_fields(body.object("error"), error);
    body.end();
}

/// Writes what stands in `error`.
pub(crate) fn write_fields(mut object: Object<'_>, error: &CallError) {
    object.field("message", &error.message).field("type", words(error.kind).0);
    object.field("param", &error.param).field("code", &code(error));
    object.end();
}

/// The code that programs read: the provider's own, or the vendor's for such an error.
pub(crate) fn code(error: &CallError) -> Option<&str> {
    error.code.as_deref().or_else(|| words(error.kind).1)
}

/// The vendor's `type`, and its `code` where there is none yet.
const fn words(kind: ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::RequestTooLarge => ("invalid_request_error", None),
        ErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::PermissionDenied => ("permission_error", None),
        ErrorKind::ModelNotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::ContextLengthExceeded => ("invalid_request_error", Some("context_length_exceeded")),
        ErrorKind::ContentFiltered => ("invalid_request_error", Some("content_policy_violation")),
        ErrorKind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::QuotaExhausted => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Overloaded => ("server_error", Some("overloaded")),
        ErrorKind::Timeout => ("server_error", Some("timeout")),
        ErrorKind::Truncated => ("server_error", Some("stream_truncated")),
        _ => ("server_error", None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn told(error: &CallError) -> (u16, Value) {
        let response = response(error);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn each_kind_has_the_status_of_its_class() {
        for (kind, status, code) in [
            (ErrorKind::InvalidRequest, 400, Value::Null),
            (ErrorKind::ContextLengthExceeded, 400, json!("context_length_exceeded")),
            (ErrorKind::Authentication, 401, json!("invalid_api_key")),
            (ErrorKind::PermissionDenied, 403, Value::Null),
            (ErrorKind::ModelNotFound, 404, json!("model_not_found")),
            (ErrorKind::RequestTooLarge, 413, Value::Null),
            (ErrorKind::RateLimited, 429, json!("rate_limit_exceeded")),
            (ErrorKind::QuotaExhausted, 429, json!("insufficient_quota")),
            (ErrorKind::Internal, 500, Value::Null),
            (ErrorKind::Unavailable, 502, Value::Null),
            (ErrorKind::Overloaded, 503, json!("overloaded")),
            (ErrorKind::Timeout, 504, json!("timeout")),
        ] {
            let (said, body) = told(&CallError::new(kind, "words"));
            assert_eq!(said, status, "{kind}");
            assert_eq!(
                (&body["error"]["message"], &body["error"]["code"]),
                (&json!("words"), &code),
                "{kind}"
            );
        }
    }

    #[test]
    fn other_vendors_numbers_become_ours() {
        let of = |kind, status: u16| {
            told(&CallError { status: StatusCode::from_u16(status).unwrap(), ..CallError::new(kind, "m") }).0
        };
        assert_eq!(of(ErrorKind::Overloaded, 529), 503);
        assert_eq!(of(ErrorKind::QuotaExhausted, 402), 429);
        assert_eq!(of(ErrorKind::Authentication, 400), 401);
        assert_eq!(of(ErrorKind::InvalidRequest, 422), 422);
        assert_eq!(of(ErrorKind::Unavailable, 500), 500);
    }

    #[test]
    fn the_wait_is_said_in_both_ways() {
        let error = CallError {
            retry_after: Some(Duration::from_millis(1500)),
            ..CallError::new(ErrorKind::RateLimited, "m")
        };
        let response = response(&error);
        assert_eq!(
            (&response.headers()["retry-after"], &response.headers()["retry-after-ms"]),
            (&HeaderValue::from(2), &HeaderValue::from(1500))
        );
        assert!(response.headers().get("x-should-retry").is_none());
    }
}
