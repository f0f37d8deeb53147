//! Writes a chat completion, whole or in chunks.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    model::{self, Model},
    request,
};
use crate::{
    dice::{ALNUM, Dice, filler},
    draft::{Call, Draft, Finish, drafts},
    exchange::Exchange,
    meter::MeteredUsage,
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let body = exchange.body;
    let mut dice = exchange.dice(1);
    let mut ask = request::ask(body);
    let model = Model(exchange.model);
    ask.thinking = model::thought(model.effort(body["reasoning_effort"].as_str()));
    let answer = Answer {
        id: format!("chatcmpl-{}", dice.id(29, ALNUM)),
        drafts: drafts(&ask, &mut dice),
        usage: usage(exchange),
        exchange,
    };
    answer.write(&mut dice)
}

/// The input side of the usage.
fn usage(exchange: &Exchange<'_>) -> MeteredUsage {
    let prompt = request::prompt(exchange.body);
    let input = prompt.total();
    let cache_read = exchange.cached(&prompt).min(input);
    let writes = Model(exchange.model).counts_cache_writes() && input >= 1024;
    let cache_write_5m = if writes { input / 128 * 128 - cache_read.min(input / 128 * 128) } else { 0 };
    MeteredUsage {
        input,
        cache_read,
        cache_write_5m,
        audio_input: prompt.audio,
        image_input: prompt.image,
        ..MeteredUsage::default()
    }
}

/// The word for a reason. Shared with xAI.
pub(crate) const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::StopString(_) | Finish::Refused => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
        Finish::Filtered => "content_filter",
    }
}

struct Answer<'a> {
    id: String,
    drafts: Vec<Draft>,
    usage: MeteredUsage,
    exchange: &'a Exchange<'a>,
}

impl Answer<'_> {
    fn write(mut self, dice: &mut Dice) -> Reply {
        self.usage.reasoning = self.drafts.iter().map(Draft::reasoning_tokens).sum();
        self.usage.output = self.usage.reasoning + self.drafts.iter().map(Draft::visible_tokens).sum::<u64>();
        let reply = if self.exchange.body["stream"] == Value::Bool(true) {
            self.stream(dice)
        } else {
            self.whole(dice)
        };
        reply.with_usage(self.usage).with_id(&self.id)
    }

    fn model(&self) -> &str {
        Model(self.exchange.model).dated()
    }

    fn tier(&self) -> &str {
        model::tier(self.exchange.body["service_tier"].as_str())
    }

    fn usage_value(&self) -> Value {
        let usage = &self.usage;
        let mut prompt = json!({"cached_tokens": usage.cache_read, "audio_tokens": usage.audio_input});
        if usage.cache_write_5m > 0 {
            prompt["cache_write_tokens"] = json!(usage.cache_write_5m);
        }
        json!({
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output,
            "total_tokens": usage.input + usage.output,
            "prompt_tokens_details": prompt,
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        })
    }

    fn whole(&self, dice: &mut Dice) -> Reply {
        let choice = |(index, draft): (usize, &Draft)| {
            let mut message =
                json!({"role": "assistant", "content": content(draft), "refusal": null, "annotations": []});
            if draft.finish == Finish::Refused {
                message["refusal"] = message["content"].take();
            }
            if !draft.calls.is_empty() {
                message["tool_calls"] = draft.calls.iter().map(|call| tool_call(call, dice)).collect();
            }
            json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish_reason(&draft.finish)})
        };
        let choices: Vec<Value> = self.drafts.iter().enumerate().map(choice).collect();
        let body = json!({
            "id": self.id, "object": "chat.completion", "created": self.exchange.now, "model": self.model(),
            "choices": choices, "usage": self.usage_value(), "service_tier": self.tier(), "system_fingerprint": "fp_5a1d0c2e77",
        });
        Reply::json(StatusCode::OK, &body)
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let options = &self.exchange.body["stream_options"];
        let with_usage = options["include_usage"] == Value::Bool(true);
        let head = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.exchange.now, "model": self.model(),
            "service_tier": self.tier(), "system_fingerprint": "fp_5a1d0c2e77",
        });
        let mut writer = Writer {
            head: head.to_string().trim_end_matches('}').to_owned(),
            with_usage,
            obfuscates: options["include_obfuscation"] != Value::Bool(false),
            chunks: Chunks::default(),
        };
        for (index, draft) in self.drafts.iter().enumerate() {
            writer.choice(index, draft, dice);
        }
        if with_usage {
            let filler = if writer.obfuscates { ",\"obfuscation\":\"\"" } else { "" };
            let usage = self.usage_value();
            let last = format!("data: {},\"choices\":[],\"usage\":{usage}{filler}}}\n\n", writer.head);
            writer.chunks.push(last, 0, true);
        }
        writer.chunks.push("data: [DONE]\n\n".to_owned(), 0, true);
        Reply::stream("text/event-stream; charset=utf-8", writer.chunks.0, error_event)
    }
}

