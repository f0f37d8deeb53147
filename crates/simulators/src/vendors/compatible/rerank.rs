//! `POST /v1/rerank`: which of some documents answer a query.
//!
//! Source: vLLM's documentation of its rerank API, which follows Jina's and Cohere's (read 2026-11-23).

use http::StatusCode;
use serde_json::{Value, json};

use super::super::whole;
use crate::{
    dice::HEX,
    embedding::nearness,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::tokens_of,
    reply::Reply,
};

/// Tokens around a query and a document.
const PER_PAIR: u64 = 4;

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let missing = |name: &str| {
        Refusal::bad(format!("[{{'type': 'missing', 'loc': ('body', '{name}'), 'msg': 'Field required'}}]"))
    };
    let query = text(&body["query"]).ok_or_else(|| missing("query"))?;
    let documents: Option<Vec<&str>> =
        body["documents"].as_array().map(|all| all.iter().filter_map(text).collect());
    let documents = documents.ok_or_else(|| missing("documents"))?;
    require(!documents.is_empty(), || Refusal::bad("At least one text element must be given"))?;
    let mut ranked: Vec<(usize, f64)> = documents
        .iter()
        .enumerate()
        .map(|(index, document)| (index, nearness(exchange.model, query, document)))
        .collect();
    // Of two that are equally near the first stays first.
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    let most = whole(&body["top_n"]).filter(|most| *most > 0).and_then(|most| usize::try_from(most).ok());
    ranked.truncate(most.unwrap_or(documents.len()));
    let result = |(index, score): &(usize, f64)| {
        let score = format!("{score:.6}").parse::<f64>().unwrap_or(0.0);
        json!({"index": index, "document": {"text": documents[*index], "multi_modal": null}, "relevance_score": score})
    };
    let results: Vec<Value> = ranked.iter().map(result).collect();
    let read = |document: &&str| PER_PAIR + tokens_of(query) + tokens_of(document);
    let tokens = documents.iter().map(read).sum();
    let id = format!("rerank-{}", exchange.dice(1).id(32, HEX));
    let body = json!({
        "id": id, "model": exchange.model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "results": results,
    });
    let usage = MeteredUsage { input: tokens, ..MeteredUsage::default() };
    Ok(Reply::json(StatusCode::OK, &body).with_usage(usage).with_id(&id))
}

/// A text, or an object that holds one.
fn text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["text"].as_str())
}
