//! A client's request, read into canonical terms.

use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest, Extra, Format, ModelName, RequestError,
    message::Opaque,
    request::{
        AudioOutput, CustomTool, FunctionTool, JsonSchema, Logprobs, Modality, ReasoningEffort, ReasoningMode,
        ReasoningSettings, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
};

use super::message_decoder::decode_messages;
use crate::fields::Fields;

/// Reads a body.
pub(crate) fn decode_request(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let value = serde_json::from_slice(body)
        .map_err(|error| RequestError::invalid(format!("the body is not valid JSON: {error}")))?;
    let mut fields = Fields::new(value, "")?;
    let model = ModelName::new(fields.required_text("model")?);
    let messages = fields.list("messages")?.ok_or_else(|| fields.wrong("messages", "an array"))?;
    let mut request = ChatRequest::new(model, decode_messages(messages)?);
    request.tools = tools(&mut fields)?;
    request.tool_choice = tool_choice(&mut fields)?;
    request.parallel_tool_calls = fields.flag("parallel_tool_calls")?;
    request.response_format = response_format(&mut fields)?;
    request.reasoning = reasoning(&mut fields)?;
    request.sampling.temperature = fields.number("temperature")?;
    request.sampling.top_p = fields.number("top_p")?;
    request.sampling.top_k = fields.count("top_k")?;
    request.sampling.presence_penalty = fields.number("presence_penalty")?;
    request.sampling.frequency_penalty = fields.number("frequency_penalty")?;
    request.sampling.seed = fields.integer("seed")?;
    request.sampling.logit_bias = fields.object("logit_bias")?.map(Fields::rest).unwrap_or_default();
    let older = fields.count("max_tokens")?;
    request.max_output_tokens = fields.count("max_completion_tokens")?.or(older);
    request.stop = stop(&mut fields)?;
    request.choices = choices(&mut fields)?;
    request.logprobs = logprobs(&mut fields)?;
    request.modalities = modalities(&mut fields)?;
    request.audio = audio(&mut fields)?;
    request.service_tier = fields.text("service_tier")?;
    request.user = fields.text("user")?;
    request.metadata = fields.object("metadata")?.map(Fields::rest).unwrap_or_default();
    request.cache.key = fields.text("prompt_cache_key")?;
    request.stream = fields.flag("stream")?.unwrap_or(false);
    let mut extra = Extra::NONE;
    if let Some(mut options) = fields.object("stream_options")? {
        request.stream_usage = options.flag("include_usage")?;
        let rest = options.rest();
        if !rest.is_empty() {
            extra.insert(&Format::OPENAI_CHAT, "stream_options", Value::Object(rest));
        }
    }
    for (name, value) in fields.rest() {
        extra.insert(&Format::OPENAI_CHAT, name, value);
    }
    request.extra = extra;
    Ok(request)
}

/// Reads `tools`, and the older `functions`.
fn tools(fields: &mut Fields) -> Result<Vec<Tool>, RequestError> {
    let mut tools = Vec::new();
    for (index, value) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        tools.push(tool(value, &format!("tools[{index}]"))?);
    }
    for (index, value) in fields.list("functions")?.unwrap_or_default().into_iter().enumerate() {
        let (kind, extra) = function(Fields::new(value, format!("functions[{index}]"))?)?;
        tools.push(Tool { extra, ..Tool::new(kind) });
    }
    Ok(tools)
}

fn tool(value: Value, path: &str) -> Result<Tool, RequestError> {
    let mut fields = Fields::new(value, path)?;
    let kind = fields.peek("type").and_then(Value::as_str).unwrap_or("function").to_owned();
    if !matches!(kind.as_str(), "function" | "custom") {
        let value = Value::Object(fields.rest());
        return Ok(Tool::new(ToolKind::Opaque(Opaque { format: Format::OPENAI_CHAT, value })));
    }
    fields.take("type");
    let cache = super::message_decoder::cache_hint(&mut fields);
    let inner = fields.object(&kind)?.ok_or_else(|| fields.wrong(&kind, "an object"))?;
    let (kind, mut extra) = if kind == "function" { function(inner)? } else { custom(inner)? };
    for (name, value) in fields.rest() {
        extra.insert(&Format::OPENAI_CHAT, name, value);
    }
    Ok(Tool { kind, cache, extra })
}

fn function(mut fields: Fields) -> Result<(ToolKind, Extra), RequestError> {
    let function = FunctionTool {
        name: fields.required_text("name")?,
        description: fields.text("description")?,
        parameters: fields.take("parameters"),
        strict: fields.flag("strict")?,
    };
    Ok((ToolKind::Function(function), inner_extra("function", fields)))
}

fn custom(mut fields: Fields) -> Result<(ToolKind, Extra), RequestError> {
    let custom = CustomTool {
        name: fields.required_text("name")?,
        description: fields.text("description")?,
        format: fields.take("format"),
    };
    Ok((ToolKind::Custom(custom), inner_extra("custom", fields)))
}

/// What a tool's inner object holds beyond what is known, kept under the inner object's name.
fn inner_extra(name: &str, fields: Fields) -> Extra {
    let rest = fields.rest();
    let mut extra = Extra::NONE;
    if !rest.is_empty() {
        extra.insert(&Format::OPENAI_CHAT, name, Value::Object(rest));
    }
    extra
}

