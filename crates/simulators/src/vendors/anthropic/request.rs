//! Reads a Messages request: what is asked, and what the prompt counts.

use serde_json::Value;

use super::super::{document_tokens, strings, whole};
use crate::{
    draft::{Ask, Choice, Tool},
    prompt::{Prompt, Ttl, json_tokens},
    prose::tokens_of,
};

const PER_MESSAGE: u64 = 3;
const IMAGE: u64 = 1_334;
const PER_PAGE: u64 = 1_800;

pub(super) fn ask(body: &Value) -> Ask {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let last = messages.last().map_or(&Value::Null, |message| &message["content"]);
    let no_parallel = body["tool_choice"]["disable_parallel_tool_use"] == Value::Bool(true);
    Ask {
        said: messages
            .iter()
            .rfind(|message| message["role"] == "user")
            .map(|message| text(&message["content"]))
            .unwrap_or_default(),
        tools: tools(&body["tools"]),
        choice: choice(&body["tool_choice"]),
        parallel: !no_parallel,
        after_results: blocks(last).iter().any(|block| block["type"] == "tool_result"),
        schema: schema(body),
        max_tokens: whole(&body["max_tokens"]),
        reasoning_counts: true,
        stop: strings(&body["stop_sequences"]),
        choices: 1,
        thinking: None,
    }
}

/// The blocks of a content; none of a plain string.
pub(super) fn blocks(content: &Value) -> &[Value] {
    content.as_array().map_or(&[], Vec::as_slice)
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        _ => blocks(content).iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n"),
    }
}

/// Tools of the caller's own; a provider's tools are not called.
fn tools(tools: &Value) -> Vec<Tool> {
    let own = |tool: &Value| {
        let named = tool["name"].as_str()?;
        tool["input_schema"]
            .is_object()
            .then(|| Tool { name: named.to_owned(), schema: tool["input_schema"].clone() })
    };
    tools.as_array().map(|tools| tools.iter().filter_map(own).collect()).unwrap_or_default()
}

fn choice(choice: &Value) -> Choice {
    match choice["type"].as_str() {
        Some("none") => Choice::None,
        Some("any") => Choice::Any,
        Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => Choice::Auto,
    }
}

fn schema(body: &Value) -> Option<Value> {
    let format = match &body["output_config"]["format"] {
        Value::Null => &body["output_format"],
        format => format,
    };
    (format["type"] == "json_schema").then(|| format["schema"].clone())
}

/// Counts the prompt in the order that the cache sees: tools, system, messages; a piece a block.
pub(super) fn prompt(body: &Value) -> Prompt {
    let mut prompt = Prompt::default();
    for tool in body["tools"].as_array().into_iter().flatten() {
        prompt.add(tool, json_tokens(tool), mark(tool));
    }
    if let Some(schema) = schema(body) {
        prompt.add(&schema, json_tokens(&schema), None);
    }
    add_content(&mut prompt, &body["system"], 0);
    for message in body["messages"].as_array().into_iter().flatten() {
        add_content(&mut prompt, &message["content"], PER_MESSAGE);
    }
    if let Some(ttl) = mark(body) {
        prompt.mark_last(ttl);
    }
    prompt
}

fn add_content(prompt: &mut Prompt, content: &Value, overhead: u64) {
    if let Some(text) = content.as_str() {
        prompt.add(content, tokens_of(text) + overhead, None);
    }
    for (at, block) in blocks(content).iter().enumerate() {
        let tokens = block_tokens(block, prompt) + if at == 0 { overhead } else { 0 };
        prompt.add(block, tokens, mark(block));
    }
}

fn block_tokens(block: &Value, prompt: &mut Prompt) -> u64 {
    let source = block["source"]["data"].as_str().map_or(0, str::len);
    match block["type"].as_str() {
        Some("text") => block["text"].as_str().map_or(0, tokens_of),
        Some("image") => {
            prompt.image += IMAGE;
            IMAGE
        }
        Some("document") if block["source"]["type"] == "text" => source as u64 / 4,
        Some("document") => {
            let tokens = document_tokens(source, PER_PAGE);
            prompt.document += tokens;
            tokens
        }
        Some("thinking") => block["thinking"].as_str().map_or(0, tokens_of),
        Some("redacted_thinking") => 0,
        Some("tool_result") => match &block["content"] {
            Value::String(text) => tokens_of(text) + 8,
            content => 8 + blocks(content).iter().map(|inner| block_tokens(inner, prompt)).sum::<u64>(),
        },
        _ => json_tokens(block),
    }
}

fn mark(block: &Value) -> Option<Ttl> {
    let control = block.get("cache_control").filter(|control| control.is_object())?;
    Some(if control["ttl"] == "1h" { Ttl::OneHour } else { Ttl::FiveMinutes })
}
