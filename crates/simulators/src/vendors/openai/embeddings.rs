//! `POST /v1/embeddings`. Servers that copy OpenAI's API serve the same.
//!
//! Source: `CreateEmbeddingRequest` of the OpenAPI document, recorded answers and refusals (read 2026-11-23).

use http::StatusCode;
use serde_json::{Value, json};

use super::no_such_model;
use crate::{
    embedding,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::tokens_of,
    reply::Reply,
};

/// The most inputs at once.
const INPUTS: usize = 2_048;

/// A model that embeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// What the answer calls it.
    pub(crate) answers_as: &'static str,
    pub(crate) dimensions: usize,
    /// Whether fewer dimensions may be asked for.
    pub(crate) shortens: bool,
}

pub(super) const MODELS: [Model; 3] = [
    Model {
        name: "text-embedding-3-small",
        answers_as: "text-embedding-3-small",
        dimensions: 1_536,
        shortens: true,
    },
    Model {
        name: "text-embedding-3-large",
        answers_as: "text-embedding-3-large",
        dimensions: 3_072,
        shortens: true,
    },
    Model {
        name: "text-embedding-ada-002",
        answers_as: "text-embedding-ada-002-v2",
        dimensions: 1_536,
        shortens: false,
    },
];

/// One input: its text, and what it counts.
struct Input {
    text: String,
    tokens: u64,
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let Some(model) = MODELS.iter().find(|model| model.name == exchange.model) else {
        return Err(Refusal::not_found(no_such_model(exchange.model)).code("model_not_found"));
    };
    embed(exchange, *model)
}

/// Embeds with a model that is known.
pub(crate) fn embed(exchange: &Exchange<'_>, model: Model) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let inputs = inputs(&body["input"])?;
    let dimensions = dimensions(&body["dimensions"], model)?;
    let as_base64 = match body["encoding_format"].as_str() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            return Err(Refusal::bad(format!(
                "Invalid value: '{other}'. Supported values are: 'float' and 'base64'."
            ))
            .param("encoding_format")
            .code("invalid_value"));
        }
    };
    let embedded = |(index, input): (usize, &Input)| {
        let vector = embedding::vector(model.name, &input.text, dimensions);
        let value = if as_base64 { json!(embedding::base64(&vector)) } else { embedding::numbers(&vector) };
        json!({"object": "embedding", "index": index, "embedding": value})
    };
    let data: Vec<Value> = inputs.iter().enumerate().map(embedded).collect();
    let tokens = inputs.iter().map(|input| input.tokens).sum();
    let body = json!({
        "object": "list", "data": data, "model": model.answers_as,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    });
    let usage = MeteredUsage { input: tokens, ..MeteredUsage::default() };
    Ok(Reply::json(StatusCode::OK, &body).with_usage(usage))
}

/// A text, a list of texts, a list of tokens, or a list of lists of tokens.
fn inputs(input: &Value) -> Result<Vec<Input>, Refusal> {
    let unreadable = || Refusal::bad("'$.input' is invalid. Please check the API reference.");
    let list = match input {
        Value::Null => {
            return Err(Refusal::bad("Missing required parameter: 'input'.")
                .param("input")
                .code("missing_required_parameter"));
        }
        Value::Array(items) if items.iter().all(Value::is_number) => vec![input],
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    require(!list.is_empty(), unreadable)?;
    require(list.len() <= INPUTS, || {
        Refusal::bad(format!(
            "Invalid 'input': array too long. Expected an array with maximum length {INPUTS}, but got an array with length {} instead.",
            list.len()
        ))
        .param("input")
        .code("array_above_max_length")
    })?;
    let read = |input: &Value| match input {
        Value::String(text) if !text.is_empty() => {
            Some(Input { text: text.clone(), tokens: tokens_of(text) })
        }
        Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => {
            Some(Input { text: input.to_string(), tokens: tokens.len() as u64 })
        }
        _ => None,
    };
    list.into_iter().map(|input| read(input).ok_or_else(unreadable)).collect()
}

fn dimensions(asked: &Value, model: Model) -> Result<usize, Refusal> {
    let refuse = |message: String| Refusal::bad(message).param("dimensions");
    if asked.is_null() {
        return Ok(model.dimensions);
    }
    require(model.shortens, || refuse("This model does not support specifying dimensions.".to_owned()))?;
    let asked = asked.as_u64().and_then(|asked| usize::try_from(asked).ok()).filter(|asked| *asked > 0);
    let Some(asked) = asked else {
        return Err(refuse("Invalid 'dimensions': expected an integer of at least 1.".to_owned()));
    };
    require(asked <= model.dimensions, || {
        refuse(format!(
            "Invalid value for 'dimensions' = {asked}. Must be less than or equal to {}.",
            model.dimensions
        ))
    })?;
    Ok(asked)
}
