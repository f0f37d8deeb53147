//! Errors, read and told: `{"error": {"code", "message"}}`, where the code is a word.
//!
//! The vendor's SDKs choose the class of what they raise by the status of the answer; inside a stream, an error is an event.
//! Source: `compat_errors.py` and `errorevent.py` of the vendor's Python SDK 3.4.0 (read 2026-11-23).

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_model::{CallError, ErrorKind, ProviderError};
use tollgate_provider::{error_text::readable, json_writer::Object};

use crate::client_error;

/// Reads a non-2xx response. Total: an unreadable body still gives an error of the right kind.
pub(super) fn decode(response: &http::Response<Bytes>) -> ProviderError {
    let error = crate::decode_error(response);
    let value = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
    match value["error"]["code"].as_str() {
        // The status says more than a word, but for words that say it exactly.
        Some(code) => {
            let kind = match (kind(code), error.kind()) {
                (Some(kind), ErrorKind::InvalidRequest | ErrorKind::Unavailable) => kind,
                (_, kind) => kind,
            };
            let mut known = ProviderError::new(kind, error.message.clone()).with_code(Some(code.to_owned()));
            known = known.with_retry_after(error.retry_after);
            known.with_status(response.status())
        }
        None => error,
    }
}

/// Reads what an event or a failed answer says of its error.
pub(super) fn in_stream(error: Option<&str>) -> ProviderError {
    let value = error.and_then(|error| serde_json::from_str::<Value>(error).ok()).unwrap_or_default();
    let message = value["message"].as_str().and_then(readable);
    let message =
        message.unwrap_or_else(|| "the provider broke off with an error that says nothing".to_owned());
    let code = value["code"].as_str();
    let kind = code.and_then(kind).unwrap_or(ErrorKind::Unavailable);
    ProviderError::new(kind, message).with_code(code.map(str::to_owned))
}

/// What a word says, if it is known. The words are those of `google.rpc.Code`, or look like them.
fn kind(code: &str) -> Option<ErrorKind> {
    let word = code.rsplit('/').next().unwrap_or(code).to_ascii_lowercase();
    Some(match word.as_str() {
        "invalid_request" | "invalid_argument" | "failed_precondition" | "out_of_range" => {
            ErrorKind::InvalidRequest
        }
        "unauthenticated" | "authentication_error" | "invalid_api_key" => ErrorKind::Authentication,
        "permission_denied" => ErrorKind::PermissionDenied,
        "not_found" | "model_not_found" => ErrorKind::ModelNotFound,
        "resource_exhausted" | "rate_limit_exceeded" | "too_many_requests" => ErrorKind::RateLimited,
        "quota_exceeded" | "insufficient_quota" => ErrorKind::QuotaExhausted,
        "unavailable" | "overloaded" => ErrorKind::Overloaded,
        "deadline_exceeded" | "gateway_timeout" | "timeout" => ErrorKind::Timeout,
        "internal" | "internal_error" | "aborted" | "cancelled" => ErrorKind::Unavailable,
        "content_filter" | "safety" | "prohibited_content" => ErrorKind::ContentFiltered,
        _ => return None,
    })
}

/// The word for a kind.
const fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "unauthenticated",
        ErrorKind::PermissionDenied => "permission_denied",
        ErrorKind::ModelNotFound => "not_found",
        ErrorKind::RateLimited => "resource_exhausted",
        ErrorKind::QuotaExhausted => "quota_exceeded",
        ErrorKind::Overloaded | ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "deadline_exceeded",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::InvalidRequest
        | ErrorKind::RequestTooLarge
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered => "invalid_request",
        _ => "internal",
    }
}

/// Tells a client of an error.
pub(super) fn response(error: &CallError) -> http::Response<Bytes> {
    let mut body = BytesMut::with_capacity(256);
    let mut object = Object::begin(&mut body);
    write(&mut object, error);
    object.end();
    client_error::with_body(error, body.freeze())
}

/// Writes the field `error`.
pub(super) fn write(object: &mut Object<'_>, error: &CallError) {
    let mut nested = object.object("error");
    nested.field("message", &error.message);
    nested.field("code", error.code.as_deref().unwrap_or_else(|| code(error.kind)));
    nested.end();
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn decoded(status: u16, body: &str) -> ProviderError {
        let body = Bytes::copy_from_slice(body.as_bytes());
        decode(&http::Response::builder().status(status).body(body).unwrap())
    }

    #[test]
    fn a_word_or_the_status_says_what_went_wrong() {
        for (status, code, kind) in [
            (400, "invalid_request", ErrorKind::InvalidRequest),
            (400, "unauthenticated", ErrorKind::Authentication),
            (404, "invented", ErrorKind::ModelNotFound),
            (429, "resource_exhausted", ErrorKind::RateLimited),
            (500, "deadline_exceeded", ErrorKind::Timeout),
            (503, "unavailable", ErrorKind::Overloaded),
        ] {
            let body = format!(r#"{{"error":{{"message":"words","code":"{code}"}}}}"#);
            let error = decoded(status, &body);
            assert_eq!((error.kind(), error.message.as_str()), (kind, "words"), "{status} {code}");
            assert_eq!(
                (error.status.map(|it| it.as_u16()), error.code.as_deref()),
                (Some(status), Some(code))
            );
        }
        for body in ["", "[]", "<html>", "{\"error\":1}"] {
            assert_eq!(decoded(502, body).kind(), ErrorKind::Unavailable);
        }
        assert_eq!(in_stream(None).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn what_is_told_is_read_back() {
        for kind in
            [ErrorKind::RateLimited, ErrorKind::Authentication, ErrorKind::Overloaded, ErrorKind::Timeout]
        {
            let told = response(&CallError::new(kind, "words"));
            assert_eq!(decode(&told).kind(), kind);
            let body: Value = serde_json::from_slice(told.body()).unwrap();
            assert_eq!(in_stream(Some(&body["error"].to_string())).kind(), kind);
        }
        assert_eq!(
            response(&CallError::new(ErrorKind::Internal, "m")).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}
