//! Random JSON in the vocabulary of all formats: deep enough to reach a decoder's branches, never an answer.
//!
//! The same documents every time: a failure is the same on every machine.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::{Report, excerpt, garbage::frame, grammar, replay, requests};
use crate::Provider;

/// How many documents, streams and errors are tried. A decoder takes microseconds for each.
const ROUNDS: usize = 1500;

pub(super) fn check(provider: &dyn Provider, report: &mut Report) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let known = report.0.len();
    for _ in 0..ROUNDS {
        // One broken rule breaks for hundreds of documents; a few say enough.
        if report.0.len() > known + 4 {
            return;
        }
        check_document(provider, &mut dice, report);
        check_stream(provider, &mut dice, report);
    }
}

fn check_document(provider: &dyn Provider, dice: &mut Dice, report: &mut Report) {
    let body = Bytes::from(dice.document(4).to_string());
    let subject = format!("the document {}", String::from_utf8_lossy(&body));
    let response = Response::new(body.clone());
    let decoded = report.run(&subject, || provider.decode_response(&requests::plain(), response));
    if let Some(Ok(answer)) = decoded {
        let unfolded = answer.into_events();
        if let Err(violation) = grammar::check_grammar(&unfolded) {
            report.add(&subject, violation.to_string());
        }
    }
    let mut failure = Response::new(body);
    *failure.status_mut() = StatusCode::from_u16(dice.pick(&[400, 403, 429, 500, 503])).unwrap_or_default();
    let status = failure.status();
    if let Some(error) = report.run(&subject, || provider.decode_error(failure)) {
        report.expect(error.status == Some(status), &subject, || {
            format!("its status became {:?}", error.status)
        });
    }
}

fn check_stream(provider: &dyn Provider, dice: &mut Dice, report: &mut Report) {
    let mut body = Vec::new();
    for _ in 0..=dice.below(5) {
        body.extend(frame(provider.framing(), dice.document(3).to_string().as_bytes()));
    }
    let subject = format!("the stream \"{}\"", excerpt(&body));
    let request = requests::plain().streamed();
    let Some(whole) = report.run(&subject, || replay::stream(provider, &request, [&body[..]])) else {
        return;
    };
    let checked = match &whole.error {
        None => grammar::check_grammar(&whole.events),
        Some(_) => grammar::check_grammar_so_far(&whole.events),
    };
    if let Err(violation) = checked {
        report.add(
            format!("the stream \"{}\"", String::from_utf8_lossy(&body).escape_debug()),
            violation.to_string(),
        );
    }
    let split = dice.below(body.len());
    let chunks = [&body[..split], &body[split..]];
    let Some(parts) = report.run(&subject, || replay::stream(provider, &request, chunks)) else { return };
    report.expect(parts.events == whole.events, &subject, || {
        format!("cut at byte {split}, it means something else")
    });
}

/// A small generator (xorshift64*): the kit must not depend on one.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound.max(1)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// An object with some fields of the formats' vocabulary.
    fn document(&mut self, depth: usize) -> Value {
        let mut fields = Map::new();
        for _ in 0..=self.below(6) {
            let name = self.pick(&FIELDS);
            let value = self.value(depth);
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => self.pick(&[0, 1, -1, i64::MAX, i64::MIN, 4_294_967_296]).into(),
            3 => self.pick(&[0.5, -0.0, 1e300]).into(),
            4 => self.pick(&WORDS).into(),
            5 | 6 => self.document(depth - 1),
            _ => (0..self.below(3)).map(|_| self.value(depth - 1)).collect(),
        }
    }
}

const FIELDS: [&str; 64] = [
    "arguments",
    "args",
    "audio",
    "blockReason",
    "candidates",
    "candidatesTokenCount",
    "choices",
    "citations",
    "code",
    "completion_tokens",
    "content",
    "content_block",
    "created",
    "created_at",
    "data",
    "delta",
    "details",
    "done",
    "done_reason",
    "encrypted_content",
    "error",
    "eval_count",
    "finishReason",
    "finish_reason",
    "function",
    "functionCall",
    "id",
    "index",
    "inlineData",
    "input",
    "input_tokens",
    "item",
    "logprobs",
    "message",
    "mimeType",
    "model",
    "modelVersion",
    "name",
    "output",
    "output_tokens",
    "partial_json",
    "parts",
    "promptFeedback",
    "prompt_eval_count",
    "prompt_tokens",
    "prompt_tokens_details",
    "reasoning",
    "reasoning_content",
    "refusal",
    "response",
    "responseId",
    "role",
    "signature",
    "status",
    "stop_reason",
    "text",
    "thinking",
    "thought",
    "thoughtSignature",
    "tool_calls",
    "top_logprobs",
    "type",
    "usage",
    "usageMetadata",
];

const WORDS: [&str; 32] = [
    "",
    "text",
    "stop",
    "STOP",
    "length",
    "tool_calls",
    "tool_use",
    "assistant",
    "message",
    "message_start",
    "message_delta",
    "message_stop",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "text_delta",
    "input_json_delta",
    "thinking_delta",
    "signature_delta",
    "thinking",
    "redacted_thinking",
    "error",
    "ping",
    "function",
    "end_turn",
    "max_tokens",
    "SAFETY",
    "UNEXPECTED_TOOL_CALL",
    "{\"a\":1}",
    "{\"a\":",
    "2026-11-23T10:00:00Z",
    "\u{1F6A7}\u{0}",
];
