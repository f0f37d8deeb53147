//! What is refused of a request for a response, apart from its items.
//!
//! Source: the OpenAPI document, the price map's flags, recorded refusals, and errors that callers report (read 2026-11-23).
//! How strict xAI is, is not known: of OpenAI's rules it has those on models and efforts.

use serde_json::{Map, Value};

use super::{
    super::openai::{model::Model, strict},
    Dialect, request,
};
use crate::exchange::{Exchange, Refusal, require};

const FIELDS: [&str; 34] = [
    "access_programs",
    "background",
    "background_options",
    "context_management",
    "conversation",
    "image",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// Parameters of Chat Completions that have another place here.
const MOVED: [(&str, &str); 4] = [
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
];

const INCLUDES: [&str; 8] = [
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];

const TOOLS: [&str; 18] = [
    "function",
    "file_search",
    "computer",
    "computer_use_preview",
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "mcp",
    "code_interpreter",
    "programmatic_tool_calling",
    "image_generation",
    "local_shell",
    "shell",
    "custom",
    "namespace",
    "tool_search",
    "apply_patch",
];

/// Checks the request in the order that a caller would meet the refusals.
pub(super) fn check(exchange: &Exchange<'_>, dialect: Dialect) -> Result<(), Refusal> {
    let body = exchange.body;
    check_model(exchange, dialect)?;
    if dialect == Dialect::Xai {
        return xai_reasoning(exchange);
    }
    fields(body)?;
    state(body)?;
    tools(body)?;
    format(body)?;
    sampling(Model(exchange.model), body)?;
    reasoning(Model(exchange.model), body)?;
    limits(body)
}

/// Checks what a count and a response have in common.
pub(super) fn check_model(exchange: &Exchange<'_>, dialect: Dialect) -> Result<(), Refusal> {
    let name = exchange.model;
    // A prompt that is kept names its model. There is no door by which one could be made.
    let prompt = exchange.body["prompt"]["id"].as_str();
    require(prompt.is_none(), || {
        Refusal::not_found(format!("Prompt with id '{}' not found.", prompt.unwrap_or(""))).param("prompt.id")
    })?;
    require(!name.is_empty(), || missing("model"))?;
    match dialect {
        // A recorded refusal: a 400, where Chat Completions has a 404.
        Dialect::OpenAi => require(Model(name).is_known(), || {
            Refusal::bad(format!("The requested model '{name}' does not exist."))
                .param("model")
                .code("model_not_found")
        }),
        Dialect::Xai => require(name.starts_with("grok-"), || super::super::xai::no_such_model(name)),
    }
}

fn missing(param: &str) -> Refusal {
    Refusal::bad(format!("Missing required parameter: '{param}'."))
        .param(param)
        .code("missing_required_parameter")
}

fn unsupported(param: &str, value: &str, known: &[&str]) -> Refusal {
    Refusal::bad(format!("Invalid value: '{value}'. Supported values are: '{}'.", known.join("', '")))
        .param(param)
        .code("invalid_value")
}

fn fields(body: &Value) -> Result<(), Refusal> {
    for name in body.as_object().into_iter().flat_map(Map::keys).map(String::as_str) {
        if let Some((_, place)) = MOVED.iter().find(|(moved, _)| *moved == name) {
            return Err(Refusal::bad(format!(
                "Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{place}'. \
                 Try again with the new parameter."
            ))
            .param(name)
            .code("unsupported_parameter"));
        }
        require(FIELDS.contains(&name), || {
            Refusal::bad(format!("Unknown parameter: '{name}'.")).param(name).code("unknown_parameter")
        })?;
    }
    Ok(())
}

fn state(body: &Value) -> Result<(), Refusal> {
    let is_given = |name: &str| !body[name].is_null();
    require(
        ["input", "previous_response_id", "prompt", "conversation"].iter().any(|name| is_given(name)),
        || missing("input"),
    )?;
    require(!(is_given("conversation") && is_given("previous_response_id")), || {
        Refusal::bad("Mutually exclusive parameters: 'conversation' and 'previous_response_id'.")
            .param("previous_response_id")
            .code("mutually_exclusive_parameters")
    })?;
    // There is no door by which one could be made.
    let conversation = body["conversation"].as_str().or_else(|| body["conversation"]["id"].as_str());
    require(conversation.is_none(), || {
        Refusal::not_found(format!("Conversation with id '{}' not found.", conversation.unwrap_or("")))
    })
}

fn tools(body: &Value) -> Result<(), Refusal> {
    let tools = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, tool) in tools.iter().enumerate() {
        let place = format!("tools[{at}]");
        let kind = tool["type"].as_str().unwrap_or("");
        require(TOOLS.contains(&kind), || unsupported(&format!("{place}.type"), kind, &TOOLS))?;
        if kind == "function" {
            function(tool, &place)?;
        }
    }
    let choice = &body["tool_choice"];
    let is_named = choice["type"] == "function" || choice["type"] == "custom";
    let forced = choice == "required" || is_named;
    require(!forced || !tools.is_empty(), || {
        Refusal::bad("Tool choice 'required' must be specified with 'tools' parameter.").param("tool_choice")
    })?;
    let named = choice["name"].as_str().filter(|_| is_named);
    let exists = |named: &str| tools.iter().any(|tool| tool["name"] == named);
    require(named.is_none_or(exists), || {
        Refusal::bad(format!("Tool choice '{}' not found in 'tools' parameter.", named.unwrap_or("")))
            .param("tool_choice")
    })
}

