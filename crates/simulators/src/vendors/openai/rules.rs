//! What OpenAI refuses.

use http::StatusCode;
use serde_json::Value;

use super::{model::Model, no_such_model, request, strict};
use crate::exchange::{Exchange, Refusal, require};

/// Checks a chat request in the order that a caller would meet the refusals.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    require(!exchange.model.is_empty(), || Refusal::bad("you must provide a model parameter"))?;
    let model = Model(exchange.model);
    require(model.is_known(), || Refusal::not_found(no_such_model(exchange.model)).code("model_not_found"))?;
    require(!model.is_responses_only(), || {
        Refusal {
        status: StatusCode::NOT_FOUND,
        ..Refusal::bad("This is not a chat model and thus not supported in the v1/chat/completions endpoint. Use v1/responses.")
            .param("model")
    }
    })?;
    messages(body)?;
    ids(body)?;
    abilities(model, body)?;
    sampling(model, body)?;
    limits(model, body)?;
    tools(model, body)?;
    format(body)?;
    window(exchange, model)?;
    let stream_options = body["stream_options"].is_object() && body["stream"] != Value::Bool(true);
    require(!stream_options, || {
        Refusal::bad("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
            .param("stream_options")
    })
}

/// Roles, contents, and that every call has its result right behind it. xAI checks the same.
pub(crate) fn messages(body: &Value) -> Result<(), Refusal> {
    let Some(messages) = body["messages"].as_array() else {
        return Err(Refusal::bad("Missing required parameter: 'messages'.")
            .param("messages")
            .code("missing_required_parameter"));
    };
    require(!messages.is_empty(), || {
        Refusal::bad("Invalid 'messages': empty array. Expected an array with minimum length 1.")
            .param("messages")
            .code("empty_array")
    })?;
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or("");
        let known = ["system", "developer", "user", "assistant", "tool", "function"].contains(&role);
        require(known, || {
            Refusal::bad(format!("Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."))
                .param(format!("messages[{at}].role"))
                .code("invalid_value")
        })?;
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or("");
            let place = open.iter().position(|open| *open == id);
            let Some(place) = place else {
                return Err(Refusal::bad("Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
                    .param(format!("messages.[{at}].role")));
            };
            open.swap_remove(place);
            continue;
        }
        require(open.is_empty(), || unanswered(&open, at))?;
        open = message["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|call| call["id"].as_str())
            .collect();
        content(message, role, at)?;
    }
    require(open.is_empty(), || unanswered(&open, messages.len()))
}

/// What only some models can, each in recorded words.
fn abilities(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    for (at, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        let mut parts = message["content"].as_array().into_iter().flatten();
        require(model.takes_audio() || !parts.any(|part| part["type"] == "input_audio"), || {
            Refusal::bad(format!(
                "Invalid 'messages[{at}]'. Content blocks are expected to be either text or image_url type."
            ))
            .param(format!("messages[{at}]"))
            .code("invalid_value")
        })?;
    }
    require(body["web_search_options"].is_null() || model.0.contains("search"), || {
        Refusal::bad("Web search options not supported with this model.").param("web_search_options")
    })?;
    require(body["service_tier"] != "flex" || model.has_flex(), || {
        Refusal::bad("Invalid service_tier argument")
    })
}

fn window(exchange: &Exchange<'_>, model: Model<'_>) -> Result<(), Refusal> {
    let window = model.window();
    let tokens = exchange.too_many(window, || request::prompt(exchange.body).total());
    require(tokens.is_none(), || {
        Refusal::bad(format!(
            "This model's maximum context length is {window} tokens. However, your messages resulted in {} tokens. Please reduce the length of the messages.",
            tokens.unwrap_or(0)
        ))
        .param("messages")
        .code("context_length_exceeded")
    })
}

/// The longest id of a call. It was 40 once, and is 64 as of jin-bo/agentao#321 and vercel/ai#17233.
const LONGEST_ID: usize = 64;

