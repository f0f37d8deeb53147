//! What Anthropic refuses, apart from the order of messages.

mod conversation;

use std::collections::HashSet;

use serde_json::Value;

use super::{
    model::{self, Model},
    request,
};
use crate::{
    exchange::{Exchange, Refusal, require},
    prompt::Ttl,
};

const FIELDS: [&str; 24] = [
    "max_tokens",
    "messages",
    "model",
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "metadata",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
];

/// Checks a request for a message.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    check_count(exchange)?;
    let model = Model::named(exchange.model);
    let Some(max_tokens) = body["max_tokens"].as_u64() else {
        return Err(Refusal::bad(if body["max_tokens"].is_null() {
            "max_tokens: Field required"
        } else {
            "max_tokens: Input should be a valid integer, greater than or equal to 0"
        }));
    };
    let most = model.max_output();
    require(max_tokens <= most, || {
        Refusal::bad(format!(
            "max_tokens: {max_tokens} > {most}, which is the maximum allowed number of output tokens for {}",
            exchange.model
        ))
    })?;
    let window = model.window();
    let tokens = exchange.too_many(window, || request::prompt(body).total());
    require(tokens.is_none(), || {
        Refusal::bad(format!("prompt is too long: {} tokens > {window} maximum", tokens.unwrap_or(0)))
    })?;
    sampling(model, body)?;
    thinking(model, body, max_tokens)?;
    for (at, stop) in request_strings(&body["stop_sequences"]).iter().enumerate() {
        require(!stop.trim().is_empty(), || {
            Refusal::bad(format!("stop_sequences.{at}: each stop sequence must contain non-whitespace"))
        })?;
    }
    output_format(body)
}

/// Checks what a count and a message have in common.
pub(super) fn check_count(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let body = exchange.body;
    for name in body.as_object().into_iter().flat_map(serde_json::Map::keys) {
        require(FIELDS.contains(&name.as_str()), || {
            Refusal::bad(format!("{name}: Extra inputs are not permitted"))
        })?;
    }
    require(!exchange.model.is_empty(), || Refusal::bad("model: Field required"))?;
    require(model::is_known(exchange.model), || Refusal::not_found(format!("model: {}", exchange.model)))?;
    let model = Model::named(exchange.model);
    conversation::check(exchange, model)?;
    tools(model, body)?;
    cache_marks(body)
}

fn request_strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn sampling(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    for name in ["temperature", "top_p"] {
        let Some(value) = body[name].as_f64() else { continue };
        require((0.0..=1.0).contains(&value), || Refusal::bad(format!("{name}: range: 0..1")))?;
        require(model.takes_sampling() || value == 1.0, || {
            Refusal::bad(format!("`{name}` is not supported for this model: remove it or use the default"))
        })?;
    }
    require(body["top_k"].is_null() || model.takes_sampling(), || {
        Refusal::bad("`top_k` is not supported for this model: remove it")
    })?;
    let both =
        body["temperature"].is_number() && body["top_p"].is_number() && model.takes_one_sampling_only();
    require(!both || !model.takes_sampling(), || {
        Refusal::bad(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        )
    })
}

