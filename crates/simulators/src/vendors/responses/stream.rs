//! The events of a response, each with its number.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Dialect, cuts, object};
use crate::{
    dice::{Dice, filler},
    memory::{Kept, Work},
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

/// Streams what is kept, from the event `from` on.
pub(super) fn reply(kept: &Kept, dialect: Dialect, obfuscates: bool, from: u64) -> Reply {
    let mut writer = Writer {
        dialect,
        obfuscates: obfuscates && dialect == Dialect::OpenAi,
        dice: cuts(kept),
        sequence: 0,
        from,
        chunks: Chunks::default(),
    };
    writer.response(kept);
    let content_type = match dialect {
        Dialect::OpenAi => "text/event-stream; charset=utf-8",
        Dialect::Xai => "text/event-stream",
    };
    Reply::stream(content_type, writer.chunks.0, error_event)
}

/// Source: `ResponseErrorEvent` of the OpenAPI document, whose fields stand at the top.
fn error_event(sent: u64) -> Bytes {
    let event = json!({
        "type": "error", "code": "server_error",
        "message": "The server had an error while processing your request. Sorry about that!", "param": null,
        "sequence_number": sent,
    });
    format!("event: error\ndata: {event}\n\n").into()
}

struct Writer {
    dialect: Dialect,
    obfuscates: bool,
    dice: Dice,
    sequence: u64,
    /// Events before this one have been read.
    from: u64,
    chunks: Chunks,
}

impl Writer {
    /// Writes one event. `fields` is an object.
    fn event(&mut self, kind: &str, fields: &Value, tokens: u64, is_end: bool) {
        let number = self.sequence;
        self.sequence += 1;
        if number < self.from {
            return;
        }
        let fields = fields.to_string();
        let fields = &fields[1..fields.len() - 1];
        let data = match self.dialect {
            Dialect::OpenAi => format!("{{\"type\":\"{kind}\",{fields},\"sequence_number\":{number}}}"),
            Dialect::Xai => format!("{{\"sequence_number\":{number},\"type\":\"{kind}\",{fields}}}"),
        };
        self.chunks.push(format!("event: {kind}\ndata: {data}\n\n"), tokens, is_end);
    }

    /// Writes a delta, filled up so that its length tells nothing.
    fn delta(&mut self, kind: &str, mut fields: Value, tokens: u64) {
        if self.obfuscates {
            fields["obfuscation"] = json!(filler(&mut self.dice));
        }
        self.event(kind, &fields, tokens, false);
    }

    fn response(&mut self, kept: &Kept) {
        let opening = |status| json!({"response": object::unfinished(&kept.object, status)});
        if matches!(kept.work, Work::Background { .. }) {
            self.event("response.created", &opening("queued"), 0, false);
            self.event("response.queued", &opening("queued"), 0, false);
        } else {
            self.event("response.created", &opening("in_progress"), 0, false);
        }
        self.event("response.in_progress", &opening("in_progress"), 0, false);
        let hidden = kept.object.pointer("/usage/output_tokens_details/reasoning_tokens");
        let hidden = hidden.and_then(Value::as_u64).unwrap_or(0);
        for (index, item) in kept.output.iter().enumerate() {
            match item["type"].as_str() {
                Some("reasoning") => self.reasoning(index, item, hidden),
                Some("message") => self.message(index, item),
                _ => self.call(index, item),
            }
        }
        if kept.object["status"] == "failed" {
            // It fails on the way.
            self.chunks.0.truncate(2 + self.chunks.0.len().saturating_sub(2) / 2);
            self.sequence = self.from + self.chunks.0.len() as u64;
        }
        let last = match kept.object["status"].as_str() {
            Some("incomplete") => "response.incomplete",
            Some("failed") => "response.failed",
            _ => "response.completed",
        };
        self.event(last, &json!({"response": kept.object}), 0, true);
    }

    fn item(&mut self, kind: &str, index: usize, item: &Value, tokens: u64) {
        self.event(kind, &json!({"item": item, "output_index": index}), tokens, false);
    }

    /// The first event holds a content that is not the one to send back.
    fn reasoning(&mut self, index: usize, item: &Value, hidden: u64) {
        let mut opening = item.clone();
        opening["summary"] = json!([]);
        if let Some(fields) = opening.as_object_mut() {
            match (self.dialect, item["encrypted_content"].as_str()) {
                (Dialect::OpenAi, Some(content)) => {
                    let cut = content.len() / 3 * 2;
                    fields.insert("encrypted_content".to_owned(), json!(content[..cut]));
                }
                _ => {
                    fields.shift_remove("encrypted_content");
                }
            }
            if self.dialect == Dialect::Xai {
                fields.insert("status".to_owned(), json!("in_progress"));
            }
        }
        self.item("response.output_item.added", index, &opening, 0);
        let mut shown = 0;
        for (nth, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
            let text = part["text"].as_str().unwrap_or("");
            let at = json!({"item_id": item["id"], "output_index": index, "summary_index": nth});
            let empty = json!({"type": "summary_text", "text": ""});
            self.event("response.reasoning_summary_part.added", &with(&at, "part", &empty), 0, false);
            let cut = pieces(&mut self.dice, text, 2, 7);
            for piece in cut {
                let tokens = tokens_of(piece).min(hidden - shown);
                shown += tokens;
                self.delta(
                    "response.reasoning_summary_text.delta",
                    with(&at, "delta", &json!(piece)),
                    tokens,
                );
            }
            self.event("response.reasoning_summary_text.done", &with(&at, "text", &json!(text)), 0, false);
            self.event("response.reasoning_summary_part.done", &with(&at, "part", part), 0, false);
        }
        self.item("response.output_item.done", index, item, hidden - shown);
    }

    fn message(&mut self, index: usize, item: &Value) {
        let part = &item["content"][0];
        let mut opening = item.clone();
        opening["status"] = json!("in_progress");
        opening["content"] = json!([]);
        self.item("response.output_item.added", index, &opening, 0);
        let at = json!({"content_index": 0, "item_id": item["id"], "output_index": index});
        match part["refusal"].as_str() {
            Some(refusal) => self.refusal(&at, refusal),
            None => self.text(&at, part),
        }
        self.event("response.content_part.done", &with(&at, "part", part), 0, false);
        self.item("response.output_item.done", index, item, 0);
    }

    fn refusal(&mut self, at: &Value, refusal: &str) {
        let empty = json!({"type": "refusal", "refusal": ""});
        self.event("response.content_part.added", &with(at, "part", &empty), 0, false);
        for piece in pieces(&mut self.dice, refusal, 2, 7) {
            self.delta("response.refusal.delta", with(at, "delta", &json!(piece)), tokens_of(piece));
        }
        self.event("response.refusal.done", &with(at, "refusal", &json!(refusal)), 0, false);
    }

    fn text(&mut self, at: &Value, part: &Value) {
        let mut empty = part.clone();
        empty["text"] = json!("");
        empty["logprobs"] = json!([]);
        self.event("response.content_part.added", &with(at, "part", &empty), 0, false);
        let text = part["text"].as_str().unwrap_or("");
        let chances = part["logprobs"].as_array().map_or(&[][..], Vec::as_slice);
        if chances.is_empty() {
            for piece in pieces(&mut self.dice, text, 2, 7) {
                let fields = with(&with(at, "delta", &json!(piece)), "logprobs", &json!([]));
                self.delta("response.output_text.delta", fields, tokens_of(piece));
            }
        }
        for chance in chances {
            let fields = with(&with(at, "delta", &chance["token"]), "logprobs", &json!([chance]));
            let tokens = chance["token"].as_str().map_or(0, tokens_of);
            self.delta("response.output_text.delta", fields, tokens);
        }
        let whole = with(&with(at, "logprobs", &part["logprobs"]), "text", &json!(text));
        self.event("response.output_text.done", &whole, 0, false);
    }

    /// Arguments of a function, or the text for a tool that takes any.
    fn call(&mut self, index: usize, item: &Value) {
        let (field, event) = match item["type"].as_str() {
            Some("custom_tool_call") => ("input", "response.custom_tool_call_input"),
            _ => ("arguments", "response.function_call_arguments"),
        };
        let mut opening = item.clone();
        opening["status"] = json!("in_progress");
        opening[field] = json!("");
        let name = item["name"].as_str().map_or(0, tokens_of) + 6;
        self.item("response.output_item.added", index, &opening, name);
        let whole = item[field].as_str().unwrap_or("");
        let at = json!({"item_id": item["id"], "output_index": index});
        let cut = match self.dialect {
            Dialect::OpenAi => pieces(&mut self.dice, whole, 1, 6),
            Dialect::Xai => vec![whole],
        };
        for piece in cut {
            self.delta(&format!("{event}.delta"), with(&at, "delta", &json!(piece)), tokens_of(piece));
        }
        // The document has a function's name here too; no recorded stream does.
        self.event(&format!("{event}.done"), &with(&at, field, &json!(whole)), 0, false);
        self.item("response.output_item.done", index, item, 0);
    }
}

fn with(fields: &Value, name: &str, value: &Value) -> Value {
    let mut fields = fields.clone();
    fields[name] = value.clone();
    fields
}
