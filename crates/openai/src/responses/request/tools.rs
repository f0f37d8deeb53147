//! Tools and the choice among them → canonical.

use serde::de::Error;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Extra, RequestError,
    message::Opaque,
    request::{CustomTool, FunctionTool, Tool, ToolChoice, ToolKind},
};

use super::decode::invalid;
use crate::responses::{
    notes::{DEFAULT_STRICT, FORMAT},
    wire::{FunctionDef, List, Text, ToolChoiceDef},
};

pub(super) fn decode(tools: Option<List<&RawValue>>) -> Result<Vec<Tool>, RequestError> {
    let numbered = tools.unwrap_or_default().0.into_iter().enumerate();
    let read = |(place, raw)| tool(raw).map_err(|error| invalid(&format!("tools[{place}]"), &error));
    numbered.map(read).collect()
}

fn no_name() -> serde_json::Error {
    serde_json::Error::custom("`name` is missing")
}

fn tool(raw: &RawValue) -> serde_json::Result<Tool> {
    let known: serde_json::Result<FunctionDef<'_>> = serde_json::from_str(raw.get());
    let (kind, rest) = match known {
        Ok(def) if def.kind.as_deref() == Some("function") && def.format.is_none() => {
            let default_strict = def.strict.is_none();
            let tool = FunctionTool {
                name: def.name.map(Text::into_owned).ok_or_else(no_name)?,
                description: def.description.map(Text::into_owned),
                parameters: def.parameters,
                strict: def.strict,
            };
            let mut rest = def.rest.into_map();
            if default_strict {
                rest.insert(DEFAULT_STRICT.to_owned(), Value::Bool(true));
            }
            (ToolKind::Function(tool), rest)
        }
        Ok(def)
            if def.kind.as_deref() == Some("custom") && def.parameters.is_none() && def.strict.is_none() =>
        {
            let tool = CustomTool {
                name: def.name.map(Text::into_owned).ok_or_else(no_name)?,
                description: def.description.map(Text::into_owned),
                format: def.format,
            };
            (ToolKind::Custom(tool), def.rest.into_map())
        }
        known => {
            let value: Value = serde_json::from_str(raw.get())?;
            let kind = value.get("type").and_then(Value::as_str);
            if let (Err(error), None | Some("function" | "custom")) = (known, kind) {
                return Err(error);
            }
            (ToolKind::Opaque(Opaque { format: FORMAT, value }), Map::new())
        }
    };
    Ok(Tool { extra: Extra::new(FORMAT, rest), ..Tool::new(kind) })
}

/// Reads `tool_choice`. What is not known goes to `extra`.
pub(super) fn decode_choice(
    raw: Option<&RawValue>,
    extra: &mut Map<String, Value>,
) -> Result<Option<ToolChoice>, RequestError> {
    let Some(raw) = raw else { return Ok(None) };
    let invalid = |error| invalid("tool_choice", &error);
    let choice = read_choice(raw).map_err(invalid)?;
    if choice.is_none() {
        extra.insert("tool_choice".to_owned(), serde_json::from_str(raw.get()).map_err(invalid)?);
    }
    Ok(choice)
}

fn read_choice(raw: &RawValue) -> serde_json::Result<Option<ToolChoice>> {
    if raw.get().starts_with('"') {
        let word: Text<'_> = serde_json::from_str(raw.get())?;
        return Ok(match &*word {
            "none" => Some(ToolChoice::None),
            "auto" => Some(ToolChoice::Auto),
            "required" => Some(ToolChoice::Required),
            _ => None,
        });
    }
    let choice: ToolChoiceDef<'_> = serde_json::from_str(raw.get())?;
    if choice.kind.as_deref() == Some("allowed_tools") && choice.rest.is_empty() {
        let required = choice.mode.as_deref() == Some("required");
        let names = choice.tools.unwrap_or_default().0.into_iter().map(named).collect::<Option<Vec<_>>>();
        return Ok(names.map(|names| ToolChoice::Allowed { required, names }));
    }
    Ok(named(choice).map(ToolChoice::Named))
}

/// The name of a tool that the client runs.
fn named(choice: ToolChoiceDef<'_>) -> Option<String> {
    let own = matches!(choice.kind.as_deref(), Some("function" | "custom")) && choice.rest.is_empty();
    choice.name.filter(|_| own).map(Text::into_owned)
}
