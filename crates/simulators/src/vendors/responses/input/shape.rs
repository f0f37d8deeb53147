//! The fields of items, each by itself.
//!
//! Source: the schemas of `InputItem` in the OpenAPI document, and errors that callers report (read 2026-11-23).

use serde_json::Value;

use super::super::Dialect;
use crate::exchange::{Refusal, require};

/// An item's type, how its ids begin, and its fields beside type, id and status.
const KINDS: [(&str, &str, &[&str]); 6] = [
    ("message", "msg", &["role", "content", "phase", "name"]),
    ("reasoning", "rs", &["summary", "content", "encrypted_content"]),
    ("function_call", "fc", &["call_id", "name", "arguments", "namespace", "caller", "async"]),
    ("function_call_output", "fc", &["call_id", "output", "name", "namespace", "caller"]),
    ("custom_tool_call", "ctc", &["call_id", "name", "input", "namespace", "caller", "async"]),
    ("custom_tool_call_output", "ctc", &["call_id", "output", "name", "namespace", "caller"]),
];

/// Items of tools that the vendor runs itself, and of what it does with a conversation: passed over.
const OTHERS: [&str; 27] = [
    "item_reference",
    "additional_tools",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "compaction_trigger",
    "computer_call",
    "computer_call_output",
    "context_compaction",
    "file_search_call",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
    "x_search_call",
    "collections_search_call",
];

/// The longest `call_id`; of `maxLength` in the OpenAPI document and AnswerDotAI/fastllm#45.
const LONGEST_ID: usize = 64;

/// Checks one item of the input.
pub(super) fn check(item: &Value, at: usize, dialect: Dialect) -> Result<(), Refusal> {
    let place = format!("input[{at}]");
    let kind = match item["type"].as_str() {
        Some(kind) => kind,
        None if item["role"].is_string() => "message",
        None => return Err(missing(&format!("{place}.type"))),
    };
    let Some((_, prefix, fields)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
        let known = KINDS.iter().map(|(known, ..)| *known).chain(OTHERS);
        return require(OTHERS.contains(&kind), || unsupported(&place, kind, &known.collect::<Vec<_>>()));
    };
    if dialect == Dialect::OpenAi {
        known_fields(item, fields, &place)?;
        id(item, prefix, &place)?;
    }
    match kind {
        "message" => message(item, &place),
        "reasoning" => require(item["summary"].is_array(), || missing(&format!("{place}.summary"))),
        "function_call" => call(item, &place),
        "function_call_output" | "custom_tool_call_output" => output(item, &place),
        "custom_tool_call" => call_id(item, &place),
        _ => Ok(()),
    }
}

fn missing(param: &str) -> Refusal {
    Refusal::bad(format!("Missing required parameter: '{param}'."))
        .param(param)
        .code("missing_required_parameter")
}

fn unsupported(param: &str, value: &str, known: &[&str]) -> Refusal {
    let (last, others) = known.split_last().unwrap_or((&"", &[]));
    let others: Vec<String> = others.iter().map(|known| format!("'{known}'")).collect();
    let and = if others.len() > 1 { ", and" } else { " and" };
    Refusal::bad(format!(
        "Invalid value: '{value}'. Supported values are: {}{and} '{last}'.",
        others.join(", ")
    ))
    .param(param)
    .code("invalid_value")
}

fn wrong_type(param: &str, expected: &str, value: &Value) -> Refusal {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::bad(format!("Invalid type for '{param}': expected {expected}, but got {found} instead."))
        .param(param)
        .code("invalid_type")
}

fn known_fields(item: &Value, fields: &[&str], place: &str) -> Result<(), Refusal> {
    for name in item.as_object().into_iter().flat_map(serde_json::Map::keys).map(String::as_str) {
        let known = ["type", "id", "status"].contains(&name) || fields.contains(&name);
        require(known, || {
            let param = format!("{place}.{name}");
            Refusal::bad(format!("Unknown parameter: '{param}'.")).param(param).code("unknown_parameter")
        })?;
    }
    Ok(())
}

