//! Canonical events → chunks, as events or as a growing JSON array.
//!
//! Each chunk is a whole answer in small: text and thoughts as they come, calls and media when they are complete. The
//! reasons, the usage and what the text is based on are held until the answer is complete, so that a stream that breaks
//! off never looks finished; an array that breaks off is never closed.
//!
//! Chunks always hold a part, if an empty text: the vendor's SDKs leave answers out of their chats that do not.
//! Source: `chats.py` of the vendor's Python SDK 3.4.0 and `isValidContent` of its JavaScript SDK 2.32.0 (read 2026-11-23).

use bytes::{BufMut, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    CallError, ChatEvent, FinishReason, Losses, ModelName, ResponseId, Usage, message::Citation,
};
use tollgate_provider::{
    StreamEncoder,
    json_writer::{Object, append},
};

use super::{FORMAT, response};
use crate::{client_error, time::rfc3339};

mod ending;
mod parts;

use parts::{LastPiece, OpenPart};

/// How chunks follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    ServerSentEvents,
    JsonArray,
}

/// Writes one stream of chunks.
#[derive(Debug)]
pub(super) struct ChunkEncoder {
    form: Form,
    /// The model to name if the provider names none.
    asked: ModelName,
    /// What each chunk ends with, from behind its candidates. Empty until the stream starts.
    tail: Vec<u8>,
    choices: Vec<ChoiceState>,
    parts: Vec<OpenPart>,
    /// The piece of text that was written last.
    last_piece: Option<LastPiece>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extra: Map<String, Value>,
    /// Whether a chunk was written.
    begun: bool,
    /// Whether nothing may follow.
    over: bool,
    losses: Losses,
}

/// What was said of a choice.
#[derive(Debug)]
struct ChoiceState {
    index: u32,
    /// How many parts it has had, for the paths of losses.
    parts: u32,
    /// How many bytes of text, for citations without a place of their own.
    text_bytes: usize,
    /// What the texts are based on, held until the end.
    cited: Vec<HeldCitation>,
    /// Held until the end.
    reason: Option<FinishReason>,
}

#[derive(Debug)]
struct HeldCitation {
    /// The text's part.
    part: u32,
    /// The citation's place in the part.
    number: usize,
    /// Where the text stands, in bytes.
    span: (usize, usize),
    citation: Citation,
}

impl ChunkEncoder {
    pub(super) fn new(form: Form, asked: ModelName) -> Self {
        Self {
            form,
            asked,
            tail: Vec::new(),
            choices: Vec::new(),
            parts: Vec::new(),
            last_piece: None,
            usage: None,
            service_tier: None,
            extra: Map::new(),
            begun: false,
            over: false,
            losses: Losses::new(),
        }
    }

    fn start(&mut self, id: Option<&ResponseId>, model: Option<&ModelName>, created: Option<i64>) {
        let mut fields = BytesMut::new();
        let mut object = Object::begin(&mut fields);
        object.field("modelVersion", model.unwrap_or(&self.asked));
        object.optional("responseId", id).optional("createTime", created.and_then(rfc3339));
        object.end();
        // The object goes on where the candidates end.
        fields[0] = b',';
        self.tail = fields.to_vec();
    }

    fn choice(&mut self, index: u32) -> usize {
        self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            let new = ChoiceState { index, parts: 0, text_bytes: 0, cited: Vec::new(), reason: None };
            self.choices.push(new);
            self.choices.len() - 1
        })
    }

    /// Begins an element of the stream.
    fn begin_element(&mut self, out: &mut BytesMut) {
        out.put_slice(match (self.form, std::mem::replace(&mut self.begun, true)) {
            (Form::ServerSentEvents, _) => b"data: ",
            (Form::JsonArray, false) => b"[",
            (Form::JsonArray, true) => b"\n,\r\n",
        });
    }

    /// Ends an element of the stream.
    fn end_element(&self, out: &mut BytesMut) {
        if self.form == Form::ServerSentEvents {
            out.put_slice(b"\r\n\r\n");
        }
    }

    /// Begins a chunk of one choice, up to its first part.
    fn begin_chunk(&mut self, out: &mut BytesMut) {
        if self.tail.is_empty() {
            self.start(None, None, None);
        }
        self.begin_element(out);
        out.put_slice(br#"{"candidates":[{"content":{"parts":["#);
    }

    /// Ends a chunk of one choice, from behind its last part.
    fn end_chunk(&self, choice: usize, out: &mut BytesMut) {
        out.put_slice(br#"],"role":"model"},"index":"#);
        value(out, &self.choices[choice].index);
        out.put_slice(b"}]");
        out.put_slice(&self.tail);
        self.end_element(out);
    }

    /// Writes how likely the next tokens of a choice were.
    fn logprobs(
        &mut self,
        choice: u32,
        tokens: &[tollgate_model::response::TokenLogprob],
        out: &mut BytesMut,
    ) {
        let place = self.choice(choice);
        self.begin_chunk(out);
        out.put_slice(br#"{"text":""}],"role":"model"},"logprobsResult":"#);
        value(out, &response::logprobs(tokens, choice, &mut self.losses));
        out.put_slice(br#","index":"#);
        value(out, &self.choices[place].index);
        out.put_slice(b"}]");
        out.put_slice(&self.tail);
        self.end_element(out);
    }
}

impl StreamEncoder for ChunkEncoder {
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            ChatEvent::Start { id, model, created } => self.start(id.as_ref(), model.as_ref(), *created),
            ChatEvent::PartStart { part, choice, kind } => self.part_start(*part, *choice, kind),
            ChatEvent::Delta { part, delta } => self.delta(*part, delta, out),
            ChatEvent::PartEnd { part } => self.part_end(*part, out),
            ChatEvent::Logprobs { choice, tokens } => self.logprobs(*choice, tokens, out),
            ChatEvent::Stop { choice, reason } => {
                let choice = self.choice(*choice);
                self.choices[choice].reason = Some(reason.clone());
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            ChatEvent::Extra { service_tier, extra } => {
                if service_tier.is_some() {
                    self.service_tier.clone_from(service_tier);
                }
                extra.lose_unless(&FORMAT, "", &mut self.losses);
                let fields = extra.fields(&FORMAT).into_iter().flatten();
                self.extra.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
            }
            ChatEvent::Finish => self.finish(out),
        }
    }

    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut) {
        if !self.over {
            self.begin_element(out);
            client_error::write(out, error);
            self.end_element(out);
            self.over = true;
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

/// Appends a value as JSON.
fn value(out: &mut BytesMut, value: &(impl serde::Serialize + ?Sized)) {
    append(out, value).expect("texts, numbers and values with text keys are always JSON");
}