fn thinking(model: Model<'_>, body: &Value, max_tokens: u64) -> Result<(), Refusal> {
    let thinking = &body["thinking"];
    let on = match thinking["type"].as_str() {
        None => return require(thinking.is_null(), || Refusal::bad("thinking.type: Field required")),
        Some("enabled") => {
            require(model.takes_budget(), || {
                Refusal::bad(
                    "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
                )
            })?;
            let Some(budget) = thinking["budget_tokens"].as_u64() else {
                return Err(Refusal::bad("thinking.enabled.budget_tokens: Field required"));
            };
            require(budget >= 1_024, || {
                Refusal::bad("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
            })?;
            require(budget < max_tokens, || {
                Refusal::bad("`max_tokens` must be greater than `thinking.budget_tokens`.")
            })?;
            true
        }
        Some("adaptive" | "between_tools") => {
            require(model.thinks_adaptively(), || {
                Refusal::bad("adaptive thinking is not supported on this model")
            })?;
            require(thinking["budget_tokens"].is_null(), || {
                Refusal::bad("thinking.adaptive.budget_tokens: Extra inputs are not permitted")
            })?;
            true
        }
        Some("disabled") => {
            require(!model.thinks_always(), || {
                Refusal::bad("thinking.type: \"disabled\" is not supported for this model")
            })?;
            let effort = body["output_config"]["effort"].as_str().unwrap_or("high");
            require(
                !model.needs_low_effort_to_stop_thinking() || !matches!(effort, "xhigh" | "max"),
                || {
                    Refusal::bad(
                        "thinking.type: \"disabled\" is only supported at effort high or below for this model",
                    )
                },
            )?;
            false
        }
        Some(other) => {
            return Err(Refusal::bad(format!(
                "thinking: Input tag '{other}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'"
            )));
        }
    };
    let temperature = body["temperature"].as_f64().unwrap_or(1.0);
    require(!on || temperature == 1.0, || {
        Refusal::bad("`temperature` may only be set to 1 when thinking is enabled.")
    })?;
    require(!on || body["top_k"].is_null(), || {
        Refusal::bad("`top_k` must be unset when thinking is enabled.")
    })?;
    let forced = matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool"));
    require(!on || !forced, || Refusal::bad("Thinking may not be enabled when tool_choice forces tool use."))
}

fn tools(model: Model<'_>, body: &Value) -> Result<(), Refusal> {
    let tools = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    let mut names = HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        let name = tool["name"].as_str().unwrap_or("");
        let is_own = matches!(tool["type"].as_str(), None | Some("custom"));
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let well_named = !name.is_empty() && name.len() <= 128 && name.chars().all(allowed);
        require(!is_own || well_named, || {
            Refusal::bad(format!(
                "tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            ))
        })?;
        require(!is_own || tool["input_schema"].is_object(), || {
            Refusal::bad(format!("tools.{at}.custom.input_schema: Field required"))
        })?;
        require(!is_own || tool["input_schema"]["type"] == "object", || {
            Refusal::bad(format!("tools.{at}.custom.input_schema.type: Input should be 'object'"))
        })?;
        require(name.is_empty() || names.insert(name), || Refusal::bad("tools: Tool names must be unique."))?;
    }
    let choice = &body["tool_choice"];
    if choice.is_null() {
        return Ok(());
    }
    let kind = choice["type"].as_str().unwrap_or("");
    require(["auto", "any", "tool", "none"].contains(&kind), || {
        Refusal::bad(format!(
            "tool_choice: Input tag '{kind}' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'"
        ))
    })?;
    require(!tools.is_empty() || kind == "none", || {
        Refusal::bad("tool_choice: tool_choice may only be specified while providing tools")
    })?;
    require(!matches!(kind, "any" | "tool") || model.takes_forced_choice(), || {
        Refusal::bad(format!(
            "tool_choice.type: \"{kind}\" is not supported for this model. Use \"auto\" or \"none\"."
        ))
    })?;
    let named = choice["name"].as_str().unwrap_or("");
    require(kind != "tool" || names.contains(named), || {
        Refusal::bad(format!("Tool '{named}' not found in provided tools"))
    })
}

fn cache_marks(body: &Value) -> Result<(), Refusal> {
    let prompt = request::prompt(body);
    let marks: Vec<Ttl> = prompt.marks().collect();
    require(marks.len() <= 4, || {
        Refusal::bad(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {}.",
            marks.len()
        ))
    })?;
    let out_of_order = marks.windows(2).any(|pair| pair == [Ttl::FiveMinutes, Ttl::OneHour]);
    require(!out_of_order, || {
        Refusal::bad("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
    })
}

fn output_format(body: &Value) -> Result<(), Refusal> {
    let format = &body["output_config"]["format"];
    require(format.is_null() || format["type"] == "json_schema", || {
        Refusal::bad("output_config.format.type: Input should be 'json_schema'")
    })?;
    let open = format["schema"]["type"] == "object"
        && format["schema"]["additionalProperties"] != Value::Bool(false);
    require(!open, || {
        Refusal::bad(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        )
    })?;
    let effort = body["output_config"]["effort"].as_str();
    require(effort.is_none_or(|effort| ["low", "medium", "high", "xhigh", "max"].contains(&effort)), || {
        Refusal::bad("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    })
}
