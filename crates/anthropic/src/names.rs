//! What encoding renames and emulates, and decoding undoes. Both sides derive it from the canonical request alone.

use std::borrow::Cow;

use tollgate_model::{
    ChatRequest,
    request::{ResponseFormat, ToolKind},
};

/// The tool whose input is the answer, where a model has no output schema of its own.
pub(crate) const ANSWER_TOOL: &str = "tollgate_json_answer";

/// The only property of an emulated custom tool's input.
pub(crate) const CUSTOM_INPUT: &str = "input";

/// The longest tool name that is taken.
const MAX_TOOL_NAME: usize = 128;

/// Makes a tool's name one of `^[a-zA-Z0-9_-]{1,128}$`.
pub(crate) fn wire_tool_name(name: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.len() <= MAX_TOOL_NAME && name.bytes().all(fits) {
        return Cow::Borrowed(name);
    }
    let mut wire: String = name
        .chars()
        .map(|char| if u8::try_from(char).is_ok_and(fits) { char } else { '_' })
        .take(MAX_TOOL_NAME)
        .collect();
    if wire.is_empty() {
        wire.push_str("tool");
    }
    Cow::Owned(wire)
}

/// What a tool that the model asked for is to the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// A function of this name.
    Function(&'a str),
    /// A custom tool of this name: its input must be unwrapped.
    Custom(&'a str),
    /// The answer itself.
    Answer,
}

/// The names that decoding needs to undo, copied out of the request since a stream outlives it.
#[derive(Debug, Default)]
pub(crate) struct Restore {
    /// Wire name → name, for those that differ.
    renamed: Vec<(String, String)>,
    /// Names of custom tools.
    custom: Vec<String>,
    /// Whether a call of [`ANSWER_TOOL`] is the answer.
    answer: bool,
}

impl Restore {
    pub(crate) fn new(request: &ChatRequest) -> Self {
        let mut restore = Self::default();
        for tool in &request.tools {
            let name = match &tool.kind {
                ToolKind::Function(function) => &function.name,
                ToolKind::Custom(custom) => {
                    restore.custom.push(custom.name.clone());
                    &custom.name
                }
                _ => continue,
            };
            if let Cow::Owned(wire) = wire_tool_name(name) {
                restore.renamed.push((wire, name.clone()));
            }
        }
        restore.answer = matches!(request.response_format, Some(ResponseFormat::JsonSchema(_)));
        restore
    }

    /// Says what the wire name `name` is to the client.
    pub(crate) fn asked<'a>(&'a self, name: &'a str) -> Asked<'a> {
        if self.answer && name == ANSWER_TOOL {
            return Asked::Answer;
        }
        let renamed = self.renamed.iter().find(|(wire, _)| wire == name);
        let name = renamed.map_or(name, |(_, original)| original);
        if self.custom.iter().any(|custom| custom == name) {
            Asked::Custom(name)
        } else {
            Asked::Function(name)
        }
    }
}

/// Takes a custom tool's text out of the object that carried it; what has another shape stays as it is.
pub(crate) fn unwrap_custom(input: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(input) {
        Ok(mut object) => match object.remove(CUSTOM_INPUT) {
            Some(serde_json::Value::String(text)) if object.is_empty() => text,
            _ => input.to_owned(),
        },
        Err(_) => input.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_name_that_fits_is_not_copied() {
        assert!(matches!(wire_tool_name("get_weather-2"), Cow::Borrowed("get_weather-2")));
        assert_eq!(wire_tool_name("files.read"), "files_read");
        assert_eq!(wire_tool_name("wetter:ä"), "wetter__");
        assert_eq!(wire_tool_name(""), "tool");
        assert_eq!(wire_tool_name(&"x".repeat(200)).len(), 128);
    }

    #[test]
    fn a_custom_tools_text_comes_back() {
        assert_eq!(unwrap_custom(r#"{"input":"a \"b\""}"#), "a \"b\"");
        assert_eq!(unwrap_custom(r#"{"other":1}"#), r#"{"other":1}"#);
        assert_eq!(unwrap_custom("{"), "{");
    }
}