/// Reads `tool_choice`, and the older `function_call`.
fn tool_choice(fields: &mut Fields) -> Result<Option<ToolChoice>, RequestError> {
    let name = if fields.peek("tool_choice").is_some() { "tool_choice" } else { "function_call" };
    let expected = "\"none\", \"auto\", \"required\" or an object that names a tool";
    let choice = match fields.take(name) {
        None => return Ok(None),
        Some(Value::String(word)) => match word.as_str() {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            "required" | "any" => ToolChoice::Required,
            _ => return Err(fields.wrong(name, expected)),
        },
        Some(value) => {
            let mut object = Fields::new(value, fields.path(name)).map_err(|_| fields.wrong(name, expected))?;
            if let Some(allowed) = object.object("allowed_tools")? {
                return allowed_tools(allowed).map(Some);
            }
            let inner = if object.peek("custom").is_some() { "custom" } else { "function" };
            let mut named = object.object(inner)?.unwrap_or(object);
            ToolChoice::Named(named.required_text("name")?)
        }
    };
    Ok(Some(choice))
}

fn allowed_tools(mut fields: Fields) -> Result<ToolChoice, RequestError> {
    let required = fields.text("mode")?.as_deref() == Some("required");
    let mut names = Vec::new();
    for (index, value) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let mut tool = Fields::new(value, format!("{}[{index}]", fields.path("tools")))?;
        let inner = if tool.peek("custom").is_some() { "custom" } else { "function" };
        let mut named = tool.object(inner)?.unwrap_or(tool);
        names.push(named.required_text("name")?);
    }
    Ok(ToolChoice::Allowed { required, names })
}

fn response_format(fields: &mut Fields) -> Result<Option<ResponseFormat>, RequestError> {
    let Some(mut format) = fields.object("response_format")? else { return Ok(None) };
    let kind = format.required_text("type")?;
    Ok(Some(match kind.as_str() {
        "text" => ResponseFormat::Text,
        "json_object" => ResponseFormat::JsonObject,
        "json_schema" => {
            let mut schema = format.object("json_schema")?.ok_or_else(|| format.wrong("json_schema", "an object"))?;
            ResponseFormat::JsonSchema(JsonSchema {
                name: schema.text("name")?,
                description: schema.text("description")?,
                schema: schema.take("schema").unwrap_or_else(|| Value::Object(Map::new())),
                strict: schema.flag("strict")?,
            })
        }
        _ => return Err(format.wrong("type", "\"text\", \"json_object\" or \"json_schema\"")),
    }))
}

/// Reads `reasoning_effort`, and two conventions that gateways added to this format: OpenRouter's `reasoning` object, and
/// Anthropic's `thinking` object (LiteLLM).
fn reasoning(fields: &mut Fields) -> Result<ReasoningSettings, RequestError> {
    let mut settings = ReasoningSettings::default();
    if let Some(word) = fields.text("reasoning_effort")? {
        settings.effort = Some(effort(&word).ok_or_else(|| fields.wrong("reasoning_effort", EFFORTS))?);
    }
    if let Some(mut object) = fields.object("reasoning")? {
        if let Some(word) = object.text("effort")? {
            settings.effort = Some(effort(&word).ok_or_else(|| object.wrong("effort", EFFORTS))?);
        }
        settings.budget_tokens = object.count("max_tokens")?;
        settings.visible = object.flag("exclude")?.map(|exclude| !exclude);
        settings.mode = object.flag("enabled")?.map(|on| if on { ReasoningMode::Enabled } else { ReasoningMode::Disabled });
    }
    if let Some(mut object) = fields.object("thinking")? {
        settings.budget_tokens = object.count("budget_tokens")?.or(settings.budget_tokens);
        settings.mode = match object.required_text("type")?.as_str() {
            "enabled" => Some(ReasoningMode::Enabled),
            "disabled" => Some(ReasoningMode::Disabled),
            "adaptive" => Some(ReasoningMode::Adaptive),
            _ => return Err(object.wrong("type", "\"enabled\", \"adaptive\" or \"disabled\"")),
        };
    }
    Ok(settings)
}

const EFFORTS: &str = "one of none, minimal, low, medium, high, xhigh, max";

fn effort(word: &str) -> Option<ReasoningEffort> {
    ReasoningEffort::parse(word)
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, RequestError> {
    let expected = "a string or an array of strings";
    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(items)) => {
            let texts = items.into_iter().map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(fields.wrong("stop", expected)),
            });
            texts.collect()
        }
        Some(_) => Err(fields.wrong("stop", expected)),
    }
}

fn choices(fields: &mut Fields) -> Result<Option<u32>, RequestError> {
    let Some(count) = fields.count("n")? else { return Ok(None) };
    let count = u32::try_from(count).ok().filter(|count| *count > 0);
    count.map(Some).ok_or_else(|| fields.wrong("n", "a small integer of 1 or more"))
}

fn logprobs(fields: &mut Fields) -> Result<Option<Logprobs>, RequestError> {
    let wanted = fields.flag("logprobs")?.unwrap_or(false);
    let top = fields.count("top_logprobs")?;
    let top = top.map(|top| u32::try_from(top).map_err(|_| fields.wrong("top_logprobs", "a small integer"))).transpose()?;
    Ok((wanted || top.is_some()).then_some(Logprobs { top }))
}

fn modalities(fields: &mut Fields) -> Result<Option<Vec<Modality>>, RequestError> {
    let Some(items) = fields.list("modalities")? else { return Ok(None) };
    let words = items.iter().map(|item| match item.as_str() {
        Some("text") => Ok(Modality::Text),
        Some("audio") => Ok(Modality::Audio),
        Some("image") => Ok(Modality::Image),
        _ => Err(fields.wrong("modalities", "an array of \"text\", \"audio\" and \"image\"")),
    });
    words.collect::<Result<_, _>>().map(Some)
}

fn audio(fields: &mut Fields) -> Result<Option<AudioOutput>, RequestError> {
    let Some(mut audio) = fields.object("audio")? else { return Ok(None) };
    Ok(Some(AudioOutput { voice: audio.take("voice"), format: audio.text("format")? }))
}
