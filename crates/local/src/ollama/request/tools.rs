//! Tools, and the choice among them, of which Ollama has none: tools that must not be called are not sent.

use serde_json::{Map, Value, json};
use tollgate_model::{
    ChatRequest, Losses,
    request::{Tool, ToolChoice, ToolKind},
};

use super::{FORMAT, own_fields};
use crate::ollama::custom_tool;

pub(super) fn write_all(request: &ChatRequest, losses: &mut Losses) -> Vec<Value> {
    if request.tools.is_empty() {
        return Vec::new();
    }
    let mut allowed = None;
    match &request.tool_choice {
        None | Some(ToolChoice::Auto) => {}
        Some(ToolChoice::None) => return Vec::new(),
        Some(ToolChoice::Required) => {
            losses.approximated("tool_choice", "the model cannot be made to call a tool: it may");
        }
        Some(ToolChoice::Named(name)) => {
            losses.approximated(
                "tool_choice",
                "the model cannot be made to call a tool: it may, and this one alone",
            );
            allowed = Some(std::slice::from_ref(name));
        }
        Some(ToolChoice::Allowed { required, names }) => {
            losses.emulated("tool_choice", "the tools that are not allowed are left out");
            if *required {
                losses.approximated("tool_choice", "the model cannot be made to call a tool: it may");
            }
            allowed = Some(names);
        }
        Some(_) => losses.dropped("tool_choice", "the server takes no choice"),
    }
    if request.parallel_tool_calls == Some(false) {
        losses.dropped("parallel_tool_calls", "the model may ask for several tools at once");
    }
    let is_allowed = |tool: &Tool| match (allowed, name(tool)) {
        (Some(names), Some(name)) => names.iter().any(|allowed| allowed == name),
        _ => true,
    };
    let tools = request.tools.iter().enumerate().filter(|(_, tool)| is_allowed(tool));
    tools.filter_map(|(index, tool)| write(index, tool, losses)).collect()
}

fn name(tool: &Tool) -> Option<&str> {
    match &tool.kind {
        ToolKind::Function(function) => Some(&function.name),
        ToolKind::Custom(custom) => Some(&custom.name),
        _ => None,
    }
}

fn write(index: usize, tool: &Tool, losses: &mut Losses) -> Option<Value> {
    let path = |field: &str| format!("tools[{index}]{field}");
    if tool.cache.is_some() {
        losses.dropped(path(".cache"), "the server caches of its own accord");
    }
    let extra = own_fields(&tool.extra, &path(""), losses);
    let written = match &tool.kind {
        ToolKind::Function(function) => {
            if function.strict == Some(true) {
                losses.dropped(path(".strict"), "the arguments are not held to the schema");
            }
            let parameters = function.parameters.clone();
            let parameters = parameters.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
            definition(&function.name, function.description.as_deref(), parameters)
        }
        ToolKind::Custom(custom) => {
            losses.emulated(path(""), "a tool with free text is a function whose only argument is the text");
            definition(&custom.name, custom.description.as_deref(), custom_tool::parameters(custom))
        }
        ToolKind::Opaque(opaque) if opaque.format == FORMAT => return Some(opaque.value.clone()),
        ToolKind::Opaque(opaque) => {
            losses.dropped(path(""), format!("a tool of {} only", opaque.format));
            return None;
        }
        _ => {
            losses.dropped(path(""), "the server has no such tool");
            return None;
        }
    };
    Some(with_extra(written, extra))
}

fn definition(name: &str, description: Option<&str>, parameters: Value) -> Value {
    let mut function = Map::from_iter([("name".to_owned(), name.into())]);
    function.extend(description.map(|description| ("description".to_owned(), description.into())));
    function.insert("parameters".to_owned(), parameters);
    json!({"type": "function", "function": function})
}

fn with_extra(mut written: Value, extra: Map<String, Value>) -> Value {
    if let Value::Object(fields) = &mut written {
        for (name, value) in extra {
            fields.entry(name).or_insert(value);
        }
    }
    written
}
