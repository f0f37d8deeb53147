//! Writes a GenerateContentResponse: whole, as server-sent events, or as a JSON array that grows.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{super::signature, document, request};
use crate::{
    dice::{ALNUM, Dice},
    draft::{Draft, Finish, drafts},
    exchange::Exchange,
    meter::MeteredUsage,
    prompt::Prompt,
    prose::{pieces, tokens_of},
    reply::{Chunk, Reply},
};

/// Who says this is not let through to the model.
const BLOCK: &str = "[[block]]";

pub(super) fn answer(exchange: &Exchange<'_>, streamed: bool) -> Reply {
    let mut dice = exchange.dice(1);
    let ask = request::ask(exchange.body, exchange.model);
    let prompt = request::prompt(exchange.body, exchange.model);
    let is_blocked = ask.said.contains(BLOCK);
    let drafts = if is_blocked { Vec::new() } else { drafts(&ask, &mut dice) };
    let reasoning = drafts.iter().map(Draft::reasoning_tokens).sum();
    let usage = MeteredUsage {
        input: prompt.total(),
        cache_read: exchange.cached(&prompt),
        audio_input: prompt.audio,
        image_input: prompt.image,
        output: reasoning + drafts.iter().map(Draft::visible_tokens).sum::<u64>(),
        reasoning,
        ..MeteredUsage::default()
    };
    let shows = request::field(request::thinking(exchange.body), "includeThoughts", "include_thoughts");
    let answer = Answer {
        exchange,
        id: dice.id(23, ALNUM),
        shows_thoughts: *shows == Value::Bool(true),
        prompt,
        usage,
    };
    let reply = if streamed { answer.stream(&drafts, &mut dice) } else { answer.whole(&drafts, &mut dice) };
    reply.with_usage(usage).with_id(&answer.id)
}

/// The prompt's tokens by kind.
pub(super) fn details(prompt: &Prompt) -> Vec<Value> {
    let text = prompt.total() - prompt.image - prompt.audio - prompt.document;
    let kinds =
        [("TEXT", text), ("IMAGE", prompt.image), ("AUDIO", prompt.audio), ("DOCUMENT", prompt.document)];
    let present = kinds.iter().filter(|(_, count)| *count > 0);
    present.map(|(modality, count)| json!({"modality": modality, "tokenCount": count})).collect()
}

/// A part and the output tokens in it.
struct Part {
    value: Value,
    visible: u64,
    thought: u64,
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    id: String,
    shows_thoughts: bool,
    prompt: Prompt,
    usage: MeteredUsage,
}

