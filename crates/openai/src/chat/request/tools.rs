//! Tools and the choice among them, in both directions.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Extra, Format, RequestError,
    message::Opaque,
    request::{CustomTool, FunctionTool, Tool, ToolChoice, ToolKind},
};

use super::{
    LEGACY,
    decode::{invalid, nest},
    encode::Encoder,
    parts::cache_hint,
    turns::write_cache,
};
use crate::chat::{
    ToolChoiceSupport,
    names::wire_tool_name,
    wire::{Array, FunctionDef, FunctionName, List, Object, Text, ToolChoiceDef, ToolDef},
};

pub(super) fn decode(
    tools: Option<List<&RawValue>>,
    functions: Option<List<FunctionDef<'_>>>,
) -> Result<Vec<Tool>, RequestError> {
    let mut read = Vec::new();
    for (place, raw) in tools.unwrap_or_default().0.into_iter().enumerate() {
        read.push(tool(raw).map_err(|error| invalid(&format!("tools[{place}]"), &error))?);
    }
    for function in functions.unwrap_or_default().0 {
        let mut extra = Map::new();
        let kind = function_tool(function, &mut extra);
        extra.insert(LEGACY.to_owned(), Value::Bool(true));
        read.push(Tool { extra: Extra::new(Format::OPENAI_CHAT, extra), ..Tool::new(kind) });
    }
    Ok(read)
}

fn tool(raw: &RawValue) -> serde_json::Result<Tool> {
    let known: serde_json::Result<ToolDef<'_>> = serde_json::from_str(raw.get());
    let mut extra = Map::new();
    let (kind, cache, rest) = match known {
        // Some clients leave the type out.
        Ok(ToolDef { kind, function: Some(function), cache_control, rest, custom: None })
            if kind.as_deref().is_none_or(|kind| kind == "function") =>
        {
            (function_tool(function, &mut extra), cache_control, rest)
        }
        Ok(ToolDef { kind: Some(kind), function: None, cache_control, rest, custom: Some(custom) })
            if &*kind == "custom" =>
        {
            nest(&mut extra, "custom", custom.rest.into_map());
            let tool = CustomTool {
                name: custom.name.map(Text::into_owned).unwrap_or_default(),
                description: custom.description.map(Text::into_owned),
                format: custom.format,
            };
            (ToolKind::Custom(tool), cache_control, rest)
        }
        known => {
            let value: Value = serde_json::from_str(raw.get())?;
            let kind = value.get("type").and_then(Value::as_str);
            if let (Err(error), None | Some("function" | "custom")) = (known, kind) {
                return Err(error);
            }
            return Ok(Tool::new(ToolKind::Opaque(Opaque { format: Format::OPENAI_CHAT, value })));
        }
    };
    extra.extend(rest.into_map());
    let mut tool = Tool::new(kind);
    if let Some(raw) = cache {
        tool.cache = cache_hint(raw);
        if tool.cache.is_none() {
            extra.insert("cache_control".to_owned(), serde_json::from_str(raw.get())?);
        }
    }
    tool.extra = Extra::new(Format::OPENAI_CHAT, extra);
    Ok(tool)
}

fn function_tool(function: FunctionDef<'_>, extra: &mut Map<String, Value>) -> ToolKind {
    nest(extra, "function", function.rest.into_map());
    ToolKind::Function(FunctionTool {
        name: function.name.map(Text::into_owned).unwrap_or_default(),
        description: function.description.map(Text::into_owned),
        parameters: function.parameters,
        strict: function.strict,
    })
}

/// Reads `tool_choice`, or else the deprecated `function_call`. What is not known goes to `extra`.
pub(super) fn decode_choice(
    choice: Option<&RawValue>,
    legacy: Option<&RawValue>,
    extra: &mut Map<String, Value>,
) -> Result<Option<ToolChoice>, RequestError> {
    let read = match (choice, legacy) {
        (Some(raw), _) => read_choice(raw).map(|choice| (choice, "tool_choice", raw)),
        (None, Some(raw)) => read_legacy_choice(raw).map(|choice| (choice, "function_call", raw)),
        (None, None) => return Ok(None),
    };
    let (choice, name, raw) = read.map_err(|error| invalid("tool_choice", &error))?;
    if choice.is_none() {
        extra
            .insert(name.to_owned(), serde_json::from_str(raw.get()).map_err(|error| invalid(name, &error))?);
    }
    Ok(choice)
}

