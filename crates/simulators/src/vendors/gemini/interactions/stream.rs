//! The events of an interaction: one step after the other.

use bytes::Bytes;
use serde_json::{Value, json};

use super::object;
use crate::{
    dice::Dice,
    memory::{Kept, Work},
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

/// Streams what is kept, from the event `from` on.
pub(super) fn reply(kept: &Kept, from: u64) -> Reply {
    let mut writer = Writer {
        dice: Dice::new(kept.chance ^ 0xC075),
        in_background: matches!(kept.work, Work::Background { .. }),
        sequence: 0,
        from,
        chunks: Chunks::default(),
    };
    writer.interaction(kept);
    Reply::stream("text/event-stream", writer.chunks.0, error_event)
}

fn error_event(_sent: u64) -> Bytes {
    let error = json!({"message": "The model is overloaded. Please try again later.", "code": "unavailable"});
    format!("event: error\ndata: {}\n\n", json!({"error": error, "event_type": "error"})).into()
}

struct Writer {
    dice: Dice,
    /// Only such a stream can be taken up again, and numbers its events for that.
    in_background: bool,
    sequence: u64,
    /// Events before this one have been read.
    from: u64,
    chunks: Chunks,
}

impl Writer {
    fn event(&mut self, kind: &str, mut data: Value, tokens: u64, is_end: bool) {
        let number = self.sequence;
        self.sequence += 1;
        if number < self.from {
            return;
        }
        data["event_type"] = json!(kind);
        if self.in_background {
            data["event_id"] = json!(number.to_string());
        }
        self.chunks.push(format!("event: {kind}\ndata: {data}\n\n"), tokens, is_end);
    }

    fn delta(&mut self, index: usize, delta: &Value, tokens: u64) {
        self.event("step.delta", json!({"index": index, "delta": delta}), tokens, false);
    }

    fn interaction(&mut self, kept: &Kept) {
        let mut opening = object::unfinished(&kept.object, "in_progress");
        if let Some(fields) = opening.as_object_mut() {
            fields.shift_remove("created");
            fields.shift_remove("updated");
        }
        self.event("interaction.created", json!({"interaction": opening}), 0, false);
        let update = json!({"interaction_id": kept.object["id"], "status": "in_progress"});
        self.event("interaction.status_update", update, 0, false);
        let hidden = kept.object["usage"]["total_thought_tokens"].as_u64().unwrap_or(0);
        for (index, step) in kept.output.iter().enumerate() {
            self.step(index, step, hidden);
        }
        let mut closing = kept.object.clone();
        if kept.object["status"] == "failed" {
            // It fails on the way.
            self.chunks.0.truncate(2 + self.chunks.0.len().saturating_sub(2) / 2);
            self.sequence = self.from + self.chunks.0.len() as u64;
        }
        if let Some(fields) = closing.as_object_mut() {
            // They were told one by one.
            fields.shift_remove("steps");
        }
        self.event("interaction.completed", json!({"interaction": closing}), 0, true);
        self.chunks.push("event: done\ndata: [DONE]\n\n".to_owned(), 0, true);
    }

    fn step(&mut self, index: usize, step: &Value, hidden: u64) {
        let mut opening = json!({"type": step["type"]});
        if step["type"] == "function_call" {
            opening = step.clone();
            opening["arguments"] = json!({});
        }
        let name = step["name"].as_str().map_or(0, |name| tokens_of(name) + 6);
        self.event("step.start", json!({"index": index, "step": opening}), name, false);
        match step["type"].as_str() {
            Some("thought") => {
                for part in step["summary"].as_array().into_iter().flatten() {
                    self.delta(index, &json!({"content": part, "type": "thought_summary"}), 0);
                }
                let seal = json!({"signature": step["signature"], "type": "thought_signature"});
                self.delta(index, &seal, hidden);
            }
            Some("function_call") => {
                let arguments = step["arguments"].to_string();
                for piece in pieces(&mut self.dice, &arguments, 20, 60) {
                    self.delta(
                        index,
                        &json!({"arguments": piece, "type": "arguments_delta"}),
                        tokens_of(piece),
                    );
                }
            }
            _ => {
                let text = step["content"][0]["text"].as_str().unwrap_or("");
                for piece in pieces(&mut self.dice, text, 40, 220) {
                    self.delta(index, &json!({"text": piece, "type": "text"}), tokens_of(piece));
                }
            }
        }
        self.event("step.stop", json!({"index": index}), 0, false);
    }
}
