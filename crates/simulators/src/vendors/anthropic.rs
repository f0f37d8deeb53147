//! Anthropic: `POST /v1/messages`, `POST /v1/messages/count_tokens`, `GET /v1/models`.
//!
//! Source: the types of the `anthropic` SDK 2.12 and the pages on streaming, errors and limits (read 2026-11-23).

mod messages;
mod model;
mod request;
mod rules;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    clock::rfc3339,
    exchange::{Exchange, Refusal},
    reply::Reply,
};

/// The largest request, in bytes of this API.
const MAX_BODY: u64 = 32 << 20;

pub(super) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    let bearer = exchange.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let given = exchange.header("x-api-key").or(bearer).unwrap_or("");
    if !given.is_empty() && key.is_none_or(|key| key == given) {
        return None;
    }
    let message = if given.is_empty() { "x-api-key header is required" } else { "invalid x-api-key" };
    Some(error(exchange, 401, message))
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let length = exchange.header("content-length").and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return error(exchange, 413, "Request exceeds the maximum size");
    }
    if exchange.header("anthropic-version").is_none() {
        return error(exchange, 400, "anthropic-version: header is required");
    }
    let result = match (exchange.method, exchange.path) {
        (&Method::POST, "/v1/messages") => rules::check(exchange).map(|()| messages::answer(exchange)),
        (&Method::POST, "/v1/messages/count_tokens") => rules::check_count(exchange).map(|()| {
            let count = request::prompt(exchange.body).total();
            Reply::json(StatusCode::OK, &json!({"input_tokens": count}))
        }),
        (&Method::GET, "/v1/models") => Ok(models()),
        (&Method::GET, path) if path.strip_prefix("/v1/models/").is_some_and(model::is_known) => {
            Ok(Reply::json(StatusCode::OK, &model_card(&path["/v1/models/".len()..])))
        }
        _ => Err(Refusal::not_found("Not found")),
    };
    result.unwrap_or_else(|refusal| error(exchange, refusal.status.as_u16(), &refusal.message))
}

fn models() -> Reply {
    let cards = model::LISTED.map(model_card);
    let ids = (model::LISTED.first(), model::LISTED.last());
    let body = json!({"data": cards.to_vec(), "has_more": false, "first_id": ids.0, "last_id": ids.1});
    Reply::json(StatusCode::OK, &body)
}

fn model_card(id: &str) -> Value {
    let rules = model::Model::named(id);
    json!({
        "type": "model", "id": id, "display_name": id.replace("claude-", "Claude ").replace('-', " "),
        "created_at": "2026-09-01T00:00:00Z", "max_tokens": rules.max_output(), "max_input_tokens": 1_000_000,
    })
}

const fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn error(exchange: &Exchange<'_>, status: u16, message: &str) -> Reply {
    let body = json!({
        "type": "error",
        "error": {"type": error_type(status), "message": message},
        "request_id": request_id(exchange),
    });
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reply = Reply::json(code, &body);
    match status {
        408 | 409 | 429 | 500.. => reply.with_header("x-should-retry", "true"),
        _ => reply.with_header("x-should-retry", "false"),
    }
}

fn request_id(exchange: &Exchange<'_>) -> String {
    format!("req_011C{}", &exchange.request_id[..20])
}

pub(super) fn unreadable(exchange: &Exchange<'_>) -> Reply {
    error(exchange, 400, "The request body is not valid JSON")
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let message = match status {
        400 => "Invalid request".to_owned(),
        401 => "invalid x-api-key".to_owned(),
        403 => "Your API key does not have permission to use the specified resource".to_owned(),
        404 => format!("model: {}", exchange.model),
        413 => "Request exceeds the maximum size".to_owned(),
        429 => {
            "This request would exceed your organization's rate limit of 4,000 requests per minute".to_owned()
        }
        529 => "Overloaded".to_owned(),
        _ => "Internal server error".to_owned(),
    };
    let reply = error(exchange, status, &message);
    if matches!(status, 429 | 503) { reply.with_header("retry-after", "1") } else { reply }
}

pub(super) fn with_headers(exchange: &Exchange<'_>, reply: Reply) -> Reply {
    let input = reply.usage.input - reply.usage.cache_read;
    let reply = reply
        .with_header("request-id", &request_id(exchange))
        .with_header("anthropic-organization-id", "00000000-0000-4000-8000-000000000000");
    if exchange.path != "/v1/messages" || reply.status == StatusCode::UNAUTHORIZED {
        return reply;
    }
    let reset = rfc3339(exchange.now + 1);
    let limits = [
        ("anthropic-ratelimit-requests-limit", 4_000),
        ("anthropic-ratelimit-requests-remaining", if reply.status.as_u16() == 429 { 0 } else { 3_999 }),
        ("anthropic-ratelimit-tokens-limit", 4_800_000),
        ("anthropic-ratelimit-tokens-remaining", 4_800_000 - input.min(4_000_000)),
        ("anthropic-ratelimit-input-tokens-limit", 4_000_000),
        ("anthropic-ratelimit-input-tokens-remaining", 4_000_000 - input.min(4_000_000)),
        ("anthropic-ratelimit-output-tokens-limit", 800_000),
        ("anthropic-ratelimit-output-tokens-remaining", 800_000),
    ];
    let reply = limits.iter().fold(reply, |reply, (name, value)| reply.with_header(name, &value.to_string()));
    let resets = [
        "anthropic-ratelimit-requests-reset",
        "anthropic-ratelimit-tokens-reset",
        "anthropic-ratelimit-input-tokens-reset",
        "anthropic-ratelimit-output-tokens-reset",
    ];
    resets.into_iter().fold(reply, |reply, name| reply.with_header(name, &reset))
}
