//! Errors as clients of this format are told them, so that the vendor's SDKs raise their proper classes.
//!
//! The SDKs choose the class by the status: 400 bad request, 401 authentication, 402 payment, 403 permission, 404 not
//! found, 413 too large, 429 rate limit, 503 unavailable, 504 timeout, 529 overloaded, else from 500 on internal server
//! error. They wait as `retry-after-ms`, then `retry-after` say, and do not try again where `x-should-retry` is `false`.
//! Source: the vendor's Python SDK 2.12.0 (read 2026-11-23).

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
        headers.insert(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"));
    }
    response
}

/// The status by which the SDKs find their class.
fn status(error: &CallError) -> StatusCode {
    match error.kind {
        ErrorKind::Authentication => StatusCode::UNAUTHORIZED,
        ErrorKind::QuotaExhausted => StatusCode::PAYMENT_REQUIRED,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorKind::ModelNotFound => StatusCode::NOT_FOUND,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Overloaded => StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        _ => error.status,
    }
}

/// Appends `{"type":"error","error":{…}}`.
pub(super) fn write(out: &mut BytesMut, error: &CallError) {
    let mut body = Object::begin(out);
    body.field("type", "error");
    let mut nested = body.object("error");
    nested.field("type", word(error)).field("message", &error.message);
    nested.end();
    body.end();
}

/// The vendor's `type`.
fn word(error: &CallError) -> &'static str {
    match error.kind {
        ErrorKind::RequestTooLarge => "request_too_large",
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::PermissionDenied => "permission_error",
        ErrorKind::ModelNotFound => "not_found_error",
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::QuotaExhausted => "billing_error",
        ErrorKind::Overloaded => "overloaded_error",
        ErrorKind::Timeout => "timeout_error",
        _ if error.status.is_client_error() => "invalid_request_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

    #[test]
    fn each_kind_has_the_status_and_the_type_of_its_class() {
        for (kind, status, word) in [
            (ErrorKind::InvalidRequest, 400, "invalid_request_error"),
            (ErrorKind::ContextLengthExceeded, 400, "invalid_request_error"),
            (ErrorKind::ContentFiltered, 400, "invalid_request_error"),
            (ErrorKind::Authentication, 401, "authentication_error"),
            (ErrorKind::QuotaExhausted, 402, "billing_error"),
            (ErrorKind::PermissionDenied, 403, "permission_error"),
            (ErrorKind::ModelNotFound, 404, "not_found_error"),
            (ErrorKind::RequestTooLarge, 413, "request_too_large"),
            (ErrorKind::RateLimited, 429, "rate_limit_error"),
            (ErrorKind::Internal, 500, "api_error"),
            (ErrorKind::Unavailable, 502, "api_error"),
            (ErrorKind::Timeout, 504, "timeout_error"),
            (ErrorKind::Overloaded, 529, "overloaded_error"),
        ] {
            let response = response(&CallError::new(kind, "words"));
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(response.status().as_u16(), status, "{kind}");
            assert_eq!(
                body,
                serde_json::json!({"type": "error", "error": {"type": word, "message": "words"}}),
                "{kind}"
            );
        }
    }

    #[test]
    fn the_wait_is_said_in_both_ways() {
        let wait = Some(Duration::from_millis(1500));
        let error = CallError { retry_after: wait, ..CallError::new(ErrorKind::Overloaded, "m") };
        let response = response(&error);
        assert_eq!(
            (&response.headers()["retry-after"], &response.headers()["retry-after-ms"]),
            (&HeaderValue::from(2), &HeaderValue::from(1500))
        );
        assert!(response.headers().get("x-should-retry").is_none());
    }
}
