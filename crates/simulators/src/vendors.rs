//! The vendors behind one set of functions.

mod anthropic;
mod compatible;
mod gemini;
mod ollama;
mod openai;
mod responses;
mod signature;
mod xai;

use serde_json::Value;

use crate::{Vendor, exchange::Exchange, reply::Reply};

/// The model that a request names: in the body, for Gemini in the path. Empty: none.
pub(crate) fn model(vendor: Vendor, path: &str, body: &Value) -> String {
    match vendor {
        Vendor::Gemini => gemini::model(path, body).to_owned(),
        _ => body["model"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Whether a path asks a model for an answer: such requests are metered and fail by chance.
pub(crate) fn is_call(vendor: Vendor, path: &str) -> bool {
    match vendor {
        Vendor::OpenAi => openai::CALLS.contains(&path),
        Vendor::Xai => ["/v1/chat/completions", "/v1/responses"].contains(&path),
        Vendor::Anthropic => path == "/v1/messages",
        Vendor::Gemini => {
            let methods = ["enerateContent", "mbedContent", "mbedContents"];
            methods.iter().any(|method| path.ends_with(method)) || gemini::interactions::is_call(path)
        }
        Vendor::Ollama => ["/api/chat", "/api/embed"].contains(&path),
        Vendor::Compatible => compatible::CALLS.contains(&path),
    }
}

/// Whether an answer on this path can say of itself that it failed.
pub(crate) fn can_fail_by_status(vendor: Vendor, path: &str) -> bool {
    match vendor {
        Vendor::OpenAi | Vendor::Xai => responses::owns(path),
        Vendor::Gemini => gemini::interactions::owns(path),
        Vendor::Anthropic | Vendor::Ollama | Vendor::Compatible => false,
    }
}

/// The vendor's refusal of a request without its key.
pub(crate) fn authorize(exchange: &Exchange<'_>, key: Option<&str>) -> Option<Reply> {
    match exchange.vendor {
        Vendor::OpenAi => openai::authorize(exchange, key),
        Vendor::Anthropic => anthropic::authorize(exchange, key),
        Vendor::Gemini => gemini::authorize(exchange, key),
        Vendor::Xai => xai::authorize(exchange, key),
        Vendor::Ollama => None,
        Vendor::Compatible => compatible::authorize(exchange, key),
    }
}

/// The vendor's answer.
pub(crate) fn answer(exchange: &Exchange<'_>) -> Reply {
    match exchange.vendor {
        Vendor::OpenAi => openai::answer(exchange),
        Vendor::Anthropic => anthropic::answer(exchange),
        Vendor::Gemini => gemini::answer(exchange),
        Vendor::Xai => xai::answer(exchange),
        Vendor::Ollama => ollama::answer(exchange),
        Vendor::Compatible => compatible::answer(exchange),
    }
}

/// The vendor's way of failing with `status`.
pub(crate) fn failure(exchange: &Exchange<'_>, status: u16) -> Reply {
    match exchange.vendor {
        Vendor::OpenAi => openai::failure(exchange, status),
        Vendor::Anthropic => anthropic::failure(exchange, status),
        Vendor::Gemini => gemini::failure(exchange, status),
        Vendor::Xai => xai::failure(exchange, status),
        Vendor::Ollama => ollama::failure(exchange, status),
        Vendor::Compatible => compatible::failure(exchange, status),
    }
}

/// The vendor's answer to a body that is no JSON.
pub(crate) fn unreadable(exchange: &Exchange<'_>) -> Reply {
    match exchange.vendor {
        Vendor::OpenAi => openai::unreadable(),
        Vendor::Anthropic => anthropic::unreadable(exchange),
        Vendor::Gemini => gemini::unreadable(exchange),
        Vendor::Xai => xai::unreadable(),
        Vendor::Ollama => ollama::unreadable(),
        Vendor::Compatible => compatible::unreadable(),
    }
}

/// Adds the headers that the vendor sends with every answer: request ids, limits.
pub(crate) fn with_headers(exchange: &Exchange<'_>, reply: Reply) -> Reply {
    match exchange.vendor {
        Vendor::OpenAi => openai::with_headers(exchange, reply),
        Vendor::Anthropic => anthropic::with_headers(exchange, reply),
        Vendor::Gemini => gemini::with_headers(exchange, reply),
        Vendor::Xai => xai::with_headers(exchange, reply),
        Vendor::Ollama | Vendor::Compatible => reply,
    }
}

/// The tokens of `len` base64 characters of audio at so many tokens a second of 16-bit mono at 24 kHz.
fn audio_tokens(base64_len: usize, per_second: u64) -> u64 {
    let seconds = (base64_len as u64 * 3 / 4).div_ceil(48_000);
    seconds.max(1) * per_second
}

/// The tokens of `len` base64 characters of a document, of some 3,000 bytes a page.
fn document_tokens(base64_len: usize, per_page: u64) -> u64 {
    (base64_len as u64 * 3 / 4).div_ceil(3_000).max(1) * per_page
}

/// A count, which some clients write as `64.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| format!("{:.0}", value.as_f64()?).parse().ok())
}

/// The strings of a list, or the one string.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
