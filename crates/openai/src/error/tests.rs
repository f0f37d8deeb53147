use std::time::Duration;

use tollgate_provider::error_text::MAX_ERROR_TEXT_BYTES;

use super::*;

fn decode(status: u16, body: &str) -> ProviderError {
    let response = http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes()));
    from_response(&response.unwrap())
}

fn typed(kind: &str, code: Option<&str>, message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}}).to_string()
}

#[test]
fn each_status_has_its_kind_with_and_without_a_body() {
    for (status, kind) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Authentication),
        (402, ErrorKind::QuotaExhausted),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::ModelNotFound),
        (408, ErrorKind::Timeout),
        (409, ErrorKind::Unavailable),
        (413, ErrorKind::RequestTooLarge),
        (422, ErrorKind::InvalidRequest),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
        (502, ErrorKind::Unavailable),
        (503, ErrorKind::Overloaded),
        (504, ErrorKind::Timeout),
        (302, ErrorKind::Protocol),
    ] {
        assert_eq!(decode(status, "").kind(), kind, "{status}");
        let error = decode(status, &typed("invented_error", None, "words"));
        assert_eq!((error.kind(), error.message.as_str()), (kind, "words"), "{status}");
        assert_eq!(error.code.as_deref(), Some("invented_error"));
    }
}

#[test]
fn codes_and_words_tell_what_the_status_does_not() {
    for (status, code, message, kind) in [
        (429, Some("insufficient_quota"), "m", ErrorKind::QuotaExhausted),
        (429, Some("credit_balance_exhausted"), "m", ErrorKind::QuotaExhausted),
        (429, Some("organization_spend_limit_reached"), "m", ErrorKind::QuotaExhausted),
        (429, Some("rate_limit_exceeded"), "m", ErrorKind::RateLimited),
        (429, Some("slow_down"), "m", ErrorKind::Overloaded),
        (400, Some("context_length_exceeded"), "m", ErrorKind::ContextLengthExceeded),
        (400, None, "This model's maximum context length is 8192 tokens.", ErrorKind::ContextLengthExceeded),
        (400, Some("content_policy_violation"), "m", ErrorKind::ContentFiltered),
        (400, Some("content_filter"), "m", ErrorKind::ContentFiltered),
        (400, None, "Incorrect API key provided: x", ErrorKind::Authentication),
        (404, Some("model_not_found"), "m", ErrorKind::ModelNotFound),
        (429, None, "You exceeded your current quota, please check your plan", ErrorKind::QuotaExhausted),
    ] {
        assert_eq!(
            decode(status, &typed("invalid_request_error", code, message)).kind(),
            kind,
            "{code:?} {message}"
        );
    }
}

#[test]
fn all_known_shapes_are_read() {
    for (status, body, kind, message) in [
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: x"}"#,
            ErrorKind::Authentication,
            "Incorrect API key provided: x",
        ),
        (404, r#"{"error":"model \"x\" not found"}"#, ErrorKind::ModelNotFound, "model \"x\" not found"),
        (
            400,
            r#"{"object":"error","message":"flat","type":"BadRequestError","code":400}"#,
            ErrorKind::InvalidRequest,
            "flat",
        ),
        (401, r#"{"detail":"Invalid API Key"}"#, ErrorKind::Authentication, "Invalid API Key"),
        (
            422,
            r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#,
            ErrorKind::InvalidRequest,
            "field required",
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Pass one."}}]"#,
            ErrorKind::Authentication,
            "API key not valid. Pass one.",
        ),
        (502, "upstream connect error", ErrorKind::Unavailable, "upstream connect error"),
    ] {
        let error = decode(status, body);
        assert_eq!((error.kind(), error.message.as_str()), (kind, message), "{body}");
    }
}

#[test]
fn an_error_inside_an_answer_brings_its_status_along() {
    let error = in_band(br#"{"error":{"message":"busy","code":429,"metadata":{"x":1}},"choices":[]}"#);
    assert_eq!((error.kind(), error.status), (ErrorKind::RateLimited, Some(StatusCode::TOO_MANY_REQUESTS)));
    let error = in_band(br#"{"error":{"message":"The server had an error","type":"server_error"}}"#);
    assert_eq!((error.kind(), error.status), (ErrorKind::Unavailable, None));
    assert_eq!(
        in_band(br#"{"error":{"message":"m","type":"invalid_request_error"}}"#).kind(),
        ErrorKind::InvalidRequest
    );
    assert_eq!(nested(r#"{"message":"m","code":502}"#).kind(), ErrorKind::Unavailable);
}

#[test]
fn neither_pages_nor_long_texts_become_messages() {
    let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    for body in ["", page, "{", "[]", "null", "\"x\"", r#"{"error":7}"#, &"x".repeat(400)] {
        let error = decode(502, body);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}");
        assert!(error.message.contains("502") && !error.message.contains("html"), "{}", error.message);
    }
    let long = decode(400, &typed("t", None, &"ä".repeat(50_000)));
    assert!(long.message.len() <= MAX_ERROR_TEXT_BYTES + '…'.len_utf8() && long.message.ends_with('…'));
}

#[test]
fn an_error_quoted_in_an_error_is_read() {
    let quoted =
        r#"{"error":{"message":"no pictures","type":"invalid_request_error","code":"validation_error"}}"#;
    let error = decode(400, &typed("server_error", None, quoted));
    assert_eq!((error.kind(), error.message.as_str()), (ErrorKind::InvalidRequest, "no pictures"));
    assert_eq!(error.code.as_deref(), Some("validation_error"));
}

#[test]
fn field_and_wait_are_taken_over() {
    let body = r#"{"error":{"message":"m","type":"invalid_request_error","param":"messages[0]","code":"invalid_value"}}"#;
    let error = decode(400, body);
    assert_eq!((error.param.as_deref(), error.code.as_deref()), (Some("messages[0]"), Some("invalid_value")));
    let response = http::Response::builder().status(429).header("retry-after-ms", "1500").body(Bytes::new());
    assert_eq!(from_response(&response.unwrap()).retry_after, Some(Duration::from_millis(1500)));
}
