//! A local server that copies OpenAI's API, as vLLM does: chat, completions, embeddings, rerank, the list of models.
//!
//! Source: recorded answers of vLLM, its documentation, and what third parties report of its fields (read 2026-11-23).
//! No key is asked for unless one is set.

mod chat;
mod rerank;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::openai::{completions, embeddings};
use crate::{
    exchange::{Exchange, Refusal, require},
    reply::Reply,
};

/// What a served model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Generate,
    Embed,
    Score,
}

/// A server has one model; this one stands for several servers.
const MODELS: [(&str, Task); 4] = [
    ("Qwen/Qwen3-8B", Task::Generate),
    ("meta-llama/Llama-3.2-3B-Instruct", Task::Generate),
    ("BAAI/bge-m3", Task::Embed),
    ("BAAI/bge-reranker-v2-m3", Task::Score),
];

/// The tokens that a model reads and writes together.
const CONTEXT: u64 = 40_960;

/// Paths that ask a model for an answer.
pub(super) const CALLS: [&str; 6] =
    ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/v2/rerank", "/rerank"];

pub(super) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    let given = exchange.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let wrong = key.is_some_and(|key| given != Some(key));
    // Flat, other than all further errors.
    wrong.then(|| Reply::json(StatusCode::UNAUTHORIZED, &json!({"error": "Unauthorized"})))
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let result = match (exchange.method, exchange.path) {
        (&Method::POST, "/v1/chat/completions") => {
            serves(exchange, Task::Generate).and_then(|()| chat::answer(exchange))
        }
        (&Method::POST, "/v1/completions") => serves(exchange, Task::Generate)
            .and_then(|()| completions::complete(exchange, completions::Style::Vllm)),
        (&Method::POST, "/v1/embeddings") => serves(exchange, Task::Embed).and_then(|()| embed(exchange)),
        (&Method::POST, "/v1/rerank" | "/v2/rerank" | "/rerank") => {
            serves(exchange, Task::Score).and_then(|()| rerank::answer(exchange))
        }
        (&Method::GET, "/v1/models") => Ok(models(exchange)),
        (&Method::GET, "/health") => Ok(Reply::json(StatusCode::OK, &Value::Null)),
        _ => return Reply::json(StatusCode::NOT_FOUND, &json!({"detail": "Not Found"})),
    };
    result.unwrap_or_else(|refusal| refuse(&refusal))
}

fn serves(exchange: &Exchange<'_>, task: Task) -> Result<(), Refusal> {
    let model = exchange.model;
    let served = MODELS.iter().find(|(name, _)| *name == model);
    let Some((_, can)) = served else {
        return Err(Refusal::not_found(format!("The model `{model}` does not exist.")).param("model"));
    };
    let what = match task {
        Task::Generate if exchange.path.ends_with("/chat/completions") => "Chat Completions",
        Task::Generate => "Completions",
        Task::Embed => "Embeddings",
        Task::Score => "Rerank",
    };
    require(*can == task, || Refusal::bad(format!("The model does not support {what} API")))
}

fn embed(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let model = embeddings::Model {
        name: "BAAI/bge-m3",
        answers_as: "BAAI/bge-m3",
        dimensions: 1_024,
        shortens: false,
    };
    embeddings::embed(exchange, model)
}

fn models(exchange: &Exchange<'_>) -> Reply {
    let card = |(id, _): (&str, Task)| {
        json!({
            "id": id, "object": "model", "created": exchange.now, "owned_by": "vllm", "root": id, "parent": null,
            "max_model_len": CONTEXT,
        })
    };
    Reply::json(StatusCode::OK, &json!({"object": "list", "data": MODELS.map(card).to_vec()}))
}

fn refuse(refusal: &Refusal) -> Reply {
    failed(refusal.status.as_u16(), &refusal.message, refusal.param.as_deref())
}

/// The status is the code, as a number.
fn failed(status: u16, message: &str, param: Option<&str>) -> Reply {
    let kind = match status {
        404 => "NotFoundError",
        400..=499 => "BadRequestError",
        501 => "NotImplementedError",
        _ => "InternalServerError",
    };
    let error = json!({"message": message, "type": kind, "param": param, "code": status});
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::json(code, &json!({"error": error}))
}

pub(super) fn unreadable() -> Reply {
    failed(400, "Invalid JSON: expected value", None)
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let message = match status {
        404 => format!("The model `{}` does not exist.", exchange.model),
        429 => "Too many requests".to_owned(),
        503 => "Service Unavailable".to_owned(),
        400..=499 => "Invalid request".to_owned(),
        _ => "EngineCore encountered an issue. See stack trace (above) for the root cause.".to_owned(),
    };
    let reply = failed(status, &message, None);
    if status == 429 { reply.with_header("retry-after", "1") } else { reply }
}
