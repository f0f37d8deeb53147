//! Canonical → a complete answer.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, FinishReason, Losses, Part, Signature,
    message::{Audio, Citation, Reasoning, ToolCall, ToolCallKind},
};
use tollgate_provider::{
    carried,
    json_writer::{Array, Object},
};

use super::{FORMAT, counters};
use crate::names::CUSTOM_INPUT;

/// Writes the body, and names what it cannot say.
pub(super) fn encode(request: &ChatRequest, response: &ChatResponse, now_unix: i64) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(1024);
    let extra = response.extra.fields(&FORMAT);
    response.extra.lose_unless(&FORMAT, "", &mut losses);
    if response.choices.len() > 1 {
        losses.dropped("choices", "the format has one answer");
    }
    let choice = response.choices.first();
    let mut body = Object::begin(&mut out);
    match &response.id {
        Some(id) => body.field("id", id),
        None => body.field("id", &made_id(response.created.unwrap_or(now_unix))),
    };
    body.field("type", "message").field("role", "assistant");
    body.field("model", response.model.as_ref().unwrap_or(&request.model));
    let mut content = body.array("content");
    for (place, part) in choice.into_iter().flat_map(|choice| choice.parts.iter().enumerate()) {
        write_part(&mut content, part, &path(place), &mut losses);
    }
    content.end();
    write_ending(&mut body, &ending(choice, &mut losses), extra);
    let usage = response.usage.unwrap_or_default();
    if response.usage.is_none() {
        unknown_usage(&mut losses);
    }
    counters::lose(&usage, &mut losses);
    let counted = extra.and_then(|extra| extra.get("usage")?.as_object());
    counters::write_message(body.object("usage"), &usage, response.service_tier.as_deref(), counted);
    if choice.is_some_and(|choice| !choice.logprobs.is_empty()) {
        losses.dropped("choices[0].logprobs", "the format has none");
    }
    body.extra(extra);
    body.end();
    (out.freeze(), losses)
}

/// What is said of a call whose input is free text.
pub(super) const FREE_TEXT: &str = "a call's free text is told inside an object";

/// An id for an answer that has none.
pub(super) fn made_id(created: i64) -> String {
    format!("msg_{created}")
}

/// The place of a part, for the ledger.
pub(super) fn path(part: usize) -> String {
    format!("choices[0].parts[{part}]")
}

pub(super) fn unknown_usage(losses: &mut Losses) {
    losses.approximated("usage", "the provider reported none: the format requires numbers, and 0 is written");
}

/// How an answer ended, in the vendor's words.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) reason: Option<Cow<'static, str>>,
    pub(super) sequence: Option<String>,
    /// Why it was refused.
    pub(super) category: Option<String>,
}

/// What an answer holds that decides how it is said to have ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holds {
    pub(super) calls: bool,
    pub(super) refusal: bool,
}

impl Holds {
    fn of(parts: &[Part]) -> Self {
        let any = |is: fn(&Content) -> bool| parts.iter().any(|part| is(&part.content));
        Self {
            calls: any(|content| matches!(content, Content::ToolCall(_))),
            refusal: any(|content| matches!(content, Content::Refusal(_))),
        }
    }
}

fn ending(choice: Option<&Choice>, losses: &mut Losses) -> End {
    let Some(choice) = choice else { return End::default() };
    end(choice.finish_reason.as_ref(), Holds::of(&choice.parts), losses)
}

