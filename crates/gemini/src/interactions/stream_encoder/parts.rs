//! How parts begin, grow and end in a stream.

use bytes::BytesMut;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Delta, Part, PartIndex, PartKind,
    message::{MediaSource, Reasoning, Text, ToolCall, ToolCallKind},
};
use tollgate_provider::json_writer::{Array, Object};

use super::{InteractionEncoder, frame};
use crate::{
    interactions::{
        FORMAT, citation,
        steps::{Direction, ModelSteps},
    },
    media,
    read::json_object,
    signature,
};

/// A part that began and did not end.
#[derive(Debug)]
pub(super) struct OpenPart {
    index: PartIndex,
    /// Its place in the answer.
    number: u32,
    /// The number of its step, if one has begun.
    step: Option<u32>,
    kind: OpenKind,
    /// What is not written yet: attributes, and of what comes whole, all of it.
    held: Part,
    /// How many citations it has had.
    cited: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum OpenKind {
    Text,
    Thought,
    Audio {
        media_type: String,
    },
    /// Written when it is complete.
    Whole,
    /// Of an answer that the format cannot give.
    Silent,
}

impl InteractionEncoder {
    pub(super) fn part_start(&mut self, index: PartIndex, choice: u32, kind: &PartKind, out: &mut BytesMut) {
        self.start(None, None, None, out);
        if choice > 0 {
            self.losses.dropped(format!("choices[{choice}]"), "the format gives one answer");
            let held = Part::text("");
            self.parts.push(OpenPart {
                index,
                number: 0,
                step: None,
                kind: OpenKind::Silent,
                held,
                cited: 0,
            });
            return;
        }
        let number = self.count;
        self.count += 1;
        let (kind, content) = match kind {
            PartKind::Text => (OpenKind::Text, Content::Text(Text::default())),
            PartKind::Refusal => {
                let path = format!("choices[0].parts[{number}]");
                self.losses.approximated(path, "the format has no refusals: the words are text");
                (OpenKind::Text, Content::Text(Text::default()))
            }
            PartKind::Reasoning => (OpenKind::Thought, Content::Reasoning(Reasoning::default())),
            PartKind::ToolCall { id, name, kind } => {
                let (id, name) = (id.clone(), name.clone());
                let call = ToolCall { id, name, arguments: String::new(), kind: *kind };
                (OpenKind::Whole, Content::ToolCall(call))
            }
            PartKind::Audio { media_type } => {
                let source = MediaSource::Base64 { media_type: media_type.clone(), data: String::new() };
                (OpenKind::Audio { media_type: media_type.clone() }, media::content(media_type, source))
            }
            PartKind::Whole(content) => (OpenKind::Whole, Content::clone(content)),
        };
        let mut open = OpenPart { index, number, step: None, kind, held: Part::new(content), cited: 0 };
        // A thought is one even if nothing of it is shown; other steps wait for what they hold.
        if open.kind == OpenKind::Thought {
            self.begin_step(&mut open, "thought", out);
        }
        self.parts.push(open);
    }

    fn begin_step(&mut self, open: &mut OpenPart, kind: &str, out: &mut BytesMut) -> u32 {
        if let Some(step) = open.step {
            return step;
        }
        let step = self.next_step;
        self.next_step += 1;
        open.step = Some(step);
        frame("step.start", out, |object| {
            object.field("index", &step);
            let mut nested = object.object("step");
            nested.field("type", kind);
            nested.end();
        });
        step
    }

    pub(super) fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
        let Some(place) = self.parts.iter().rposition(|open| open.index == part) else { return };
        let mut open = self.parts.remove(place);
        self.grow(&mut open, delta, out);
        self.parts.insert(place, open);
    }

    fn grow(&mut self, open: &mut OpenPart, delta: &Delta, out: &mut BytesMut) {
        let path = format!("choices[0].parts[{}]", open.number);
        match (delta, open.kind.clone()) {
            (_, OpenKind::Silent) => {}
            (Delta::Text(text), OpenKind::Text) => {
                if !text.is_empty() {
                    let step = self.begin_step(open, "model_output", out);
                    grow_by(step, out, |delta| {
                        delta.field("type", "text").field("text", text);
                    });
                }
            }
            (Delta::Text(text), OpenKind::Thought) => {
                let step = self.begin_step(open, "thought", out);
                grow_by(step, out, |delta| {
                    delta.field("type", "thought_summary");
                    let mut content = delta.object("content");
                    content.field("type", "text").field("text", text);
                    content.end();
                });
            }
            (Delta::Text(more), OpenKind::Whole) => {
                if let Content::ToolCall(call) = &mut open.held.content {
                    call.arguments.push_str(more);
                }
            }
            (Delta::Text(_), OpenKind::Audio { .. }) => {
                self.losses.dropped(format!("{path}.transcript"), "sound comes without its words");
            }
            (Delta::Media(data), OpenKind::Audio { media_type }) => {
                let step = self.begin_step(open, "model_output", out);
                grow_by(step, out, |delta| {
                    delta.field("type", "audio").field("mime_type", &media_type).field("data", data);
                });
            }
            (Delta::AudioId { .. }, _) => {
                self.losses.dropped(format!("{path}.id"), "sound has no id");
            }
            (Delta::Citation(citation), OpenKind::Text) => {
                let step = self.begin_step(open, "model_output", out);
                let place = format!("{path}.citations[{}]", open.cited);
                open.cited += 1;
                let losses = &mut self.losses;
                grow_by(step, out, |delta| {
                    delta.field("type", "text_annotation_delta");
                    let mut annotations = delta.array("annotations");
                    citation::write(&mut annotations, citation, &place, losses);
                    annotations.end();
                });
            }
            (Delta::Encrypted(more), _) => {
                if let Content::Reasoning(reasoning) = &mut open.held.content {
                    reasoning.encrypted.get_or_insert_default().push_str(more);
                }
            }
            (Delta::Signature(signature), _) => open.held.signature = Some(signature.clone()),
            (Delta::Extra(extra), _) => open.held.extra = extra.clone(),
            // A delta that its part cannot take.
            (Delta::Media(_) | Delta::Citation(_), _) => {}
        }
    }

