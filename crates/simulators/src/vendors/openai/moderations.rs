//! `POST /v1/moderations`.
//!
//! Source: `CreateModerationResponse` of the OpenAPI document and recorded answers (read 2026-11-23). It costs nothing.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    dice::{ALNUM, Dice, hash_bytes, stir},
    exchange::{Exchange, Refusal, require},
    reply::Reply,
};

/// A category and the words that are held against a text. The last two are known to the newer models alone.
const CATEGORIES: [(&str, &[&str]); 13] = [
    ("harassment", &["idiot", "stupid"]),
    ("harassment/threatening", &["you will regret"]),
    ("sexual", &["explicit sex"]),
    ("hate", &["hate them all"]),
    ("hate/threatening", &["wipe them out"]),
    ("self-harm/intent", &["hurt myself"]),
    ("self-harm/instructions", &["how to hurt myself"]),
    ("self-harm", &["hurt myself", "self-harm"]),
    ("sexual/minors", &[]),
    ("violence", &["kill", "shoot", "stab"]),
    ("violence/graphic", &["blood everywhere"]),
    ("illicit", &["build a bomb", "pick a lock"]),
    ("illicit/violent", &["build a bomb"]),
];
const OLDER: usize = 11;

/// What pictures are looked at for.
const SEEN: [&str; 6] =
    ["sexual", "self-harm", "self-harm/intent", "self-harm/instructions", "violence", "violence/graphic"];

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let asked = if exchange.model.is_empty() { "omni-moderation-latest" } else { exchange.model };
    let model = match asked {
        "text-moderation-latest" | "text-moderation-stable" => "text-moderation-007",
        name if name.starts_with("omni-moderation-") => name,
        name => {
            return Err(Refusal::bad(format!(
                "Invalid value for 'model' = {name}. Please check the documentation and try again."
            ))
            .param("model"));
        }
    };
    let is_omni = model.starts_with("omni");
    let inputs = inputs(&exchange.body["input"], is_omni)?;
    let results: Vec<Value> = inputs.iter().map(|input| judge(input, is_omni)).collect();
    let id = format!("modr-{}", exchange.dice(1).id(29, ALNUM));
    let body = json!({"id": id, "model": model, "results": results});
    Ok(Reply::json(StatusCode::OK, &body).with_id(&id))
}

/// What is judged together: a text, or texts and pictures.
struct Input {
    text: String,
    has_text: bool,
    has_image: bool,
}

fn inputs(input: &Value, is_omni: bool) -> Result<Vec<Input>, Refusal> {
    let plain = |text: &str| Input { text: text.to_lowercase(), has_text: true, has_image: false };
    match input {
        Value::String(text) => Ok(vec![plain(text)]),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).map(plain).collect())
        }
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(|part| part["type"].is_string()) => {
            let has = |kind: &str| parts.iter().any(|part| part["type"] == kind);
            require(is_omni || !has("image_url"), || {
                Refusal::bad("Image inputs are not supported for this model.").param("input")
            })?;
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            Ok(vec![Input { has_text: has("text"), has_image: has("image_url"), ..plain(&texts.join("\n")) }])
        }
        Value::Null => Err(Refusal::bad("Missing required parameter: 'input'.")
            .param("input")
            .code("missing_required_parameter")),
        _ => Err(Refusal::bad("'$.input' is invalid. Please check the API reference.")),
    }
}

fn judge(input: &Input, is_omni: bool) -> Value {
    let known = if is_omni { CATEGORIES.len() } else { OLDER };
    let (mut categories, mut scores, mut applied) = (Map::new(), Map::new(), Map::new());
    let mut flagged = false;
    for (name, words) in &CATEGORIES[..known] {
        let is_hit = words.iter().any(|word| input.text.contains(word));
        let chance = stir(hash_bytes(0, name.as_bytes()), hash_bytes(0, input.text.as_bytes()));
        let fraction = Dice::new(chance).fraction();
        flagged |= is_hit;
        categories.insert((*name).to_owned(), json!(is_hit));
        scores.insert(
            (*name).to_owned(),
            json!(if is_hit { 0.8 + fraction / 5.0 } else { fraction / 2_000.0 }),
        );
        let mut kinds = Vec::new();
        if input.has_text {
            kinds.push("text");
        }
        if input.has_image && SEEN.contains(name) {
            kinds.push("image");
        }
        applied.insert((*name).to_owned(), json!(kinds));
    }
    let mut result = json!({"flagged": flagged, "categories": categories, "category_scores": scores});
    if is_omni {
        result["category_applied_input_types"] = Value::Object(applied);
    }
    result
}
