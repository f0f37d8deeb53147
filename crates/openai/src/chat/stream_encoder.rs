//! Canonical events → chunks.
//!
//! Every chunk has the same `id`, `created` and `model`; the first of a choice has the role. The finish reasons are held
//! until the answer is complete, so that a stream that breaks off never looks finished. Reasoning is written as
//! `reasoning_content`, pictures as `images`, as in a complete answer.

use bytes::{BufMut, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    CallError, ChatEvent, ChatRequest, Content, Delta, Extra, FinishReason, Format, Loss, Losses, ModelName,
    PartIndex, PartKind, ResponseId, Usage,
    message::{Citation, Image, ToolCallKind},
};
use tollgate_provider::StreamEncoder;

use super::{
    citation, client_error, finish, logprobs,
    request::LEGACY,
    response::{asks_by_functions, image_address, made_id, write_image},
    usage,
    wire::{Array, Object, value, write_raw},
};

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
    refused: bool,
    reason: Option<FinishReason>,
}

/// A part that began and did not end.
#[derive(Debug)]
struct OpenPart {
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
    pub(super) fn new(request: &ChatRequest, now_unix: i64) -> Self {
        Self {
            asked: request.model.clone(),
            now_unix,
            include_usage: request.stream_usage == Some(true),
            legacy: asks_by_functions(request),
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
        let state = ChoiceState { index, parts: 0, calls: 0, characters: 0, refused: false, reason: None };
        self.choices.push(state);
        let place = self.choices.len() - 1;
        self.begin(place, out);
        let content = if with_text { "\"\"" } else { "null" };
        write_raw(out, r#"{"role":"assistant","content":"#);
        write_raw(out, content);
        write_raw(out, r#","refusal":null}"#);
        self.end(out);
        place
    }

    fn part_start(&mut self, part: PartIndex, choice: u32, kind: &PartKind, out: &mut BytesMut) {
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
            PartKind::Audio { .. } => OpenKind::Audio,
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
        self.begin(choice, out);
        let mut delta = Object::begin(out);
        let mut images = delta.array("images");
        write_image(images.object(), image);
        images.end();
        delta.end();
        self.end(out);
    }

    fn delta(&mut self, part: PartIndex, delta: &Delta, out: &mut BytesMut) {
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
            (Delta::Citation(citation), OpenKind::Text) => self.cite(choice, number, start, citation, out),
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

    fn cite(&mut self, choice: usize, number: u32, start: u64, citation: &Citation, out: &mut BytesMut) {
        let path = format!("choices[{}].parts[{number}].citations", self.choices[choice].index);
        let span = (start, self.choices[choice].characters);
        let mut annotations = BytesMut::new();
        let mut array = Array::begin(&mut annotations);
        let said = citation::write(&mut array, citation, span, &path, &mut self.losses);
        array.end();
        if said {
            self.begin(choice, out);
            write_raw(out, r#"{"annotations":"#);
            out.extend_from_slice(&annotations);
            out.put_u8(b'}');
            self.end(out);
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

    /// Writes the finish reasons, the usage if it is wanted, and the end.
    fn finish(&mut self, out: &mut BytesMut) {
        for place in 0..self.choices.len() {
            self.finish_choice(place, out);
        }
        if self.include_usage {
            self.write_usage(out);
        }
        write_raw(out, "data: [DONE]\n\n");
        self.over = true;
    }

    fn finish_choice(&mut self, place: usize, out: &mut BytesMut) {
        let Some(reason) = self.choices[place].reason.take() else { return };
        let (word, loss) = finish::encode(&reason, self.choices[place].refused, self.legacy);
        self.begin(place, out);
        write_raw(out, r#"{},"logprobs":null,"finish_reason":"#);
        value(out, &word);
        let index = self.choices[place].index;
        let of_choice = self.extra.get("choices").and_then(Value::as_array);
        let of_choice = of_choice.into_iter().flatten().find(|fields| fields["index"] == index);
        for (name, content) in of_choice.and_then(Value::as_object).into_iter().flatten() {
            if !matches!(name.as_str(), "index" | "message") {
                out.put_u8(b',');
                value(out, name);
                out.put_u8(b':');
                value(out, content);
            }
        }
        write_raw(out, "}]");
        self.write_extra(out);
        self.end_chunk(out);
        if let Some((kind, why)) = loss {
            let path = format!("choices[{index}].finish_reason");
            self.losses.push(Loss { path, kind, why: why.to_owned() });
        }
    }

    /// Writes what was said of the whole answer, after `choices`.
    fn write_extra(&self, out: &mut BytesMut) {
        let tier = self.service_tier.as_ref().map(|tier| ("service_tier", Value::from(tier.as_str())));
        let fields = self.extra.iter().filter(|(name, _)| !matches!(name.as_str(), "choices" | "usage"));
        for (name, content) in tier
            .iter()
            .map(|(name, tier)| (*name, tier))
            .chain(fields.map(|(name, value)| (name.as_str(), value)))
        {
            out.put_u8(b',');
            value(out, name);
            out.put_u8(b':');
            value(out, content);
        }
    }

    fn write_usage(&mut self, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.start(None, None, None);
        }
        out.extend_from_slice(&self.head);
        write_raw(out, "[]");
        self.write_extra(out);
        write_raw(out, ",\"usage\":");
        match &self.usage {
            Some(counted) => {
                usage::lose(counted, &mut self.losses);
                usage::write(out, counted, self.extra.get("usage").and_then(Value::as_object));
            }
            None => write_raw(out, "null"),
        }
        write_raw(out, "}\n\n");
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
            ChatEvent::PartEnd { part } => self.parts.retain(|open| open.part != *part),
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
