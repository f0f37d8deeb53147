//! Tools and the choice among them.

use serde_json::{Map, value::RawValue};
use tollgate_model::{
    ChatRequest, Extra,
    message::Opaque,
    request::{FunctionTool, Tool, ToolChoice, ToolKind},
};

use super::{FORMAT, Wrong, content, object, optional, required};
use crate::wire::{Object, Text};

pub(super) fn decode(body: &mut Object<'_>, request: &mut ChatRequest) -> Result<(), Wrong> {
    let tools: Option<Vec<&RawValue>> = optional(body, "tools")?;
    for (index, raw) in tools.into_iter().flatten().enumerate() {
        request.tools.push(tool(raw).map_err(|wrong| wrong.at(&format!("tools[{index}]")))?);
    }
    if let Some(raw) = body.take_raw("tool_choice") {
        choice(raw, request).map_err(|wrong| wrong.at("tool_choice"))?;
    }
    Ok(())
}

/// Reads a tool. Those that the vendor runs, or whose input it defines, are kept as they stand.
fn tool(raw: &RawValue) -> Result<Tool, Wrong> {
    let mut tool = object(raw)?;
    let kind: Option<Text<'_>> = optional(&mut tool, "type")?;
    if kind.is_some_and(|kind| kind.0 != "custom") {
        let value = serde_json::from_str(raw.get()).map_err(|error| Wrong::new("", error.to_string()))?;
        return Ok(Tool::new(ToolKind::Opaque(Opaque { format: FORMAT, value })));
    }
    let function = FunctionTool {
        name: required(&mut tool, "name")?,
        description: optional(&mut tool, "description")?,
        parameters: Some(required(&mut tool, "input_schema")?),
        strict: optional(&mut tool, "strict")?,
    };
    let mut extra = Map::new();
    let cache = content::cache_control(&mut tool, &mut extra)?;
    extra.extend(tool.rest());
    Ok(Tool { kind: ToolKind::Function(function), cache, extra: Extra::new(FORMAT, extra) })
}

fn choice(raw: &RawValue, request: &mut ChatRequest) -> Result<(), Wrong> {
    let mut choice = object(raw)?;
    let kind: Text<'_> = required(&mut choice, "type")?;
    request.tool_choice = Some(match &*kind.0 {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(required(&mut choice, "name")?),
        other => {
            let what = format!("`{other}` is not known: use `auto`, `any`, `tool` or `none`");
            return Err(Wrong::new("type", what));
        }
    });
    let alone: Option<bool> = optional(&mut choice, "disable_parallel_tool_use")?;
    request.parallel_tool_calls = alone.map(|alone| !alone);
    Ok(())
}
