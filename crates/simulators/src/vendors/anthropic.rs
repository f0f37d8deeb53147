//! Anthropic: `POST /v1/messages`, `POST /v1/messages/count_tokens`, `GET /v1/models`.
//!
//! Source: the types of the `anthropic` SDK 2.12 and the pages on streaming, errors and limits (read 2026-11-23).

mod messages;
mod model;
mod request;
mod rules;
mod sealed;

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
        (&Method::GET, "/v1/models") => models(exchange),
        (&Method::GET, path) if path.strip_prefix("/v1/models/").is_some_and(model::is_known) => {
            let id = &path["/v1/models/".len()..];
            Ok(Reply::json(StatusCode::OK, &model::Model::named(id).card(id)))
        }
        _ => Err(Refusal::not_found("Not found")),
    };
    result.unwrap_or_else(|refusal| error(exchange, refusal.status.as_u16(), &refusal.message))
}

/// A page of the list, of 20 unless it is asked otherwise.
fn models(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let place = |name| match exchange.asked(name) {
        None => Ok(None),
        Some(id) => match model::LISTED.iter().position(|listed| *listed == id) {
            None => Err(Refusal::bad(format!("{name}: no such model"))),
            found => Ok(found),
        },
    };
    let limit = exchange.asked("limit").map_or(Some(20), |limit| limit.parse::<usize>().ok());
    let Some(limit) = limit.filter(|limit| (1..=1_000).contains(limit)) else {
        return Err(Refusal::bad("limit: Input should be greater than or equal to 1 and at most 1000"));
    };
    let all = model::LISTED.len();
    let (start, end) = match (place("after_id")?, place("before_id")?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("after_id, before_id: only one of them may be given"));
        }
        (Some(after), None) => (after + 1, all.min(after + 1 + limit)),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, all.min(limit)),
    };
    let page = &model::LISTED[start..end];
    let has_more = if exchange.asked("before_id").is_some() { start > 0 } else { end < all };
    let cards: Vec<Value> = page.iter().map(|id| model::Model::named(id).card(id)).collect();
    let body = json!({"data": cards, "has_more": has_more, "first_id": page.first(), "last_id": page.last()});
    Ok(Reply::json(StatusCode::OK, &body))
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
    if !super::is_call(exchange.vendor, exchange.path) || reply.status == StatusCode::UNAUTHORIZED {
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
