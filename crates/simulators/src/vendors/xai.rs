//! xAI: Responses, and Chat Completions like OpenAI's, both with differences of their own: usage leaves reasoning out of the completion,
//! errors are flat, a wrong key is a 400, tool calls and usage come whole in a stream.
//!
//! Source: xAI's documentation and protos as noted beside the adapters (read 2026-11-23). The error body and the
//! in-stream error are what third parties report.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    openai::{
        chat::{content, finish_reason, tool_call},
        request, rules,
    },
    responses,
};
use crate::{
    dice::{Dice, HEX},
    draft::{Draft, drafts},
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

const MODELS: [&str; 5] = ["grok-4.20", "grok-4.20-non-reasoning", "grok-4.5", "grok-4.6", "grok-4.7"];

pub(super) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    let given =
        exchange.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
    if given.is_empty() {
        return Some(flat(
            401,
            "unauthenticated:bad-credentials",
            "No credentials provided: send an API key as a bearer token.",
        ));
    }
    let wrong = key.is_some_and(|key| key != given);
    wrong.then(|| {
        flat(
            400,
            "Client specified an invalid argument",
            "Incorrect API key provided. Keys are managed in the console.",
        )
    })
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    if responses::owns(exchange.path) {
        let answer = responses::answer(exchange, responses::Dialect::Xai);
        return answer.unwrap_or_else(|refusal| refuse(&refusal));
    }
    match (exchange.method, exchange.path) {
        (&Method::POST, "/v1/chat/completions") => {
            check(exchange).map_or_else(|refusal| refuse(&refusal), |()| chat(exchange))
        }
        (&Method::GET, "/v1/models") => {
            let card =
                |id: &str| json!({"id": id, "object": "model", "created": 1_760_000_000, "owned_by": "xai"});
            Reply::json(StatusCode::OK, &json!({"object": "list", "data": MODELS.map(card).to_vec()}))
        }
        (_, path) => flat(404, "Some requested entity was not found", &format!("No such endpoint: {path}")),
    }
}

fn flat(status: u16, code: &str, error: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::json(status, &json!({"code": code, "error": error}))
}

fn refuse(refusal: &Refusal) -> Reply {
    let code = match refusal.status.as_u16() {
        404 => "Some requested entity was not found",
        _ => "Client specified an invalid argument",
    };
    flat(refusal.status.as_u16(), code, &refusal.message)
}

pub(super) fn unreadable() -> Reply {
    flat(400, "Client specified an invalid argument", "Failed to parse the request body as JSON")
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let model = exchange.model;
    let (code, error) = match status {
        401 => ("unauthenticated:bad-credentials", "The credentials are not valid.".to_owned()),
        403 => (
            "The caller does not have permission to execute the specified operation",
            "The team has no credits or licences.".to_owned(),
        ),
        404 => (
            "Some requested entity was not found",
            format!("The model {model} does not exist or your team has no access to it."),
        ),
        413 => ("The request is too large", "The request body exceeds the limit.".to_owned()),
        429 => (
            "Some resource has been exhausted",
            format!("Too many requests for model {model}: 8 requests per second."),
        ),
        503 => (
            "The service is currently unavailable",
            "The model is at capacity, please try again later.".to_owned(),
        ),
        400..=499 => ("Client specified an invalid argument", "Invalid argument in the request.".to_owned()),
        _ => ("Internal error", "Internal server error.".to_owned()),
    };
    let reply = flat(status, code, &error);
    if matches!(status, 429 | 503) { reply.with_header("retry-after", "1") } else { reply }
}

pub(super) fn with_headers(exchange: &Exchange<'_>, reply: Reply) -> Reply {
    let id = uuid(exchange.request_id);
    reply
        .with_header("x-request-id", &id)
        .with_header("x-ratelimit-limit-requests", "480")
        .with_header("x-ratelimit-remaining-requests", "479")
        .with_header("x-ratelimit-limit-tokens", "4000000")
        .with_header("x-ratelimit-remaining-tokens", "3999000")
}

/// 32 hexadecimal digits in the groups of a UUID.
pub(super) fn uuid(digits: &str) -> String {
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

pub(super) fn reasons(model: &str) -> bool {
    !model.contains("non-reasoning")
}

pub(super) fn takes_effort(model: &str, effort: &str) -> bool {
    reasons(model) && ["none", "low", "medium", "high", "xhigh"].contains(&effort)
}

/// The tokens that a model reads at once, as the price map has them.
pub(super) fn window(model: &str) -> u64 {
    match model {
        name if name.starts_with("grok-4.2") || name.starts_with("grok-4.3") => 1_000_000,
        name if name.contains("code") || name.contains("build-0") => 256_000,
        _ => 500_000,
    }
}

/// In the words that callers report.
pub(super) fn too_long(window: u64, tokens: u64) -> Refusal {
    Refusal::bad(format!(
        "This model's maximum prompt length is {window} but the request contains {tokens} tokens."
    ))
}

pub(super) fn no_such_model(model: &str) -> Refusal {
    Refusal::not_found(format!("The model {model} does not exist or your team has no access to it."))
}

fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    require(exchange.model.starts_with("grok-"), || no_such_model(exchange.model))?;
    rules::messages(body)?;
    let window = window(exchange.model);
    let tokens = exchange.too_many(window, || request::prompt(body).total());
    require(tokens.is_none(), || too_long(window, tokens.unwrap_or(0)))?;
    for name in ["presence_penalty", "frequency_penalty", "stop"] {
        require(body[name].is_null() || !reasons(exchange.model), || {
            Refusal::bad(format!("Model {} does not support parameter {name}.", exchange.model))
        })?;
    }
    let effort = body["reasoning_effort"].as_str();
    require(effort.is_none_or(|effort| takes_effort(exchange.model, effort)), || {
        Refusal::bad(format!(
            "Model {} does not support reasoning effort {}.",
            exchange.model,
            effort.unwrap_or("")
        ))
    })?;
    require(body["stop"].as_array().is_none_or(|stop| stop.len() <= 8), || {
        Refusal::bad("At most 8 stop sequences.")
    })?;
    require(
        body["tool_choice"].is_null() || body["tools"].is_array() || body["tool_choice"] == "none",
        || Refusal::bad("A tool_choice was set on the request but no tools were specified."),
    )
}

