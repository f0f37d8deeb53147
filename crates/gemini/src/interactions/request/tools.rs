//! Tools and the choice among them, in both directions.

use std::borrow::Cow;

use serde_json::{Map, Value, json, value::RawValue};
use tollgate_model::{
    ChatRequest, Extra, Losses, RequestError,
    message::Opaque,
    request::{CustomTool, FunctionTool, Tool, ToolChoice, ToolKind},
};
use tollgate_provider::{
    Target,
    json_writer::{Array, Object},
};

use crate::{
    interactions::{
        FORMAT,
        content::WithoutNotes,
        wire::{Function, ToolChoiceConfig},
    },
    names::{CUSTOM_INPUT, wire_tool_name},
    read::{List, RawList, Text, invalid},
};

pub(super) fn decode(tools: RawList<'_>) -> Result<Vec<Tool>, RequestError> {
    let numbered = tools.0.into_iter().enumerate();
    numbered
        .map(|(index, raw)| tool(raw).map_err(|error| invalid(&format!("tools[{index}]"), &error)))
        .collect()
}

fn tool(raw: &RawValue) -> serde_json::Result<Tool> {
    let kind: Function<'_> = serde_json::from_str(raw.get())?;
    if kind.kind.as_ref().is_none_or(|kind| kind.0 != "function") {
        let value = serde_json::from_str(raw.get())?;
        return Ok(Tool::new(ToolKind::Opaque(Opaque { format: FORMAT, value })));
    }
    let mut tool = Tool::new(ToolKind::Function(FunctionTool {
        name: kind.name.map(Text::into_owned).unwrap_or_default(),
        description: kind.description.map(Text::into_owned),
        parameters: kind.parameters,
        strict: None,
    }));
    tool.extra = Extra::new(FORMAT, kind.rest.parse()?);
    Ok(tool)
}

/// Reads `tool_choice`: a word, or the tools that are allowed. What is not known goes to `kept`.
pub(super) fn decode_choice(
    raw: &RawValue,
    kept: &mut Map<String, Value>,
) -> serde_json::Result<Option<ToolChoice>> {
    let mut keep = || -> serde_json::Result<Option<ToolChoice>> {
        kept.insert("tool_choice".to_owned(), serde_json::from_str(raw.get())?);
        Ok(None)
    };
    if raw.get().starts_with('"') {
        let Text(word) = serde_json::from_str(raw.get())?;
        return match &*word {
            "none" => Ok(Some(ToolChoice::None)),
            "auto" => Ok(Some(ToolChoice::Auto)),
            "any" => Ok(Some(ToolChoice::Required)),
            // Free to call, but never a call that its schema does not allow: the second half is the vendor's own.
            "validated" => keep().map(|_| Some(ToolChoice::Auto)),
            _ => keep(),
        };
    }
    let config: ToolChoiceConfig<'_> = serde_json::from_str(raw.get())?;
    let Some(allowed) =
        config.allowed_tools.filter(|allowed| config.rest.is_empty() && allowed.rest.is_empty())
    else {
        return keep();
    };
    let List(names) = allowed.tools.unwrap_or_default();
    let names: Vec<String> = names.into_iter().map(Text::into_owned).collect();
    match (allowed.mode.as_ref().map(|mode| &*mode.0), names.as_slice()) {
        (Some("any"), [name]) => Ok(Some(ToolChoice::Named(name.clone()))),
        (Some("any"), _) => Ok(Some(ToolChoice::Allowed { required: true, names })),
        (None | Some("auto" | "validated"), _) => Ok(Some(ToolChoice::Allowed { required: false, names })),
        _ => keep(),
    }
}

/// Writes the tools. Returns whether a function is among them.
pub(super) fn write(
    body: &mut Object<'_>,
    request: &ChatRequest,
    losses: &mut Losses,
) -> Result<bool, RequestError> {
    let mut written = bytes::BytesMut::new();
    let mut list = Array::begin(&mut written);
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    for (index, tool) in request.tools.iter().enumerate() {
        let path = format!("tools[{index}]");
        if tool.cache.is_some() {
            losses.dropped(format!("{path}.cache"), "the vendor caches by itself, and takes no breakpoints");
        }
        if let Some(name) = write_tool(&mut list, tool, &path, losses) {
            if names.contains(&name) {
                let message = format!("the tool name `{name}` is there more than once");
                return Err(RequestError::invalid_field(format!("{path}.name"), message));
            }
            names.push(name);
        }
    }
    list.end();
    if written.len() > 2 {
        body.key("tools").extend_from_slice(&written);
    }
    Ok(!names.is_empty())
}

