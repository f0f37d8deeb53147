//! Writes a message, whole or as events.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{super::signature, model::Model, request, sealed};
use crate::{
    dice::{ALNUM, Dice},
    draft::{Draft, Finish, drafts},
    exchange::Exchange,
    meter::MeteredUsage,
    prompt::CacheUse,
    prose::{pieces, tokens_of},
    reply::{Chunk, Reply},
};

const OVERLOADED: &[u8] = b"event: error\ndata: {\"type\":\"error\",\"error\":{\"details\":null,\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

/// Who says this gets thoughts that cannot be read, as the vendor documents for tests.
const REDACT: &str = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";

/// What a first event already counts as output.
const FIRST_OUTPUT: u64 = 1;

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let mut dice = exchange.dice(1);
    let model = Model::named(exchange.model);
    let mut ask = request::ask(exchange.body);
    let asked = exchange.body["thinking"]["type"].as_str();
    let thinks = model.thinks_always() || asked.is_some_and(|kind| kind != "disabled");
    ask.thinking = thinks.then_some(96);
    let prompt = request::prompt(exchange.body);
    let cache = exchange.marked(&prompt, model.min_cached());
    let id = format!("msg_01{}", dice.id(22, ALNUM));
    let Some(mut draft) = drafts(&ask, &mut dice).pop() else {
        unreachable!("one answer at least is drafted")
    };
    if draft.finish == Finish::Refused {
        // It says so by its reason, not in words.
        draft.text.clear();
    }
    let usage = MeteredUsage {
        input: prompt.total(),
        cache_read: cache.read,
        cache_write_5m: cache.write_5m,
        cache_write_1h: cache.write_1h,
        image_input: prompt.image,
        output: draft.reasoning_tokens() + draft.visible_tokens(),
        reasoning: draft.reasoning_tokens(),
        ..MeteredUsage::default()
    };
    let shown = match exchange.body["thinking"]["display"].as_str() {
        Some(display) => display == "summarized",
        None => !model.hides_thoughts(),
    };
    let blocks = blocks(exchange, &draft, shown, &mut dice);
    let answer = Answer { exchange, id, draft, blocks, usage, cache };
    let reply =
        if exchange.body["stream"] == Value::Bool(true) { answer.stream(&mut dice) } else { answer.whole() };
    reply.with_usage(usage).with_id(&answer.id)
}

/// The content blocks of an answer.
fn blocks(exchange: &Exchange<'_>, draft: &Draft, shown: bool, dice: &mut Dice) -> Vec<Value> {
    let mut blocks = Vec::new();
    let is_hidden = request::ask(exchange.body).said.contains(REDACT);
    if is_hidden && draft.thought.is_some() {
        let data = signature::seal(exchange.seed, exchange.model, sealed::REDACTED, dice);
        blocks.push(json!({"type": "redacted_thinking", "data": data}));
    } else if let Some(thought) = &draft.thought {
        let text = if shown { thought.as_str() } else { "" };
        let before = exchange.body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let sealed = sealed::text(Model::named(exchange.model), text, before);
        let seal = signature::seal(exchange.seed, exchange.model, &sealed, dice);
        blocks.push(json!({"type": "thinking", "thinking": text, "signature": seal}));
    }
    if !draft.text.is_empty() {
        blocks.push(json!({"type": "text", "text": draft.text}));
    }
    for call in &draft.calls {
        let id = format!("toolu_01{}", dice.id(22, ALNUM));
        blocks.push(json!({
            "type": "tool_use", "id": id, "name": call.name, "input": call.arguments, "caller": {"type": "direct"},
        }));
    }
    blocks
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    id: String,
    draft: Draft,
    blocks: Vec<Value>,
    usage: MeteredUsage,
    cache: CacheUse,
}

