//! What a message is found by: that of it which every format can carry.

use serde_json::Value;
use sha2::{Digest, Sha256};
use tollgate_model::{Content, Message, Part, Role};

/// What was said so far, as one running digest. Instructions do not count: many clients put the date there.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain(Sha256);

impl Chain {
    pub(super) fn add(&mut self, message: &Message) {
        let speaker = match message.role {
            Role::System | Role::Developer => return,
            Role::User => b'u',
            Role::Assistant => b'a',
            Role::Tool => b't',
        };
        self.0.update([speaker]);
        for part in &message.parts {
            match &part.content {
                Content::ToolResult(result) => {
                    self.say(result.id.as_str());
                    result.parts.iter().filter_map(Part::as_text).for_each(|text| self.say(text));
                }
                Content::ToolCall(call) => self.say(call.id.as_str()),
                Content::Text(text) => self.say(&text.text),
                _ => {}
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }
}

/// Returns what an assistant's message is found by. `None`: it says nothing that comes back.
///
/// Tool calls have ids that no other message has. A text alone may stand in many conversations, so all that was said before
/// belongs to it: after an edited history it is not found, as it must not be, since proofs are bound to what led to them.
pub(super) fn subject(before: &Chain, parts: &[Part]) -> Option<Vec<u8>> {
    let mut text = String::new();
    let mut calls = Vec::new();
    for part in parts {
        match &part.content {
            Content::Text(said) => text.push_str(&said.text),
            Content::Refusal(said) => text.push_str(said),
            Content::ToolCall(call) => calls.push(call),
            _ => {}
        }
    }
    if calls.is_empty() {
        if text.trim().is_empty() {
            return None;
        }
        let mut digest = before.0.clone();
        digest.update(text.trim());
        return Some(digest.finalize().to_vec());
    }
    let mut subject = Vec::new();
    for call in calls {
        for piece in [call.id.as_str(), call.name.as_str(), &canonical(&call.arguments)] {
            subject.extend_from_slice(piece.as_bytes());
            subject.push(0);
        }
    }
    Some(subject)
}

/// Arguments with sorted keys: clients parse them and write them anew.
fn canonical(arguments: &str) -> String {
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            value.sort_all_objects();
            value.to_string()
        }
        Err(_) => arguments.to_owned(),
    }
}
