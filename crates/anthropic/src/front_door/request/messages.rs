//! Turns → messages.

use serde_json::value::RawValue;
use tollgate_model::{Content, Extra, Message, Part, Role};

use super::{FORMAT, Wrong, content, object, required};
use crate::wire::Text;

/// Reads the instructions: a text, or blocks.
pub(super) fn system(raw: &RawValue) -> Result<Message, Wrong> {
    Ok(Message::new(Role::System, parts(raw, Role::System)?))
}

/// Reads a turn. One that holds results of tools is several messages: the results, and what the user says.
pub(super) fn decode(raw: &RawValue, messages: &mut Vec<Message>) -> Result<(), Wrong> {
    let mut turn = object(raw)?;
    let word: Text<'_> = required(&mut turn, "role")?;
    let role = match &*word.0 {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let what = format!("`{other}` is no role: use `user` or `assistant`");
            return Err(Wrong::new("role", what));
        }
    };
    let content = turn.take_raw("content").ok_or_else(|| Wrong::new("content", "field required"))?;
    let parts = parts(content, role).map_err(|wrong| wrong.at("content"))?;
    let extra = Extra::new(FORMAT, turn.rest());
    let first = messages.len();
    if parts.is_empty() {
        messages.push(Message::new(role, parts));
    } else {
        split(role, parts, messages);
    }
    messages[first].extra = extra;
    Ok(())
}

/// Results of tools stand apart from what the user says; the order stays.
fn split(role: Role, parts: Vec<Part>, messages: &mut Vec<Message>) {
    let first = messages.len();
    for part in parts {
        let role = match &part.content {
            Content::ToolResult(_) if role == Role::User => Role::Tool,
            _ => role,
        };
        match messages[first..].last_mut() {
            Some(last) if last.role == role => last.parts.push(part),
            _ => messages.push(Message::new(role, vec![part])),
        }
    }
}

fn parts(raw: &RawValue, role: Role) -> Result<Vec<Part>, Wrong> {
    if raw.get().starts_with('"') {
        let text: String =
            serde_json::from_str(raw.get()).map_err(|error| Wrong::new("", error.to_string()))?;
        return Ok(vec![Part::text(text)]);
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|_| Wrong::new("", "must be a text or an array of content blocks"))?;
    let read =
        |(index, block)| content::decode(block, role).map_err(|wrong: Wrong| wrong.at(&format!("[{index}]")));
    blocks.into_iter().enumerate().map(read).collect()
}
