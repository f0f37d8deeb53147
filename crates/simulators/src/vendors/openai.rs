//! OpenAI: responses, chat completions, completions, embeddings, moderations, images, audio, and the list of models.
//!
//! Source: the OpenAPI document 2.3.0 and the types of the `openai` SDK 3.54 (read 2026-11-23).

mod audio;
pub(super) mod chat;
pub(super) mod completions;
pub(super) mod embeddings;
mod images;
pub(super) mod model;
mod moderations;
pub(super) mod request;
pub(super) mod rules;
pub(super) mod strict;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::responses;
use crate::{
    exchange::{Exchange, Refusal},
    reply::Reply,
};

/// Paths that ask a model for an answer.
pub(super) const CALLS: [&str; 9] = [
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
];

const MODELS: [&str; 16] = [
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-pro",
    "gpt-5.3-codex",
    "gpt-5.4",
    "gpt-5.4-pro",
    "gpt-5.6-sol",
    "gpt-6-astra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-6.1-sol",
    "o3",
];

/// Models of other things than texts.
const OTHERS: [&str; 6] = [
    "omni-moderation-latest",
    "gpt-image-2",
    "dall-e-3",
    "gpt-4o-mini-tts",
    "gpt-4o-transcribe",
    "whisper-1",
];

pub(super) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    let given =
        exchange.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
    if !given.is_empty() && key.is_none_or(|key| key == given) {
        return None;
    }
    let (message, code) = match given {
        "" => (
            "You didn't provide an API key: send it as a bearer token in the Authorization header."
                .to_owned(),
            None,
        ),
        _ => (
            "Incorrect API key provided. Keys are listed in your account.".to_owned(),
            Some("invalid_api_key"),
        ),
    };
    Some(refuse(&Refusal { status: StatusCode::UNAUTHORIZED, message, param: None, code }))
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let result = match (exchange.method, exchange.path) {
        (_, path) if responses::owns(path) => responses::answer(exchange, responses::Dialect::OpenAi),
        (&Method::POST, "/v1/chat/completions") => rules::check(exchange).map(|()| chat::answer(exchange)),
        (&Method::POST, "/v1/completions") => completions::answer(exchange),
        (&Method::POST, "/v1/embeddings") => embeddings::answer(exchange),
        (&Method::POST, "/v1/moderations") => moderations::answer(exchange),
        (&Method::POST, "/v1/images/generations") => images::answer(exchange),
        (&Method::POST, "/v1/audio/speech") => audio::speech::answer(exchange),
        (&Method::POST, "/v1/audio/transcriptions" | "/v1/audio/translations") => {
            audio::transcriptions::answer(exchange)
        }
        (&Method::GET, "/v1/models") => Ok(models()),
        (&Method::GET, path) if path.starts_with("/v1/models/") => one_model(&path["/v1/models/".len()..]),
        (method, path) => Err(Refusal::not_found(format!("Invalid URL ({method} {path})"))),
    };
    result.unwrap_or_else(|refusal| refuse(&refusal))
}

fn models() -> Reply {
    let data: Vec<Value> = listed().map(model_card).collect();
    Reply::json(StatusCode::OK, &json!({"object": "list", "data": data}))
}

fn listed() -> impl Iterator<Item = &'static str> {
    let embed = embeddings::MODELS.iter().map(|model| model.name);
    MODELS.into_iter().chain(OTHERS).chain(completions::MODELS).chain(embed)
}

fn one_model(id: &str) -> Result<Reply, Refusal> {
    if model::Model(id).is_known() || listed().any(|listed| listed == id) {
        return Ok(Reply::json(StatusCode::OK, &model_card(id)));
    }
    let message = format!("The model '{id}' does not exist");
    Err(Refusal::not_found(message).param("model").code("model_not_found"))
}

fn model_card(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_760_000_000, "owned_by": "system"})
}

/// The error object of OpenAI.
pub(super) fn refuse(refusal: &Refusal) -> Reply {
    let kind = match refusal.status.as_u16() {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let error =
        json!({"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code});
    Reply::json(refusal.status, &json!({"error": error}))
}

pub(super) fn unreadable() -> Reply {
    refuse(&Refusal::bad("We could not parse the JSON body of your request. The body must be valid JSON."))
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let model = exchange.model;
    let (message, code) = match status {
        400 => ("Invalid value in the request.".to_owned(), Some("invalid_value")),
        401 => (
            "Incorrect API key provided. Keys are listed in your account.".to_owned(),
            Some("invalid_api_key"),
        ),
        403 => ("Your project has no access to this model.".to_owned(), Some("model_not_found")),
        404 => (no_such_model(model), Some("model_not_found")),
        413 => ("The request body is too large.".to_owned(), None),
        429 => (
            format!(
                "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 1s."
            ),
            Some("rate_limit_exceeded"),
        ),
        503 => ("The engine is currently overloaded, please try again later".to_owned(), None),
        _ => ("The server had an error while processing your request. Sorry about that!".to_owned(), None),
    };
    // Only statuses of 400 to 599 are faults.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reply = refuse(&Refusal { status, message, param: None, code });
    if matches!(status.as_u16(), 429 | 503) { reply.with_header("retry-after", "1") } else { reply }
}

pub(super) fn no_such_model(model: &str) -> String {
    format!("The model `{model}` does not exist or you do not have access to it.")
}

pub(super) fn with_headers(exchange: &Exchange<'_>, reply: Reply) -> Reply {
    let reply = reply
        .with_header("x-request-id", &format!("req_{}", exchange.request_id))
        .with_header("openai-version", "2020-10-01")
        .with_header("openai-organization", "org-simulated")
        .with_header("openai-processing-ms", "184");
    if !super::is_call(exchange.vendor, exchange.path) || reply.status == StatusCode::UNAUTHORIZED {
        return reply;
    }
    let left = if reply.status == StatusCode::TOO_MANY_REQUESTS { "0" } else { "9999" };
    let tokens = 30_000_000 - reply.usage.input.min(30_000_000);
    reply
        .with_header("x-ratelimit-limit-requests", "10000")
        .with_header("x-ratelimit-limit-tokens", "30000000")
        .with_header("x-ratelimit-remaining-requests", left)
        .with_header("x-ratelimit-remaining-tokens", &tokens.to_string())
        .with_header("x-ratelimit-reset-requests", if left == "0" { "1s" } else { "6ms" })
        .with_header("x-ratelimit-reset-tokens", "0s")
}
