//! What encoding renames and emulates, and decoding undoes. Both sides derive it from the canonical request alone.

use std::borrow::Cow;

use tollgate_model::{ChatRequest, ToolCallId, message::ToolCallKind, request::ToolKind};

/// The only property of an emulated custom tool's input.
pub(crate) const CUSTOM_INPUT: &str = "input";

/// The only property of arguments that were no JSON object.
pub(crate) const UNPARSED: &str = "unparsed_arguments";

/// What the ids of calls begin with that came without one: never sent to the vendor, who does not know them.
const MADE_ID: &str = "gemini_call_";

/// Makes an id for a call that came without: the same for the same place, and not that of a call in another answer of
/// the conversation.
pub(crate) fn made_call_id(answer: Option<&str>, number: usize) -> String {
    match answer {
        Some(answer) => format!("{MADE_ID}{answer}_{number}"),
        None => format!("{MADE_ID}{number}"),
    }
}

/// The id of a call as the vendor knows it; empty where it gave none.
pub(crate) fn wire_call_id(id: &ToolCallId) -> &str {
    if id.as_str().starts_with(MADE_ID) { "" } else { id.as_str() }
}

/// The longest tool name that is taken.
const MAX_TOOL_NAME: usize = 64;

/// Makes a tool's name one of `^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$`.
///
/// A changed name ends with a hash of the whole one, so that two long names with the same beginning stay two, and a
/// conversation names its tools alike whether or not they are still defined.
pub(crate) fn wire_tool_name(name: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    if name.len() <= MAX_TOOL_NAME && name.bytes().next().is_some_and(begins) && name.bytes().all(fits) {
        return Cow::Borrowed(name);
    }
    let hash = format!("_{:08x}", fnv1a(name));
    let mut wire = String::with_capacity(MAX_TOOL_NAME);
    if !name.bytes().next().is_some_and(begins) {
        wire.push('_');
    }
    let fitting = name.chars().map(|char| if u8::try_from(char).is_ok_and(fits) { char } else { '_' });
    wire.extend(fitting.take(MAX_TOOL_NAME - hash.len() - wire.len()));
    wire.push_str(&hash);
    Cow::Owned(wire)
}

/// The 32-bit FNV-1a hash.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The names that decoding needs to undo, copied out of the request since a stream outlives it.
#[derive(Debug, Default)]
pub(crate) struct Restore {
    /// Wire name → name, for those that differ.
    renamed: Vec<(String, String)>,
    /// Names of custom tools.
    custom: Vec<String>,
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
        restore
    }

    /// Says what the wire name `name` is to the client.
    pub(crate) fn asked<'a>(&'a self, name: &'a str) -> (&'a str, ToolCallKind) {
        let renamed = self.renamed.iter().find(|(wire, _)| wire == name);
        let name = renamed.map_or(name, |(_, original)| original);
        let custom = self.custom.iter().any(|custom| custom == name);
        (name, if custom { ToolCallKind::Custom } else { ToolCallKind::Function })
    }
}

/// Takes a custom tool's text out of the object that carried it; what has another shape stays as it is.
pub(crate) fn unwrap_custom(args: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(args) {
        Ok(mut object) => match object.remove(CUSTOM_INPUT) {
            Some(serde_json::Value::String(text)) if object.is_empty() => text,
            _ => args.to_owned(),
        },
        Err(_) => args.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_name_that_fits_is_not_copied() {
        assert!(matches!(wire_tool_name("get_weather-2"), Cow::Borrowed("get_weather-2")));
        assert!(wire_tool_name("files.read").starts_with("files_read_"));
        assert!(wire_tool_name("2nd").starts_with("_2nd_"));
        assert!(wire_tool_name("wetter:ä").starts_with("wetter___"));
        assert_eq!(wire_tool_name("").len(), 10);
        let (one, other) = (format!("{}a", "x".repeat(99)), format!("{}b", "x".repeat(99)));
        assert_eq!(wire_tool_name(&one).len(), 64);
        assert_ne!(wire_tool_name(&one), wire_tool_name(&other));
    }

    #[test]
    fn a_custom_tools_text_comes_back() {
        assert_eq!(unwrap_custom(r#"{"input":"a \"b\""}"#), "a \"b\"");
        assert_eq!(unwrap_custom(r#"{"other":1}"#), r#"{"other":1}"#);
        assert_eq!(unwrap_custom("{"), "{");
    }
}
