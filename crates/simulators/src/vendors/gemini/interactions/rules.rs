//! What is refused of a request for an interaction.
//!
//! Source: recorded refusals for the words about fields and types; the page on thought signatures for what must come back;
//! the pages on agents and background work for what these need (read 2026-11-23).

use serde_json::{Map, Value};

use super::{
    super::{super::signature, model, rules::conversation::PLACEHOLDERS},
    request::CONTENTS,
    steps::SEALED,
};
use crate::exchange::{Exchange, Refusal, require};

const FIELDS: [&str; 20] = [
    "model",
    "agent",
    "agent_config",
    "background",
    "cached_content",
    "continuation_token",
    "environment",
    "generation_config",
    "input",
    "labels",
    "previous_interaction_id",
    "response_format",
    "response_mime_type",
    "response_modalities",
    "safety_settings",
    "service_tier",
    "store",
    "stream",
    "system_instruction",
    "tools",
];

const CONFIG: [&str; 12] = [
    "image_config",
    "max_output_tokens",
    "seed",
    "speech_config",
    "stop_sequences",
    "temperature",
    "thinking_level",
    "thinking_summaries",
    "tool_choice",
    "top_p",
    "transcription_config",
    "video_config",
];

const FUNCTION: [&str; 6] =
    ["type", "name", "description", "parameters", "defer_loading", "short_description"];

const TOOLS: [&str; 10] = [
    "function",
    "code_execution",
    "computer_use",
    "file_search",
    "google_maps",
    "google_search",
    "mcp_server",
    "retrieval",
    "tool_search",
    "url_context",
];

/// Steps, and their fields beside `type`.
const STEPS: [(&str, &str, &[&str]); 5] = [
    ("user_input", "genai.UserInputStep", &["content"]),
    ("model_output", "genai.ModelOutputStep", &["content", "error"]),
    ("thought", "genai.ThoughtStep", &["signature", "summary"]),
    ("function_call", "genai.FunctionCallStep", &["arguments", "id", "name"]),
    ("function_result", "genai.FunctionResultStep", &["call_id", "result", "is_error", "name"]),
];

/// Steps of what the vendor runs itself: passed over.
const OTHER_STEPS: [&str; 18] = [
    "code_execution_call",
    "code_execution_result",
    "file_search_call",
    "file_search_result",
    "google_maps_call",
    "google_maps_result",
    "google_search_call",
    "google_search_result",
    "mcp_server_tool_call",
    "mcp_server_tool_result",
    "processing_call",
    "processing_result",
    "retrieval_call",
    "retrieval_result",
    "tool_search_call",
    "tool_search_result",
    "url_context_call",
    "url_context_result",
];

const AGENTS: [&str; 5] = [
    "deep-research-pro-preview-12-2025",
    "deep-research-preview-04-2026",
    "deep-research-max-preview-04-2026",
    "antigravity-preview-05-2026",
    "antigravity-preview-09-2026",
];

/// Checks everything but the conversation.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    known_fields(body, &FIELDS, "genai.Interaction")?;
    who(exchange)?;
    let nothing =
        ["input", "previous_interaction_id", "continuation_token"].iter().all(|name| body[*name].is_null());
    require(!nothing, || Refusal::bad("Missing key 'input' in the request."))?;
    require(body["background"] != true || body["store"] != false, || {
        Refusal::bad("background=true requires store=true.")
    })?;
    tools(&body["tools"])?;
    config(exchange.model, &body["generation_config"])
}

fn who(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    let (model, agent) = (body["model"].is_string(), body["agent"].is_string());
    require(model != agent, || Refusal::bad("Exactly one of model and agent must be set."))?;
    let name = exchange.model;
    if agent {
        require(AGENTS.contains(&name), || Refusal::not_found(format!("Agent {name} was not found.")))?;
        return require(body["background"] == true, || {
            Refusal::bad("Interactions with agents require background=true.")
        });
    }
    require(model::is_known(name) || name.starts_with("lyria-"), || {
        Refusal::not_found(format!("Model {name} was not found."))
    })
}

/// As recorded, but for the place in the text.
fn known_fields(value: &Value, known: &[&str], message: &str) -> Result<(), Refusal> {
    let mut names = value.as_object().into_iter().flat_map(Map::keys);
    let unknown = names.find(|name| !known.contains(&name.as_str()));
    require(unknown.is_none(), || {
        let name = unknown.map_or("", String::as_str);
        Refusal::bad(format!("invalid JSON in {message}, near 1:48 (offset 47): no such field: '{name}'"))
    })
}

fn tools(tools: &Value) -> Result<(), Refusal> {
    for (at, tool) in tools.as_array().into_iter().flatten().enumerate() {
        let Some(kind) = tool["type"].as_str() else {
            return Err(Refusal::bad("Missing key 'type' in input 'tools'."));
        };
        require(TOOLS.contains(&kind), || Refusal::bad(format!("Invalid tool type: {kind}")))?;
        if kind == "function" {
            let place = format!("genai.Interaction @ tools[{at}].function: message genai.Function");
            known_fields(tool, &FUNCTION, &place)?;
            require(tool["name"].is_string(), || Refusal::bad("Missing key 'name' in input 'tools'."))?;
        }
    }
    Ok(())
}