/// Writes chunks. What all of them share is written once and joined as text, since a stream has hundreds.
struct Writer {
    /// The fields that come first, without the last brace.
    head: String,
    with_usage: bool,
    obfuscates: bool,
    chunks: Chunks,
}

impl Writer {
    fn choice(&mut self, index: usize, draft: &Draft, dice: &mut Dice) {
        let content = if draft.calls.is_empty() || !draft.text.is_empty() { json!("") } else { Value::Null };
        let reasoning = draft.reasoning_tokens();
        self.delta(
            index,
            &json!({"role": "assistant", "content": content, "refusal": null}),
            reasoning,
            dice,
        );
        let field = if draft.finish == Finish::Refused { "refusal" } else { "content" };
        for piece in pieces(dice, &draft.text, 2, 7) {
            self.delta(index, &json!({field: piece}), tokens_of(piece), dice);
        }
        for (nth, call) in draft.calls.iter().enumerate() {
            let opening = json!({
                "index": nth, "id": call_id(dice), "type": "function",
                "function": {"name": call.name, "arguments": ""},
            });
            self.delta(index, &json!({"tool_calls": [opening]}), tokens_of(&call.name) + 6, dice);
            for piece in pieces(dice, &call.arguments.to_string(), 1, 6) {
                let delta = json!({"tool_calls": [{"index": nth, "function": {"arguments": piece}}]});
                self.delta(index, &delta, tokens_of(piece), dice);
            }
        }
        let chunk = self.chunk(index, &json!({}), &json!(finish_reason(&draft.finish)), dice);
        self.chunks.push(chunk, 0, true);
    }

    fn delta(&mut self, index: usize, delta: &Value, tokens: u64, dice: &mut Dice) {
        let chunk = self.chunk(index, delta, &Value::Null, dice);
        self.chunks.push(chunk, tokens, false);
    }

    fn chunk(&self, index: usize, delta: &Value, finish: &Value, dice: &mut Dice) -> String {
        let head = &self.head;
        let usage = if self.with_usage { ",\"usage\":null" } else { "" };
        let filler =
            if self.obfuscates { format!(",\"obfuscation\":\"{}\"", filler(dice)) } else { String::new() };
        format!(
            "data: {head},\"choices\":[{{\"index\":{index},\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]\
             {usage}{filler}}}\n\n"
        )
    }
}

/// The text, or null beside calls.
pub(crate) fn content(draft: &Draft) -> Value {
    if draft.text.is_empty() && !draft.calls.is_empty() { Value::Null } else { json!(draft.text) }
}

pub(crate) fn call_id(dice: &mut Dice) -> String {
    format!("call_{}", dice.id(24, ALNUM))
}

pub(crate) fn tool_call(call: &Call, dice: &mut Dice) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
    json!({"id": call_id(dice), "type": "function", "function": function})
}

const fn error_event(_sent: u64) -> Bytes {
    Bytes::from_static(
        b"data: {\"error\":{\"message\":\"The server had an error while processing your request. Sorry about that!\",\
          \"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
    )
}
