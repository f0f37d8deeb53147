//! Ollama's native API: `POST /api/chat`, `POST /api/embed`, `GET /api/tags`, `GET /api/version`.
//!
//! Source: Ollama's OpenAPI document at 0.33 (read 2026-11-23). No key is asked for.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{strings, whole};
use crate::{
    clock::rfc3339,
    dice::{Dice, HEX, LOWER, hash_bytes},
    draft::{Ask, Draft, Finish, Tool, drafts},
    embedding,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prompt::{Prompt, json_tokens},
    prose::{pieces, tokens_of},
    reply::{Chunk, Reply},
};

/// A model that was pulled.
struct Pulled {
    name: &'static str,
    family: &'static str,
    size: &'static str,
    can: &'static [&'static str],
}

const PULLED: [Pulled; 7] = [
    Pulled { name: "qwen3:8b", family: "qwen3", size: "8.2B", can: &["completion", "tools", "thinking"] },
    Pulled {
        name: "gpt-oss:20b",
        family: "gptoss",
        size: "20.9B",
        can: &["completion", "tools", "thinking"],
    },
    Pulled { name: "llama3.2:latest", family: "llama", size: "3.2B", can: &["completion", "tools"] },
    Pulled { name: "gemma3:4b", family: "gemma3", size: "4.3B", can: &["completion", "vision"] },
    Pulled {
        name: "qwen3-vl:8b",
        family: "qwen3vl",
        size: "8.8B",
        can: &["completion", "tools", "thinking", "vision"],
    },
    Pulled { name: "nomic-embed-text:latest", family: "nomic-bert", size: "137M", can: &["embedding"] },
    Pulled { name: "embeddinggemma:latest", family: "gemma3", size: "307.58M", can: &["embedding"] },
];

/// The dimensions of the models that embed.
const DIMENSIONS: usize = 768;
/// The tokens that they read of a text.
const EMBEDDED: u64 = 2_048;

const IMAGE: u64 = 256;

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    match (exchange.method, exchange.path) {
        (&Method::POST, "/api/chat") => {
            chat(exchange).unwrap_or_else(|refusal| error(refusal.status, &refusal.message))
        }
        (&Method::POST, "/api/embed") => {
            embed(exchange).unwrap_or_else(|refusal| error(refusal.status, &refusal.message))
        }
        (&Method::GET, "/api/tags") => {
            Reply::json(StatusCode::OK, &json!({"models": PULLED.iter().map(card).collect::<Vec<_>>()}))
        }
        (&Method::GET, "/api/version") => Reply::json(StatusCode::OK, &json!({"version": "0.33.0"})),
        (&Method::GET | &Method::HEAD, "/") => {
            let mut reply = Reply::json(StatusCode::OK, &Value::Null);
            reply.content_type = "text/plain; charset=utf-8";
            reply.payload = crate::reply::Payload::Whole(Bytes::from_static(b"Ollama is running"));
            reply
        }
        _ => error(StatusCode::NOT_FOUND, "404 page not found"),
    }
}

fn card(model: &Pulled) -> Value {
    json!({
        "name": model.name, "model": model.name, "modified_at": "2026-11-01T09:30:00.000000000Z", "size": 5_225_388_164_u64,
        "digest": Dice::new(hash_bytes(0, model.name.as_bytes())).id(64, HEX),
        "details": {
            "parent_model": "", "format": "gguf", "family": model.family, "families": [model.family],
            "parameter_size": model.size, "quantization_level": "Q4_K_M",
        },
        "capabilities": model.can,
    })
}

fn error(status: StatusCode, message: &str) -> Reply {
    let mut reply = Reply::json(status, &json!({"error": message}));
    reply.content_type = "application/json; charset=utf-8";
    reply
}

pub(super) fn unreadable() -> Reply {
    error(StatusCode::BAD_REQUEST, "invalid character in the request body: it is not JSON")
}

pub(super) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    let message = match status {
        401 => "unauthorized".to_owned(),
        404 => format!("model '{}' not found", exchange.model),
        413 => "request body too large".to_owned(),
        429 => "too many requests".to_owned(),
        503 => "server busy, please try again.  maximum pending requests exceeded".to_owned(),
        400..=499 => "invalid request".to_owned(),
        _ => "llama runner process has terminated: exit status 2".to_owned(),
    };
    let reply = error(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &message);
    if status == 429 { reply.with_header("retry-after", "1") } else { reply }
}

fn pulled(name: &str) -> Option<&'static Pulled> {
    let is_named = |model: &&Pulled| model.name == name || model.name.strip_suffix(":latest") == Some(name);
    PULLED.iter().find(is_named)
}

