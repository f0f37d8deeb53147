//! Chat completions as vLLM writes them: reasoning in a field of its own, calls named by the server, an open end.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::openai::{
        chat::{content, finish_reason},
        request, rules,
    },
    CONTEXT,
};
use crate::{
    dice::{Dice, HEX},
    draft::{Call, Draft, Finish, drafts},
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    rules::messages(body)?;
    let mut dice = exchange.dice(1);
    let mut ask = request::ask(body);
    // It is taken and not heeded.
    ask.parallel = true;
    let is_off =
        body["chat_template_kwargs"]["enable_thinking"] == false || body["reasoning_effort"] == "none";
    ask.thinking = (exchange.model.contains("Qwen3") && !is_off).then_some(48);
    let prompt = request::prompt(body);
    let (input, most) = (prompt.total(), ask.max_tokens.unwrap_or(0));
    // A recorded refusal.
    require(input + most <= CONTEXT, || {
        Refusal::bad(format!(
            "You passed {input} input tokens and requested {most} output tokens. However, the model's context length is only {CONTEXT} tokens, \
             resulting in a maximum input length of {} tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value={input})",
            CONTEXT.saturating_sub(most)
        ))
        .param("input_tokens")
    })?;
    let drafts = drafts(&ask, &mut dice);
    let reasoning = drafts.iter().map(Draft::reasoning_tokens).sum();
    let usage = MeteredUsage {
        input,
        cache_read: exchange.cached(&prompt).min(input),
        image_input: prompt.image,
        output: reasoning + drafts.iter().map(Draft::visible_tokens).sum::<u64>(),
        reasoning,
        ..MeteredUsage::default()
    };
    let answer = Answer { exchange, id: format!("chatcmpl-{}", dice.id(32, HEX)), drafts, usage };
    let reply = if body["stream"] == true { answer.stream(&mut dice) } else { answer.whole(&mut dice) };
    Ok(reply.with_usage(usage).with_id(&answer.id))
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    id: String,
    drafts: Vec<Draft>,
    usage: MeteredUsage,
}

impl Answer<'_> {
    fn head(&self, object: &str) -> Value {
        json!({"id": self.id, "object": object, "created": self.exchange.now, "model": self.exchange.model})
    }

    /// Reasoning is inside the completion, and not told apart.
    fn usage_value(&self) -> Value {
        let usage = &self.usage;
        json!({
            "prompt_tokens": usage.input, "total_tokens": usage.input + usage.output,
            "completion_tokens": usage.output, "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        })
    }

    fn whole(&self, dice: &mut Dice) -> Reply {
        let choice = |(index, draft): (usize, &Draft)| {
            let calls: Vec<Value> = draft.calls.iter().map(|call| tool_call(call, dice)).collect();
            json!({
                "index": index, "logprobs": null, "finish_reason": finish_reason(&draft.finish),
                "stop_reason": stop_reason(draft), "token_ids": null,
                "message": {
                    "role": "assistant", "content": content(draft), "refusal": null, "annotations": null, "audio": null,
                    "function_call": null, "tool_calls": calls, "reasoning": draft.thought,
                },
            })
        };
        let choices: Vec<Value> = self.drafts.iter().enumerate().map(choice).collect();
        let mut body = self.head("chat.completion");
        body["choices"] = json!(choices);
        for (field, value) in [
            ("service_tier", Value::Null),
            ("system_fingerprint", Value::Null),
            ("usage", self.usage_value()),
            ("prompt_logprobs", Value::Null),
            ("kv_transfer_params", Value::Null),
        ] {
            body[field] = value;
        }
        Reply::json(StatusCode::OK, &body)
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let mut chunks = Chunks::default();
        let head = self.head("chat.completion.chunk").to_string();
        let head = head.trim_end_matches('}');
        let mut push = |index: usize, delta: &Value, end: &str, tokens: u64| {
            let choice = format!(
                "{{\"index\":{index},\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{}}}",
                if end.is_empty() { "null,\"token_ids\":null" } else { end }
            );
            chunks.push(format!("data: {head},\"choices\":[{choice}]}}\n\n"), tokens, !end.is_empty());
        };
        for (index, draft) in self.drafts.iter().enumerate() {
            push(index, &json!({"role": "assistant", "content": ""}), "", 0);
            for piece in pieces(dice, draft.thought.as_deref().unwrap_or(""), 2, 7) {
                push(index, &json!({"reasoning": piece}), "", tokens_of(piece));
            }
            for piece in pieces(dice, &draft.text, 2, 7) {
                push(index, &json!({"content": piece}), "", tokens_of(piece));
            }
            for (nth, call) in draft.calls.iter().enumerate() {
                let mut opening = tool_call(call, dice);
                opening["index"] = json!(nth);
                opening["function"]["arguments"] = json!("");
                push(index, &json!({"tool_calls": [opening]}), "", tokens_of(&call.name) + 6);
                for piece in pieces(dice, &call.arguments.to_string(), 1, 6) {
                    let delta = json!({"tool_calls": [{"index": nth, "function": {"arguments": piece}}]});
                    push(index, &delta, "", tokens_of(piece));
                }
            }
            let end = format!(
                "\"{}\",\"stop_reason\":{},\"token_ids\":null",
                finish_reason(&draft.finish),
                stop_reason(draft)
            );
            push(index, &json!({"content": ""}), &end, 0);
        }
        if self.exchange.body["stream_options"]["include_usage"] == true {
            chunks.push(
                format!("data: {head},\"choices\":[],\"usage\":{}}}\n\n", self.usage_value()),
                0,
                true,
            );
        }
        chunks.push("data: [DONE]\n\n".to_owned(), 0, true);
        Reply::stream("text/event-stream; charset=utf-8", chunks.0, error_event)
    }
}

/// An error in mid-stream is one of the data events; the end is announced even so.
pub(super) const fn error_event(_sent: u64) -> Bytes {
    Bytes::from_static(
        b"data: {\"error\":{\"message\":\"EngineCore encountered an issue. See stack trace (above) for the root cause.\",\
          \"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
    )
}

/// The stop string that ended it; a natural end has none.
fn stop_reason(draft: &Draft) -> Value {
    match &draft.finish {
        Finish::StopString(text) => json!(text),
        Finish::End | Finish::Length | Finish::Tools | Finish::Refused | Finish::Filtered => Value::Null,
    }
}

fn tool_call(call: &Call, dice: &mut Dice) -> Value {
    json!({
        "id": format!("chatcmpl-tool-{}", dice.id(32, HEX)), "type": "function",
        "function": {"name": call.name, "arguments": call.arguments.to_string()},
    })
}
