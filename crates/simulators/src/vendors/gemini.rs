//! Gemini: `generateContent`, `streamGenerateContent`, `countTokens`, `embedContent`, `batchEmbedContents` and the list of
//! models, under `/v1beta` or `/v1`; interactions.
//!
//! Source: the protos of v1beta, the types of the `google-genai` SDK 3.4 and the page on thought signatures
//! (read 2026-11-23).

mod content;
mod embeddings;
pub(super) mod interactions;
mod model;
mod request;
mod rules;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    exchange::{Exchange, Refusal},
    reply::Reply,
};

const MODELS: [&str; 8] = [
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-3.1-pro-preview",
    "gemini-3.5-flash",
    "gemini-3.8-flash",
    "gemini-4-argon",
    "gemini-flash-latest",
];

/// Who is to answer: named in the path, for interactions in the body.
pub(super) fn model<'a>(path: &'a str, body: &'a Value) -> &'a str {
    if interactions::owns(path) { interactions::asked(body) } else { model_in_path(path) }
}

/// `gemini-3.5-flash` of `/v1beta/models/gemini-3.5-flash:generateContent`; empty for any other path.
fn model_in_path(path: &str) -> &str {
    split(path).map_or("", |(model, _)| model)
}

fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/v1beta/models/").or_else(|| path.strip_prefix("/v1/models/"))?;
    rest.rsplit_once(':')
}

pub(super) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    let in_query = exchange.query.split('&').find_map(|pair| pair.strip_prefix("key="));
    let given = exchange.header("x-goog-api-key").or(in_query).unwrap_or("");
    let is_wrong = key.is_some_and(|key| key != given);
    if interactions::owns(exchange.path) && (given.is_empty() || is_wrong) {
        return Some(interactions::error(401, "API key not valid. Please pass a valid API key."));
    }
    if given.is_empty() {
        let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.";
        return Some(error(403, message, &[]));
    }
    let reason = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    });
    is_wrong.then(|| error(400, "API key not valid. Please pass a valid API key.", &[reason]))
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    if interactions::owns(exchange.path) {
        return interactions::answer(exchange);
    }
    let method = split(exchange.path).map_or("", |(_, method)| method);
    let result = match (exchange.method, method) {
        (&Method::POST, "generateContent") => {
            rules::check(exchange).map(|()| content::answer(exchange, false))
        }
        (&Method::POST, "streamGenerateContent") => {
            rules::check(exchange).map(|()| content::answer(exchange, true))
        }
        (&Method::POST, "countTokens") => rules::check_count(exchange).map(|()| count(exchange)),
        (&Method::POST, "embedContent") => embeddings::one(exchange),
        (&Method::POST, "batchEmbedContents") => embeddings::batch(exchange),
        (&Method::GET, _) => models(exchange),
        _ => Err(Refusal::not_found("Requested entity was not found.")),
    };
    result.unwrap_or_else(|refusal| error(refusal.status.as_u16(), &refusal.message, &[]))
}

fn count(exchange: &Exchange<'_>) -> Reply {
    let inner = &exchange.body["generateContentRequest"];
    let prompt = request::prompt(if inner.is_object() { inner } else { exchange.body }, exchange.model);
    let body = json!({"totalTokens": prompt.total(), "promptTokensDetails": content::details(&prompt)});
    document(StatusCode::OK, &body)
}

fn models(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let path = exchange.path;
    let named = path.strip_prefix("/v1beta/models").or_else(|| path.strip_prefix("/v1/models"));
    match named.map(|rest| rest.trim_start_matches('/')) {
        Some("") => list(exchange),
        Some(id) if model::is_known(id) => Ok(document(StatusCode::OK, &card(id))),
        _ => Err(Refusal::not_found("Requested entity was not found.")),
    }
}