fn chat(exchange: &Exchange<'_>) -> Reply {
    let body = exchange.body;
    let mut dice = exchange.dice(1);
    let mut ask = request::ask(body);
    // The limit is for the text alone.
    ask.reasoning_counts = false;
    ask.thinking = (reasons(exchange.model) && body["reasoning_effort"] != "none").then_some(64);
    let drafts = drafts(&ask, &mut dice);
    let prompt = request::prompt(body);
    let reasoning = drafts.iter().map(Draft::reasoning_tokens).sum();
    let usage = MeteredUsage {
        input: prompt.total(),
        cache_read: exchange.cached(&prompt),
        image_input: prompt.image,
        output: reasoning + drafts.iter().map(Draft::visible_tokens).sum::<u64>(),
        reasoning,
        ..MeteredUsage::default()
    };
    let id = uuid(&dice.id(32, HEX));
    let answer = Answer { exchange, id, drafts, usage };
    let reply =
        if body["stream"] == Value::Bool(true) { answer.stream(&mut dice) } else { answer.whole(&mut dice) };
    reply.with_usage(usage).with_id(&answer.id)
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    id: String,
    drafts: Vec<Draft>,
    usage: MeteredUsage,
}

impl Answer<'_> {
    fn head(&self, object: &str) -> Value {
        json!({"id": self.id, "object": object, "created": self.exchange.now, "model": self.exchange.model})
    }

    /// The completion leaves reasoning out; only the total adds up to everything.
    fn usage_value(&self) -> Value {
        let usage = &self.usage;
        json!({
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output - usage.reasoning,
            "total_tokens": usage.input + usage.output,
            "prompt_tokens_details": {
                "text_tokens": usage.input - usage.image_input, "audio_tokens": 0,
                "image_tokens": usage.image_input, "cached_tokens": usage.cache_read,
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
            "num_sources_used": 0,
        })
    }

    fn whole(&self, dice: &mut Dice) -> Reply {
        let choice = |(index, draft): (usize, &Draft)| {
            let mut message = json!({"role": "assistant", "content": content(draft).as_str().unwrap_or(""), "refusal": null});
            if !draft.calls.is_empty() {
                message["tool_calls"] = draft.calls.iter().map(|call| tool_call(call, dice)).collect();
            }
            json!({"index": index, "message": message, "finish_reason": finish_reason(&draft.finish)})
        };
        let choices: Vec<Value> = self.drafts.iter().enumerate().map(choice).collect();
        let mut body = self.head("chat.completion");
        body["choices"] = json!(choices);
        body["usage"] = self.usage_value();
        body["system_fingerprint"] = json!("fp_3a7d20b1c4");
        Reply::json(StatusCode::OK, &body)
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let mut chunks = Chunks::default();
        // What all chunks share is written once, since a stream has hundreds.
        let head = self.head("chat.completion.chunk").to_string();
        let head = head.trim_end_matches('}');
        let chunk = |index: usize, delta: &Value, finish: Option<&str>| {
            let finish = finish.map(|finish| format!(",\"finish_reason\":\"{finish}\"")).unwrap_or_default();
            format!(
                "data: {head},\"choices\":[{{\"index\":{index},\"delta\":{delta}{finish}}}],\
                 \"system_fingerprint\":\"fp_3a7d20b1c4\"}}\n\n"
            )
        };
        for (index, draft) in self.drafts.iter().enumerate() {
            let opening = json!({"role": "assistant", "content": ""});
            chunks.push(chunk(index, &opening, None), draft.reasoning_tokens(), false);
            for piece in pieces(dice, &draft.text, 3, 8) {
                // The role comes with every piece.
                let delta = json!({"content": piece, "role": "assistant"});
                chunks.push(chunk(index, &delta, None), tokens_of(piece), false);
            }
            let mut tokens = draft.visible_tokens() - tokens_of(&draft.text);
            for (nth, call) in draft.calls.iter().enumerate() {
                let mut call = tool_call(call, dice);
                call["index"] = json!(nth);
                let delta = json!({"role": "assistant", "tool_calls": [call]});
                chunks.push(chunk(index, &delta, None), std::mem::take(&mut tokens), false);
            }
            let closing = json!({"content": "", "role": "assistant"});
            chunks.push(chunk(index, &closing, Some(finish_reason(&draft.finish))), 0, true);
        }
        let mut last = self.head("chat.completion.chunk");
        last["choices"] = json!([]);
        last["usage"] = self.usage_value();
        chunks.push(format!("data: {last}\n\n"), 0, true);
        chunks.push("data: [DONE]\n\n".to_owned(), 0, true);
        Reply::stream("text/event-stream", chunks.0, |_| {
            Bytes::from_static(
                b"data: {\"code\":\"Internal error\",\"error\":\"Internal server error.\"}\n\n",
            )
        })
    }
}