/// Brings a reason into the vendor's words.
pub(super) fn end(reason: Option<&FinishReason>, holds: Holds, losses: &mut Losses) -> End {
    let Some(reason) = reason else { return End::default() };
    let mut end = End::default();
    let word = match reason {
        FinishReason::Stop if holds.calls => "tool_use",
        FinishReason::Stop if holds.refusal => {
            losses.approximated("choices[0].finish_reason", "an answer that declines ends by declining");
            "refusal"
        }
        FinishReason::Stop => "end_turn",
        FinishReason::StopSequence(text) => {
            end.sequence.clone_from(text);
            "stop_sequence"
        }
        FinishReason::Length => "max_tokens",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::Refusal(category) => {
            end.category.clone_from(category);
            "refusal"
        }
        FinishReason::ContentFilter(word) => {
            losses.approximated("choices[0].finish_reason", "a filter's cut is told as a refusal");
            end.category.clone_from(word);
            "refusal"
        }
        FinishReason::PauseTurn => "pause_turn",
        FinishReason::MalformedToolCall(_) => {
            losses.approximated("choices[0].finish_reason", "a broken tool call ends the turn");
            "end_turn"
        }
        other => {
            end.reason = Some(Cow::Owned(other.as_str().into_owned()));
            return end;
        }
    };
    end.reason = Some(Cow::Borrowed(word));
    end
}

/// Writes `stop_reason`, `stop_sequence` and `stop_details`.
pub(super) fn write_ending(object: &mut Object<'_>, end: &End, extra: Option<&Map<String, Value>>) {
    object.field("stop_reason", &end.reason).field("stop_sequence", &end.sequence);
    let own = extra.and_then(|extra| extra.get("stop_details"));
    if let Some(details) = own {
        object.field("stop_details", details);
    } else if let Some(category) = &end.category {
        let mut details = object.object("stop_details");
        details.field("type", "refusal").field("category", category).field("explanation", &None::<&str>);
        details.end();
    }
}

fn write_part(content: &mut Array<'_>, part: &Part, path: &str, losses: &mut Losses) {
    let extra = part.extra.fields(&FORMAT);
    match &part.content {
        Content::Text(text) => {
            lose_attributes(part, path, losses);
            let mut block = content.object();
            block.field("type", "text").field("text", &text.text);
            if text.citations.is_empty() {
                block.field("citations", &None::<&str>);
            } else {
                let mut citations = block.array("citations");
                for (number, citation) in text.citations.iter().enumerate() {
                    let place = format!("{path}.citations[{number}]");
                    if let Some(written) = write_citation(citation, &place, losses) {
                        citations.element(&written);
                    }
                }
                citations.end();
            }
            block.extra(extra);
            block.end();
        }
        Content::Reasoning(reasoning) => {
            lose_unpacked(part, reasoning, path, losses);
            write_reasoning(content.object(), part, reasoning);
        }
        Content::Refusal(text) => {
            lose_attributes(part, path, losses);
            losses.approximated(path, "a refusal is told as text, and by the reason of the end");
            write_text(content.object(), text);
        }
        Content::ToolCall(call) => {
            lose_attributes(part, path, losses);
            let mut block = content.object();
            block.field("type", "tool_use").field("id", &call.id).field("name", &call.name);
            write_input(&mut block, call, path, losses);
            block.extra(extra);
            block.end();
        }
        Content::Opaque(opaque) if opaque.format == FORMAT => content.element(&opaque.value),
        other => {
            if let Some(text) = said_in_text(other, path, losses) {
                write_text(content.object(), text);
            }
        }
    }
}

fn write_text(mut block: Object<'_>, text: &str) {
    block.field("type", "text").field("text", text).field("citations", &None::<&str>);
    block.end();
}

/// What this format has no block for is told as text where it holds words, and named in either case.
pub(super) fn said_in_text<'a>(content: &'a Content, path: &str, losses: &mut Losses) -> Option<&'a str> {
    match content {
        Content::Audio(Audio { transcript: Some(words), .. }) => {
            losses.approximated(path, "sound is told as its transcript");
            Some(words)
        }
        Content::Opaque(block) => {
            losses.dropped(path, format!("a block of {} only", block.format));
            None
        }
        _ => {
            losses.dropped(path, "answers of this format are text");
            None
        }
    }
}

/// Names what stands beside the content of a part, and is another format's.
pub(super) fn lose_attributes(part: &Part, path: &str, losses: &mut Losses) {
    if part.signature.is_some() {
        losses.dropped(format!("{path}.signature"), "only reasoning is signed");
    }
    part.extra.lose_unless(&FORMAT, path, losses);
}

