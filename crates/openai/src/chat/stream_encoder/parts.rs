//! How parts begin, grow and end in a stream.

use bytes::BytesMut;
use tollgate_model::{
    Content, Delta, Extra, PartIndex, PartKind,
    message::{Citation, Image, ToolCallKind},
};

use super::{ChunkEncoder, Cited};
use crate::chat::{
    request::LEGACY,
    response::{image_address, lose_encoding, write_image},
    wire::{Object, value, write_raw},
};

/// A part that began and did not end.
#[derive(Debug)]
pub(super) struct OpenPart {
    part: PartIndex,
    choice: usize,
    /// Its place in the choice.
    number: u32,
    kind: OpenKind,
    /// Where its text begins, in characters.
    start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenKind {
    Text,
    Reasoning,
    Refusal,
    Function(u32),
    Custom(u32),
    /// The deprecated `function_call`.
    LegacyCall,
    Audio,
    /// Nothing of it can be said, or nothing more.
    Silent,
}

impl ChunkEncoder {
    pub(super) fn part_start(&mut self, part: PartIndex, choice: u32, kind: &PartKind, out: &mut BytesMut) {
        let with_text = matches!(kind, PartKind::Text | PartKind::Reasoning);
        let choice = self.choice(choice, with_text, out);
        let state = &mut self.choices[choice];
        let (number, start) = (state.parts, state.characters);
        state.parts += 1;
        let kind = match kind {
            PartKind::Text => OpenKind::Text,
            PartKind::Reasoning => OpenKind::Reasoning,
            PartKind::Refusal => {
                state.refused = true;
                OpenKind::Refusal
            }
            PartKind::Audio { media_type } => {
                let path = format!("choices[{}].parts[{number}]", state.index);
                lose_encoding(&path, media_type, self.audio_asked.as_deref(), &mut self.losses);
                OpenKind::Audio
            }
            PartKind::ToolCall { id, name, kind } => {
                let number = state.calls;
                state.calls += 1;
                self.call_start(choice, number, id.as_str(), name, *kind, out)
            }
            PartKind::Whole(content) => {
                self.whole(choice, number, content, out);
                OpenKind::Silent
            }
        };
        self.parts.push(OpenPart { part, choice, number, kind, start });
    }

    fn call_start(
        &mut self,
        choice: usize,
        number: u32,
        id: &str,
        name: &str,
        kind: ToolCallKind,
        out: &mut BytesMut,
    ) -> OpenKind {
        if self.legacy {
            if number > 0 {
                let path = format!(
                    "choices[{}].parts[{}]",
                    self.choices[choice].index,
                    self.choices[choice].parts - 1
                );
                self.losses.dropped(path, "`function_call` holds one call");
                return OpenKind::Silent;
            }
            self.begin(choice, out);
            let mut delta = Object::begin(out);
            let mut call = delta.object("function_call");
            call.field("name", name).field("arguments", "");
            call.end();
            delta.end();
            self.end(out);
            return OpenKind::LegacyCall;
        }
        let (word, text, open) = match kind {
            ToolCallKind::Function => ("function", "arguments", OpenKind::Function(number)),
            ToolCallKind::Custom => ("custom", "input", OpenKind::Custom(number)),
        };
        self.begin(choice, out);
        let mut delta = Object::begin(out);
        let mut calls = delta.array("tool_calls");
        let mut call = calls.object();
        call.field("index", &number).field("id", id).field("type", word);
        let mut nested = call.object(word);
        nested.field("name", name).field(text, "");
        nested.end();
        call.end();
        calls.end();
        delta.end();
        self.end(out);
        open
    }

    fn whole(&mut self, choice: usize, number: u32, content: &Content, out: &mut BytesMut) {
        let path = format!("choices[{}].parts[{number}]", self.choices[choice].index);
        match content {
            Content::Image(image) if image_address(image).is_some() => {
                self.losses.emulated(path, "the format has no pictures in answers; sent as `images`");
                self.image(choice, image, out);
            }
            _ => self.losses.dropped(path, "the format has no place for it in an answer"),
        }
    }

    fn image(&mut self, choice: usize, image: &Image, out: &mut BytesMut) {
        let number = self.choices[choice].images;
        self.choices[choice].images += 1;
        self.begin(choice, out);
        let mut delta = Object::begin(out);
        let mut images = delta.array("images");
        write_image(images.object(), image, number);
        images.end();
        delta.end();
        self.end(out);
    }