impl Answer<'_> {
    fn stop(&self) -> (&'static str, Value) {
        match &self.draft.finish {
            Finish::End => ("end_turn", Value::Null),
            Finish::StopString(text) => ("stop_sequence", json!(text)),
            Finish::Length => ("max_tokens", Value::Null),
            Finish::Tools => ("tool_use", Value::Null),
            Finish::Refused | Finish::Filtered => ("refusal", Value::Null),
        }
    }

    /// What a refusal is about.
    fn stop_details(&self) -> Value {
        match self.draft.finish {
            Finish::Refused | Finish::Filtered => {
                json!({"type": "refusal", "category": "general_harms", "explanation": "This request was declined."})
            }
            Finish::End | Finish::StopString(_) | Finish::Length | Finish::Tools => Value::Null,
        }
    }

    /// Input leaves out what was read from and written to the cache.
    fn usage_value(&self, output: u64) -> Value {
        let CacheUse { read, write_5m, write_1h } = self.cache;
        json!({
            "input_tokens": self.usage.input - read - write_5m - write_1h,
            "cache_creation_input_tokens": write_5m + write_1h,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
            "output_tokens": output,
            "service_tier": "standard",
            "inference_geo": "not_available",
        })
    }

    fn message(&self, content: &[Value], stop: (&str, &Value), output: u64) -> Value {
        let reason = if stop.0.is_empty() { Value::Null } else { json!(stop.0) };
        json!({
            "model": self.exchange.model, "id": self.id, "type": "message", "role": "assistant", "content": content,
            "stop_reason": reason, "stop_sequence": stop.1, "stop_details": null, "usage": self.usage_value(output),
        })
    }

    fn whole(&self) -> Reply {
        let (reason, text) = self.stop();
        let mut body = self.message(&self.blocks, (reason, &text), self.usage.output);
        body["stop_details"] = self.stop_details();
        if self.usage.reasoning > 0 {
            body["usage"]["output_tokens_details"] = json!({"thinking_tokens": self.usage.reasoning});
        }
        Reply::json(StatusCode::OK, &body)
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let mut events = Events { chunks: Vec::new(), pad: dice.clone() };
        let start = self.message(&[], ("", &Value::Null), FIRST_OUTPUT.min(self.usage.output));
        events.push("message_start", &json!({"type": "message_start", "message": start}), 0, false);
        for (index, block) in self.blocks.iter().enumerate() {
            events.block(index, block, self.usage.reasoning, dice);
            if index == 0 {
                // Written by another hand than the rest: with spaces.
                let ping = Bytes::from_static(b"event: ping\ndata: {\"type\": \"ping\"}\n\n");
                let after_start = events
                    .chunks
                    .iter()
                    .position(|chunk| chunk.bytes.starts_with(b"event: content_block_start"));
                events.chunks.insert(
                    after_start.map_or(1, |at| at + 1),
                    Chunk { bytes: ping, tokens: 0, is_end: false },
                );
            }
        }
        let (reason, text) = self.stop();
        let mut usage = self.usage_value(self.usage.output);
        if let Some(fields) = usage.as_object_mut() {
            // The split by age stands in the first event alone.
            for name in ["cache_creation", "service_tier", "inference_geo"] {
                fields.shift_remove(name);
            }
        }
        let delta =
            json!({"stop_reason": reason, "stop_sequence": text, "stop_details": self.stop_details()});
        events.push(
            "message_delta",
            &json!({"type": "message_delta", "delta": delta, "usage": usage}),
            0,
            true,
        );
        events.push("message_stop", &json!({"type": "message_stop"}), 0, true);
        Reply::stream("text/event-stream; charset=utf-8", events.chunks, |_| Bytes::from_static(OVERLOADED))
    }
}

struct Events {
    chunks: Vec<Chunk>,
    pad: Dice,
}

impl Events {
    /// An event as this API writes it: with some spaces before the last brace.
    fn push(&mut self, name: &str, data: &Value, tokens: u64, is_end: bool) {
        let mut json = data.to_string();
        json.pop();
        let spaces = " ".repeat(self.pad.position(14));
        self.chunks.push(Chunk {
            bytes: format!("event: {name}\ndata: {json}{spaces}}}\n\n").into(),
            tokens,
            is_end,
        });
    }

    fn block(&mut self, index: usize, block: &Value, reasoning: u64, dice: &mut Dice) {
        let mut opening = block.clone();
        match block["type"].as_str() {
            Some("thinking") => {
                opening["thinking"] = json!("");
                opening["signature"] = json!("");
            }
            Some("text") => opening["text"] = json!(""),
            Some("redacted_thinking") => {}
            _ => opening["input"] = json!({}),
        }
        self.push(
            "content_block_start",
            &json!({"type": "content_block_start", "index": index, "content_block": opening}),
            0,
            false,
        );
        match block["type"].as_str() {
            Some("thinking") => {
                let text = block["thinking"].as_str().unwrap_or("");
                for piece in pieces(dice, text, 12, 60) {
                    self.delta(
                        index,
                        &json!({"type": "thinking_delta", "thinking": piece}),
                        tokens_of(piece),
                    );
                }
                let unseen = if text.is_empty() { reasoning } else { 0 };
                self.delta(
                    index,
                    &json!({"type": "signature_delta", "signature": block["signature"]}),
                    unseen,
                );
            }
            // It came whole at its start.
            Some("redacted_thinking") => {}
            Some("text") => {
                for piece in pieces(dice, block["text"].as_str().unwrap_or(""), 3, 40) {
                    self.delta(index, &json!({"type": "text_delta", "text": piece}), tokens_of(piece));
                }
            }
            _ => {
                // An empty piece comes first, and of an empty input nothing else.
                self.delta(index, &json!({"type": "input_json_delta", "partial_json": ""}), 6);
                let input = block["input"].to_string();
                for piece in pieces(dice, if input == "{}" { "" } else { &input }, 4, 16) {
                    self.delta(
                        index,
                        &json!({"type": "input_json_delta", "partial_json": piece}),
                        tokens_of(piece),
                    );
                }
            }
        }
        self.push("content_block_stop", &json!({"type": "content_block_stop", "index": index}), 0, false);
    }

    fn delta(&mut self, index: usize, delta: &Value, tokens: u64) {
        self.push(
            "content_block_delta",
            &json!({"type": "content_block_delta", "index": index, "delta": delta}),
            tokens,
            false,
        );
    }
}
