//! Reads a request for an interaction: its steps, what is asked, and what the prompt counts.

use serde_json::{Value, json};

use super::super::{
    super::{audio_tokens, document_tokens, strings, whole},
    model,
};
use crate::{
    draft::{Ask, Choice, Tool},
    exchange::Refusal,
    prompt::{Prompt, json_tokens},
    prose::tokens_of,
};

/// What a user may put in, beside steps.
pub(super) const CONTENTS: [&str; 5] = ["text", "image", "audio", "video", "document"];

/// The input as steps: a text, a content and a list of contents are what the user puts in.
pub(super) fn steps(input: &Value) -> Result<Vec<Value>, Refusal> {
    let user = |content: Value| vec![json!({"type": "user_input", "content": content})];
    match input {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(user(json!([{"type": "text", "text": text}]))),
        Value::Object(_) => Ok(user(json!([input]))),
        Value::Array(items) => {
            let Some(kind) = items.iter().map(|item| item["type"].as_str()).collect::<Option<Vec<_>>>()
            else {
                // As recorded of tools.
                return Err(Refusal::bad("Missing key 'type' in input 'input'."));
            };
            let contents = kind.iter().all(|kind| CONTENTS.contains(kind));
            Ok(if contents && !items.is_empty() { user(input.clone()) } else { items.clone() })
        }
        _ => Err(Refusal::bad("invalid JSON in genai.Interaction @ input")),
    }
}

pub(super) fn ask(body: &Value, context: &[Value]) -> Ask {
    let config = &body["generation_config"];
    let said = context.iter().rfind(|step| step["type"] == "user_input").unwrap_or(&Value::Null);
    let texts = said["content"].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
    let allowed = allowed(&config["tool_choice"]);
    Ask {
        said: texts.collect::<Vec<_>>().join("\n"),
        tools: tools(&body["tools"], &allowed),
        choice: choice(&config["tool_choice"]),
        parallel: true,
        after_results: context.last().is_some_and(|step| step["type"] == "function_result"),
        schema: schema(body),
        max_tokens: whole(&config["max_output_tokens"]),
        reasoning_counts: true,
        stop: strings(&config["stop_sequences"]),
        choices: 1,
        thinking: match config["thinking_level"].as_str() {
            Some("minimal") => Some(8),
            Some("low") => Some(24),
            Some(_) => Some(64),
            None => None,
        },
    }
}

fn tools(tools: &Value, allowed: &[String]) -> Vec<Tool> {
    let function = |tool: &Value| {
        let name = tool["name"].as_str().filter(|_| tool["type"] == "function")?;
        Some(Tool { name: name.to_owned(), schema: tool["parameters"].clone() })
    };
    let tools = tools.as_array().into_iter().flatten().filter_map(function);
    tools.filter(|tool| allowed.is_empty() || allowed.contains(&tool.name)).collect()
}

fn allowed(choice: &Value) -> Vec<String> {
    strings(&choice["allowed_tools"]["tools"])
}

fn choice(choice: &Value) -> Choice {
    match choice.as_str().or_else(|| choice["allowed_tools"]["mode"].as_str()) {
        Some("none") => Choice::None,
        Some("any") => Choice::Any,
        _ => Choice::Auto,
    }
}

/// The schema of the answer, in one of its formats or as the whole format.
fn schema(body: &Value) -> Option<Value> {
    let formats = match &body["response_format"] {
        Value::Array(formats) => formats.as_slice(),
        one => std::slice::from_ref(one),
    };
    let json = |format: &&Value| {
        !format["schema"].is_null()
            || format["mime_type"] == "application/json"
            || format["properties"].is_object()
    };
    let found = formats.iter().find(json);
    match found {
        Some(format) if format["properties"].is_object() => Some(format.clone()),
        Some(format) => Some(if format["schema"].is_null() { json!({}) } else { format["schema"].clone() }),
        None => (body["response_mime_type"] == "application/json").then(|| json!({})),
    }
}

/// Counts the prompt in the order that the cache sees: tools, instruction, steps.
pub(super) fn prompt(body: &Value, context: &[Value], model: &str) -> Prompt {
    let mut prompt = Prompt::default();
    for tool in body["tools"].as_array().into_iter().flatten() {
        prompt.add(tool, json_tokens(tool), None);
    }
    if let Some(text) = body["system_instruction"].as_str() {
        prompt.add(&body["system_instruction"], tokens_of(text), None);
    }
    for step in context {
        let tokens = step_tokens(step, model, &mut prompt);
        prompt.add(step, tokens, None);
    }
    prompt
}

fn step_tokens(step: &Value, model: &str, prompt: &mut Prompt) -> u64 {
    match step["type"].as_str() {
        Some("user_input" | "model_output") => contents_tokens(&step["content"], model, prompt),
        Some("function_call") => step["name"].as_str().map_or(0, tokens_of) + json_tokens(&step["arguments"]),
        Some("function_result") if step["result"].is_array() => {
            contents_tokens(&step["result"], model, prompt)
        }
        Some("function_result") => json_tokens(&step["result"]),
        // What was thought before is not read again.
        _ => 0,
    }
}

fn contents_tokens(contents: &Value, model: &str, prompt: &mut Prompt) -> u64 {
    let mut tokens = 0;
    for content in contents.as_array().into_iter().flatten() {
        let data = content["data"].as_str().map_or(0, str::len);
        let (count, counted) = match content["type"].as_str() {
            Some("image") => (&mut prompt.image, if model::generation(model) >= 30 { 1_120 } else { 258 }),
            Some("audio") => (&mut prompt.audio, audio_tokens(data, 32)),
            Some("document" | "video") => (&mut prompt.document, document_tokens(data, 258)),
            _ => {
                tokens += content["text"].as_str().map_or(0, tokens_of);
                continue;
            }
        };
        *count += counted;
        tokens += counted;
    }
    tokens
}
