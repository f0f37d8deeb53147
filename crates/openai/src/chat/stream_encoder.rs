//! Canonical events → chunks.
//!
//! Every chunk has the same `id`, `created` and `model`; the first of a choice has the role. The finish reasons are held
//! until the answer is complete, so that a stream that breaks off never looks finished. Reasoning is written as
//! `reasoning_content`, pictures as `images`, as in a complete answer.
//!
//! The vendor's SDKs join the deltas: texts are put together, lists by the `index` of their elements. A second list
//! without is an error in Python and replaces the first in JavaScript.
//! Source: `lib/streaming` of the vendor's Python SDK 3.54.0 (read 2026-11-23).

use bytes::BytesMut;
use serde_json::{Map, Value};
use tollgate_model::{
    CallError, ChatEvent, ChatRequest, FinishReason, Format, Losses, ModelName, ResponseId, Usage,
    message::Citation,
};
use tollgate_provider::StreamEncoder;

use super::{
    client_error, logprobs,
    response::{asks_by_functions, made_id},
    wire::{Object, value, write_raw},
};

mod ending;
mod parts;

use parts::OpenPart;

const FORMAT: Format = Format::OPENAI_CHAT;

/// Writes one stream of chunks.
#[derive(Debug)]
pub(super) struct ChunkEncoder {
    /// The model to name if the provider names none.
    asked: ModelName,
    now_unix: i64,
    /// Whether the client wants the usage.
    include_usage: bool,
    /// Whether the client asks by the deprecated `functions`.
    legacy: bool,
    /// How the client wants sound to be encoded.
    audio_asked: Option<String>,
    /// What each chunk begins with, up to its choices. Empty until the stream starts.
    head: Vec<u8>,
    choices: Vec<ChoiceState>,
    parts: Vec<OpenPart>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extra: Map<String, Value>,
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
    /// How many tool calls.
    calls: u32,
    /// How many characters of text, for citations without a place of their own.
    characters: u64,
    /// How many pictures.
    images: u32,
    refused: bool,
    /// What the texts are based on, held until the end.
    cited: Vec<Cited>,
    /// Held until the end.
    reason: Option<FinishReason>,
}

/// A citation and the text it belongs to.
#[derive(Debug)]
struct Cited {
    /// The part's place in the choice.
    part: u32,
    /// The citation's place in the part.
    number: usize,
    /// Where the text stands, in characters.
    span: (u64, u64),
    citation: Citation,
}

impl ChoiceState {
    const fn new(index: u32) -> Self {
        Self {
            index,
            parts: 0,
            calls: 0,
            characters: 0,
            images: 0,
            refused: false,
            cited: Vec::new(),
            reason: None,
        }
    }
}

impl ChunkEncoder {
    pub(super) fn new(request: &ChatRequest, now_unix: i64) -> Self {
        Self {
            asked: request.model.clone(),
            now_unix,
            include_usage: request.stream_usage == Some(true),
            legacy: asks_by_functions(request),
            audio_asked: request.audio.as_ref().and_then(|audio| audio.format.clone()),
            head: Vec::new(),
            choices: Vec::new(),
            parts: Vec::new(),
            usage: None,
            service_tier: None,
            extra: Map::new(),
            over: false,
            losses: Losses::new(),
        }
    }

    fn start(&mut self, id: Option<&ResponseId>, model: Option<&ModelName>, created: Option<i64>) {
        let created = created.unwrap_or(self.now_unix);
        let mut head = BytesMut::from(&b"data: "[..]);
        let mut object = Object::begin(&mut head);
        match id {
            Some(id) => object.field("id", id),
            None => object.field("id", &made_id(created)),
        };
        object.field("object", "chat.completion.chunk").field("created", &created);
        object.field("model", model.unwrap_or(&self.asked));
        object.key("choices");
        self.head = head.to_vec();
    }

    /// Begins a chunk of one choice, up to the value of its `delta`.
    fn begin(&mut self, choice: usize, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.start(None, None, None);
        }
        out.extend_from_slice(&self.head);
        write_raw(out, r#"[{"index":"#);
        value(out, &self.choices[choice].index);
        write_raw(out, r#","delta":"#);
    }

    /// Ends a chunk after its `delta`.
    fn end(&self, out: &mut BytesMut) {
        write_raw(out, r#","logprobs":null,"finish_reason":null}]"#);
        self.end_chunk(out);
    }

    fn end_chunk(&self, out: &mut BytesMut) {
        write_raw(out, if self.include_usage { ",\"usage\":null}\n\n" } else { "}\n\n" });
    }

    /// Writes a chunk whose delta is one text between `open` and `close`: the hot path.
    fn say(&mut self, choice: usize, [open, close]: [&str; 2], text: &str, out: &mut BytesMut) {
        self.begin(choice, out);
        write_raw(out, open);
        value(out, text);
        write_raw(out, close);
        self.end(out);
    }

    /// Finds a choice; a new one says its role first.
    fn choice(&mut self, index: u32, with_text: bool, out: &mut BytesMut) -> usize {
        if let Some(place) = self.choices.iter().position(|choice| choice.index == index) {
            return place;
        }
        self.choices.push(ChoiceState::new(index));
        let place = self.choices.len() - 1;
        self.begin(place, out);
        let content = if with_text { "\"\"" } else { "null" };
        write_raw(out, r#"{"role":"assistant","content":"#);
        write_raw(out, content);
        write_raw(out, r#","refusal":null}"#);
        self.end(out);
        place
    }
}

impl StreamEncoder for ChunkEncoder {
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            ChatEvent::Start { id, model, created } => self.start(id.as_ref(), model.as_ref(), *created),
            ChatEvent::PartStart { part, choice, kind } => self.part_start(*part, *choice, kind, out),
            ChatEvent::Delta { part, delta } => self.delta(*part, delta, out),
            ChatEvent::PartEnd { part } => self.part_end(*part),
            ChatEvent::Logprobs { choice, tokens } => {
                let choice = self.choice(*choice, true, out);
                self.begin(choice, out);
                write_raw(out, r#"{},"logprobs":"#);
                logprobs::write(out, tokens, self.choices[choice].refused);
                write_raw(out, r#","finish_reason":null}]"#);
                self.end_chunk(out);
            }
            ChatEvent::Stop { choice, reason } => {
                let choice = self.choice(*choice, true, out);
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
            write_raw(out, "data: ");
            client_error::write(out, error);
            write_raw(out, "\n\n");
            self.over = true;
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}
