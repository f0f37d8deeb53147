//! Reads a chat request: what is asked, and what the prompt counts. xAI's requests are read by it too.

use serde_json::Value;

use super::super::{audio_tokens, document_tokens, strings, whole};
use crate::{
    draft::{Ask, Choice, Tool},
    prompt::{Prompt, json_tokens},
    prose::tokens_of,
};

/// Tokens around each message.
const PER_MESSAGE: u64 = 4;

/// Reads what the answer depends on.
pub(crate) fn ask(body: &Value) -> Ask {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let last_role = messages.last().map(|message| &message["role"]);
    Ask {
        said: last_user_text(messages),
        tools: tools(&body["tools"]),
        choice: choice(&body["tool_choice"]),
        parallel: body["parallel_tool_calls"] != Value::Bool(false),
        after_results: last_role.is_some_and(|role| role == "tool" || role == "function"),
        schema: schema(&body["response_format"]),
        max_tokens: whole(&body["max_completion_tokens"]).or_else(|| whole(&body["max_tokens"])),
        reasoning_counts: true,
        stop: strings(&body["stop"]),
        choices: whole(&body["n"]).and_then(|n| usize::try_from(n).ok()).unwrap_or(1),
        thinking: None,
    }
}

fn last_user_text(messages: &[Value]) -> String {
    let Some(message) = messages.iter().rfind(|message| message["role"] == "user") else {
        return String::new();
    };
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn tools(tools: &Value) -> Vec<Tool> {
    let function = |tool: &Value| {
        let function = &tool["function"];
        Some(Tool { name: function["name"].as_str()?.to_owned(), schema: function["parameters"].clone() })
    };
    tools.as_array().map(|tools| tools.iter().filter_map(function).collect()).unwrap_or_default()
}

fn choice(choice: &Value) -> Choice {
    match choice {
        Value::String(word) if word == "none" => Choice::None,
        Value::String(word) if word == "required" => Choice::Any,
        Value::Object(_)
            if choice["type"] == "allowed_tools" && choice["allowed_tools"]["mode"] == "required" =>
        {
            Choice::Any
        }
        Value::Object(_) => match choice["function"]["name"].as_str() {
            Some(name) => Choice::Named(name.to_owned()),
            None => Choice::Auto,
        },
        _ => Choice::Auto,
    }
}

fn schema(format: &Value) -> Option<Value> {
    match format["type"].as_str() {
        Some("json_schema") => Some(format["json_schema"]["schema"].clone()),
        Some("json_object") => Some(serde_json::json!({})),
        _ => None,
    }
}

/// Counts the prompt, in the order that the cache sees: tools, then messages.
pub(crate) fn prompt(body: &Value) -> Prompt {
    let mut prompt = Prompt::default();
    for tool in body["tools"].as_array().into_iter().flatten() {
        prompt.add(tool, json_tokens(tool), None);
    }
    if let Some(schema) = body.pointer("/response_format/json_schema/schema") {
        prompt.add(schema, json_tokens(schema), None);
    }
    for message in body["messages"].as_array().into_iter().flatten() {
        let before = prompt.image + prompt.audio + prompt.document;
        let text = content_tokens(&message["content"], &mut prompt);
        let media = prompt.image + prompt.audio + prompt.document - before;
        let calls = message.get("tool_calls").map_or(0, json_tokens);
        prompt.add(message, PER_MESSAGE + text + media + calls, None);
    }
    prompt
}

fn content_tokens(content: &Value, prompt: &mut Prompt) -> u64 {
    match content {
        Value::String(text) => tokens_of(text),
        Value::Array(parts) => parts.iter().map(|part| part_tokens(part, prompt)).sum(),
        _ => 0,
    }
}

fn part_tokens(part: &Value, prompt: &mut Prompt) -> u64 {
    match part["type"].as_str() {
        Some("image_url") => prompt.image += if part["image_url"]["detail"] == "low" { 85 } else { 765 },
        Some("input_audio") => {
            prompt.audio += audio_tokens(part["input_audio"]["data"].as_str().map_or(0, str::len), 10);
        }
        Some("file") => {
            prompt.document += document_tokens(part["file"]["file_data"].as_str().map_or(0, str::len), 1_000);
        }
        _ => return part["text"].as_str().or_else(|| part["refusal"].as_str()).map_or(0, tokens_of),
    }
    0
}
