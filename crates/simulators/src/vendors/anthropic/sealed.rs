//! What a seal on a thought is made of: the thought, and on newer models the conversation that led to it.
//!
//! Source: the page on what is new in Opus 5.5: its thoughts are bound to the model and the conversation (read 2026-11-23).

use serde_json::{Value, json};

use super::{model::Model, request::blocks};
use crate::dice::{hash_bytes, hash_value};

/// What hidden thoughts are sealed as, whose text is not known to anybody.
pub(super) const REDACTED: &str = "redacted";

/// The text to seal, for a thought that comes after `before`.
pub(super) fn text(model: Model<'_>, thought: &str, before: &[Value]) -> String {
    if model.seals_bind_to_conversation() {
        format!("{thought}\n{:x}", so_far(before))
    } else {
        thought.to_owned()
    }
}

/// A hash of what was said, called and answered. How it was cut into messages and blocks, what was thought, and where cache
/// marks are, does not matter.
fn so_far(messages: &[Value]) -> u64 {
    let mut hash = 0;
    let mut role = &Value::Null;
    for message in messages {
        if message["role"] != *role {
            role = &message["role"];
            hash = hash_value(hash, role);
        }
        if let Some(text) = message["content"].as_str() {
            hash = hash_bytes(hash, text.as_bytes());
        }
        hash = blocks(&message["content"]).iter().fold(hash, block);
    }
    hash
}

fn block(hash: u64, block: &Value) -> u64 {
    match block["type"].as_str() {
        Some("text") => hash_bytes(hash, block["text"].as_str().unwrap_or("").as_bytes()),
        Some("thinking" | "redacted_thinking") => hash,
        Some("tool_use") => hash_value(hash, &json!([block["id"], block["name"], block["input"]])),
        Some("tool_result") => {
            let hash = hash_value(hash, &block["tool_use_id"]);
            match block["content"].as_str() {
                Some(text) => hash_bytes(hash, text.as_bytes()),
                None => blocks(&block["content"]).iter().fold(hash, self::block),
            }
        }
        _ => hash_value(hash, block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_conversation_is_cut_does_not_matter_and_what_is_said_does() {
        let plain =
            [json!({"role": "user", "content": "One"}), json!({"role": "assistant", "content": "Two"})];
        let mark = json!({"type": "ephemeral"});
        let cut = [
            json!({"role": "user", "content": [{"type": "text", "text": "One", "cache_control": mark}]}),
            json!({"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm", "signature": "x"}]}),
            json!({"role": "assistant", "content": [{"type": "text", "text": "Two"}]}),
        ];
        assert_eq!(so_far(&plain), so_far(&cut));
        let edited = [json!({"role": "user", "content": "One!"}), plain[1].clone()];
        assert_ne!(so_far(&plain), so_far(&edited));
        assert_ne!(so_far(&plain), so_far(&plain[..1]));
    }
}