fn ids(body: &Value) -> Result<(), Refusal> {
    for (at, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        let calls = message["tool_calls"].as_array().into_iter().flatten().enumerate();
        let calls = calls.map(|(nth, call)| (format!("messages[{at}].tool_calls[{nth}].id"), &call["id"]));
        let result = Some((format!("messages[{at}].tool_call_id"), &message["tool_call_id"]));
        for (param, id) in calls.chain(result) {
            let len = id.as_str().map_or(0, str::len);
            require(len <= LONGEST_ID, || {
                Refusal::bad(format!(
                    "Invalid '{param}': string too long. Expected a string with maximum length {LONGEST_ID}, but got a string with length {len} instead."
                ))
                .param(param)
                .code("string_above_max_length")
            })?;
        }
    }
    Ok(())
}

fn unanswered(open: &[&str], at: usize) -> Refusal {
    let ids = open.join(", ");
    Refusal::bad(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         The following tool_call_ids did not have response messages: {ids}"
    ))
    .param(format!("messages.[{at}].role"))
}

fn content(message: &Value, role: &str, at: usize) -> Result<(), Refusal> {
    let has_calls = message["tool_calls"].is_array() || message["function_call"].is_object();
    let missing = message["content"].is_null() && !has_calls && message["refusal"].is_null();
    require(!missing, || {
        Refusal::bad(format!("Invalid value for 'content': expected a string, got null. (messages[{at}])"))
            .param(format!("messages.[{at}].content"))
    })?;
    let readable = matches!(message["content"], Value::Null | Value::String(_) | Value::Array(_));
    require(readable, || {
        Refusal::bad(format!(
            "Invalid type for 'messages[{at}].content': expected one of a string or array of objects."
        ))
        .param(format!("messages[{at}].content"))
        .code("invalid_type")
    })?;
    for (index, part) in message["content"].as_array().into_iter().flatten().enumerate() {
        let kind = part["type"].as_str().unwrap_or("");
        let known: &[&str] = match role {
            "user" => &["text", "image_url", "input_audio", "file"],
            "assistant" => &["text", "refusal"],
            _ => &["text"],
        };
        let param = format!("messages[{at}].content[{index}]");
        require(known.contains(&kind), || {
            Refusal::bad(format!("Invalid value: '{kind}'. Supported values are: '{}'.", known.join("', '")))
                .param(format!("{param}.type"))
                .code("invalid_value")
        })?;
        let url = part["image_url"]["url"].as_str().unwrap_or("");
        let readable = ["data:image/", "http://", "https://"].iter().any(|start| url.starts_with(start));
        require(kind != "image_url" || readable, || {
            Refusal::bad("Invalid image URL: expected a base64-encoded data URL with an image MIME type, or an http(s) URL.")
                .param(format!("{param}.image_url.url"))
                .code("invalid_image_url")
        })?;
    }
    Ok(())
}

fn sampling(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    let given = body["reasoning_effort"].as_str();
    let effort = model.effort(given);
    for (name, low, high) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        let Some(value) = body[name].as_f64() else { continue };
        require(value >= low, || {
            out_of_range(
                name,
                "decimal_below_min_value",
                &format!("Expected a value >= {low}, but got {value} instead."),
            )
        })?;
        require(value <= high, || {
            out_of_range(
                name,
                "decimal_above_max_value",
                &format!("Expected a value <= {high}, but got {value} instead."),
            )
        })?;
        let neutral = if name.ends_with("penalty") { 0.0 } else { 1.0 };
        require(effort == "none" || value == neutral, || {
            Refusal::bad(format!("Unsupported value: '{name}' does not support {value} with this model. Only the default ({neutral}) value is supported."))
                .param(name)
                .code("unsupported_value")
        })?;
    }
    require(given.is_none() || model.reasons(), || {
        Refusal::bad("Unrecognized request argument supplied: reasoning_effort")
    })?;
    require(given.is_none_or(|given| model.efforts().contains(&given)), || {
        Refusal::bad(format!(
            "Unsupported value: 'reasoning_effort' does not support '{effort}' with this model."
        ))
        .param("reasoning_effort")
        .code("unsupported_value")
    })
}

fn out_of_range(name: &str, code: &'static str, what: &str) -> Refusal {
    Refusal::bad(format!("Invalid '{name}': {what}")).param(name).code(code)
}