fn model(exchange: &Exchange<'_>) -> Result<&'static Pulled, Refusal> {
    require(!exchange.model.is_empty(), || Refusal::bad("model is required"))?;
    let missing = || Refusal::not_found(format!("model '{}' not found", exchange.model));
    pulled(exchange.model).ok_or_else(missing)
}

/// Source: `EmbedRequest` and `EmbedResponse` of the OpenAPI document.
fn embed(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let model = model(exchange)?;
    require(model.can.contains(&"embedding"), || Refusal {
        status: StatusCode::NOT_IMPLEMENTED,
        ..Refusal::bad("this model does not support embeddings")
    })?;
    let readable = body["input"].is_string()
        || body["input"].as_array().is_some_and(|texts| texts.iter().all(Value::is_string));
    require(readable, || Refusal::bad("invalid input type"))?;
    let texts = strings(&body["input"]);
    let too_long = texts.iter().any(|text| tokens_of(text) > EMBEDDED);
    require(!too_long || body["truncate"] != Value::Bool(false), || {
        Refusal::bad("the input length exceeds the context length")
    })?;
    let dimensions = whole(&body["dimensions"]).and_then(|asked| usize::try_from(asked).ok());
    let dimensions = dimensions.filter(|asked| *asked > 0).unwrap_or(DIMENSIONS).min(DIMENSIONS);
    let embeddings: Vec<Value> = texts
        .iter()
        .map(|text| embedding::numbers(&embedding::vector(model.name, text, dimensions)))
        .collect();
    let tokens = texts.iter().map(|text| tokens_of(text).min(EMBEDDED)).sum();
    let line = json!({
        "model": body["model"], "embeddings": embeddings, "total_duration": 14_143_917 + tokens * 310_000,
        "load_duration": 1_019_500, "prompt_eval_count": tokens,
    });
    Ok(document(&line).with_usage(MeteredUsage { input: tokens, ..MeteredUsage::default() }))
}

fn chat(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let model = model(exchange)?;
    require(model.can.contains(&"completion"), || {
        Refusal::bad(format!("\"{}\" does not support chat", exchange.model))
    })?;
    check(body, exchange.model, model)?;
    let mut dice = exchange.dice(1);
    let prompt = prompt(body);
    let ask = ask(body, model);
    let Some(draft) = drafts(&ask, &mut dice).pop() else { unreachable!("one answer at least is drafted") };
    let usage = MeteredUsage {
        input: prompt.total(),
        image_input: prompt.image,
        output: draft.reasoning_tokens() + draft.visible_tokens(),
        reasoning: draft.reasoning_tokens(),
        ..MeteredUsage::default()
    };
    let loads = body["messages"].as_array().is_none_or(Vec::is_empty);
    let answer = Answer { exchange, draft, usage };
    let reply = match (loads, body["stream"] == Value::Bool(false)) {
        (true, _) => {
            return Ok(document(&answer.line(&json!({"role": "assistant", "content": ""}), Some("load"))));
        }
        (false, true) => answer.whole(&mut dice),
        (false, false) => answer.stream(&mut dice),
    };
    Ok(reply.with_usage(usage))
}

fn check(body: &Value, asked: &str, model: &Pulled) -> Result<(), Refusal> {
    let can = |ability: &str| model.can.contains(&ability);
    let wants_thoughts = !matches!(body["think"], Value::Null | Value::Bool(false));
    require(!wants_thoughts || can("thinking"), || {
        Refusal::bad(format!("\"{asked}\" does not support thinking"))
    })?;
    let has_tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    require(!has_tools || can("tools"), || {
        Refusal::bad(format!("registry.ollama.ai/library/{asked} does not support tools"))
    })?;
    for message in body["messages"].as_array().into_iter().flatten() {
        let role = message["role"].as_str().unwrap_or("");
        require(["system", "user", "assistant", "tool"].contains(&role), || {
            Refusal::bad(format!("invalid role: {role}, must be one of [system, user, assistant, tool]"))
        })?;
        require(message["content"].is_null() || message["content"].is_string(), || {
            Refusal::bad(
                "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
            )
        })?;
        let images = message["images"].as_array().map_or(&[][..], Vec::as_slice);
        require(images.is_empty() || can("vision"), || {
            Refusal::bad("this model is missing data required for image input")
        })?;
        let is_data = |image: &Value| {
            image.as_str().is_some_and(|data| !data.contains("://") && !data.starts_with("data:"))
        };
        require(images.iter().all(is_data), || Refusal::bad("illegal base64 data at input byte 4"))?;
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            require(call["function"]["arguments"].is_object(), || {
                Refusal::bad(
                    "json: cannot unmarshal string into Go struct field ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
                )
            })?;
        }
    }
    let format = &body["format"];
    let format_ok = matches!(format, Value::Null | Value::Object(_)) || format == "json" || format == "";
    require(format_ok, || {
        Refusal::bad(format!("invalid format: {format}; expected \"json\" or a JSON schema"))
    })
}

