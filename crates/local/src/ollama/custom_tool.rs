//! Tools with free-text input, which Ollama does not have: functions whose only argument is the text.

use serde_json::{Map, Value, json};
use tollgate_model::{
    ChatRequest,
    message::ToolCallKind,
    request::{CustomTool, ToolKind},
};

/// The only argument.
const INPUT: &str = "input";

/// Writes the schema of a free-text tool's function.
pub(super) fn parameters(tool: &CustomTool) -> Value {
    let mut input = json!({"type": "string"});
    // `{"type": "text"}` is any text; all else is a grammar, which the model is told of.
    if let Some(format) = tool.format.as_ref().filter(|format| format["type"] != "text") {
        input["description"] = format!("The text must follow this format: {format}").into();
    }
    json!({"type": "object", "properties": {INPUT: input}, "required": [INPUT]})
}

/// Writes a text as the arguments that carry it.
pub(super) fn wrap(text: &str) -> Map<String, Value> {
    Map::from_iter([(INPUT.to_owned(), text.into())])
}

/// Which tools take free text, copied out of the request since a stream outlives it.
#[derive(Debug, Default)]
pub(super) struct CustomTools(Vec<String>);

impl CustomTools {
    pub(super) fn of(request: &ChatRequest) -> Self {
        let name =
            |kind: &ToolKind| if let ToolKind::Custom(tool) = kind { Some(tool.name.clone()) } else { None };
        Self(request.tools.iter().filter_map(|tool| name(&tool.kind)).collect())
    }

    /// Takes the text out of a call's arguments. What has another shape stays as it is.
    pub(super) fn unwrap(&self, name: &str, arguments: String) -> (ToolCallKind, String) {
        if !self.0.iter().any(|custom| custom == name) {
            return (ToolCallKind::Function, arguments);
        }
        let text = match serde_json::from_str::<Map<String, Value>>(&arguments) {
            Ok(mut fields) => match fields.remove(INPUT) {
                Some(Value::String(text)) if fields.is_empty() => text,
                _ => arguments,
            },
            Err(_) => arguments,
        };
        (ToolCallKind::Custom, text)
    }
}