/// A page of the list; the token of the next one is where it begins.
fn list(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let embed = embeddings::MODELS.iter().map(|(name, _)| *name);
    let cards: Vec<Value> = MODELS.into_iter().chain(embed).map(card).collect();
    let number =
        |name, default| exchange.asked(name).map_or(Some(default), |text| text.parse::<usize>().ok());
    let (size, start) = (number("pageSize", 50), number("pageToken", 0));
    let (Some(size @ 1..), Some(start)) = (size, start.filter(|start| *start < cards.len())) else {
        return Err(Refusal::bad("Invalid page size or page token."));
    };
    let end = cards.len().min(start + size);
    let mut body = json!({"models": cards[start..end]});
    if end < cards.len() {
        body["nextPageToken"] = json!(end.to_string());
    }
    Ok(document(StatusCode::OK, &body))
}

fn card(id: &str) -> Value {
    let embeds = embeddings::MODELS.iter().any(|(name, _)| *name == id);
    let methods: &[&str] = match embeds {
        true => &["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"],
        false => &["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"],
    };
    let mut card = json!({
        "name": format!("models/{id}"), "version": "001", "displayName": id,
        "inputTokenLimit": if embeds { 2_048 } else { rules::WINDOW }, "outputTokenLimit": if embeds { 1 } else { 65_536 },
        "supportedGenerationMethods": methods,
    });
    if !embeds {
        card["thinking"] = json!(true);
    }
    card
}

/// A document as this API writes it: indented.
fn document(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Reply::json(status, &Value::Null);
    reply.content_type = "application/json; charset=UTF-8";
    // `{:#}` of a value indents it.
    reply.payload = crate::reply::Payload::Whole(format!("{body:#}\n").into());
    reply
}

const fn status_name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=498 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

fn error(status: u16, message: &str, details: &[Value]) -> Reply {
    let mut error = json!({"code": status, "message": message, "status": status_name(status)});
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    document(code, &json!({"error": error}))
}

pub(super) fn unreadable(exchange: &Exchange<'_>) -> Reply {
    if interactions::owns(exchange.path) {
        return interactions::error(400, "invalid JSON in genai.Interaction, near 1:1 (offset 0)");
    }
    error(400, "Invalid JSON payload received. Unexpected token.", &[])
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let model = exchange.model;
    if interactions::owns(exchange.path) {
        let message = match status {
            404 => format!("Model {model} was not found."),
            429 => "You exceeded your current quota. Please retry in 1s.".to_owned(),
            503 => "The model is overloaded. Please try again later.".to_owned(),
            400..=499 => "Request contains an invalid argument.".to_owned(),
            _ => "An internal error has occurred. Please retry.".to_owned(),
        };
        return interactions::error(status, &message);
    }
    match status {
        401 => error(status, "Request had invalid authentication credentials.", &[]),
        403 => error(status, "The caller does not have permission", &[]),
        404 => error(status, &rules::no_such_model(model), &[]),
        413 => error(status, "Request payload size exceeds the limit: 20971520 bytes.", &[]),
        429 => {
            let quota = json!({
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{
                    "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model",
                    "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
                    "quotaDimensions": {"model": model, "location": "global"}, "quotaValue": "1000",
                }],
            });
            let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"});
            error(
                status,
                "You exceeded your current quota, please check your plan and billing details.\nPlease retry in 1s.",
                &[quota, retry],
            )
        }
        503 => error(status, "The model is overloaded. Please try again later.", &[]),
        504 => error(status, "The service was unable to finish processing within the deadline.", &[]),
        400..=499 => error(status, "Request contains an invalid argument.", &[]),
        _ => error(status, "An internal error has occurred. Please retry.", &[]),
    }
}

pub(super) fn with_headers(exchange: &Exchange<'_>, reply: Reply) -> Reply {
    let duration = 200 + exchange.hash % 800;
    reply
        .with_header("server-timing", &format!("gfet4t7; dur={duration}"))
        .with_header("server", "scaffolding on HTTPServer2")
}
