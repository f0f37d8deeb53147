//! `:embedContent` and `:batchEmbedContents`.
//!
//! Source: the protos of v1beta, recorded answers and refusals (read 2026-11-23).

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    document,
    request::{field, parts},
};
use crate::{
    embedding,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::tokens_of,
    reply::Reply,
};

/// Models that embed, with their dimensions.
pub(super) const MODELS: [(&str, usize); 3] =
    [("gemini-embedding-001", 3_072), ("gemini-embedding-2", 3_072), ("gemini-embedding-2-preview", 3_072)];

/// How a content is embedded, as the proto names it.
const TASKS: [&str; 9] = [
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

/// Embeds one content.
pub(super) fn one(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let most = dimensions(exchange)?;
    let made = embed(exchange, exchange.body, most)?;
    Ok(reply(exchange, json!({"embedding": {"values": made.values}}), made.tokens))
}

/// Embeds a list of contents, each with its own settings.
pub(super) fn batch(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let most = dimensions(exchange)?;
    let requests = exchange.body["requests"].as_array().map_or(&[][..], Vec::as_slice);
    require(!requests.is_empty(), || {
        Refusal::bad("* BatchEmbedContentsRequest.requests: requests is not specified\n")
    })?;
    let mut made = Vec::with_capacity(requests.len());
    for (at, request) in requests.iter().enumerate() {
        // The proto: the model in each request must be that of the path.
        let model = request["model"].as_str().unwrap_or("");
        require(model.strip_prefix("models/") == Some(exchange.model), || {
            Refusal::bad(format!(
                "* BatchEmbedContentsRequest.requests[{at}].model: the model of each request must match the model of the batch\n"
            ))
        })?;
        made.push(embed(exchange, request, most)?);
    }
    let tokens = made.iter().map(|made| made.tokens).sum();
    let embeddings: Vec<Value> = made.into_iter().map(|made| json!({"values": made.values})).collect();
    Ok(reply(exchange, json!({"embeddings": embeddings}), tokens))
}

fn dimensions(exchange: &Exchange<'_>) -> Result<usize, Refusal> {
    let known = MODELS.iter().find(|(name, _)| *name == exchange.model);
    known
        .map(|(_, dimensions)| *dimensions)
        .ok_or_else(|| Refusal::not_found(super::rules::unsupported_method(exchange.model, "embedContent")))
}

struct Embedded {
    values: Value,
    tokens: u64,
}

fn embed(exchange: &Exchange<'_>, request: &Value, most: usize) -> Result<Embedded, Refusal> {
    let texts: Vec<&str> =
        parts(&request["content"]).iter().filter_map(|part| part["text"].as_str()).collect();
    require(!texts.is_empty(), || {
        Refusal::bad("* EmbedContentRequest.content: contents is not specified\n")
    })?;
    let task = field(request, "taskType", "task_type").as_str();
    require(task.is_none_or(|task| TASKS.contains(&task)), || {
        Refusal::bad(format!(
            "Invalid value at 'task_type' (type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType), \"{}\"",
            task.unwrap_or("")
        ))
    })?;
    let asked = field(request, "outputDimensionality", "output_dimensionality");
    let dimensions = match asked.as_u64().and_then(|asked| usize::try_from(asked).ok()) {
        // The proto: more than there are are none.
        Some(asked) if asked > 0 => asked.min(most),
        _ => most,
    };
    // A task is another point of view.
    let text = texts.join("\n");
    let view = format!("{}{}", exchange.model, task.unwrap_or(""));
    let vector = embedding::vector(&view, &text, most);
    Ok(Embedded { values: embedding::numbers(&vector[..dimensions]), tokens: tokens_of(&text) })
}

/// Only the second generation says what it counted.
fn reply(exchange: &Exchange<'_>, mut body: Value, tokens: u64) -> Reply {
    if exchange.model.starts_with("gemini-embedding-2") {
        let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
        body["usageMetadata"] = json!({"promptTokenCount": tokens, "promptTokenDetails": details});
    }
    document(StatusCode::OK, &body).with_usage(MeteredUsage { input: tokens, ..MeteredUsage::default() })
}
