//! Reads a request for a response: what is asked, and what the prompt counts.

use serde_json::{Value, json};

use super::super::{audio_tokens, document_tokens, whole};
use crate::{
    draft::{Ask, Choice, Tool},
    prompt::{Prompt, json_tokens},
    prose::tokens_of,
};

/// Tokens around each item.
const PER_ITEM: u64 = 4;
/// What an earlier thought counts that is read again.
const THOUGHT: u64 = 24;

/// Reads what the answer depends on. `context` is the whole conversation, the input of this call at its end.
pub(super) fn ask(body: &Value, context: &[Value]) -> Ask {
    let last = context.last().and_then(|item| item["type"].as_str()).unwrap_or("");
    Ask {
        said: context.iter().rfind(|item| item["role"] == "user").map(said).unwrap_or_default(),
        tools: tools(&body["tools"]),
        choice: choice(&body["tool_choice"]),
        parallel: body["parallel_tool_calls"] != false,
        after_results: last.ends_with("_output"),
        schema: schema(&body["text"]["format"]),
        max_tokens: whole(&body["max_output_tokens"]),
        reasoning_counts: true,
        choices: 1,
        ..Ask::default()
    }
}

fn said(item: &Value) -> String {
    let parts = item["content"].as_array().into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
}

fn tools(tools: &Value) -> Vec<Tool> {
    let own = |tool: &Value| {
        let schema = match tool["type"].as_str() {
            Some("function") => tool["parameters"].clone(),
            // Such a tool takes any text.
            Some("custom") => json!({"type": "string"}),
            _ => return None,
        };
        Some(Tool { name: tool["name"].as_str()?.to_owned(), schema })
    };
    tools.as_array().map(|tools| tools.iter().filter_map(own).collect()).unwrap_or_default()
}

fn choice(choice: &Value) -> Choice {
    match (choice.as_str(), choice["type"].as_str()) {
        (Some("none"), _) => Choice::None,
        (Some("required"), _) => Choice::Any,
        (_, Some("function" | "custom")) => {
            Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned())
        }
        (_, Some("allowed_tools")) if choice["mode"] == "required" => Choice::Any,
        _ => Choice::Auto,
    }
}

fn schema(format: &Value) -> Option<Value> {
    match format["type"].as_str() {
        Some("json_schema") => Some(format["schema"].clone()),
        Some("json_object") => Some(json!({})),
        _ => None,
    }
}

/// Counts the prompt, in the order that the cache sees: tools, instructions, items.
pub(super) fn prompt(body: &Value, context: &[Value]) -> Prompt {
    let mut prompt = Prompt::default();
    for tool in body["tools"].as_array().into_iter().flatten() {
        prompt.add(tool, json_tokens(tool), None);
    }
    if let Some(schema) = body.pointer("/text/format/schema") {
        prompt.add(schema, json_tokens(schema), None);
    }
    if let Some(instructions) = body["instructions"].as_str().filter(|text| !text.is_empty()) {
        prompt.add(&body["instructions"], PER_ITEM + tokens_of(instructions), None);
    }
    for item in context {
        let before = prompt.image + prompt.audio + prompt.document;
        let text = item_tokens(item, &mut prompt);
        let media = prompt.image + prompt.audio + prompt.document - before;
        prompt.add(&essence(item), PER_ITEM + text + media, None);
    }
    prompt
}

/// What of an item a cache goes by: not ids and states, with which it may or may not come back.
fn essence(item: &Value) -> Value {
    let text = |part: &Value| if part["text"].is_string() { part["text"].clone() } else { part.clone() };
    match item["content"].as_array() {
        Some(parts) if item["type"] == "message" => {
            json!([item["role"], parts.iter().map(text).collect::<Vec<_>>()])
        }
        _ => json!([item["type"], item["call_id"], item["name"], item["arguments"], item["output"]]),
    }
}

fn item_tokens(item: &Value, prompt: &mut Prompt) -> u64 {
    match item["type"].as_str() {
        Some("message") => parts_tokens(&item["content"], prompt),
        Some("reasoning") => THOUGHT,
        Some("function_call" | "custom_tool_call") => ["name", "arguments", "input"]
            .iter()
            .filter_map(|field| item[*field].as_str())
            .map(tokens_of)
            .sum(),
        Some("function_call_output" | "custom_tool_call_output") => match item["output"].as_str() {
            Some(text) => tokens_of(text),
            None => parts_tokens(&item["output"], prompt),
        },
        _ => json_tokens(item),
    }
}

fn parts_tokens(parts: &Value, prompt: &mut Prompt) -> u64 {
    parts.as_array().into_iter().flatten().map(|part| part_tokens(part, prompt)).sum()
}

fn part_tokens(part: &Value, prompt: &mut Prompt) -> u64 {
    match part["type"].as_str() {
        Some("input_image") => prompt.image += if part["detail"] == "low" { 85 } else { 765 },
        Some("input_audio") => {
            prompt.audio += audio_tokens(part["input_audio"]["data"].as_str().map_or(0, str::len), 10);
        }
        Some("input_file") => {
            prompt.document += document_tokens(part["file_data"].as_str().map_or(0, str::len), 1_000);
        }
        _ => return part["text"].as_str().or_else(|| part["refusal"].as_str()).map_or(0, tokens_of),
    }
    0
}