/// Names what stands beside reasoning and is not carried with its proof.
pub(super) fn lose_unpacked(part: &Part, reasoning: &Reasoning, path: &str, losses: &mut Losses) {
    if matches!(proof(part, reasoning), Proof::Signature(signature) if signature == carried::UNSIGNED) {
        part.extra.lose_unless(&FORMAT, path, losses);
    }
}

/// Reasoning is told with its proof: the vendor's own as it is, another's packed, so that it can come back.
fn write_reasoning(mut block: Object<'_>, part: &Part, reasoning: &Reasoning) {
    match proof(part, reasoning) {
        Proof::Sealed(data) => block.field("type", "redacted_thinking").field("data", data),
        Proof::Signature(signature) => {
            block.field("type", "thinking").field("thinking", &reasoning.text);
            block.field("signature", &*signature)
        }
    };
    block.extra(part.extra.fields(&FORMAT));
    block.end();
}

/// What proves who made a piece of reasoning.
#[derive(Debug)]
pub(super) enum Proof<'a> {
    /// The vendor's own, for reasoning that nobody else can read.
    Sealed(&'a str),
    /// What stands in `signature`.
    Signature(Cow<'a, str>),
}

pub(super) fn proof<'a>(part: &'a Part, reasoning: &'a Reasoning) -> Proof<'a> {
    let own = part.signature.as_ref().filter(|Signature { issuer, .. }| *issuer == FORMAT);
    match (own, &reasoning.encrypted) {
        (Some(_), Some(data)) => Proof::Sealed(data),
        (Some(own), None) => Proof::Signature(Cow::Borrowed(&own.value)),
        (None, _) => match carried::pack(part, &FORMAT) {
            Some(packed) => Proof::Signature(Cow::Owned(packed)),
            None => Proof::Signature(Cow::Borrowed(carried::UNSIGNED)),
        },
    }
}

fn write_input(block: &mut Object<'_>, call: &ToolCall, path: &str, losses: &mut Losses) {
    let text = call.arguments.trim();
    if call.kind == ToolCallKind::Custom {
        losses.emulated(path, FREE_TEXT);
        let mut input = block.object("input");
        input.field(CUSTOM_INPUT, &call.arguments);
        return input.end();
    }
    match serde_json::from_str::<&RawValue>(if text.is_empty() { "{}" } else { text }) {
        Ok(raw) if raw.get().starts_with('{') => {
            block.field("input", raw);
        }
        _ => {
            losses.approximated(
                format!("{path}.arguments"),
                "arguments that are no JSON object are told as one text, `unparsed_arguments`",
            );
            let mut input = block.object("input");
            input.field("unparsed_arguments", &call.arguments);
            input.end();
        }
    }
}

/// Writes a citation as this format has it: one of its own as it was, one of an address as a search result.
pub(super) fn write_citation(
    citation: &Citation,
    path: &str,
    losses: &mut Losses,
) -> Option<Map<String, Value>> {
    if let Some(written) = crate::request::own_citation(citation) {
        return Some(written);
    }
    let Some(url) = &citation.url else {
        losses.dropped(path, "a citation of another format");
        return None;
    };
    losses.approximated(path, "a citation of another vendor is told as a search result");
    let mut written = Map::new();
    written.insert("type".to_owned(), Value::from("web_search_result_location"));
    written.insert("url".to_owned(), Value::from(url.as_str()));
    written.insert("title".to_owned(), citation.title.as_deref().map_or(Value::Null, Value::from));
    let cited = citation.cited_text.as_deref().unwrap_or_default();
    written.insert("cited_text".to_owned(), Value::from(cited));
    // Only the vendor can make one. Empty, it is not sent back to the vendor.
    written.insert("encrypted_index".to_owned(), Value::from(""));
    Some(written)
}
