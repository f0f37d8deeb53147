//! Errors: non-2xx answers, those that come inside an answer, and those that clients are told.
//!
//! Source: the vendor's guide to error codes and the error classes of its Python SDK 3.54.0; the shapes of other servers
//! from recorded answers (read 2026-11-23).

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tollgate_model::{ErrorKind, ProviderError};
use tollgate_provider::{error_text::readable, retry_after};

/// The longest body that is not JSON and still taken for a message.
const MAX_FOREIGN_TEXT: usize = 300;

/// What an error body says, whichever shape it has:
/// `{"error":{"message","type","param","code"}}`, `{"error":"…","code":"…"}` (xAI, Ollama), the same fields at the top
/// (older vLLM, Mistral), `{"detail":"…"}` or `{"detail":[{"msg"}]}` (FastAPI), any of these in an array (Google).
#[derive(Debug, Default)]
struct ErrorBody {
    kind: Option<String>,
    message: Option<String>,
    code: Option<String>,
    param: Option<String>,
    /// A status that stands in the body: a number as `code` or `status`.
    status: Option<StatusCode>,
}

impl ErrorBody {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Array(mut several)) if !several.is_empty() => Self::of(&several.swap_remove(0)),
            Ok(body) => Self::of(&body),
            Err(_) => Self { message: foreign_text(body), ..Self::default() },
        }
    }

    fn of(body: &Value) -> Self {
        let error = match body.get("error") {
            Some(Value::String(message)) => {
                return Self { message: Some(message.clone()), ..Self::fields(body) };
            }
            Some(error @ Value::Object(_)) => error,
            _ => body,
        };
        let mut read = Self::fields(error);
        read.message = read.message.or_else(|| detail(body.get("detail")?));
        // A gateway in between that quotes the answer it got (Bedrock): what was quoted says more.
        let quoted = read.message.as_deref().and_then(|message| serde_json::from_str::<Value>(message).ok());
        match quoted.as_ref().and_then(|quoted| quoted.get("error")) {
            Some(inner @ Value::Object(_)) => Self { status: read.status, ..Self::fields(inner) },
            _ => read,
        }
    }

    fn fields(error: &Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let number =
            |name: &str| error.get(name)?.as_u64().or_else(|| error.get(name)?.as_str()?.parse().ok());
        let status = ["code", "status", "status_code"].into_iter().find_map(number);
        let status = status.and_then(|number| StatusCode::from_u16(u16::try_from(number).ok()?).ok());
        Self {
            kind: text("type"),
            message: text("message"),
            code: text("code").filter(|code| !code.bytes().all(|byte| byte.is_ascii_digit())),
            param: text("param"),
            status: status.filter(|status| status.as_u16() >= 400),
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
        let error =
            ProviderError::new(kind, message).with_code(self.code.or(self.kind)).with_param(self.param);
        match status.or(self.status) {
            Some(status) => error.with_status(status),
            None => error,
        }
    }

    fn classify(&self, status: Option<StatusCode>) -> ErrorKind {
        let status = status.or(self.status);
        let by_code = [&self.code, &self.kind].into_iter().flatten().find_map(|code| kind_by_code(code));
        by_code
            .or_else(|| self.kind_by_message(status))
            .or_else(|| status.map(kind_by_status))
            .or_else(|| self.kind.as_deref().and_then(kind_by_type))
            .unwrap_or(ErrorKind::Unavailable)
    }

    /// Conditions that some servers tell apart by words alone.
    fn kind_by_message(&self, status: Option<StatusCode>) -> Option<ErrorKind> {
        const ALWAYS: [(&str, ErrorKind); 9] = [
            ("maximum context length", ErrorKind::ContextLengthExceeded),
            ("model's context length", ErrorKind::ContextLengthExceeded),
            ("exceeds the available context size", ErrorKind::ContextLengthExceeded),
            ("maximum prompt length", ErrorKind::ContextLengthExceeded),
            ("exceeded your current quota", ErrorKind::QuotaExhausted),
            ("insufficient balance", ErrorKind::QuotaExhausted),
            ("run out of credits", ErrorKind::QuotaExhausted),
            ("used all available credits", ErrorKind::QuotaExhausted),
            ("spending limit", ErrorKind::QuotaExhausted),
        ];
        // A wrong key is a 400 at xAI and Google.
        const KEY: [&str; 3] = ["incorrect api key", "invalid api key", "api key not valid"];
        let message = self.message.as_deref()?.to_ascii_lowercase();
        if status == Some(StatusCode::BAD_REQUEST) && KEY.iter().any(|words| message.contains(words)) {
            return Some(ErrorKind::Authentication);
        }
        ALWAYS.iter().find(|(words, _)| message.contains(words)).map(|(_, kind)| *kind)
    }
}