fn limits(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    require(body["max_tokens"].is_null() || !model.reasons(), || {
        Refusal::bad("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
            .param("max_tokens")
            .code("unsupported_parameter")
    })?;
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        let low = body[name].as_i64().filter(|value| *value < 1);
        require(low.is_none(), || out_of_range(name, "integer_below_min_value", "Expected a value >= 1."))?;
    }
    require(body["n"].as_u64().is_none_or(|n| n <= 128), || {
        out_of_range("n", "integer_above_max_value", "Expected a value <= 128.")
    })?;
    require(body["stop"].as_array().is_none_or(|stop| stop.len() <= 4), || {
        Refusal::bad("Invalid 'stop': array too long. Expected an array with maximum length 4.")
            .param("stop")
            .code("array_above_max_length")
    })?;
    require(body["stop"].is_null() || !model.refuses_stop(), || {
        Refusal::bad("Unsupported parameter: 'stop' is not supported with this model.")
            .param("stop")
            .code("unsupported_parameter")
    })
}

fn tools(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    let Some(tools) = body["tools"].as_array() else {
        for name in ["tool_choice", "parallel_tool_calls"] {
            let harmless = body[name].is_null() || (name == "tool_choice" && body[name] == "none");
            require(harmless, || {
                Refusal::bad(format!(
                    "Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
                ))
                .param(name)
            })?;
        }
        return Ok(());
    };
    require(!tools.is_empty(), || {
        Refusal::bad("Invalid 'tools': empty array. Expected an array with minimum length 1.")
            .param("tools")
            .code("empty_array")
    })?;
    for (at, tool) in tools.iter().enumerate() {
        let name = tool["function"]["name"].as_str().unwrap_or("");
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        require(
            tool["type"] == "custom" || (!name.is_empty() && name.len() <= 64 && name.chars().all(allowed)),
            || {
                Refusal::bad(format!("Invalid 'tools[{at}].function.name': expected a string that matches '^[a-zA-Z0-9_-]+$' of at most 64 characters."))
                .param(format!("tools[{at}].function.name"))
                .code("invalid_value")
            },
        )?;
        let is_strict = tool["function"]["strict"] == true;
        let fault = if is_strict { strict::fault(&tool["function"]["parameters"]) } else { None };
        require(fault.is_none(), || {
            Refusal::bad(format!("Invalid schema for function '{name}': {}", fault.as_deref().unwrap_or("")))
                .param(format!("tools[{at}].function.parameters"))
                .code("invalid_function_parameters")
        })?;
    }
    let named = body["tool_choice"]["function"]["name"].as_str();
    require(named.is_none_or(|named| tools.iter().any(|tool| tool["function"]["name"] == named)), || {
        Refusal::bad(format!(
            "Tool choice 'function' not found in 'tools' parameter: {}",
            named.unwrap_or("")
        ))
        .param("tool_choice")
    })?;
    let given = body["reasoning_effort"].as_str().unwrap_or("none");
    let reasoning = !model.efforts().contains(&"none") || given != "none";
    require(!(model.refuses_tools_while_reasoning() && reasoning), || {
        Refusal::bad(format!("Function tools with reasoning_effort are not supported for {} in /v1/chat/completions. Use /v1/responses, or set reasoning_effort to 'none'.", model.0))
            .param("reasoning_effort")
    })
}

fn format(body: &Value) -> Result<(), Refusal> {
    let format = &body["response_format"];
    match format["type"].as_str() {
        None if format.is_null() => Ok(()),
        Some("text") => Ok(()),
        Some("json_object") => {
            let says_json = body["messages"].to_string().to_lowercase().contains("json");
            require(says_json, || {
                Refusal::bad("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.").param("messages")
            })
        }
        Some("json_schema") => json_schema(&format["json_schema"]),
        _ => Err(Refusal::bad("Invalid value for 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.")
            .param("response_format.type")
            .code("invalid_value")),
    }
}

fn json_schema(wrapped: &Value) -> Result<(), Refusal> {
    let Some(name) = wrapped["name"].as_str() else {
        return Err(Refusal::bad("Missing required parameter: 'response_format.json_schema.name'.")
            .param("response_format.json_schema.name")
            .code("missing_required_parameter"));
    };
    let fault = if wrapped["strict"] == true { strict::fault(&wrapped["schema"]) } else { None };
    require(fault.is_none(), || {
        Refusal::bad(format!(
            "Invalid schema for response_format '{name}': {}",
            fault.as_deref().unwrap_or("")
        ))
        .param("response_format")
    })
}
