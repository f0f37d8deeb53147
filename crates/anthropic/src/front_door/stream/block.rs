//! One content block of a stream.

use bytes::BytesMut;
use tollgate_model::{
    Content, Delta, Losses, Part, PartIndex, PartKind, ToolCallId,
    message::{Reasoning, ToolCallKind},
};
use tollgate_provider::json_writer::Object;

use super::{FORMAT, begin, finish};
use crate::{
    front_door::response::{
        FREE_TEXT, Proof, lose_attributes, lose_unpacked, proof, said_in_text, write_citation,
    },
    names::CUSTOM_INPUT,
};

/// A block that has not ended, or that waits for its turn.
#[derive(Debug)]
pub(super) struct OpenBlock {
    pub(super) part: PartIndex,
    /// Its place, for the ledger.
    path: String,
    kind: Kind,
    /// Its number, once `content_block_start` was written.
    index: Option<u32>,
    /// What stands beside its content, and comes before its end at the latest.
    attributes: Part,
    citations: usize,
    /// What came while another block was open.
    pub(super) waiting: Vec<Delta>,
    pub(super) ended: bool,
}

#[derive(Debug)]
enum Kind {
    Text,
    Thinking,
    ToolUse {
        id: ToolCallId,
        name: String,
    },
    /// A tool whose input is a text: held, since this format wraps it in an object.
    Custom {
        id: ToolCallId,
        name: String,
        input: String,
    },
    /// A block that is there as a whole.
    Whole(serde_json::Value),
    /// Something that this format has no block for.
    Unsaid,
}

impl OpenBlock {
    pub(super) fn new(part: PartIndex, path: String, kind: &PartKind, losses: &mut Losses) -> Self {
        let mut waiting = Vec::new();
        let kind = match kind {
            PartKind::Text => Kind::Text,
            PartKind::Reasoning => Kind::Thinking,
            PartKind::Refusal => {
                losses.approximated(path.as_str(), "a refusal is told as text, and by the reason of the end");
                Kind::Text
            }
            PartKind::ToolCall { id, name, kind: ToolCallKind::Function } => {
                Kind::ToolUse { id: id.clone(), name: name.clone() }
            }
            PartKind::ToolCall { id, name, kind: ToolCallKind::Custom } => {
                losses.emulated(path.as_str(), FREE_TEXT);
                Kind::Custom { id: id.clone(), name: name.clone(), input: String::new() }
            }
            PartKind::Audio { .. } => {
                losses.approximated(path.as_str(), "sound is told as its transcript");
                Kind::Text
            }
            PartKind::Whole(content) => match &**content {
                Content::Opaque(opaque) if opaque.format == FORMAT => Kind::Whole(opaque.value.clone()),
                content => match said_in_text(content, &path, losses) {
                    Some(words) => {
                        waiting.push(Delta::Text(words.to_owned()));
                        Kind::Text
                    }
                    None => Kind::Unsaid,
                },
            },
        };
        let attributes = Part::new(Content::Reasoning(Reasoning::default()));
        Self { part, path, kind, index: None, attributes, citations: 0, waiting, ended: false }
    }

    /// Writes what the block grows by; holds what belongs to its beginning or its end.
    pub(super) fn grow(&mut self, delta: &Delta, next: &mut u32, out: &mut BytesMut, losses: &mut Losses) {
        match delta {
            Delta::Text(text) => match &mut self.kind {
                Kind::Text => self.say(("text_delta", "text"), text, next, out),
                Kind::Thinking => self.say(("thinking_delta", "thinking"), text, next, out),
                Kind::ToolUse { .. } => self.say(("input_json_delta", "partial_json"), text, next, out),
                Kind::Custom { input, .. } => input.push_str(text),
                Kind::Whole(_) | Kind::Unsaid => {}
            },
            Delta::Citation(citation) => {
                let path = format!("{}.citations[{}]", self.path, self.citations);
                self.citations += 1;
                if let Some(written) = write_citation(citation, &path, losses) {
                    let index = self.start(next, out);
                    let mut frame = begin(out, "content_block_delta");
                    let mut delta = frame.field("index", &index).object("delta");
                    delta.field("type", "citations_delta").field("citation", &written);
                    delta.end();
                    frame.end();
                    finish(out);
                }
            }
            Delta::Encrypted(data) => {
                if let Content::Reasoning(reasoning) = &mut self.attributes.content {
                    reasoning.encrypted = Some(data.clone());
                }
            }
            Delta::Signature(signature) => self.attributes.signature = Some(signature.clone()),
            Delta::Extra(extra) if self.index.is_none() => self.attributes.extra = extra.clone(),
            Delta::Extra(extra) => {
                for name in extra.any().into_iter().flat_map(|(_, fields)| fields.keys()) {
                    losses.dropped(format!("{}.{name}", self.path), "it came after the block had begun");
                }
            }
            // Told by its transcript, which the ledger says.
            Delta::Media(_) | Delta::AudioId { .. } => {}
        }
    }

