//! How parts begin, grow and end in a stream.

use bytes::{BufMut, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    Content, Delta, Extra, Part, PartIndex, PartKind,
    message::{Citation, MediaSource, Reasoning, Text, ToolCall},
};
use tollgate_provider::json_writer::Array;

use super::{ChunkEncoder, HeldCitation, value};
use crate::{
    generate_content::{FORMAT, response},
    media, signature,
};

/// A part that began and did not end.
#[derive(Debug)]
pub(super) struct OpenPart {
    index: PartIndex,
    choice: usize,
    /// Its place in the choice.
    number: u32,
    kind: OpenKind,
    /// What is not written yet: attributes, and of what comes whole, all of it.
    held: Part,
    /// How many bytes of its text were written, and where they begin in the choice.
    text_bytes: usize,
    start: usize,
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
}

/// A piece of text that stands at the end of what was written last. As long as it does, attributes can join it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastPiece {
    part: PartIndex,
    /// Where its object is closed.
    close: usize,
    /// Where its chunk ends.
    end: usize,
}

impl ChunkEncoder {
    pub(super) fn part_start(&mut self, index: PartIndex, choice: u32, kind: &PartKind) {
        let choice = self.choice(choice);
        let number = self.choices[choice].parts;
        self.choices[choice].parts += 1;
        let start = self.choices[choice].text_bytes;
        let (kind, content) = match kind {
            PartKind::Text => (OpenKind::Text, Content::Text(Text::default())),
            PartKind::Refusal => {
                response::lose_refusal(&self.path(choice, number), &mut self.losses);
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
        let held = Part::new(content);
        self.parts.push(OpenPart { index, choice, number, kind, held, text_bytes: 0, start });
    }

    fn path(&self, choice: usize, number: u32) -> String {
        format!("choices[{}].parts[{number}]", self.choices[choice].index)
    }

    pub(super) fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
        let Some(place) = self.parts.iter().rposition(|open| open.index == part) else { return };
        let OpenPart { choice, number, ref kind, .. } = self.parts[place];
        match (delta, kind) {
            (Delta::Text(text), OpenKind::Text | OpenKind::Thought) => {
                if !text.is_empty() {
                    self.say(place, text, out);
                }
            }
            (Delta::Text(more), OpenKind::Whole) => {
                if let Content::ToolCall(call) = &mut self.parts[place].held.content {
                    call.arguments.push_str(more);
                }
            }
            (Delta::Text(_), OpenKind::Audio { .. }) => {
                let path = format!("{}.transcript", self.path(choice, number));
                self.losses.dropped(path, "sound comes without its words");
            }
            (Delta::Media(data), OpenKind::Audio { media_type }) => {
                let media_type = media_type.clone();
                self.begin_chunk(out);
                out.put_slice(br#"{"inlineData":{"mimeType":"#);
                value(out, &media_type);
                out.put_slice(br#","data":"#);
                value(out, data);
                out.put_slice(b"}}");
                self.end_chunk(choice, out);
            }
            (Delta::AudioId { .. }, OpenKind::Audio { .. }) => {
                self.losses.dropped(format!("{}.id", self.path(choice, number)), "sound has no id");
            }
            (Delta::Citation(citation), OpenKind::Text) => self.cite(place, citation),
            (Delta::Encrypted(more), OpenKind::Thought) => {
                if let Content::Reasoning(reasoning) = &mut self.parts[place].held.content {
                    reasoning.encrypted.get_or_insert_default().push_str(more);
                }
            }
            (Delta::Signature(signature), _) => {
                self.parts[place].held.signature = Some(signature.clone());
                self.attribute_now(place, signature.issuer == FORMAT, out);
            }
            (Delta::Extra(extra), _) => {
                self.parts[place].held.extra = extra.clone();
                self.attribute_now(place, extra.fields(&FORMAT).is_some(), out);
            }
            // A delta that its part cannot take.
            (Delta::Media(_) | Delta::AudioId { .. } | Delta::Citation(_) | Delta::Encrypted(_), _) => {}
        }
    }

    /// Writes a piece of text: the hot path.
    fn say(&mut self, place: usize, text: &str, out: &mut BytesMut) {
        let OpenPart { index, choice, ref kind, .. } = self.parts[place];
        let thought = *kind == OpenKind::Thought;
        self.begin_chunk(out);
        out.put_slice(br#"{"text":"#);
        value(out, text);
        if thought {
            out.put_slice(br#","thought":true"#);
        }
        let close = out.len();
        out.put_u8(b'}');
        self.end_chunk(choice, out);
        self.last_piece = Some(LastPiece { part: index, close, end: out.len() });
        self.parts[place].text_bytes += text.len();
        if !thought {
            self.choices[choice].text_bytes += text.len();
        }
    }

    fn cite(&mut self, place: usize, citation: &Citation) {
        let OpenPart { choice, number, start, .. } = self.parts[place];
        let state = &mut self.choices[choice];
        let known = state.cited.iter().filter(|held| held.part == number).count();
        let span = (start, state.text_bytes);
        state.cited.push(HeldCitation { part: number, number: known, span, citation: citation.clone() });
    }

    /// Writes an attribute of the vendor's own at once: it came with the last piece of the part's text.
    fn attribute_now(&mut self, place: usize, own: bool, out: &mut BytesMut) {
        let part = &mut self.parts[place];
        if !own || !matches!(part.kind, OpenKind::Text | OpenKind::Thought) {
            return;
        }
        let mut fields = Map::new();
        if let Some(own) = signature::own(&part.held, &FORMAT) {
            fields.insert("thoughtSignature".to_owned(), own.into());
            part.held.signature = None;
        }
        if let Some(own) = part.held.extra.fields(&FORMAT).cloned() {
            fields.extend(own);
            part.held.extra = Extra::NONE;
        }
        self.attribute(place, &fields, out);
    }

    /// Gives fields to the last piece of a part's text, or, if that is gone, to an empty one behind it.
    fn attribute(&mut self, place: usize, fields: &Map<String, Value>, out: &mut BytesMut) {
        if fields.is_empty() {
            return;
        }
        let OpenPart { index, choice, ref kind, .. } = self.parts[place];
        let last = self.last_piece.filter(|last| last.part == index && last.end == out.len());
        if let Some(last) = last {
            out.truncate(last.close);
        } else {
            let thought = *kind == OpenKind::Thought;
            self.begin_chunk(out);
            out.put_slice(if thought { br#"{"text":"","thought":true"# } else { br#"{"text":"""# });
        }
        for (name, content) in fields {
            out.put_u8(b',');
            value(out, name);
            out.put_u8(b':');
            value(out, content);
        }
        let close = out.len();
        out.put_u8(b'}');
        self.end_chunk(choice, out);
        self.last_piece = Some(LastPiece { part: index, close, end: out.len() });
    }

    pub(super) fn part_end(&mut self, part: PartIndex, out: &mut BytesMut) {
        let Some(place) = self.parts.iter().rposition(|open| open.index == part) else { return };
        let OpenPart { choice, number, ref kind, ref held, text_bytes, .. } = self.parts[place];
        let path = self.path(choice, number);
        match kind {
            OpenKind::Text | OpenKind::Thought => {
                let carried = signature::write(held, &FORMAT, Some(text_bytes));
                if carried.is_none() {
                    held.extra.lose_unless(&FORMAT, &path, &mut self.losses);
                }
                let fields = carried.map(|carried| ("thoughtSignature".to_owned(), carried.into()));
                self.attribute(place, &fields.into_iter().collect(), out);
            }
            OpenKind::Audio { .. } => {
                held.extra.lose_all(&path, &mut self.losses);
                if held.signature.is_some() {
                    self.losses.dropped(format!("{path}.signature"), "sound that comes in pieces has none");
                }
            }
            OpenKind::Whole => self.whole(place, &path, out),
        }
        let OpenPart { number, .. } = self.parts.remove(place);
        let state = &mut self.choices[choice];
        for held in state.cited.iter_mut().filter(|held| held.part == number) {
            held.span.1 = state.text_bytes;
        }
    }

    /// Writes what comes whole.
    fn whole(&mut self, place: usize, path: &str, out: &mut BytesMut) {
        let mut written = BytesMut::new();
        let mut parts = Array::begin(&mut written);
        response::write_part(&mut parts, &self.parts[place].held, path, &mut self.losses);
        parts.end();
        let parts = &written[1..written.len() - 1];
        if !parts.is_empty() {
            self.begin_chunk(out);
            out.put_slice(parts);
            self.end_chunk(self.parts[place].choice, out);
        }
    }
}