/// A function is flat here; one that is nested as in Chat Completions has no name.
fn function(tool: &Value, place: &str) -> Result<(), Refusal> {
    let name = tool["name"].as_str().ok_or_else(|| missing(&format!("{place}.name")))?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    require(!name.is_empty() && name.len() <= 64 && name.chars().all(allowed), || {
        Refusal::bad(format!("Invalid '{place}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."))
            .param(format!("{place}.name"))
            .code("invalid_value")
    })?;
    let fault = if tool["strict"] == true { strict::fault(&tool["parameters"]) } else { None };
    require(fault.is_none(), || {
        Refusal::bad(format!("Invalid schema for function '{name}': {}", fault.as_deref().unwrap_or("")))
            .param(format!("{place}.parameters"))
            .code("invalid_function_parameters")
    })
}

fn format(body: &Value) -> Result<(), Refusal> {
    let format = &body["text"]["format"];
    match format["type"].as_str() {
        None if format.is_null() => Ok(()),
        Some("text") => Ok(()),
        Some("json_object") => {
            let read = format!("{}{}", body["input"], body["instructions"]).to_lowercase();
            require(read.contains("json"), || {
                Refusal::bad("Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.")
                    .param("input")
            })
        }
        Some("json_schema") => {
            let name = format["name"].as_str().ok_or_else(|| missing("text.format.name"))?;
            require(format["schema"].is_object(), || missing("text.format.schema"))?;
            let fault = if format["strict"] == true { strict::fault(&format["schema"]) } else { None };
            require(fault.is_none(), || {
                Refusal::bad(format!(
                    "Invalid schema for response_format '{name}': {}",
                    fault.as_deref().unwrap_or("")
                ))
                .param("text.format.schema")
                .code("invalid_json_schema")
            })
        }
        other => {
            Err(unsupported("text.format.type", other.unwrap_or(""), &["json_object", "json_schema", "text"]))
        }
    }
}

/// Source for the second half: the guide to the latest models, as third parties quote it.
fn sampling(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    let effort = model.effort(body["reasoning"]["effort"].as_str());
    for (name, most) in [("temperature", 2.0), ("top_p", 1.0)] {
        let Some(value) = body[name].as_f64() else { continue };
        let refuse = |code, word: &str, bound: f64| {
            Refusal::bad(format!("Invalid '{name}': decimal {word} value. Expected a value {} {bound}, but got {value} instead.", if bound == 0.0 { ">=" } else { "<=" }))
                .param(name)
                .code(code)
        };
        require(value >= 0.0, || refuse("decimal_below_min_value", "below minimum", 0.0))?;
        require(value <= most, || refuse("decimal_above_max_value", "above maximum", most))?;
        require(effort == "none" || value == 1.0, || {
            Refusal::bad(format!("Unsupported parameter: '{name}' is not supported with this model."))
                .param(name)
        })?;
    }
    Ok(())
}

