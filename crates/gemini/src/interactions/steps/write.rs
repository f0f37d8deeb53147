//! Parts of the model → steps.

use serde_json::Value;
use tollgate_model::{
    Content, Losses, Part,
    message::{Reasoning, ToolCall, ToolCallKind},
};
use tollgate_provider::json_writer::{Array, Object};

use super::Direction;
use crate::{
    interactions::{
        FORMAT,
        content::{self, WithoutNotes},
        notes,
    },
    names::{CUSTOM_INPUT, UNPARSED, wire_tool_name},
    read::json_object,
    signature,
};

/// Writes the steps of the model.
#[derive(Debug)]
pub(in crate::interactions) struct ModelSteps<'a> {
    pub(in crate::interactions) direction: Direction,
    /// What stands on a thought before the first call, where the vendor signed neither.
    pub(in crate::interactions) placeholder: Option<&'static str>,
    pub(in crate::interactions) losses: &'a mut Losses,
}

impl ModelSteps<'_> {
    /// Writes parts as steps. Contents that follow each other stand in one; `place` names a part.
    pub(in crate::interactions) fn write(
        &mut self,
        steps: &mut Array<'_>,
        parts: &[Part],
        place: impl Fn(usize) -> String,
    ) {
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            let here = place(at);
            match &part.content {
                Content::Reasoning(reasoning) => self.thought(steps, part, reasoning, &here),
                Content::ToolCall(call) => self.call(steps, part, call, &here),
                Content::Opaque(opaque) if opaque.format == FORMAT && !is_content(&opaque.value) => {
                    steps.element(&opaque.value);
                }
                _ => {
                    let run = parts[at..].iter().enumerate();
                    let run =
                        run.take_while(|(index, part)| is_output(part) && (*index == 0 || !begins(part)));
                    let length = run.count().max(1);
                    self.output(steps, &parts[at..at + length], |index| place(at + index));
                    at += length;
                    continue;
                }
            }
            at += 1;
        }
    }

    fn lose_attributes(&mut self, part: &Part, place: &str) {
        if part.cache.is_some() {
            self.losses
                .dropped(format!("{place}.cache"), "the vendor caches by itself, and takes no breakpoints");
        }
        part.extra.lose_unless(&FORMAT, place, self.losses);
    }

    /// Returns what stands in a step's `signature`, and names what is lost.
    fn signature(&mut self, part: &Part, place: &str) -> Option<String> {
        let own = signature::own(part, &FORMAT).map(str::to_owned);
        let written = match self.direction {
            Direction::Request => own,
            Direction::Answer => signature::write(part, &FORMAT, None),
        };
        if written.is_none() && part.signature.as_ref().is_some_and(|signature| !signature.value.is_empty()) {
            self.losses.dropped(format!("{place}.signature"), "it means nothing to another vendor");
        }
        let carried = written.is_some() && signature::own(part, &FORMAT).is_none();
        if carried {
            return written;
        }
        self.lose_attributes(part, place);
        written
    }

    fn thought(&mut self, steps: &mut Array<'_>, part: &Part, reasoning: &Reasoning, place: &str) {
        let own = signature::own(part, &FORMAT).is_some()
            || part.extra.field(&FORMAT, notes::UNSIGNED_THOUGHT).is_some();
        if self.direction == Direction::Request && !own {
            self.losses.dropped(place, "reasoning that the vendor did not sign is not its own");
            return;
        }
        let signature = self.signature(part, place);
        if signature.is_none() && reasoning.encrypted.is_some() {
            self.losses.dropped(format!("{place}.encrypted"), "only its issuer can read it");
        }
        let mut step = steps.object();
        step.field("type", "thought").optional("signature", signature);
        if !reasoning.text.is_empty() {
            let mut summary = step.array("summary");
            for text in pieces(part, &reasoning.text) {
                let mut content = summary.object();
                content.field("type", "text").field("text", text);
                content.end();
            }
            summary.end();
        }
        step.extra_but_notes(part.extra.fields(&FORMAT));
        step.end();
    }

    fn call(&mut self, steps: &mut Array<'_>, part: &Part, call: &ToolCall, place: &str) {
        let signature = self.signature(part, place);
        if let Some(placeholder) = self.placeholder.take() {
            let mut thought = steps.object();
            thought.field("type", "thought").field("signature", placeholder);
            thought.end();
            let why = "the call is another model's: the vendor's placeholder stands for its signature";
            self.losses.emulated(format!("{place}.signature"), why);
        }
        let mut step = steps.object();
        step.field("type", "function_call").field("id", &call.id);
        match self.direction {
            Direction::Request => step.field("name", &*wire_tool_name(&call.name)),
            Direction::Answer => step.field("name", &call.name),
        };
        self.arguments(&mut step, call, place);
        step.optional("signature", signature);
        step.extra_but_notes(part.extra.fields(&FORMAT));
        step.end();
    }

    fn arguments(&mut self, step: &mut Object<'_>, call: &ToolCall, place: &str) {
        match (call.kind, json_object(&call.arguments)) {
            (ToolCallKind::Function, Some(arguments)) => {
                step.field("arguments", arguments);
            }
            (ToolCallKind::Function, None) if call.arguments.trim().is_empty() => {
                step.object("arguments").end();
            }
            (kind, _) => {
                let name = match kind {
                    ToolCallKind::Custom => CUSTOM_INPUT,
                    ToolCallKind::Function => UNPARSED,
                };
                // What is asked as a custom tool is declared so, and named as such there.
                if kind == ToolCallKind::Function || self.direction == Direction::Answer {
                    let why = format!("what is no JSON object is sent as one text, `{name}`");
                    self.losses.approximated(format!("{place}.arguments"), why);
                }
                let mut arguments = step.object("arguments");
                arguments.field(name, &call.arguments);
                arguments.end();
            }
        }
    }

    fn output(&mut self, steps: &mut Array<'_>, parts: &[Part], place: impl Fn(usize) -> String) {
        let mut written = bytes::BytesMut::new();
        let mut contents = Array::begin(&mut written);
        for (index, part) in parts.iter().enumerate() {
            self.content(&mut contents, part, &place(index));
        }
        contents.end();
        if written.len() > 2 {
            let mut step = steps.object();
            step.field("type", "model_output");
            step.key("content").extend_from_slice(&written);
            step.end();
        }
    }

    fn content(&mut self, contents: &mut Array<'_>, part: &Part, place: &str) {
        if part.signature.as_ref().is_some_and(|signature| !signature.value.is_empty()) {
            self.losses.dropped(format!("{place}.signature"), "only thoughts and calls are signed");
        }
        self.lose_attributes(part, place);
        match &part.content {
            Content::Refusal(words) if !words.is_empty() => {
                self.losses.approximated(place, "the format has no refusals: the words are text");
                let mut object = contents.object();
                object.field("type", "text").field("text", words);
                object.end();
            }
            Content::Refusal(_) => {}
            // Nothing is said.
            Content::Text(text) if text.text.is_empty() && text.citations.is_empty() => {}
            Content::Opaque(opaque) if opaque.format == FORMAT => contents.element(&opaque.value),
            Content::Opaque(opaque) => {
                self.losses.dropped(place, format!("a block of {} only", opaque.format))
            }
            _ => {
                if let Err(why) = content::write(contents, part, place, self.losses) {
                    self.losses.dropped(place, why);
                }
            }
        }
    }
}

/// Whether a part stands in the model's output.
pub(in crate::interactions) fn is_output(part: &Part) -> bool {
    match &part.content {
        Content::Reasoning(_) | Content::ToolCall(_) => false,
        Content::Opaque(opaque) => opaque.format != FORMAT || is_content(&opaque.value),
        _ => true,
    }
}

/// Whether a step of its own begins with a part.
fn begins(part: &Part) -> bool {
    part.extra.field(&FORMAT, notes::OWN_STEP).is_some()
}

/// Whether a value of this format is a content, and no step.
fn is_content(value: &Value) -> bool {
    value["type"].as_str().is_some_and(content::is_type)
}

/// The texts of a summary, as they came.
fn pieces<'a>(part: &Part, text: &'a str) -> Vec<&'a str> {
    let lengths = part.extra.field(&FORMAT, notes::SUMMARY).and_then(Value::as_array);
    let mut rest = text;
    let mut pieces = Vec::new();
    for length in lengths.into_iter().flatten().filter_map(Value::as_u64) {
        let Some((piece, more)) =
            usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length))
        else {
            return vec![text];
        };
        pieces.push(piece);
        rest = more;
    }
    if pieces.is_empty() || !rest.is_empty() { vec![text] } else { pieces }
}
