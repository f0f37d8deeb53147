//! An assistant's message.

use std::borrow::Cow;

use tollgate_model::{
    Content, Message, Part, Role,
    message::{Reasoning, ToolCall, ToolCallKind},
};

use super::{FORMAT, LEGACY, Place, write_cache};
use crate::chat::{
    ReasoningField,
    names::{wire_call_id, wire_tool_name},
    request::{encode::Encoder, tools::nested_fields},
    wire::{Array, Object},
};

/// The parts of an assistant's message, each where the format has it.
#[derive(Debug, Default)]
struct Sorted<'a> {
    content: Vec<&'a Part>,
    refusal: String,
    reasoning: String,
    sound: Option<&'a str>,
    legacy_call: Option<&'a ToolCall>,
    calls: Vec<&'a Part>,
}

impl Sorted<'_> {
    fn is_empty(&self) -> bool {
        self.content.is_empty()
            && self.refusal.is_empty()
            && self.reasoning.is_empty()
            && self.sound.is_none()
            && self.legacy_call.is_none()
            && self.calls.is_empty()
    }
}

impl<'a> Encoder<'a> {
    pub(super) fn write_assistant(&mut self, list: &mut Array<'_>, index: usize, message: &'a Message) {
        let sorted = self.sort(index, message);
        if sorted.is_empty() && !message.parts.is_empty() {
            return;
        }
        let mut object = list.object();
        object.field("role", "assistant");
        self.write_said(&mut object, &sorted);
        object.optional("refusal", Some(&sorted.refusal).filter(|text| !text.is_empty()));
        if let Some(id) = sorted.sound {
            let mut sound = object.object("audio");
            sound.field("id", id);
            sound.end();
        }
        if let Some(call) = sorted.legacy_call {
            let mut nested = object.object("function_call");
            nested.field("name", &wire_tool_name(&call.name)).field("arguments", &call.arguments);
            nested.end();
        }
        if !sorted.calls.is_empty() {
            let mut calls = object.array("tool_calls");
            for part in &sorted.calls {
                self.write_call(&mut calls, part);
            }
            calls.end();
        }
        object.optional("name", message.name.as_deref());
        message.extra.lose_unless(&FORMAT, &format!("messages[{index}]"), &mut self.losses);
        object.extra(message.extra.fields(&FORMAT));
        object.end();
    }

    fn sort(&mut self, index: usize, message: &'a Message) -> Sorted<'a> {
        let mut sorted = Sorted::default();
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            let is_call = part.extra.field(&FORMAT, "tool_calls").is_some();
            match &part.content {
                Content::Reasoning(reasoning) => {
                    if !self.keeps_reasoning(reasoning, place) {
                        continue;
                    }
                    sorted.reasoning.push_str(&reasoning.text);
                }
                Content::Refusal(text) => sorted.refusal.push_str(text),
                Content::Audio(audio) if audio.id.is_some() => sorted.sound = audio.id.as_deref(),
                Content::ToolCall(call) if part.extra.field(&FORMAT, LEGACY).is_some() => {
                    sorted.legacy_call = Some(call);
                }
                Content::ToolCall(call) => {
                    if call.kind == ToolCallKind::Custom && !self.quirks.custom_tools {
                        self.losses.emulated(place.to_string(), "sent as a call of a function with one text");
                    }
                    sorted.calls.push(part);
                }
                Content::Opaque(opaque) if is_call && opaque.format == FORMAT => sorted.calls.push(part),
                Content::ToolResult(_) => continue,
                _ => {
                    if !self.admits(part, Role::Assistant, place) {
                        continue;
                    }
                    if !sorted.calls.is_empty() {
                        self.losses.approximated(place.to_string(), "the format has text before calls only");
                    }
                    sorted.content.push(part);
                }
            }
            self.lose_attributes(part, place);
        }
        sorted
    }

    /// Tells whether reasoning can be sent back, and names the loss if not.
    fn keeps_reasoning(&mut self, reasoning: &Reasoning, place: Place) -> bool {
        if self.quirks.reasoning_field.is_none() || reasoning.text.is_empty() {
            self.losses.dropped(place.to_string(), "the format takes no reasoning back");
            return false;
        }
        if reasoning.encrypted.is_some() {
            self.losses.dropped(format!("{place}.encrypted"), "only its issuer can read it");
        }
        true
    }

    fn write_said(&self, object: &mut Object<'_>, sorted: &Sorted<'_>) {
        let reasoning = Some(sorted.reasoning.as_str()).filter(|text| !text.is_empty());
        match (self.quirks.reasoning_field, reasoning) {
            (Some(ReasoningField::ThinkingParts), Some(text)) => {
                let mut content = object.array("content");
                let mut thinking = content.object();
                thinking.field("type", "thinking");
                let mut pieces = thinking.array("thinking");
                pieces.element(&serde_json::json!({"type": "text", "text": text}));
                pieces.end();
                thinking.end();
                for part in &sorted.content {
                    self.write_part(&mut content, part);
                }
                content.end();
                return;
            }
            (Some(ReasoningField::Reasoning), text) => {
                object.optional("reasoning", text);
            }
            (_, text) => {
                object.optional("reasoning_content", text);
            }
        }
        if sorted.content.is_empty() {
            object.field("content", &());
        } else {
            self.write_content(object, &sorted.content);
        }
    }

    fn write_call(&self, calls: &mut Array<'_>, part: &Part) {
        let extra = part.extra.fields(&FORMAT);
        let call = match &part.content {
            Content::ToolCall(call) => call,
            Content::Opaque(opaque) => return calls.element(&opaque.value),
            _ => return,
        };
        let (kind, text, said) = match call.kind {
            // Servers that read the text as JSON fail at an empty one.
            ToolCallKind::Function if call.arguments.trim().is_empty() => {
                ("function", "arguments", Cow::Owned("{}".to_owned()))
            }
            ToolCallKind::Function => ("function", "arguments", Cow::Borrowed(&call.arguments)),
            ToolCallKind::Custom if self.quirks.custom_tools => {
                ("custom", "input", Cow::Borrowed(&call.arguments))
            }
            ToolCallKind::Custom => (
                "function",
                "arguments",
                Cow::Owned(serde_json::json!({"input": call.arguments}).to_string()),
            ),
        };
        let mut object = calls.object();
        object.field("id", &wire_call_id(&call.id, self.quirks.max_tool_call_id)).field("type", kind);
        let mut nested = object.object(kind);
        nested.field("name", &wire_tool_name(&call.name)).field(text, &said);
        nested.extra(nested_fields(extra, kind));
        nested.end();
        if self.quirks.cache_control {
            write_cache(&mut object, part.cache);
        }
        object.extra(extra);
        object.end();
    }
}