fn reasoning(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    let asked = &body["reasoning"];
    let param = if asked["effort"].is_string() { "reasoning.effort" } else { "reasoning.summary" };
    let asks = asked["effort"].is_string() || asked["summary"].is_string();
    require(!asks || model.reasons(), || {
        Refusal::bad(format!("Unsupported parameter: '{param}' is not supported with this model."))
            .param(param)
            .code("unsupported_parameter")
    })?;
    let effort = asked["effort"].as_str();
    require(effort.is_none_or(|effort| model.efforts().contains(&effort)), || {
        Refusal::bad(format!(
            "Unsupported value: '{}' is not supported with the '{}' model. Supported values are: '{}'.",
            effort.unwrap_or(""),
            model.0,
            model.efforts().join("', '")
        ))
        .param("reasoning.effort")
        .code("unsupported_value")
    })?;
    let summaries = ["auto", "concise", "detailed"];
    let summary = asked["summary"].as_str();
    require(summary.is_none_or(|summary| summaries.contains(&summary)), || {
        unsupported("reasoning.summary", summary.unwrap_or(""), &summaries)
    })
}

fn limits(body: &Value) -> Result<(), Refusal> {
    let most = body["max_output_tokens"].as_i64();
    require(most.is_none_or(|most| most >= 16), || {
        Refusal::bad(format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {} instead.",
            most.unwrap_or(0)
        ))
        .param("max_output_tokens")
        .code("integer_below_min_value")
    })?;
    for (at, name) in body["include"].as_array().into_iter().flatten().enumerate() {
        let name = name.as_str().unwrap_or("");
        require(INCLUDES.contains(&name), || unsupported(&format!("include[{at}]"), name, &INCLUDES))?;
    }
    let pairs = body["metadata"].as_object().map_or(0, Map::len);
    require(pairs <= 16, || {
        Refusal::bad(format!(
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with {pairs} properties instead."
        ))
        .param("metadata")
        .code("object_above_max_properties")
    })?;
    let others = body["top_logprobs"].as_u64().unwrap_or(0);
    require(others <= 20, || {
        Refusal::bad("Invalid 'top_logprobs': integer above maximum value. Expected a value <= 20.")
            .param("top_logprobs")
            .code("integer_above_max_value")
    })
}

/// OpenAI's words are recorded.
pub(super) fn window(exchange: &Exchange<'_>, dialect: Dialect, context: &[Value]) -> Result<(), Refusal> {
    let window = match dialect {
        Dialect::OpenAi => Model(exchange.model).window(),
        Dialect::Xai => super::super::xai::window(exchange.model),
    };
    // What is kept counts as well.
    let tokens = || request::prompt(exchange.body, context).total();
    let tokens = if context.len() > 1 { Some(tokens()) } else { exchange.too_many(window, tokens) };
    let tokens = tokens.filter(|tokens| *tokens > window);
    require(tokens.is_none(), || match dialect {
        Dialect::OpenAi => Refusal::bad(
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
        )
        .param("input")
        .code("context_length_exceeded"),
        Dialect::Xai => super::super::xai::too_long(window, tokens.unwrap_or(0)),
    })
}

/// Source: the page on reasoning; a wrong effort is a 400.
fn xai_reasoning(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let effort = exchange.body["reasoning"]["effort"].as_str();
    require(effort.is_none_or(|effort| super::super::xai::takes_effort(exchange.model, effort)), || {
        Refusal::bad(format!(
            "Model {} does not support reasoning effort {}.",
            exchange.model,
            effort.unwrap_or("")
        ))
    })
}
