//! Errors: `{"error": "text"}` with a status, or as the last line of a stream under status 200.
//!
//! Source: <https://docs.ollama.com/api/errors> and the texts of the server's source at v0.33 (read 2026-11-23).

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tollgate_model::{ErrorKind, ProviderError};
use tollgate_provider::{error_text::readable, retry_after};

/// Reads a non-2xx response.
pub(super) fn from_response(response: &http::Response<Bytes>) -> ProviderError {
    let status = response.status();
    let text = text(response.body());
    let kind = text.as_deref().and_then(|text| kind_by_words(text, Some(status)));
    let message = text.unwrap_or_else(|| {
        format!("the server answered with status {} and no readable error", status.as_u16())
    });
    ProviderError::new(kind.unwrap_or_else(|| kind_by_status(status)), message)
        .with_status(status)
        .with_retry_after(retry_after::from_headers(response.headers()))
}

/// Reads the `error` of an answer under a 2xx status.
pub(super) fn in_band(error: &Value) -> ProviderError {
    let text = error_text(error);
    let kind = text.as_deref().and_then(|text| kind_by_words(text, None)).unwrap_or(ErrorKind::Unavailable);
    ProviderError::new(
        kind,
        text.unwrap_or_else(|| "the server broke off with an error that says nothing".to_owned()),
    )
}

/// Reads whatever can be read: proxies in front of a server have shapes of their own.
fn text(body: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => error_text(body.get("error").unwrap_or(&body)),
        Err(_) => readable(str::from_utf8(body).ok()?),
    }
}

fn error_text(error: &Value) -> Option<String> {
    let text = match error {
        Value::Object(fields) => fields.get("message")?.as_str()?,
        other => other.as_str()?,
    };
    readable(text)
}

/// Conditions that the server tells apart by words alone. An in-stream error has no status to go by.
fn kind_by_words(text: &str, status: Option<StatusCode>) -> Option<ErrorKind> {
    const ANYWHERE: [(&str, ErrorKind); 7] = [
        ("context length", ErrorKind::ContextLengthExceeded),
        ("context window", ErrorKind::ContextLengthExceeded),
        ("context size", ErrorKind::ContextLengthExceeded),
        ("usage limit", ErrorKind::QuotaExhausted),
        ("server busy", ErrorKind::Overloaded),
        ("maximum pending requests", ErrorKind::Overloaded),
        ("not found, try pulling it first", ErrorKind::ModelNotFound),
    ];
    const WITHOUT_STATUS: [(&str, ErrorKind); 4] = [
        ("not found", ErrorKind::ModelNotFound),
        ("does not support", ErrorKind::InvalidRequest),
        ("unauthorized", ErrorKind::Authentication),
        ("too many requests", ErrorKind::RateLimited),
    ];
    let lower = text.to_ascii_lowercase();
    let find = |words: &[(&str, ErrorKind)]| {
        words.iter().find(|(words, _)| lower.contains(words)).map(|(_, kind)| *kind)
    };
    find(&ANYWHERE).or_else(|| if status.is_none() { find(&WITHOUT_STATUS) } else { None })
}

fn kind_by_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        // The model is not pulled.
        404 => ErrorKind::ModelNotFound,
        408 | 504 => ErrorKind::Timeout,
        413 => ErrorKind::RequestTooLarge,
        429 => ErrorKind::RateLimited,
        529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        // A model that is loading or does not fit into memory, a runner that died, a cloud model that cannot be reached.
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(status: u16, body: &str) -> ProviderError {
        let response = http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes()));
        from_response(&response.unwrap())
    }

    #[test]
    fn status_and_words_tell_the_kind() {
        let cases = [
            (400, "model is required", ErrorKind::InvalidRequest),
            (400, "\"tiny\" does not support tools", ErrorKind::InvalidRequest),
            (400, "the prompt exceeds the context length", ErrorKind::ContextLengthExceeded),
            (401, "unauthorized", ErrorKind::Authentication),
            (404, "model 'tiny' not found", ErrorKind::ModelNotFound),
            (429, "slow down", ErrorKind::RateLimited),
            (429, "you have reached your hourly usage limit", ErrorKind::QuotaExhausted),
            (
                500,
                "model requires more system memory (9 GiB) than is available (2 GiB)",
                ErrorKind::Unavailable,
            ),
            (502, "upstream not found", ErrorKind::Unavailable),
            (503, "server busy, please try again.  maximum pending requests exceeded", ErrorKind::Overloaded),
            (503, "loading model", ErrorKind::Unavailable),
        ];
        for (status, text, kind) in cases {
            for body in
                [json!({"error": text}), json!({"error": {"message": text, "type": "t"}}), json!(text)]
            {
                let error = decode(status, &body.to_string());
                assert_eq!((error.kind(), error.message.as_str()), (kind, text), "{status} {body}");
            }
        }
    }

    #[test]
    fn without_a_status_the_words_decide() {
        for (text, kind) in [
            ("an error was encountered while running the model: EOF", ErrorKind::Unavailable),
            ("model 'tiny' not found", ErrorKind::ModelNotFound),
            ("server busy, please try again", ErrorKind::Overloaded),
        ] {
            assert_eq!(in_band(&json!(text)).kind(), kind, "{text}");
        }
        assert!(in_band(&json!({})).message.contains("says nothing"));
    }
}