/// Codes that say more than the status, above all that waiting does not help though it says 'too many requests'.
fn kind_by_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "insufficient_balance"
        | "insufficient_credits" => ErrorKind::QuotaExhausted,
        "context_length_exceeded" | "exceed_context_size_error" => ErrorKind::ContextLengthExceeded,
        "content_policy_violation" | "content_filter" | "content_filtered" | "moderation_blocked" => {
            ErrorKind::ContentFiltered
        }
        "invalid_api_key" | "invalid_authentication" => ErrorKind::Authentication,
        "model_not_found" | "DeploymentNotFound" => ErrorKind::ModelNotFound,
        "image_content_policy_violation" | "bio_policy" => ErrorKind::ContentFiltered,
        // Those that an answer of Responses fails with, where no status says so.
        "invalid_prompt"
        | "invalid_image"
        | "invalid_image_format"
        | "invalid_base64_image"
        | "invalid_image_url"
        | "invalid_image_mode"
        | "image_too_large"
        | "image_too_small"
        | "image_parse_error"
        | "image_file_too_large"
        | "unsupported_image_media_type"
        | "empty_image_file"
        | "failed_to_download_image"
        | "image_file_not_found" => ErrorKind::InvalidRequest,
        "vector_store_timeout" => ErrorKind::Timeout,
        "rate_limit_exceeded" | "RateLimitReached" => ErrorKind::RateLimited,
        "slow_down" | "overloaded" | "overloaded_error" | "server_overloaded" => ErrorKind::Overloaded,
        code if code.contains("spend_limit") || code.contains("spending_limit") => ErrorKind::QuotaExhausted,
        _ => return None,
    })
}

/// Types, where there is no status: an error inside a stream.
fn kind_by_type(kind: &str) -> Option<ErrorKind> {
    Some(match kind {
        "invalid_request_error" | "BadRequestError" => ErrorKind::InvalidRequest,
        "authentication_error" => ErrorKind::Authentication,
        "permission_error" => ErrorKind::PermissionDenied,
        "not_found_error" | "NotFoundError" => ErrorKind::ModelNotFound,
        "rate_limit_error" | "requests" | "tokens" => ErrorKind::RateLimited,
        "timeout_error" => ErrorKind::Timeout,
        _ => return None,
    })
}

fn kind_by_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::ModelNotFound,
        408 | 504 => ErrorKind::Timeout,
        409 => ErrorKind::Unavailable,
        413 => ErrorKind::RequestTooLarge,
        429 => ErrorKind::RateLimited,
        // 498 is Groq's: no capacity for the flex tier.
        498 | 503 | 529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

fn detail(detail: &Value) -> Option<String> {
    match detail {
        Value::String(text) => Some(text.clone()),
        Value::Array(several) => several.first()?.get("msg")?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// A short plain text in place of JSON: a proxy's words. Pages and long texts say nothing to a program.
fn foreign_text(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?.trim();
    let plain = !text.is_empty() && text.len() <= MAX_FOREIGN_TEXT && !text.starts_with(['<', '{', '[', '"']);
    plain.then(|| text.to_owned())
}

/// Reads a non-2xx response.
pub(crate) fn from_response(response: &http::Response<Bytes>) -> ProviderError {
    ErrorBody::read(response.body())
        .into_error(Some(response.status()))
        .with_retry_after(retry_after::from_headers(response.headers()))
}

/// Reads an `error` that came inside a stream, or in place of an answer under a 2xx status. Its own `code`, where that is
/// a number, stands for the status that could no longer be sent.
pub(crate) fn in_band(body: &[u8]) -> ProviderError {
    ErrorBody::read(body).into_error(None)
}

/// Reads the value of an `error` field that stands deeper.
pub(crate) fn nested(error: &str) -> ProviderError {
    in_band(format!("{{\"error\":{error}}}").as_bytes())
}

/// Says that an answer cannot be read.
pub(crate) fn unreadable(what: &str, source: serde_json::Error) -> ProviderError {
    ProviderError::protocol(format!("the provider's {what} cannot be read")).with_source(source)
}

#[cfg(test)]
mod tests;