impl Answer<'_> {
    /// The parts of one answer; where it is streamed, text comes in several.
    fn parts(&self, draft: &Draft, streamed: bool, dice: &mut Dice) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut hidden = draft.reasoning_tokens();
        if let Some(thought) = draft.thought.as_deref().filter(|_| self.shows_thoughts) {
            parts.push(Part {
                value: json!({"text": thought, "thought": true}),
                visible: 0,
                thought: std::mem::take(&mut hidden),
            });
        }
        let texts = if streamed { pieces(dice, &draft.text, 40, 220) } else { vec![draft.text.as_str()] };
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            parts.push(Part {
                value: json!({"text": text}),
                visible: tokens_of(text),
                thought: std::mem::take(&mut hidden),
            });
        }
        // The seal is on the first call, or else at the end of the text.
        let sealed = parts.len();
        let mut visible = draft.visible_tokens() - tokens_of(&draft.text);
        for call in &draft.calls {
            let value =
                json!({"functionCall": {"name": call.name, "args": call.arguments, "id": dice.id(8, ALNUM)}});
            parts.push(Part {
                value,
                visible: std::mem::take(&mut visible),
                thought: std::mem::take(&mut hidden),
            });
        }
        let at = if draft.calls.is_empty() { sealed.checked_sub(1) } else { Some(sealed) };
        if let (Some(part), Some(_)) = (at.and_then(|at| parts.get_mut(at)), &draft.thought)
            && part.value["thought"].is_null()
        {
            let name = part.value["functionCall"]["name"].as_str().unwrap_or("");
            let seal = signature::seal(self.exchange.seed, self.exchange.model, name, dice);
            part.value["thoughtSignature"] = json!(seal);
        }
        parts
    }

    fn usage_value(&self, visible: u64, thoughts: u64) -> Value {
        let mut usage = json!({"promptTokenCount": self.usage.input});
        if visible > 0 {
            usage["candidatesTokenCount"] = json!(visible);
        }
        usage["totalTokenCount"] = json!(self.usage.input + visible + thoughts);
        if self.usage.cache_read > 0 {
            usage["cachedContentTokenCount"] = json!(self.usage.cache_read);
            usage["cacheTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": self.usage.cache_read}]);
        }
        usage["promptTokensDetails"] = json!(details(&self.prompt));
        if thoughts > 0 {
            usage["thoughtsTokenCount"] = json!(thoughts);
        }
        usage
    }

    fn response(&self, candidates: &Value, usage: &Value) -> Value {
        json!({
            "candidates": candidates, "usageMetadata": usage,
            "modelVersion": self.exchange.model, "responseId": self.id,
        })
    }

    /// A prompt that was not let through has a reason instead of candidates.
    fn blocked(&self) -> Value {
        let mut response = self.response(&Value::Null, &self.usage_value(0, 0));
        if let Some(fields) = response.as_object_mut() {
            fields.shift_remove("candidates");
        }
        response["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        response
    }

    fn whole(&self, drafts: &[Draft], dice: &mut Dice) -> Reply {
        let candidate = |(index, draft): (usize, &Draft)| {
            let parts: Vec<Value> =
                self.parts(draft, false, dice).into_iter().map(|part| part.value).collect();
            candidate(index, &parts, Some(draft))
        };
        if drafts.is_empty() {
            return document(StatusCode::OK, &self.blocked());
        }
        let candidates: Vec<Value> = drafts.iter().enumerate().map(candidate).collect();
        let usage = self.usage_value(self.usage.output - self.usage.reasoning, self.usage.reasoning);
        document(StatusCode::OK, &self.response(&json!(candidates), &usage))
    }

    fn stream(&self, drafts: &[Draft], dice: &mut Dice) -> Reply {
        let mut responses = Vec::new();
        if drafts.is_empty() {
            responses.push((self.blocked(), 0, true));
        }
        let (mut visible, mut thoughts) = (0, 0);
        for (index, draft) in drafts.iter().enumerate() {
            let parts = self.parts(draft, true, dice);
            let last = parts.len().saturating_sub(1);
            for (at, part) in parts.iter().enumerate() {
                // Pieces are each rounded up: their sum reaches the total a little early.
                visible = (visible + part.visible).min(self.usage.output - self.usage.reasoning);
                thoughts += part.thought;
                let candidate =
                    candidate(index, std::slice::from_ref(&part.value), (at == last).then_some(draft));
                let value = self.response(&json!([candidate]), &self.usage_value(visible, thoughts));
                responses.push((value, part.visible + part.thought, at == last));
            }
            if parts.is_empty() {
                // All of the limit went into thoughts.
                thoughts += draft.reasoning_tokens();
                let value = self.response(
                    &json!([candidate(index, &[], Some(draft))]),
                    &self.usage_value(visible, thoughts),
                );
                responses.push((value, draft.reasoning_tokens(), true));
            }
        }
        if self.exchange.query.split('&').any(|pair| pair == "alt=sse") {
            events(responses)
        } else {
            array(responses)
        }
    }
}

fn candidate(index: usize, parts: &[Value], finished: Option<&Draft>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": index});
    if parts.is_empty() {
        candidate["content"] = json!({"role": "model"});
    }
    if let Some(draft) = finished {
        // A call is no reason of its own here.
        candidate["finishReason"] = json!(match draft.finish {
            Finish::Length => "MAX_TOKENS",
            Finish::Filtered => "SAFETY",
            Finish::End | Finish::StopString(_) | Finish::Tools | Finish::Refused => "STOP",
        });
        if draft.finish == Finish::Filtered {
            candidate["safetyRatings"] = json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}]);
        }
        if draft.finish == Finish::Tools {
            candidate["finishMessage"] = json!("Model generated function call(s).");
        }
    }
    candidate
}

const ERROR: &str = r#"{"error": {"code": 503,"message": "The model is overloaded. Please try again later.","status": "UNAVAILABLE"}}"#;

fn events(responses: Vec<(Value, u64, bool)>) -> Reply {
    let chunk = |(value, tokens, is_end): (Value, u64, bool)| Chunk {
        bytes: format!("data: {value}\r\n\r\n").into(),
        tokens,
        is_end,
    };
    let chunks = responses.into_iter().map(chunk).collect();
    Reply::stream("text/event-stream", chunks, |_| format!("data: {ERROR}\r\n\r\n").into())
}

fn array(responses: Vec<(Value, u64, bool)>) -> Reply {
    let mut chunks = Vec::with_capacity(responses.len() + 1);
    for (at, (value, tokens, is_end)) in responses.into_iter().enumerate() {
        let before = if at == 0 { "[" } else { ",\r\n" };
        chunks.push(Chunk { bytes: format!("{before}{value:#}").into(), tokens, is_end });
    }
    chunks.push(Chunk { bytes: Bytes::from_static(b"]"), tokens: 0, is_end: true });
    Reply::stream("application/json; charset=UTF-8", chunks, |_| format!(",\r\n{ERROR}\r\n]").into())
}
