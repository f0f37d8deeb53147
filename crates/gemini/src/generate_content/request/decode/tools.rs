//! `tools` and `toolConfig` → canonical.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Extra, RequestError,
    message::Opaque,
    request::{FunctionTool, Tool, ToolChoice, ToolKind},
};

use super::nest;
use crate::{
    generate_content::{
        FORMAT, notes, schema,
        wire::client_request::{self as wire, FunctionDeclaration, MODES, ToolConfig},
    },
    read::{List, RawList, Text, invalid},
};

pub(super) fn decode(tools: RawList<'_>, path: &str) -> Result<Vec<Tool>, RequestError> {
    let mut read = Vec::new();
    for (index, raw) in tools.0.into_iter().enumerate() {
        tool(raw, &mut read).map_err(|error| invalid(&format!("{path}[{index}]"), &error))?;
    }
    Ok(read)
}

/// Reads one tool, which is a group: functions, and services that the vendor runs.
fn tool(raw: &RawValue, read: &mut Vec<Tool>) -> serde_json::Result<()> {
    let tool: wire::Tool<'_> = serde_json::from_str(raw.get())?;
    for declaration in tool.function_declarations.unwrap_or_default().0 {
        read.push(function(declaration)?);
    }
    if !tool.rest.is_empty() {
        let value = Value::Object(tool.rest.parse()?);
        read.push(Tool::new(ToolKind::Opaque(Opaque { format: FORMAT, value })));
    }
    Ok(())
}

fn function(declaration: FunctionDeclaration<'_>) -> serde_json::Result<Tool> {
    let mut extra = declaration.rest.parse()?;
    let parameters = match (declaration.parameters_json_schema, declaration.parameters) {
        (Some(schema), other) => {
            extra.extend(other.map(|other| ("parameters".to_owned(), other)));
            Some(schema)
        }
        (None, Some(own)) => {
            let schema = schema::to_json_schema(&own);
            extra.insert(notes::PARAMETERS.to_owned(), own);
            Some(schema)
        }
        (None, None) => None,
    };
    let mut tool = Tool::new(ToolKind::Function(FunctionTool {
        name: declaration.name.map(Text::into_owned).unwrap_or_default(),
        description: declaration.description.map(Text::into_owned),
        parameters,
        strict: None,
    }));
    tool.extra = Extra::new(FORMAT, extra);
    Ok(tool)
}

/// Reads the choice among the functions. What is not known goes to `extra`.
pub(super) fn decode_config(
    config: ToolConfig<'_>,
    extra: &mut Map<String, Value>,
) -> serde_json::Result<Option<ToolChoice>> {
    let mut kept = config.rest.parse()?;
    let mut choice = None;
    if let Some(calling) = config.function_calling_config {
        let mut rest = calling.rest.parse()?;
        let List(names) = calling.allowed_function_names.unwrap_or_default();
        let names: Vec<String> = names.into_iter().map(Text::into_owned).collect();
        let mode = calling.mode.map(|mode| mode.among(&MODES).to_ascii_uppercase());
        choice = match (mode.as_deref(), names.as_slice()) {
            (None | Some("MODE_UNSPECIFIED" | ""), []) => None,
            (Some("ANY"), []) => Some(ToolChoice::Required),
            (Some("ANY"), [name]) => Some(ToolChoice::Named(name.clone())),
            (Some("ANY"), _) => Some(ToolChoice::Allowed { required: true, names }),
            (Some("NONE"), _) => Some(ToolChoice::None),
            (Some("AUTO"), []) => Some(ToolChoice::Auto),
            // Free to call, but never a call that its schema does not allow: the second half is the vendor's own.
            (Some(own @ "VALIDATED"), []) => {
                rest.insert("mode".to_owned(), own.into());
                Some(ToolChoice::Auto)
            }
            (Some("VALIDATED" | "AUTO" | "MODE_UNSPECIFIED") | None, _) => {
                Some(ToolChoice::Allowed { required: false, names })
            }
            (Some(invented), _) => {
                rest.insert("mode".to_owned(), invented.into());
                rest.extend((!names.is_empty()).then(|| ("allowedFunctionNames".to_owned(), names.into())));
                None
            }
        };
        nest(&mut kept, "functionCallingConfig", rest);
    }
    nest(extra, "toolConfig", kept);
    Ok(choice)
}
