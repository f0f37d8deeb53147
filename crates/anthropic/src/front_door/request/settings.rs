//! Everything that is not the conversation.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest,
    request::{JsonSchema, ReasoningEffort, ReasoningMode, ReasoningSettings, ResponseFormat, Sampling},
};

use super::{Wrong, content, object, optional, required};
use crate::wire::{Object, Text};

/// Reads the settings into `request`. Returns what the canonical request has no place for.
pub(super) fn decode(body: &mut Object<'_>, request: &mut ChatRequest) -> Result<Map<String, Value>, Wrong> {
    let mut extra = Map::new();
    request.sampling = Sampling {
        temperature: optional(body, "temperature")?,
        top_p: optional(body, "top_p")?,
        top_k: optional(body, "top_k")?,
        ..Sampling::default()
    };
    request.stop = optional(body, "stop_sequences")?.unwrap_or_default();
    request.stream = optional(body, "stream")?.unwrap_or_default();
    request.stream_usage = Some(true);
    request.cache.automatic = content::cache_control(body, &mut extra)?;
    request.service_tier = optional::<String>(body, "service_tier")?.map(|word| match word.as_str() {
        // The other vendors' word for it.
        "standard_only" => "default".to_owned(),
        _ => word,
    });
    if let Some(mut metadata) = optional::<Map<String, Value>>(body, "metadata")? {
        match metadata.remove("user_id") {
            Some(Value::String(user)) => request.user = Some(user),
            None | Some(Value::Null) => {}
            Some(_) => return Err(Wrong::new("metadata.user_id", "must be a text")),
        }
        keep(&mut extra, "metadata", metadata);
    }
    if let Some(raw) = body.take_raw("thinking") {
        match thinking(raw, &mut request.reasoning).map_err(|wrong| wrong.at("thinking"))? {
            Known::All => {}
            Known::Not => {
                extra.insert("thinking".to_owned(), value(raw)?);
            }
        }
    }
    if let Some(raw) = body.take_raw("output_config") {
        output_config(raw, request, &mut extra).map_err(|wrong| wrong.at("output_config"))?;
    }
    Ok(extra)
}

/// Whether the canonical request can say all of something.
enum Known {
    All,
    Not,
}

fn keep(extra: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    if !fields.is_empty() {
        extra.insert(name.to_owned(), Value::Object(fields));
    }
}

fn value(raw: &RawValue) -> Result<Value, Wrong> {
    serde_json::from_str(raw.get()).map_err(|error| Wrong::new("", error.to_string()))
}

fn thinking(raw: &RawValue, reasoning: &mut ReasoningSettings) -> Result<Known, Wrong> {
    let mut thinking = object(raw)?;
    let kind: Text<'_> = required(&mut thinking, "type")?;
    let mut settings = ReasoningSettings::default();
    settings.mode = Some(match &*kind.0 {
        "enabled" => {
            settings.budget_tokens = Some(required(&mut thinking, "budget_tokens")?);
            ReasoningMode::Enabled
        }
        "adaptive" => ReasoningMode::Adaptive,
        "disabled" => ReasoningMode::Disabled,
        _ => return Ok(Known::Not),
    });
    settings.visible = match optional::<Text<'_>>(&mut thinking, "display")?.as_ref().map(|word| &*word.0) {
        None => None,
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        Some(_) => return Ok(Known::Not),
    };
    if !thinking.rest().is_empty() {
        return Ok(Known::Not);
    }
    *reasoning = settings;
    Ok(Known::All)
}

fn output_config(
    raw: &RawValue,
    request: &mut ChatRequest,
    extra: &mut Map<String, Value>,
) -> Result<(), Wrong> {
    let mut config = object(raw)?;
    let mut rest = Map::new();
    if let Some(word) = optional::<String>(&mut config, "effort")? {
        match ReasoningEffort::parse(&word) {
            Some(effort) => request.reasoning.effort = Some(effort),
            // A word that is invented tomorrow.
            None => drop(rest.insert("effort".to_owned(), Value::from(word))),
        }
    }
    if let Some(raw) = config.take_raw("format") {
        match format(raw).map_err(|wrong| wrong.at("format"))? {
            Some(format) => request.response_format = Some(format),
            None => drop(rest.insert("format".to_owned(), value(raw)?)),
        }
    }
    rest.extend(config.rest());
    keep(extra, "output_config", rest);
    Ok(())
}

fn format(raw: &RawValue) -> Result<Option<ResponseFormat>, Wrong> {
    let mut format = object(raw)?;
    let kind: Text<'_> = required(&mut format, "type")?;
    if kind.0 != "json_schema" {
        return Ok(None);
    }
    let schema = required(&mut format, "schema")?;
    let known = format.rest().is_empty();
    let schema = JsonSchema { name: None, description: None, schema, strict: None };
    Ok(known.then_some(ResponseFormat::JsonSchema(schema)))
}
