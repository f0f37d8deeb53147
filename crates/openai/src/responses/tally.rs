//! What the items of an answer say of its end: whether the client has to answer a call, and how often the vendor ran a
//! tool of its own.

use serde_json::Value;
use tollgate_model::{Content, message::Opaque, usage::ServerToolUse};

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Whether the client has to answer a call.
    pub(super) waits: bool,
    tools: ServerToolUse,
}

impl Tally {
    /// Counts an item by its type, and that of its `action`.
    pub(super) fn add(&mut self, kind: &str, action: Option<&str>) {
        let count = |counter: &mut Option<u64>| *counter.get_or_insert(0) += 1;
        match kind {
            "function_call" | "custom_tool_call" | "computer_call" | "local_shell_call"
            | "apply_patch_call" => {
                self.waits = true;
            }
            // Opening a page that was found is not counted apart.
            "web_search_call" if action.is_none_or(|action| action == "search") => {
                count(&mut self.tools.web_searches);
            }
            "file_search_call" => count(&mut self.tools.file_searches),
            "code_interpreter_call" => count(&mut self.tools.code_executions),
            _ => {}
        }
    }

    /// Counts a part.
    pub(super) fn add_content(&mut self, content: &Content) {
        match content {
            Content::ToolCall(_) => self.add("function_call", None),
            Content::Opaque(Opaque { value, .. }) => {
                self.add(value["type"].as_str().unwrap_or_default(), value["action"]["type"].as_str());
            }
            _ => {}
        }
    }

    /// Returns how often the vendor ran tools of its own: as `tool_usage` says, or else as the items show.
    pub(super) fn tools(&self, tool_usage: Option<&Value>) -> ServerToolUse {
        let told = tool_usage.and_then(|told| told["web_search"]["num_requests"].as_u64());
        let web_searches = told.filter(|count| *count > 0).or(self.tools.web_searches);
        ServerToolUse { web_searches, ..self.tools }
    }
}
