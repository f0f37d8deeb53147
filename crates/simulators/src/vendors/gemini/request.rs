//! Reads a generateContent request: what is asked, and what the prompt counts.

use serde_json::Value;

use super::{
    super::{audio_tokens, document_tokens, strings, whole},
    model,
};
use crate::{
    draft::{Ask, Choice, Tool},
    prompt::{Prompt, json_tokens},
    prose::tokens_of,
};

/// A field under its name, or under its name in the proto: both are understood.
pub(super) fn field<'a>(value: &'a Value, camel: &str, snake: &str) -> &'a Value {
    match &value[camel] {
        Value::Null => &value[snake],
        found => found,
    }
}

pub(super) fn config(body: &Value) -> &Value {
    field(body, "generationConfig", "generation_config")
}

pub(super) fn contents(body: &Value) -> &[Value] {
    body["contents"].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn parts(content: &Value) -> &[Value] {
    content["parts"].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn call(part: &Value) -> Option<&Value> {
    Some(field(part, "functionCall", "function_call")).filter(|call| call.is_object())
}

pub(super) fn response(part: &Value) -> Option<&Value> {
    Some(field(part, "functionResponse", "function_response")).filter(|response| response.is_object())
}

pub(super) fn declarations(body: &Value) -> impl Iterator<Item = &Value> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.flat_map(|tool| {
        field(tool, "functionDeclarations", "function_declarations").as_array().into_iter().flatten()
    })
}

pub(super) fn calling(body: &Value) -> &Value {
    field(field(body, "toolConfig", "tool_config"), "functionCallingConfig", "function_calling_config")
}

pub(super) fn thinking(body: &Value) -> &Value {
    field(config(body), "thinkingConfig", "thinking_config")
}

pub(super) fn ask(body: &Value, model: &str) -> Ask {
    let config = config(body);
    let contents = contents(body);
    let said = contents.iter().rfind(|content| content["role"] != "model").map_or(&[][..], parts);
    Ask {
        said: said.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        tools: tools(body),
        choice: choice(body),
        parallel: true,
        after_results: contents
            .last()
            .is_some_and(|content| parts(content).iter().any(|part| response(part).is_some())),
        schema: schema(config),
        max_tokens: whole(field(config, "maxOutputTokens", "max_output_tokens")),
        reasoning_counts: true,
        stop: strings(field(config, "stopSequences", "stop_sequences")),
        choices: whole(field(config, "candidateCount", "candidate_count"))
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(1),
        thinking: budget(body, model),
    }
}

fn budget(body: &Value, model: &str) -> Option<u64> {
    let thinking = thinking(body);
    match field(thinking, "thinkingBudget", "thinking_budget").as_i64() {
        Some(0) => None,
        Some(budget) if budget > 0 => Some(budget.unsigned_abs().min(96)),
        Some(_) => Some(64),
        None if !field(thinking, "thinkingLevel", "thinking_level").is_null() => Some(64),
        None => model::thinks(model).then_some(48),
    }
}

fn tools(body: &Value) -> Vec<Tool> {
    let function = |declared: &Value| {
        let schema = field(declared, "parametersJsonSchema", "parameters_json_schema");
        let schema = if schema.is_null() { &declared["parameters"] } else { schema };
        Some(Tool { name: declared["name"].as_str()?.to_owned(), schema: schema.clone() })
    };
    let allowed = strings(field(calling(body), "allowedFunctionNames", "allowed_function_names"));
    let tools = declarations(body).filter_map(function);
    tools.filter(|tool| allowed.is_empty() || allowed.contains(&tool.name)).collect()
}

fn choice(body: &Value) -> Choice {
    match mode(body).as_str() {
        "NONE" => Choice::None,
        "ANY" => Choice::Any,
        _ => Choice::Auto,
    }
}

/// The mode of calling, which may be written in small letters, as recorded.
pub(super) fn mode(body: &Value) -> String {
    calling(body)["mode"].as_str().unwrap_or("AUTO").to_ascii_uppercase()
}

fn schema(config: &Value) -> Option<Value> {
    let json = field(config, "responseJsonSchema", "response_json_schema");
    let json = if json.is_null() { &config["_responseJsonSchema"] } else { json };
    let own = field(config, "responseSchema", "response_schema");
    match (json, own) {
        (Value::Null, Value::Null) => (field(config, "responseMimeType", "response_mime_type")
            == "application/json")
            .then(|| serde_json::json!({})),
        (Value::Null, own) => Some(own.clone()),
        (json, _) => Some(json.clone()),
    }
}

/// Counts the prompt in the order that the cache sees: tools, system, contents.
pub(super) fn prompt(body: &Value, model: &str) -> Prompt {
    let mut prompt = Prompt::default();
    for declared in declarations(body) {
        prompt.add(declared, json_tokens(declared), None);
    }
    let system = field(body, "systemInstruction", "system_instruction");
    for content in [system].into_iter().chain(contents(body)).filter(|content| content.is_object()) {
        let tokens = parts(content).iter().map(|part| part_tokens(part, model, &mut prompt)).sum();
        prompt.add(content, tokens, None);
    }
    prompt
}

fn part_tokens(part: &Value, model: &str, prompt: &mut Prompt) -> u64 {
    let blob = field(part, "inlineData", "inline_data");
    let file = field(part, "fileData", "file_data");
    let source = if blob.is_object() { blob } else { file };
    if source.is_object() {
        let len = source["data"].as_str().map_or(0, str::len);
        let kind = field(source, "mimeType", "mime_type").as_str().unwrap_or("");
        let (count, tokens) = match kind.split('/').next() {
            Some("image") => (&mut prompt.image, if model::generation(model) >= 30 { 1_120 } else { 258 }),
            Some("audio") => (&mut prompt.audio, audio_tokens(len, 32)),
            _ => (&mut prompt.document, document_tokens(len, 258)),
        };
        *count += tokens;
        return tokens;
    }
    let call = call(part).or_else(|| response(part)).map_or(0, json_tokens);
    part["text"].as_str().map_or(0, tokens_of) + call
}