    pub(super) fn part_end(&mut self, part: PartIndex, out: &mut BytesMut) {
        if let Some(place) = self.parts.iter().rposition(|open| open.index == part) {
            let open = self.parts.remove(place);
            self.close(open, out);
        }
    }

    pub(super) fn close(&mut self, mut open: OpenPart, out: &mut BytesMut) {
        let path = format!("choices[0].parts[{}]", open.number);
        match open.kind {
            OpenKind::Silent => return,
            OpenKind::Thought => self.sign(&mut open, &path, out),
            OpenKind::Text | OpenKind::Audio { .. } => {
                if open.held.signature.as_ref().is_some_and(|signature| !signature.value.is_empty()) {
                    self.losses.dropped(format!("{path}.signature"), "only thoughts and calls are signed");
                }
                // A stream has said the content already.
                open.held.extra.lose_all(&path, &mut self.losses);
            }
            OpenKind::Whole => return self.whole(&open.held, &path, out),
        }
        if let Some(step) = open.step {
            stop(step, out);
        }
    }

    /// Writes what a thought's issuer needs to know it again.
    fn sign(&mut self, open: &mut OpenPart, path: &str, out: &mut BytesMut) {
        let step = self.begin_step(open, "thought", out);
        let written = signature::write(&open.held, &FORMAT, None);
        if written.is_none() {
            open.held.extra.lose_unless(&FORMAT, path, &mut self.losses);
        }
        if open.held.extra.fields(&FORMAT).is_some() {
            open.held.extra.lose_all(path, &mut self.losses);
        }
        if let Some(signature) = written {
            grow_by(step, out, |delta| {
                delta.field("type", "thought_signature").field("signature", &signature);
            });
        }
    }

    /// Writes what comes whole: the steps that stand for it, each at once.
    fn whole(&mut self, part: &Part, path: &str, out: &mut BytesMut) {
        let mut written = BytesMut::new();
        let mut steps = Array::begin(&mut written);
        let mut writer =
            ModelSteps { direction: Direction::Answer, placeholder: None, losses: &mut self.losses };
        writer.write(&mut steps, std::slice::from_ref(part), |_| path.to_owned());
        steps.end();
        let steps: Vec<Map<String, Value>> = serde_json::from_slice(&written).unwrap_or_default();
        // The model's own text of its arguments, to the letter.
        let arguments = match &part.content {
            Content::ToolCall(call) if call.kind == ToolCallKind::Function => json_object(&call.arguments),
            _ => None,
        };
        for step in steps {
            self.write_step(step, arguments.map(RawValue::get), out);
        }
    }

    /// Writes a step as it is streamed: arguments and contents are what it grows by.
    fn write_step(&mut self, mut step: Map<String, Value>, own: Option<&str>, out: &mut BytesMut) {
        let number = self.next_step;
        self.next_step += 1;
        let kind = step.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let arguments = match step.get_mut("arguments") {
            Some(arguments) if kind == "function_call" => {
                Some(std::mem::replace(arguments, Value::Object(Map::new())))
            }
            _ => None,
        };
        let contents = if kind == "model_output" { step.shift_remove("content") } else { None };
        frame("step.start", out, |object| {
            object.field("index", &number).field("step", &step);
        });
        if let Some(arguments) = arguments {
            grow_by(number, out, |delta| {
                let text = own.map_or_else(|| arguments.to_string(), str::to_owned);
                delta.field("type", "arguments_delta").field("arguments", &text);
            });
        }
        for content in contents.iter().flat_map(|contents| contents.as_array().into_iter().flatten()) {
            frame("step.delta", out, |object| {
                object.field("index", &number).field("delta", content);
            });
        }
        stop(number, out);
    }
}

/// Writes what a step grows by.
fn grow_by(step: u32, out: &mut BytesMut, fill: impl FnOnce(&mut Object<'_>)) {
    frame("step.delta", out, |object| {
        object.field("index", &step);
        let mut delta = object.object("delta");
        fill(&mut delta);
        delta.end();
    });
}

fn stop(step: u32, out: &mut BytesMut) {
    frame("step.stop", out, |object| {
        object.field("index", &step);
    });
}