fn read_choice(raw: &RawValue) -> serde_json::Result<Option<ToolChoice>> {
    if raw.get().starts_with('"') {
        return Ok(word(&serde_json::from_str::<Text<'_>>(raw.get())?));
    }
    let choice: ToolChoiceDef<'_> = serde_json::from_str(raw.get())?;
    if let Some(allowed) = choice.allowed_tools {
        let required = allowed.mode.as_deref() == Some("required");
        let names = allowed.tools.unwrap_or_default().0.into_iter().map(named).collect::<Option<Vec<_>>>();
        return Ok(names.map(|names| ToolChoice::Allowed { required, names }));
    }
    Ok(named(choice).map(ToolChoice::Named))
}

fn named(choice: ToolChoiceDef<'_>) -> Option<String> {
    choice.function.or(choice.custom)?.name.map(Text::into_owned)
}

fn read_legacy_choice(raw: &RawValue) -> serde_json::Result<Option<ToolChoice>> {
    if raw.get().starts_with('"') {
        return Ok(word(&serde_json::from_str::<Text<'_>>(raw.get())?));
    }
    let choice: FunctionName<'_> = serde_json::from_str(raw.get())?;
    Ok(choice.name.map(|name| ToolChoice::Named(name.into_owned())))
}

fn word(word: &str) -> Option<ToolChoice> {
    match word {
        "none" => Some(ToolChoice::None),
        "auto" => Some(ToolChoice::Auto),
        // Mistral says `any`.
        "required" | "any" => Some(ToolChoice::Required),
        _ => None,
    }
}

impl<'a> Encoder<'a> {
    /// Writes tools, choice and `parallel_tool_calls`.
    pub(super) fn write_tools(&mut self, body: &mut Object<'_>) {
        let (tools, choice) = self.plan_tools();
        let (legacy, tools): (Vec<_>, Vec<_>) = tools.into_iter().partition(|tool| is_legacy(tool));
        if !tools.is_empty() {
            let mut list = body.array("tools");
            for tool in &tools {
                self.write_tool(&mut list, tool);
            }
            list.end();
        }
        if !legacy.is_empty() {
            let mut list = body.array("functions");
            for tool in &legacy {
                if let ToolKind::Function(function) = &tool.kind {
                    self.write_function(list.object(), function, tool);
                }
            }
            list.end();
        }
        if tools.is_empty() && legacy.is_empty() {
            // The vendor refuses both fields where there are no tools.
            if matches!(choice, Some(choice) if *choice != ToolChoice::None && *choice != ToolChoice::Auto) {
                self.losses.dropped("tool_choice", "there are no tools to choose among");
            }
            return;
        }
        self.write_choice(body, choice, tools.is_empty());
        match self.request.parallel_tool_calls {
            Some(parallel) if self.quirks.parallel_tool_calls && !tools.is_empty() => {
                body.field("parallel_tool_calls", &parallel);
            }
            Some(false) if !tools.is_empty() => {
                self.losses.dropped(
                    "parallel_tool_calls",
                    "the server does not limit how many tools are called at once",
                );
            }
            _ => {}
        }
    }

    /// Settles which tools are sent, and which choice is left to be said.
    fn plan_tools(&mut self) -> (Vec<&'a Tool>, Option<&'a ToolChoice>) {
        let request = self.request;
        let mut tools = Vec::with_capacity(request.tools.len());
        for (place, tool) in request.tools.iter().enumerate() {
            let path = || format!("tools[{place}]");
            match &tool.kind {
                ToolKind::Function(_) => {}
                ToolKind::Custom(_) if self.quirks.custom_tools => {}
                ToolKind::Opaque(opaque) if opaque.format == Format::OPENAI_CHAT => {}
                ToolKind::Custom(_) => {
                    self.losses.dropped(path(), "the server knows no tools with free-text input");
                    continue;
                }
                _ => {
                    self.losses.dropped(path(), "a tool of another format");
                    continue;
                }
            }
            if tool.cache.is_some() && !self.quirks.cache_control {
                self.losses.dropped(
                    format!("tools[{place}].cache"),
                    "the provider chooses by itself what is cached",
                );
            }
            tool.extra.lose_unless(&Format::OPENAI_CHAT, &path(), &mut self.losses);
            tools.push(tool);
        }
        let choice = request.tool_choice.as_ref();
        match (self.quirks.tool_choice, choice) {
            (ToolChoiceSupport::Ignored, Some(ToolChoice::None)) if !tools.is_empty() => {
                self.losses.emulated("tool_choice", "the server does not obey it, so the tools are not sent");
                (Vec::new(), None)
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
                (tools, choice)
            }
            _ => (tools, choice),
        }
    }

    fn write_choice(&mut self, body: &mut Object<'_>, choice: Option<&ToolChoice>, legacy: bool) {
        let Some(choice) = choice else { return };
        let key = if legacy { "function_call" } else { "tool_choice" };
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
        match choice {
            ToolChoice::None => {
                body.field(key, "none");
            }
            ToolChoice::Required if may_force => {
                body.field(key, "required");
            }
            ToolChoice::Named(name) if may_force && legacy => {
                body.field(key, &serde_json::json!({"name": wire_tool_name(name)}));
            }
            ToolChoice::Named(name) if may_force => self.write_named(body.object(key), name),
            ToolChoice::Allowed { required, names } if by_set => {
                let mut choice = body.object(key);
                choice.field("type", "allowed_tools");
                let mut allowed = choice.object("allowed_tools");
                allowed.field("mode", if *required && may_force { "required" } else { "auto" });
                let mut list = allowed.array("tools");
                names.iter().for_each(|name| self.write_named(list.object(), name));
                list.end();
                allowed.end();
                choice.end();
            }
            ToolChoice::Allowed { required: true, .. } if may_force => {
                body.field(key, "required");
            }
            _ => {
                body.field(key, "auto");
            }
        }
    }

    fn write_named(&self, mut object: Object<'_>, name: &str) {
        let custom = |tool: &Tool| matches!(&tool.kind, ToolKind::Custom(custom) if custom.name == name);
        let kind = if self.request.tools.iter().any(custom) { "custom" } else { "function" };
        object.field("type", kind);
        let mut nested = object.object(kind);
        nested.field("name", &wire_tool_name(name));
        nested.end();
        object.end();
    }

    fn write_tool(&self, list: &mut Array<'_>, tool: &Tool) {
        let extra = tool.extra.fields(&Format::OPENAI_CHAT);
        let mut object = match &tool.kind {
            ToolKind::Function(function) => {
                let mut object = list.object();
                object.field("type", "function");
                self.write_function(object.object("function"), function, tool);
                object
            }
            ToolKind::Custom(custom) => {
                let mut object = list.object();
                object.field("type", "custom");
                let mut nested = object.object("custom");
                nested.field("name", &wire_tool_name(&custom.name));
                nested
                    .optional("description", custom.description.as_deref())
                    .optional("format", custom.format.as_ref());
                nested.extra(nested_fields(extra, "custom"));
                nested.end();
                object
            }
            ToolKind::Opaque(opaque) => return list.element(&opaque.value),
            _ => return,
        };
        if self.quirks.cache_control {
            write_cache(&mut object, tool.cache);
        }
        object.skip("function").skip("custom").extra(extra);
        object.end();
    }

    fn write_function(&self, mut object: Object<'_>, function: &FunctionTool, tool: &Tool) {
        object.field("name", &wire_tool_name(&function.name));
        object.optional("description", function.description.as_deref());
        object.optional("parameters", function.parameters.as_ref()).optional("strict", function.strict);
        object.extra(nested_fields(tool.extra.fields(&Format::OPENAI_CHAT), "function"));
        object.end();
    }
}

/// The fields that were kept under the name of the nested object they stood in.
pub(super) fn nested_fields<'e>(
    extra: Option<&'e Map<String, Value>>,
    name: &str,
) -> Option<&'e Map<String, Value>> {
    extra?.get(name)?.as_object()
}

fn is_legacy(tool: &Tool) -> bool {
    tool.extra.field(&Format::OPENAI_CHAT, LEGACY).is_some()
}

fn name_of(tool: &Tool) -> Option<&String> {
    match &tool.kind {
        ToolKind::Function(function) => Some(&function.name),
        ToolKind::Custom(custom) => Some(&custom.name),
        _ => None,
    }
}
