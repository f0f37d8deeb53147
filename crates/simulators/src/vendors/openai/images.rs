//! `POST /v1/images/generations`.
//!
//! Source: `CreateImageRequest`, `ImagesResponse` and the stream events of the OpenAPI document (read 2026-11-23).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::whole;
use crate::{
    dice::LOWER,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    picture,
    prose::tokens_of,
    reply::{Chunks, Reply},
};

const SIZES: [&str; 4] = ["auto", "1024x1024", "1536x1024", "1024x1536"];

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let prompt = body["prompt"].as_str().filter(|prompt| !prompt.is_empty()).ok_or_else(|| {
        Refusal::bad("Missing required parameter: 'prompt'.")
            .param("prompt")
            .code("missing_required_parameter")
    })?;
    let model = if exchange.model.is_empty() { "dall-e-2" } else { exchange.model };
    let n = whole(&body["n"]).unwrap_or(1);
    let most = if model == "dall-e-3" { 1 } else { 10 };
    require((1..=most).contains(&n), || {
        Refusal::bad(format!(
            "Invalid 'n': expected an integer from 1 to {most} for this model, but got {n} instead."
        ))
        .param("n")
        .code("invalid_value")
    })?;
    match model {
        "dall-e-2" | "dall-e-3" => older(exchange, model, prompt, n),
        _ if model.starts_with("gpt-image-") => newer(exchange, prompt, n),
        _ => Err(Refusal::bad(format!("Invalid value: '{model}'. Supported values are: 'gpt-image-1', 'gpt-image-1-mini', 'gpt-image-1.5', 'gpt-image-2', 'dall-e-2', and 'dall-e-3'."))
            .param("model")
            .code("invalid_value")),
    }
}

fn one_of<'a>(
    body: &'a Value,
    name: &str,
    known: &[&'static str],
    default: &'a str,
) -> Result<&'a str, Refusal> {
    let given = body[name].as_str().unwrap_or(default);
    require(known.contains(&given), || {
        Refusal::bad(format!("Invalid value: '{given}'. Supported values are: '{}'.", known.join("', '")))
            .param(name)
            .code("invalid_value")
    })?;
    Ok(given)
}

/// The picture that a prompt leads to, in its format.
fn painted(exchange: &Exchange<'_>, format: &str, nth: u64) -> String {
    match format {
        "jpeg" => picture::JPEG.to_owned(),
        "webp" => picture::WEBP.to_owned(),
        _ => {
            let [red, green, blue, ..] = exchange.dice(0x9A1 + nth).roll().to_le_bytes();
            STANDARD.encode(picture::png([red, green, blue]))
        }
    }
}

/// Pictures by address or in the answer, without a count of tokens.
fn older(exchange: &Exchange<'_>, model: &str, prompt: &str, n: u64) -> Result<Reply, Refusal> {
    let form = one_of(exchange.body, "response_format", &["url", "b64_json"], "url")?;
    let sizes: &[&str] = match model {
        "dall-e-3" => &["1024x1024", "1792x1024", "1024x1792"],
        _ => &["256x256", "512x512", "1024x1024"],
    };
    one_of(exchange.body, "size", sizes, "1024x1024")?;
    let mut dice = exchange.dice(1);
    let picture = |nth: u64| {
        let mut picture = match form {
            "url" => json!({"url": format!("https://images.example.com/img-{}.png", dice.id(24, LOWER))}),
            _ => json!({"b64_json": painted(exchange, "png", nth)}),
        };
        if model == "dall-e-3" {
            picture["revised_prompt"] = json!(format!("{prompt}, in soft light"));
        }
        picture
    };
    let data: Vec<Value> = (0..n).map(picture).collect();
    Ok(Reply::json(StatusCode::OK, &json!({"created": exchange.now, "data": data})))
}

/// Pictures in the answer, billed by tokens.
fn newer(exchange: &Exchange<'_>, prompt: &str, n: u64) -> Result<Reply, Refusal> {
    let body = exchange.body;
    require(body["response_format"].is_null(), || {
        Refusal::bad("Unknown parameter: 'response_format'.")
            .param("response_format")
            .code("unknown_parameter")
    })?;
    let size = match one_of(body, "size", &SIZES, "auto")? {
        "auto" => "1024x1024",
        size => size,
    };
    let quality = match one_of(body, "quality", &["auto", "low", "medium", "high"], "auto")? {
        "auto" => "high",
        quality => quality,
    };
    let format = one_of(body, "output_format", &["png", "jpeg", "webp"], "png")?;
    let background = match one_of(body, "background", &["auto", "opaque", "transparent"], "auto")? {
        "auto" => "opaque",
        background => background,
    };
    let square = match quality {
        "low" => 272,
        "medium" => 1_056,
        _ => 4_160,
    };
    let each = if size == "1024x1024" { square } else { square * 3 / 2 };
    let usage = MeteredUsage { input: tokens_of(prompt), output: each * n, ..MeteredUsage::default() };
    let usage_value = json!({
        "input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.input + usage.output,
        "input_tokens_details": {"text_tokens": usage.input, "image_tokens": 0},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": usage.output},
    });
    let look = json!({"background": background, "output_format": format, "quality": quality, "size": size});
    let reply = if body["stream"] == true {
        stream(exchange, &look, &usage_value, each)
    } else {
        let data: Vec<Value> =
            (0..n).map(|nth| json!({"b64_json": painted(exchange, format, nth)})).collect();
        let mut whole = json!({"created": exchange.now, "data": data, "usage": usage_value});
        merge(&mut whole, &look);
        Reply::json(StatusCode::OK, &whole)
    };
    Ok(reply.with_usage(usage))
}

fn merge(into: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

/// Unfinished pictures, as many as were asked for, then the finished one.
fn stream(exchange: &Exchange<'_>, look: &Value, usage: &Value, tokens: u64) -> Reply {
    let mut chunks = Chunks::default();
    let format = look["output_format"].as_str().unwrap_or("png");
    let mut push = |kind: &str, mut event: Value, tokens: u64, is_end: bool| {
        event["type"] = json!(kind);
        event["created_at"] = json!(exchange.now);
        merge(&mut event, look);
        chunks.push(format!("event: {kind}\ndata: {event}\n\n"), tokens, is_end);
    };
    for nth in 0..whole(&exchange.body["partial_images"]).unwrap_or(0).min(3) {
        let event = json!({"b64_json": painted(exchange, format, nth + 1), "partial_image_index": nth});
        push("image_generation.partial_image", event, 0, false);
    }
    let event = json!({"b64_json": painted(exchange, format, 0), "usage": usage});
    push("image_generation.completed", event, tokens, true);
    Reply::stream("text/event-stream; charset=utf-8", chunks.0, |_| {
        Bytes::from_static(
            b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"image_generation_server_error\",\"code\":\"image_generation_failed\",\
              \"message\":\"Image generation failed\",\"param\":null}}\n\n",
        )
    })
}