    /// Writes a delta that is one text: the hot path.
    fn say(&mut self, (kind, field): (&str, &'static str), text: &str, next: &mut u32, out: &mut BytesMut) {
        let index = self.start(next, out);
        let mut frame = begin(out, "content_block_delta");
        let mut delta = frame.field("index", &index).object("delta");
        delta.field("type", kind).field(field, text);
        delta.end();
        frame.end();
        finish(out);
    }

    /// Writes `content_block_start`, once, and returns the block's number.
    fn start(&mut self, next: &mut u32, out: &mut BytesMut) -> u32 {
        if let Some(index) = self.index {
            return index;
        }
        let index = self.number(next);
        self.write_start(index, out, |kind, block| match kind {
            Kind::Text => {
                block.field("type", "text").field("text", "").field("citations", &None::<&str>);
            }
            Kind::Thinking => {
                block.field("type", "thinking").field("thinking", "").field("signature", "");
            }
            Kind::ToolUse { id, name } | Kind::Custom { id, name, .. } => {
                block.field("type", "tool_use").field("id", id).field("name", name);
                block.object("input").end();
            }
            Kind::Whole(_) | Kind::Unsaid => {}
        });
        index
    }

    fn number(&mut self, next: &mut u32) -> u32 {
        let index = *next;
        *next += 1;
        self.index = Some(index);
        index
    }

    fn write_start(&self, index: u32, out: &mut BytesMut, write: impl FnOnce(&Kind, &mut Object<'_>)) {
        let mut frame = begin(out, "content_block_start");
        let mut block = frame.field("index", &index).object("content_block");
        write(&self.kind, &mut block);
        block.extra(self.attributes.extra.fields(&FORMAT));
        block.end();
        frame.end();
        finish(out);
    }

    /// Writes the block's end, and its whole before if nothing was written yet.
    pub(super) fn end(&mut self, next: &mut u32, out: &mut BytesMut, losses: &mut Losses) {
        for delta in std::mem::take(&mut self.waiting) {
            self.grow(&delta, next, out, losses);
        }
        if matches!(self.kind, Kind::Thinking) {
            self.end_thinking(next, out, losses);
        } else {
            lose_attributes(&self.attributes, &self.path, losses);
        }
        match &mut self.kind {
            Kind::Unsaid => return,
            Kind::Whole(value) => {
                let value = std::mem::take(value);
                let index = self.number(next);
                let mut frame = begin(out, "content_block_start");
                frame.field("index", &index).field("content_block", &value);
                frame.end();
                finish(out);
            }
            Kind::Custom { input, .. } => {
                let wrapped = serde_json::json!({ CUSTOM_INPUT: std::mem::take(input) }).to_string();
                self.say(("input_json_delta", "partial_json"), &wrapped, next, out);
            }
            Kind::Text | Kind::Thinking | Kind::ToolUse { .. } => {}
        }
        let index = self.start(next, out);
        let mut frame = begin(out, "content_block_stop");
        frame.field("index", &index);
        frame.end();
        finish(out);
    }

    /// Writes the proof of who reasoned: at the end of the block, or as the whole block.
    fn end_thinking(&mut self, next: &mut u32, out: &mut BytesMut, losses: &mut Losses) {
        let Content::Reasoning(reasoning) = &self.attributes.content else { return };
        lose_unpacked(&self.attributes, reasoning, &self.path, losses);
        let signature = match proof(&self.attributes, reasoning) {
            Proof::Sealed(data) if self.index.is_none() => {
                let data = data.to_owned();
                let index = self.number(next);
                return self.write_start(index, out, |_, block| {
                    block.field("type", "redacted_thinking").field("data", &data);
                });
            }
            // Sealed and readable at once: there is no such block, and the words are written already.
            Proof::Sealed(_) => return,
            Proof::Signature(signature) => signature.into_owned(),
        };
        if signature.is_empty() {
            return;
        }
        self.say(("signature_delta", "signature"), &signature, next, out);
    }
}
