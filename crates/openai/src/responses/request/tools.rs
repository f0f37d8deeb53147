//! Tools and the choice among them, in both directions.

use serde::de::Error;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Extra, RequestError,
    message::Opaque,
    request::{CustomTool, FunctionTool, Tool, ToolChoice, ToolKind},
};

use super::{decode::invalid, encode::Encoder};
use crate::{
    ToolChoiceSupport,
    names::wire_tool_name,
    responses::{
        echo::write_tool_choice,
        notes::{DEFAULT_STRICT, FORMAT, has},
        wire::{Array, FunctionDef, List, Object, Text, ToolChoiceDef},
    },
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

impl<'a> Encoder<'a> {
    /// Writes tools, choice and `parallel_tool_calls`.
    pub(super) fn write_tools(&mut self, body: &mut Object<'_>) {
        let tools = self.plan_tools();
        let choice = self.request.tool_choice.as_ref();
        if tools.is_empty() {
            // The vendor refuses to be forced where there are no tools.
            if matches!(choice, Some(choice) if *choice != ToolChoice::None && *choice != ToolChoice::Auto) {
                self.losses.dropped("tool_choice", "there are no tools to choose among");
            }
            return;
        }
        let mut list = body.array("tools");
        for tool in &tools {
            write_tool(&mut list, tool);
        }
        list.end();
        self.write_choice(body, choice);
        match self.request.parallel_tool_calls {
            Some(parallel) if self.quirks.parallel_tool_calls => {
                body.field("parallel_tool_calls", &parallel);
            }
            Some(false) => {
                self.losses.dropped(
                    "parallel_tool_calls",
                    "the server does not limit how many tools are called at once",
                );
            }
            _ => {}
        }
    }

    /// Settles which tools are sent.
    fn plan_tools(&mut self) -> Vec<&'a Tool> {
        let request = self.request;
        let mut tools = Vec::with_capacity(request.tools.len());
        for (place, tool) in request.tools.iter().enumerate() {
            let path = || format!("tools[{place}]");
            match &tool.kind {
                ToolKind::Function(_) => {}
                ToolKind::Custom(_) if self.quirks.custom_tools => {}
                ToolKind::Opaque(opaque) if opaque.format == FORMAT => {}
                ToolKind::Custom(_) => {
                    self.losses.dropped(path(), "the server knows no tools with free-text input");
                    continue;
                }
                _ => {
                    self.losses.dropped(path(), "a tool of another format");
                    continue;
                }
            }
            if tool.cache.is_some() {
                let why = "the provider chooses by itself what is cached";
                self.losses.dropped(format!("tools[{place}].cache"), why);
            }
            tool.extra.lose_unless(&FORMAT, &path(), &mut self.losses);
            tools.push(tool);
        }
        match (self.quirks.tool_choice, &request.tool_choice) {
            (ToolChoiceSupport::Ignored, Some(ToolChoice::None)) if !tools.is_empty() => {
                self.losses.emulated("tool_choice", "the server does not obey it, so the tools are not sent");
                Vec::new()
            }
            (
                ToolChoiceSupport::Basic | ToolChoiceSupport::Ignored,
                Some(ToolChoice::Allowed { names, .. }),
            ) => {
                self.losses.emulated(
                    "tool_choice",
                    "the server takes no set of allowed tools, so the others are not sent",
                );
                tools.retain(|tool| name_of(tool).is_none_or(|name| names.contains(name)));
                tools
            }
            _ => tools,
        }
    }

    fn write_choice(&mut self, body: &mut Object<'_>, choice: Option<&ToolChoice>) {
        let Some(choice) = choice else { return };
        let forced = matches!(
            choice,
            ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }
        );
        if self.quirks.tool_choice == ToolChoiceSupport::Ignored {
            if forced {
                self.losses.dropped("tool_choice", "the server does not obey it");
            }
            return;
        }
        let may_force = self.rules.forced_tool_choice != Some(false);
        if forced && !may_force {
            self.losses.approximated("tool_choice", "the model refuses to have a tool forced on it");
        }
        let by_set = self.quirks.tool_choice == ToolChoiceSupport::Full;
        let wire_names =
            |names: &[String]| names.iter().map(|name| wire_tool_name(name).into_owned()).collect();
        let said = match choice {
            ToolChoice::None => ToolChoice::None,
            ToolChoice::Named(name) if may_force => ToolChoice::Named(wire_tool_name(name).into_owned()),
            ToolChoice::Allowed { required, names } if by_set => {
                ToolChoice::Allowed { required: *required && may_force, names: wire_names(names) }
            }
            _ if forced && may_force => ToolChoice::Required,
            _ => ToolChoice::Auto,
        };
        let custom = |wire: &str| self.request.tools.iter().any(|tool| is_custom_named(tool, wire));
        write_tool_choice(body.key("tool_choice"), &said, custom);
    }
}

fn is_custom_named(tool: &Tool, wire: &str) -> bool {
    matches!(&tool.kind, ToolKind::Custom(custom) if wire_tool_name(&custom.name) == wire)
}

fn write_tool(list: &mut Array<'_>, tool: &Tool) {
    let mut object = match &tool.kind {
        ToolKind::Function(function) => {
            let mut object = list.object();
            object.field("type", "function").field("name", &wire_tool_name(&function.name));
            object.optional("description", function.description.as_deref());
            object.field("parameters", &function.parameters);
            // Left out, it means yes here, and no in the other formats.
            if !has(&tool.extra, DEFAULT_STRICT) {
                object.field("strict", &function.strict.unwrap_or(false));
            }
            object
        }
        ToolKind::Custom(custom) => {
            let mut object = list.object();
            object.field("type", "custom").field("name", &wire_tool_name(&custom.name));
            object.optional("description", custom.description.as_deref());
            object.optional("format", custom.format.as_ref());
            object
        }
        ToolKind::Opaque(opaque) => return list.element(&opaque.value),
        _ => return,
    };
    object.extra(tool.extra.fields(&FORMAT));
    object.end();
}

fn name_of(tool: &Tool) -> Option<&String> {
    match &tool.kind {
        ToolKind::Function(function) => Some(&function.name),
        ToolKind::Custom(custom) => Some(&custom.name),
        _ => None,
    }
}