/// Here a level is taken by models of 2.5 as well, as recorded.
fn config(name: &str, config: &Value) -> Result<(), Refusal> {
    known_fields(config, &CONFIG, "genai.Interaction @ generation_config: message genai.GenerationConfig")?;
    let level = config["thinking_level"].as_str();
    let levels = ["minimal", "low", "medium", "high", "xhigh"];
    let refuses_minimal = model::generation(name) >= 38;
    let is_taken = |level: &str| levels.contains(&level) && !(level == "minimal" && refuses_minimal);
    require(level.is_none_or(is_taken), || {
        Refusal::bad(format!("Thinking level {} is not supported for this model.", level.unwrap_or("")))
    })?;
    let stops = config["stop_sequences"].as_array().map_or(0, Vec::len);
    require(stops <= 5, || Refusal::bad("stop_sequences must have at most 5 elements."))?;
    let temperature = config["temperature"].as_f64();
    require(temperature.is_none_or(|value| (0.0..=2.0).contains(&value)), || {
        Refusal::bad("temperature must be from 0 to 2.")
    })?;
    let choice = &config["tool_choice"];
    let mode = choice.as_str().or_else(|| choice["allowed_tools"]["mode"].as_str());
    require(mode.is_none_or(|mode| ["auto", "any", "none", "validated"].contains(&mode)), || {
        Refusal::bad(format!("Invalid tool choice: {}", mode.unwrap_or("")))
    })
}

/// The recorded words for what is not told more exactly.
fn invalid() -> Refusal {
    Refusal::bad("Request contains an invalid argument.")
}

/// Checks the steps: their fields, that calls and results belong together, and that thoughts come back as they went out.
pub(super) fn conversation(
    exchange: &Exchange<'_>,
    earlier: &[Value],
    input: &[Value],
) -> Result<(), Refusal> {
    for step in input {
        self::step(step)?;
        let seal = step["signature"].as_str().filter(|_| step["type"] == "thought");
        require(seal.is_none_or(|seal| is_own(exchange.seed, seal)), invalid)?;
    }
    let steps: Vec<&Value> = earlier.iter().chain(input).collect();
    results_have_calls(&steps)?;
    calls_follow_thoughts(exchange, &steps, earlier.len())
}

/// Bytes in JSON may be written in either alphabet of base64. What is documented for histories that another model began is
/// taken as well: on a thought, since calls have no signature here.
fn is_own(seed: u64, seal: &str) -> bool {
    if PLACEHOLDERS.contains(&seal) {
        return true;
    }
    signature::is_own(seed, SEALED, &seal.replace('-', "+").replace('_', "/"))
}

fn step(step: &Value) -> Result<(), Refusal> {
    let kind = step["type"].as_str().unwrap_or("");
    let Some((_, message, fields)) = STEPS.iter().find(|(known, ..)| *known == kind) else {
        return require(OTHER_STEPS.contains(&kind), || {
            Refusal::bad(format!("Invalid content type: {kind}"))
        });
    };
    let known: Vec<&str> = fields.iter().copied().chain(["type"]).collect();
    known_fields(step, &known, message)?;
    let missing = |name: &str| Refusal::bad(format!("Missing key '{name}' in input '{kind}'."));
    match kind {
        "user_input" | "model_output" => {
            for content in step["content"].as_array().into_iter().flatten() {
                let kind = content["type"].as_str().unwrap_or("");
                require(CONTENTS.contains(&kind), || Refusal::bad(format!("Invalid content type: {kind}")))?;
            }
            Ok(())
        }
        "function_call" => {
            for name in ["id", "name"] {
                require(step[name].is_string(), || missing(name))?;
            }
            require(step["arguments"].is_object(), || missing("arguments"))
        }
        "function_result" => {
            require(step["call_id"].is_string(), || missing("call_id"))?;
            require(!step["result"].is_null(), || missing("result"))
        }
        _ => Ok(()),
    }
}

/// Each result has its call before it, and before the model goes on each call has its result.
fn results_have_calls(steps: &[&Value]) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    for step in steps {
        match step["type"].as_str() {
            Some("function_call") => open.push(step["id"].as_str().unwrap_or("")),
            Some("function_result") => {
                let place = open.iter().position(|id| step["call_id"] == *id).ok_or_else(invalid)?;
                open.remove(place);
            }
            Some("user_input" | "model_output" | "thought") => require(open.is_empty(), invalid)?,
            _ => {}
        }
    }
    require(open.is_empty(), invalid)
}

/// On models of 3 and 4, each step of calls in the current turn has its thought with its signature.
///
/// What is kept by the vendor is not asked for.
fn calls_follow_thoughts(exchange: &Exchange<'_>, steps: &[&Value], kept: usize) -> Result<(), Refusal> {
    if !model::needs_signatures(exchange.model) {
        return Ok(());
    }
    let turn = steps.iter().rposition(|step| step["type"] == "user_input").unwrap_or(0);
    let mut is_sealed = false;
    for (at, step) in steps.iter().enumerate().skip(turn) {
        match step["type"].as_str() {
            Some("thought") => is_sealed = step["signature"].is_string(),
            Some("function_result" | "user_input") => is_sealed = false,
            Some("function_call") => require(is_sealed || at < kept, invalid)?,
            _ => {}
        }
    }
    Ok(())
}