/// Writes a tool, and returns the name that the model knows it by.
fn write_tool<'a>(
    list: &mut Array<'_>,
    tool: &'a Tool,
    path: &str,
    losses: &mut Losses,
) -> Option<Cow<'a, str>> {
    let (name, description, parameters) = match &tool.kind {
        ToolKind::Function(function) => (
            &function.name,
            function.description.as_deref().map(Cow::Borrowed),
            function.parameters.as_ref().map(Cow::Borrowed),
        ),
        ToolKind::Custom(custom) => {
            losses.emulated(path, "a custom tool is a function with one text as its input");
            let schema = json!({
                "type": "object", "properties": {CUSTOM_INPUT: {"type": "string"}}, "required": [CUSTOM_INPUT],
            });
            (&custom.name, custom_description(custom), Some(Cow::Owned(schema)))
        }
        ToolKind::Opaque(opaque) if opaque.format == FORMAT => {
            list.element(&opaque.value);
            return None;
        }
        ToolKind::Opaque(opaque) => {
            losses.dropped(path, format!("a tool of {} only", opaque.format));
            return None;
        }
        _ => {
            losses.dropped(path, "the format has no such tool");
            return None;
        }
    };
    let wire = wire_tool_name(name);
    if matches!(wire, Cow::Owned(_)) {
        losses.emulated(format!("{path}.name"), format!("the model knows it as `{wire}`"));
    }
    tool.extra.lose_unless(&FORMAT, path, losses);
    let mut object = list.object();
    object.field("type", "function").field("name", &*wire).optional("description", description);
    object.optional("parameters", parameters);
    object.extra_but_notes(tool.extra.fields(&FORMAT));
    object.end();
    Some(wire)
}

fn custom_description(tool: &CustomTool) -> Option<Cow<'_, str>> {
    let Some(format) = &tool.format else { return tool.description.as_deref().map(Cow::Borrowed) };
    let description = tool.description.as_deref().unwrap_or_default();
    Some(Cow::Owned(format!("{description}\n\nThe input follows this format: {format}").trim().to_owned()))
}

/// The choice among the functions, as it is written. `None`: what holds when nothing is said.
pub(super) fn choice(
    target: &Target<'_>,
    request: &ChatRequest,
    has_functions: bool,
    losses: &mut Losses,
) -> Option<Value> {
    let own = request.extra.field(&FORMAT, "generation_config").and_then(|config| config.get("tool_choice"));
    let strict = request
        .tools
        .iter()
        .any(|tool| matches!(&tool.kind, ToolKind::Function(function) if function.strict == Some(true)));
    let validated = strict || own.and_then(Value::as_str) == Some("validated");
    let free = if validated { "validated" } else { "auto" };
    if !has_functions {
        if matches!(
            request.tool_choice,
            Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. })
        ) {
            losses.dropped("tool_choice", "there is no function to choose");
        }
        return None;
    }
    let (forced, names): (bool, &[String]) = match &request.tool_choice {
        None => return own.cloned().or_else(|| strict.then(|| free.into())),
        Some(ToolChoice::None) => return Some("none".into()),
        Some(ToolChoice::Auto) => return Some(free.into()),
        Some(ToolChoice::Required) => (true, &[]),
        Some(ToolChoice::Named(name)) => (true, std::slice::from_ref(name)),
        Some(ToolChoice::Allowed { required, names }) => (*required, names),
        Some(_) => {
            losses.dropped("tool_choice", "the format has no such choice");
            return None;
        }
    };
    let refused = target.card.is_some_and(|card| card.rules.forced_tool_choice == Some(false));
    if forced && refused {
        losses.approximated("tool_choice", "the model refuses to be forced: it is free to call or not");
    }
    let forced = forced && !refused;
    if names.is_empty() {
        return Some(if forced { "any" } else { free }.into());
    }
    let names: Vec<_> = names.iter().map(|name| wire_tool_name(name)).collect();
    let mode = if forced { "any" } else { "validated" };
    Some(json!({"allowed_tools": {"mode": mode, "tools": names}}))
}
