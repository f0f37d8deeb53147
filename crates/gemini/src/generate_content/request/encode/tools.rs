//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest, Losses, RequestError,
    request::{CustomTool, Tool as CanonicalTool, ToolChoice, ToolKind},
};
use tollgate_provider::Target;

use super::{FORMAT, extra_fields, inner, rules, without};
use crate::{
    generate_content::{
        notes,
        schema::to_json_schema,
        wire::{
            client_request::MODES,
            request::{FunctionCallingConfig, FunctionDeclaration, Mode, Schema, Tool, ToolConfig},
        },
    },
    names::wire_tool_name,
};

/// Writes the tools: all functions in one, then those of this format only, as they stand.
pub(super) fn definitions<'a>(
    request: &'a ChatRequest,
    losses: &mut Losses,
) -> Result<Vec<Tool<'a>>, RequestError> {
    let mut functions: Vec<FunctionDeclaration<'a>> = Vec::new();
    let mut opaque = Vec::new();
    for (index, tool) in request.tools.iter().enumerate() {
        if tool.cache.is_some() {
            losses.dropped(
                format!("tools[{index}].cache"),
                "the vendor caches by itself, and takes no breakpoints",
            );
        }
        if let ToolKind::Opaque(own) = &tool.kind
            && own.format == FORMAT
        {
            opaque.push(Tool::Opaque(&own.value));
        } else if let Some(function) = declaration(index, tool, losses) {
            if functions.iter().any(|known| known.name == function.name) {
                return Err(RequestError::invalid_field(
                    format!("tools[{index}].name"),
                    format!("the tool name `{}` is there more than once", function.name),
                ));
            }
            functions.push(function);
        }
    }
    let mut tools = Vec::with_capacity(opaque.len() + 1);
    if !functions.is_empty() {
        tools.push(Tool::Functions { function_declarations: functions });
    }
    tools.append(&mut opaque);
    Ok(tools)
}

fn declaration<'a>(
    index: usize,
    tool: &'a CanonicalTool,
    losses: &mut Losses,
) -> Option<FunctionDeclaration<'a>> {
    let path = || format!("tools[{index}]");
    let (name, description, parameters_json_schema) = match &tool.kind {
        ToolKind::Function(function) => (
            &function.name,
            function.description.as_deref().map(Cow::Borrowed),
            function.parameters.as_ref().map(Schema::Given),
        ),
        ToolKind::Custom(custom) => {
            losses.emulated(path(), "a custom tool is a function with one text as its input");
            (&custom.name, custom_description(custom), Some(Schema::CustomInput))
        }
        ToolKind::Opaque(opaque) => {
            losses.dropped(path(), format!("a tool of {} only", opaque.format));
            return None;
        }
        _ => {
            losses.dropped(path(), "the format has no such tool");
            return None;
        }
    };
    let wire = wire_tool_name(name);
    if matches!(wire, Cow::Owned(_)) {
        losses.emulated(format!("tools[{index}].name"), format!("the model knows it as `{wire}`"));
    }
    // Unless the schema was changed since, the client's own words say it best.
    let own = tool.extra.field(&FORMAT, notes::PARAMETERS).filter(
        |own| matches!(&parameters_json_schema, Some(Schema::Given(given)) if **given == to_json_schema(own)),
    );
    Some(FunctionDeclaration {
        name: wire,
        description,
        parameters_json_schema: parameters_json_schema.filter(|_| own.is_none()),
        parameters: own,
        extra: extra_fields(&tool.extra, &["name", "description", "parametersJsonSchema"], path, losses),
    })
}

fn custom_description(tool: &CustomTool) -> Option<Cow<'_, str>> {
    let Some(format) = &tool.format else { return tool.description.as_deref().map(Cow::Borrowed) };
    let description = tool.description.as_deref().unwrap_or_default();
    Some(Cow::Owned(format!("{description}\n\nThe input follows this format: {format}").trim().to_owned()))
}

/// Whether functions are declared among the tools.
pub(super) fn has_functions(tools: &[Tool<'_>]) -> bool {
    tools.iter().any(|tool| matches!(tool, Tool::Functions { .. }))
}

/// Writes the choice among the functions.
pub(super) fn config<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    tools: &[Tool<'a>],
    fields: Option<&'a Map<String, Value>>,
    losses: &mut Losses,
) -> ToolConfig<'a> {
    let extra = without(fields, &["functionCallingConfig"]);
    if !has_functions(tools) {
        if matches!(
            request.tool_choice,
            Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. })
        ) {
            losses.dropped("tool_choice", "there is no function to choose");
        }
        return ToolConfig { function_calling_config: None, extra };
    }
    let fields = inner(fields, "functionCallingConfig");
    let own_mode = fields.and_then(|fields| fields.get("mode")?.as_str());
    let calling = without(fields, &["mode", "allowedFunctionNames"]);
    let choice = choice(target, request, own_mode, losses);
    if choice.is_none() && own_mode.is_some_and(|mode| !MODES.contains(&mode)) {
        // A mode that is invented tomorrow.
        let config = FunctionCallingConfig {
            mode: None,
            allowed_function_names: Vec::new(),
            extra: without(fields, &[]),
        };
        return ToolConfig { function_calling_config: Some(config), extra };
    }
    if choice.is_none() && calling.is_empty() {
        return ToolConfig { function_calling_config: None, extra };
    }
    let (mode, names) = choice.unwrap_or((Mode::Auto, &[]));
    let allowed_function_names = names.iter().map(|name| wire_tool_name(name)).collect();
    let config = FunctionCallingConfig { mode: Some(mode), allowed_function_names, extra: calling };
    ToolConfig { function_calling_config: Some(config), extra }
}

/// Returns the mode and the names that are allowed. `None`: what holds when nothing is said.
fn choice<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    own_mode: Option<&str>,
    losses: &mut Losses,
) -> Option<(Mode, &'a [String])> {
    let strict = request
        .tools
        .iter()
        .any(|tool| matches!(&tool.kind, ToolKind::Function(function) if function.strict == Some(true)));
    // Free to call or not, but never a call that its schema does not allow.
    let free = if strict || own_mode == Some("VALIDATED") { Mode::Validated } else { Mode::Auto };
    let forced = match rules(target).and_then(|rules| rules.forced_tool_choice) {
        Some(false) => free,
        _ => Mode::Any,
    };
    let (mode, names) = match &request.tool_choice {
        None => return strict.then_some((free, &[] as &[String])),
        Some(ToolChoice::Auto) => return Some((free, &[])),
        Some(ToolChoice::None) => return Some((Mode::None, &[])),
        // Names are taken beside `ANY` and `VALIDATED` only.
        Some(ToolChoice::Allowed { required: false, names }) => return Some((Mode::Validated, names)),
        Some(ToolChoice::Required) => (forced, &[] as &[String]),
        Some(ToolChoice::Named(name)) => (forced, std::slice::from_ref(name)),
        Some(ToolChoice::Allowed { required: true, names }) => (forced, names.as_slice()),
        Some(_) => {
            losses.dropped("tool_choice", "the format has no such choice");
            return None;
        }
    };
    if forced == Mode::Any {
        return Some((mode, names));
    }
    losses.approximated("tool_choice", "the model refuses to be forced: it is free to call or not");
    Some((if names.is_empty() { mode } else { Mode::Validated }, names))
}