/// Source: openai/codex#33176, langchain-ai/langchainjs#11044, bastani-inc/atomic#2204.
fn id(item: &Value, prefix: &str, place: &str) -> Result<(), Refusal> {
    let Some(id) = item["id"].as_str() else { return Ok(()) };
    let param = format!("{place}.id");
    let refuse = |what: String, code| Err(Refusal::bad(what).param(param.clone()).code(code));
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if id.is_empty() || !id.chars().all(allowed) {
        let what = "Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters.";
        return refuse(format!("Invalid '{param}': '{id}'. {what}"), "invalid_value");
    }
    if id.len() >= LONGEST_ID {
        return Err(too_long(&param, LONGEST_ID, id.len()));
    }
    if !id.starts_with(prefix) {
        let what = format!("Invalid '{param}': '{id}'. Expected an ID that begins with '{prefix}'.");
        return refuse(what, "invalid_id_prefix");
    }
    Ok(())
}

fn too_long(param: &str, most: usize, len: usize) -> Refusal {
    Refusal::bad(format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string with length {len} instead."
    ))
    .param(param)
    .code("string_above_max_length")
}

fn message(item: &Value, place: &str) -> Result<(), Refusal> {
    let role = item["role"].as_str().unwrap_or("");
    require(["assistant", "system", "developer", "user"].contains(&role), || {
        unsupported(place, role, &["assistant", "system", "developer", "user"])
    })?;
    let content = format!("{place}.content");
    require(!item["content"].is_null(), || missing(&content))?;
    let readable = item["content"].is_string() || item["content"].is_array();
    require(readable, || wrong_type(&content, "one of an array of objects or string", &item["content"]))?;
    let known: &[&str] = match role {
        "assistant" => &["output_text", "refusal"],
        _ => &["input_text", "input_image", "input_file", "input_audio"],
    };
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        self::part(part, known, &format!("{content}[{index}]"))?;
    }
    Ok(())
}

fn part(part: &Value, known: &[&str], place: &str) -> Result<(), Refusal> {
    let kind = part["type"].as_str().unwrap_or("");
    require(known.contains(&kind), || unsupported(place, kind, known))?;
    match kind {
        "input_text" | "output_text" => {
            require(part["text"].is_string(), || missing(&format!("{place}.text")))
        }
        "input_image" => {
            let url = part["image_url"].as_str().unwrap_or("");
            let readable = ["data:image/", "http://", "https://"].iter().any(|start| url.starts_with(start));
            require(part["image_url"].is_null() || part["image_url"].is_string(), || {
                wrong_type(&format!("{place}.image_url"), "an image URL", &part["image_url"])
            })?;
            require(readable || part["file_id"].is_string(), || {
                Refusal::bad(format!(
                    "Invalid '{place}.image_url'. Expected a valid URL, but got a value with an invalid format."
                ))
                .param(format!("{place}.image_url"))
                .code("invalid_value")
            })
        }
        _ => Ok(()),
    }
}

fn call(item: &Value, place: &str) -> Result<(), Refusal> {
    call_id(item, place)?;
    require(item["name"].is_string(), || missing(&format!("{place}.name")))?;
    let param = format!("{place}.arguments");
    require(!item["arguments"].is_null(), || missing(&param))?;
    require(item["arguments"].is_string(), || wrong_type(&param, "a string", &item["arguments"]))
}

fn output(item: &Value, place: &str) -> Result<(), Refusal> {
    call_id(item, place)?;
    let param = format!("{place}.output");
    require(!item["output"].is_null(), || missing(&param))?;
    let expected = "one of an array of objects or string";
    let readable = item["output"].is_string() || item["output"].is_array();
    require(readable, || wrong_type(&param, expected, &item["output"]))?;
    for (index, part) in item["output"].as_array().into_iter().flatten().enumerate() {
        self::part(part, &["input_text", "input_image", "input_file"], &format!("{param}[{index}]"))?;
    }
    Ok(())
}

fn call_id(item: &Value, place: &str) -> Result<(), Refusal> {
    let param = format!("{place}.call_id");
    let Some(id) = item["call_id"].as_str() else { return Err(missing(&param)) };
    require(id.len() <= LONGEST_ID, || too_long(&param, LONGEST_ID, id.len()))
}
