//! Errors as clients of the vendor's formats are told them: a `google.rpc.Status`.
//!
//! The vendor's SDKs raise `ClientError` from 400, `ServerError` from 500 (Python) and `ApiError` (JavaScript), by the
//! status of the answer; inside a stream by `code`, of an object whose first field is `error`.
//! Source: `errors.py` and `_api_client.py` of the vendor's Python SDK 3.4.0, `throwIfStreamErrorChunk` of its JavaScript
//! SDK 2.32.0, and <https://cloud.google.com/apis/design/errors> (read 2026-11-23).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
use tollgate_model::{CallError, ErrorKind};
use tollgate_provider::json_writer::{Array, Object};

/// Makes the whole response.
pub(crate) fn response(error: &CallError) -> http::Response<Bytes> {
    let mut body = BytesMut::with_capacity(256);
    write(&mut body, error);
    with_body(error, body.freeze())
}

/// Makes a response of a body, with its status and how long to wait.
pub(crate) fn with_body(error: &CallError, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status(error);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    if let Some(wait) = error.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
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
        (ErrorKind::Overloaded, _) | (_, 529) => StatusCode::SERVICE_UNAVAILABLE,
        _ => error.status,
    }
}

/// Appends `{"error":{…}}`.
pub(crate) fn write(out: &mut BytesMut, error: &CallError) {
    let mut body = Object::begin(out);
    let mut nested = body.object("error");
    nested.field("code", &status(error).as_u16()).field("message", &error.message);
    nested.field("status", word(error.kind));
    if error.retry_after.is_some() || error.param.is_some() || reason(error).is_some() {
        write_details(nested.array("details"), error);
    }
    nested.end();
    body.end();
}

fn write_details(mut details: Array<'_>, error: &CallError) {
    if let Some(reason) = reason(error) {
        let mut info = details.object();
        info.field("@type", "type.googleapis.com/google.rpc.ErrorInfo").field("reason", reason);
        info.end();
    }
    if let Some(param) = &error.param {
        let mut bad = details.object();
        bad.field("@type", "type.googleapis.com/google.rpc.BadRequest");
        let mut violations = bad.array("fieldViolations");
        let mut violation = violations.object();
        violation.field("field", param).field("description", &error.message);
        violation.end();
        violations.end();
        bad.end();
    }
    if let Some(wait) = error.retry_after {
        let mut retry = details.object();
        retry.field("@type", "type.googleapis.com/google.rpc.RetryInfo");
        retry.field("retryDelay", &duration(wait));
        retry.end();
    }
    details.end();
}

/// The code that programs can read, unless it says what the status says.
fn reason(error: &CallError) -> Option<&str> {
    error.code.as_deref().filter(|code| *code != word(error.kind))
}

/// A `google.protobuf.Duration`: `1.5s`.
fn duration(wait: Duration) -> String {
    match wait.subsec_millis() {
        0 => format!("{}s", wait.as_secs()),
        millis => format!("{}.{millis:03}s", wait.as_secs()),
    }
}

const fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::RequestTooLarge
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered => "INVALID_ARGUMENT",
        ErrorKind::Authentication => "UNAUTHENTICATED",
        ErrorKind::PermissionDenied => "PERMISSION_DENIED",
        ErrorKind::ModelNotFound => "NOT_FOUND",
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted => "RESOURCE_EXHAUSTED",
        ErrorKind::Overloaded | ErrorKind::Unavailable => "UNAVAILABLE",
        ErrorKind::Timeout => "DEADLINE_EXCEEDED",
        ErrorKind::Cancelled => "CANCELLED",
        _ => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(error: &CallError) -> (u16, Value) {
        let response = response(error);
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["error"]["code"], response.status().as_u16());
        (response.status().as_u16(), body)
    }

    #[test]
    fn each_kind_has_its_status_and_word() {
        for (kind, status, word) in [
            (ErrorKind::InvalidRequest, 400, "INVALID_ARGUMENT"),
            (ErrorKind::ContextLengthExceeded, 400, "INVALID_ARGUMENT"),
            (ErrorKind::ContentFiltered, 400, "INVALID_ARGUMENT"),
            (ErrorKind::RequestTooLarge, 413, "INVALID_ARGUMENT"),
            (ErrorKind::Authentication, 401, "UNAUTHENTICATED"),
            (ErrorKind::PermissionDenied, 403, "PERMISSION_DENIED"),
            (ErrorKind::ModelNotFound, 404, "NOT_FOUND"),
            (ErrorKind::RateLimited, 429, "RESOURCE_EXHAUSTED"),
            (ErrorKind::QuotaExhausted, 429, "RESOURCE_EXHAUSTED"),
            (ErrorKind::Cancelled, 499, "CANCELLED"),
            (ErrorKind::Internal, 500, "INTERNAL"),
            (ErrorKind::Protocol, 502, "INTERNAL"),
            (ErrorKind::Truncated, 502, "INTERNAL"),
            (ErrorKind::Unavailable, 502, "UNAVAILABLE"),
            (ErrorKind::Overloaded, 503, "UNAVAILABLE"),
            (ErrorKind::Timeout, 504, "DEADLINE_EXCEEDED"),
        ] {
            let (said, body) = told(&CallError::new(kind, "words"));
            assert_eq!(said, status, "{kind}");
            assert_eq!(
                (&body["error"]["message"], &body["error"]["status"]),
                (&json!("words"), &json!(word))
            );
            assert!(body["error"].get("details").is_none());
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
    }

    #[test]
    fn the_details_say_why_where_and_how_long() {
        let error = CallError {
            code: Some("overloaded_error".into()),
            param: Some("contents[0]".into()),
            retry_after: Some(Duration::from_millis(1500)),
            ..CallError::new(ErrorKind::RateLimited, "m")
        };
        let response = response(&error);
        assert_eq!(response.headers()["retry-after"], HeaderValue::from(2));
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let details = &body["error"]["details"];
        assert_eq!(details[0]["reason"], "overloaded_error");
        assert_eq!(details[1]["fieldViolations"][0]["field"], "contents[0]");
        assert_eq!(details[2]["retryDelay"], "1.500s");
        let read = crate::decode_error(&response);
        assert_eq!(
            (read.kind(), read.retry_after),
            (ErrorKind::RateLimited, Some(Duration::from_millis(1500)))
        );
    }
}