fn ask(body: &Value, model: &Pulled) -> Ask {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let said = messages.iter().rfind(|message| message["role"] == "user");
    let tool = |tool: &Value| {
        let function = &tool["function"];
        Some(Tool { name: function["name"].as_str()?.to_owned(), schema: function["parameters"].clone() })
    };
    let options = &body["options"];
    // A model that can think does, unless it is told not to.
    let thinks = model.can.contains(&"thinking") && body["think"] != Value::Bool(false);
    Ask {
        said: said.and_then(|message| message["content"].as_str()).unwrap_or("").to_owned(),
        tools: body["tools"]
            .as_array()
            .map(|tools| tools.iter().filter_map(tool).collect())
            .unwrap_or_default(),
        parallel: true,
        after_results: messages.last().is_some_and(|message| message["role"] == "tool"),
        schema: match &body["format"] {
            Value::Object(schema) => Some(Value::Object(schema.clone())),
            format => (format == "json").then(|| json!({})),
        },
        // A negative number means no limit.
        max_tokens: whole(&options["num_predict"]),
        reasoning_counts: true,
        stop: strings(&options["stop"]),
        choices: 1,
        thinking: thinks.then_some(48),
        ..Ask::default()
    }
}

fn prompt(body: &Value) -> Prompt {
    let mut prompt = Prompt::default();
    for tool in body["tools"].as_array().into_iter().flatten() {
        prompt.add(tool, json_tokens(tool), None);
    }
    for message in body["messages"].as_array().into_iter().flatten() {
        let images = message["images"].as_array().map_or(0, Vec::len) as u64 * IMAGE;
        prompt.image += images;
        let text = message["content"].as_str().map_or(0, tokens_of);
        let calls = message.get("tool_calls").map_or(0, json_tokens);
        prompt.add(message, 4 + images + text + calls, None);
    }
    prompt
}

fn document(line: &Value) -> Reply {
    let mut reply = Reply::json(StatusCode::OK, line);
    reply.content_type = "application/json; charset=utf-8";
    reply
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    draft: Draft,
    usage: MeteredUsage,
}

impl Answer<'_> {
    /// One object of the answer. With a reason it is the last: counts and durations stand there alone.
    fn line(&self, message: &Value, done: Option<&str>) -> Value {
        let stamp =
            rfc3339(self.exchange.now).replace('Z', &format!(".{:06}Z", self.exchange.hash % 1_000_000));
        let mut line = json!({
            "model": self.exchange.body["model"], "created_at": stamp, "message": message, "done": done.is_some(),
        });
        let Some(reason) = done else { return line };
        line["done_reason"] = json!(reason);
        if reason == "load" {
            return line;
        }
        let (prompt, eval) = (self.usage.input * 310_000, self.usage.output * 11_200_000);
        line["total_duration"] = json!(prompt + eval + 29_000_000);
        line["load_duration"] = json!(27_400_000);
        line["prompt_eval_count"] = json!(self.usage.input);
        line["prompt_eval_duration"] = json!(prompt);
        line["eval_count"] = json!(self.usage.output);
        line["eval_duration"] = json!(eval);
        line
    }

    fn reason(&self) -> &'static str {
        if self.draft.finish == Finish::Length { "length" } else { "stop" }
    }

    fn calls(&self, dice: &mut Dice) -> Option<Value> {
        let call = |(index, call): (usize, &crate::draft::Call)| {
            let function = json!({"index": index, "name": call.name, "arguments": call.arguments});
            json!({"id": format!("call_{}", dice.id(8, LOWER)), "function": function})
        };
        let calls: Vec<Value> = self.draft.calls.iter().enumerate().map(call).collect();
        (!calls.is_empty()).then(|| json!(calls))
    }

    fn whole(&self, dice: &mut Dice) -> Reply {
        let mut message = json!({"role": "assistant", "content": self.draft.text});
        if let Some(thought) = &self.draft.thought {
            message["thinking"] = json!(thought);
        }
        if let Some(calls) = self.calls(dice) {
            message["tool_calls"] = calls;
        }
        document(&self.line(&message, Some(self.reason())))
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let mut chunks = Vec::new();
        // What all lines share is written once, since a stream has hundreds.
        let whole = self.line(&Value::Null, None).to_string();
        let head = whole.split("null,\"done\"").next().unwrap_or_default();
        let mut push = |message: &Value, tokens: u64| {
            let bytes = format!("{head}{message},\"done\":false}}\n").into();
            chunks.push(Chunk { bytes, tokens, is_end: false });
        };
        for piece in pieces(dice, self.draft.thought.as_deref().unwrap_or(""), 2, 7) {
            push(&json!({"role": "assistant", "content": "", "thinking": piece}), tokens_of(piece));
        }
        for piece in pieces(dice, &self.draft.text, 2, 7) {
            push(&json!({"role": "assistant", "content": piece}), tokens_of(piece));
        }
        if let Some(calls) = self.calls(dice) {
            let tokens = self.draft.visible_tokens() - tokens_of(&self.draft.text);
            push(&json!({"role": "assistant", "content": "", "tool_calls": calls}), tokens);
        }
        let last = self.line(&json!({"role": "assistant", "content": ""}), Some(self.reason()));
        chunks.push(Chunk { bytes: format!("{last}\n").into(), tokens: 0, is_end: true });
        Reply::stream("application/x-ndjson", chunks, |_| {
            Bytes::from_static(b"{\"error\":\"llama runner process has terminated: exit status 2\"}\n")
        })
    }
}