    pub(super) fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
        let Some(place) = self.parts.iter().rposition(|open| open.part == part) else { return };
        let OpenPart { choice, number, kind, start, .. } = self.parts[place];
        match (delta, kind) {
            (Delta::Text(text), OpenKind::Text) => {
                self.choices[choice].characters += text.chars().count() as u64;
                self.say(choice, [r#"{"content":"#, "}"], text, out);
            }
            (Delta::Text(text), OpenKind::Reasoning) => {
                self.say(choice, [r#"{"reasoning_content":"#, "}"], text, out)
            }
            (Delta::Text(text), OpenKind::Refusal) => self.say(choice, [r#"{"refusal":"#, "}"], text, out),
            (Delta::Text(text), OpenKind::LegacyCall) => {
                self.say(choice, [r#"{"function_call":{"arguments":"#, "}}"], text, out);
            }
            (Delta::Text(text), OpenKind::Function(call)) => {
                self.continue_call(choice, call, r#","function":{"arguments":"#, text, out);
            }
            (Delta::Text(text), OpenKind::Custom(call)) => {
                self.continue_call(choice, call, r#","type":"custom","custom":{"input":"#, text, out);
            }
            (Delta::Text(text), OpenKind::Audio) => {
                self.say(choice, [r#"{"audio":{"transcript":"#, "}}"], text, out)
            }
            (Delta::Media(data), OpenKind::Audio) => {
                self.say(choice, [r#"{"audio":{"data":"#, "}}"], data, out)
            }
            (Delta::AudioId { id, expires_at }, OpenKind::Audio) => {
                self.begin(choice, out);
                let mut object = Object::begin(out);
                let mut audio = object.object("audio");
                audio.optional("id", id.as_deref()).optional("expires_at", *expires_at);
                audio.end();
                object.end();
                self.end(out);
            }
            (Delta::Citation(citation), OpenKind::Text) => self.keep(choice, number, start, citation),
            (Delta::Extra(extra), _) => self.lose_extra(choice, number, extra),
            (Delta::Signature(_), _) => {
                self.lose(choice, number, ".signature", "the format has no signatures")
            }
            (Delta::Encrypted(_), _) => {
                self.lose(choice, number, ".encrypted", "only its issuer can read it")
            }
            // Of a part that was named as lost as a whole, or a delta that its part cannot take.
            (Delta::Text(_) | Delta::Media(_) | Delta::Citation(_) | Delta::AudioId { .. }, _) => {}
        }
    }

    fn continue_call(&mut self, choice: usize, call: u32, name: &str, text: &str, out: &mut BytesMut) {
        self.begin(choice, out);
        write_raw(out, r#"{"tool_calls":[{"index":"#);
        value(out, &call);
        write_raw(out, name);
        value(out, text);
        write_raw(out, "}}]}");
        self.end(out);
    }

    /// Keeps a citation until the end of the answer.
    fn keep(&mut self, choice: usize, part: u32, start: u64, citation: &Citation) {
        let state = &mut self.choices[choice];
        let number = state.cited.iter().filter(|cited| cited.part == part).count();
        let span = (start, state.characters);
        state.cited.push(Cited { part, number, span, citation: citation.clone() });
    }

    pub(super) fn part_end(&mut self, part: PartIndex) {
        let Some(place) = self.parts.iter().rposition(|open| open.part == part) else { return };
        let OpenPart { choice, number, .. } = self.parts.remove(place);
        let state = &mut self.choices[choice];
        for cited in state.cited.iter_mut().filter(|cited| cited.part == number) {
            cited.span.1 = state.characters;
        }
    }

    fn lose(&mut self, choice: usize, number: u32, what: &str, why: &str) {
        let path = format!("choices[{}].parts[{number}]{what}", self.choices[choice].index);
        self.losses.dropped(path, why);
    }

    fn lose_extra(&mut self, choice: usize, number: u32, extra: &Extra) {
        let path = format!("choices[{}].parts[{number}]", self.choices[choice].index);
        for name in extra.any().into_iter().flat_map(|(_, fields)| fields.keys()) {
            if name != LEGACY {
                self.losses.dropped(format!("{path}.{name}"), "a stream has said the part already");
            }
        }
    }
}
