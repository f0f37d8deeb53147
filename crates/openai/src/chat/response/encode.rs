//! Canonical → a complete answer.
//!
//! Reasoning is written as `reasoning_content`, the field that clients of this format know although OpenAI's own answers
//! lack it; pictures as `images`, after OpenRouter.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, Format, Losses, Part,
    message::{Audio, Image, MediaSource, Text, ToolCall, ToolCallKind},
};

use crate::chat::{
    citation, finish, logprobs, media,
    request::LEGACY,
    usage,
    wire::{Array, Object},
};

const FORMAT: Format = Format::OPENAI_CHAT;

/// Writes the body, and names what it cannot say.
pub(in crate::chat) fn encode(
    request: &ChatRequest,
    response: &ChatResponse,
    now_unix: i64,
) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(1024);
    let created = response.created.unwrap_or(now_unix);
    let extra = response.extra.fields(&FORMAT);
    response.extra.lose_unless(&FORMAT, "", &mut losses);
    let mut body = Object::begin(&mut out);
    match &response.id {
        Some(id) => body.field("id", id),
        None => body.field("id", &made_id(created)),
    };
    body.field("object", "chat.completion").field("created", &created);
    body.field("model", response.model.as_ref().unwrap_or(&request.model));
    let mut choices = body.array("choices");
    for choice in &response.choices {
        ChoiceWriter::new(choice, request, extra, now_unix, &mut losses).write(choices.object());
    }
    choices.end();
    if let Some(counted) = &response.usage {
        usage::lose(counted, &mut losses);
        usage::write(body.key("usage"), counted, extra.and_then(|extra| extra.get("usage")?.as_object()));
    }
    body.optional("service_tier", response.service_tier.as_deref()).extra(extra);
    body.end();
    (out.freeze(), losses)
}

/// Names the encoding of sound as lost where the client does not know it: the format says it in the question only.
pub(in crate::chat) fn lose_encoding(path: &str, media_type: &str, asked: Option<&str>, losses: &mut Losses) {
    if asked != Some(media::audio_format(media_type)) {
        losses.approximated(format!("{path}.source.media_type"), "answers do not say how sound is encoded");
    }
}

/// An id for an answer that has none.
pub(in crate::chat) fn made_id(created: i64) -> String {
    format!("chatcmpl-{created}")
}

/// Whether the client asks by the deprecated `functions`, and so is answered by `function_call`.
pub(in crate::chat) fn asks_by_functions(request: &ChatRequest) -> bool {
    request.tools.first().is_some_and(|tool| tool.extra.field(&FORMAT, LEGACY).is_some())
}

#[derive(Debug)]
struct ChoiceWriter<'a> {
    request: &'a ChatRequest,
    choice: &'a Choice,
    legacy: bool,
    /// What the provider said of this choice besides.
    extra: Option<&'a Map<String, Value>>,
    now_unix: i64,
    losses: &'a mut Losses,
    text: String,
    reasoning: String,
    refusal: String,
    audio: Option<&'a Part>,
    images: Vec<&'a Image>,
    calls: Vec<&'a Part>,
    cites: bool,
}

impl<'a> ChoiceWriter<'a> {
    fn new(
        choice: &'a Choice,
        request: &'a ChatRequest,
        extra: Option<&'a Map<String, Value>>,
        now_unix: i64,
        losses: &'a mut Losses,
    ) -> Self {
        let of_choice =
            |fields: &&Map<String, Value>| fields.get("index") == Some(&Value::from(choice.index));
        let choices = extra.and_then(|extra| extra.get("choices")?.as_array());
        let extra = choices.and_then(|choices| choices.iter().filter_map(Value::as_object).find(of_choice));
        let mut writer = Self {
            request,
            choice,
            legacy: asks_by_functions(request),
            extra,
            now_unix,
            losses,
            text: String::new(),
            reasoning: String::new(),
            refusal: String::new(),
            audio: None,
            images: Vec::new(),
            calls: Vec::new(),
            cites: false,
        };
        for (number, part) in choice.parts.iter().enumerate() {
            writer.sort(number, part);
        }
        writer
    }

    fn path(&self, number: usize) -> String {
        format!("choices[{}].parts[{number}]", self.choice.index)
    }

    fn sort(&mut self, number: usize, part: &'a Part) {
        if part.signature.is_some() {
            self.losses.dropped(format!("{}.signature", self.path(number)), "the format has no signatures");
        }
        part.extra.lose_unless(&FORMAT, &self.path(number), self.losses);
        match &part.content {
            Content::Text(text) => {
                self.cites |= !text.citations.is_empty();
                self.text.push_str(&text.text);
            }
            Content::Reasoning(reasoning) => {
                if reasoning.encrypted.is_some() {
                    self.losses
                        .dropped(format!("{}.encrypted", self.path(number)), "only its issuer can read it");
                }
                for name in part.extra.fields(&FORMAT).into_iter().flat_map(Map::keys) {
                    let path = format!("{}.{name}", self.path(number));
                    self.losses.dropped(path, "reasoning is told as one text");
                }
                self.reasoning.push_str(&reasoning.text);
            }
            Content::Refusal(text) => self.refusal.push_str(text),
            Content::Audio(Audio { source: MediaSource::Base64 { media_type, .. }, .. })
                if self.audio.is_none() =>
            {
                let asked = self.request.audio.as_ref().and_then(|audio| audio.format.as_deref());
                lose_encoding(&self.path(number), media_type, asked, self.losses);
                self.audio = Some(part);
            }
            Content::Image(image) if image_address(image).is_some() => {
                self.losses
                    .emulated(self.path(number), "the format has no pictures in answers; sent as `images`");
                self.images.push(image);
            }
            Content::ToolCall(_) if self.legacy && !self.calls.is_empty() => {
                self.losses.dropped(self.path(number), "`function_call` holds one call");
            }
            Content::ToolCall(_) => self.calls.push(part),
            Content::Opaque(opaque)
                if opaque.format == FORMAT && part.extra.field(&FORMAT, "tool_calls").is_some() =>
            {
                self.calls.push(part);
            }
            _ => self.losses.dropped(self.path(number), "the format has no place for it in an answer"),
        }
    }

    fn write(&mut self, mut object: Object<'_>) {
        object.field("index", &self.choice.index);
        self.write_message(object.object("message"));
        let key = object.key("logprobs");
        if self.choice.logprobs.is_empty() {
            key.extend_from_slice(b"null");
        } else {
            logprobs::write(key, &self.choice.logprobs, !self.refusal.is_empty());
        }
        match &self.choice.finish_reason {
            None => {
                object.field("finish_reason", &());
            }
            Some(reason) => {
                let (word, loss) = finish::encode(reason, !self.refusal.is_empty(), self.legacy);
                object.field("finish_reason", &word);
                if let Some((kind, why)) = loss {
                    let path = format!("choices[{}].finish_reason", self.choice.index);
                    self.losses.push(tollgate_model::Loss { path, kind, why: why.to_owned() });
                }
            }
        }
        object.skip("message").extra(self.extra);
        object.end();
    }

    fn write_message(&mut self, mut message: Object<'_>) {
        message.field("role", "assistant");
        // As the vendor has it: an answer of nothing but calls, refusal or sound has no text at all.
        let instead = !self.calls.is_empty() || !self.refusal.is_empty() || self.audio.is_some();
        if self.text.is_empty() && instead {
            message.field("content", &());
        } else {
            message.field("content", &self.text);
        }
        message.optional("reasoning_content", Some(&self.reasoning).filter(|text| !text.is_empty()));
        message.field("refusal", &Some(&self.refusal).filter(|text| !text.is_empty()));
        if self.cites {
            self.write_annotations(message.array("annotations"));
        }
        if let Some(part) = self.audio {
            self.write_audio(message.object("audio"), part);
        }
        if !self.images.is_empty() {
            let mut images = message.array("images");
            for (image, index) in self.images.iter().zip(0..) {
                write_image(images.object(), image, index);
            }
            images.end();
        }
        self.write_calls(&mut message);
        message.extra(self.extra.and_then(|extra| extra.get("message")?.as_object()));
        message.end();
    }

    fn write_annotations(&mut self, mut annotations: Array<'_>) {
        let mut start = 0;
        for (number, part) in self.choice.parts.iter().enumerate() {
            let Content::Text(Text { text, citations }) = &part.content else { continue };
            let end = start + text.chars().count() as u64;
            for (place, citation) in citations.iter().enumerate() {
                let path = format!("choices[{}].parts[{number}].citations[{place}]", self.choice.index);
                citation::write(&mut annotations, citation, (start, end), &path, self.losses);
            }
            start = end;
        }
        annotations.end();
    }

    fn write_audio(&self, mut object: Object<'_>, part: &Part) {
        let Content::Audio(audio) = &part.content else { return object.end() };
        let data = match &audio.source {
            MediaSource::Base64 { data, .. } => data.as_str(),
            _ => "",
        };
        object.optional("id", audio.id.as_deref()).field("data", data);
        object.field("transcript", audio.transcript.as_deref().unwrap_or_default());
        object.field("expires_at", &audio.expires_at.unwrap_or(self.now_unix));
        object.extra(part.extra.fields(&FORMAT));
        object.end();
    }

    fn write_calls(&self, message: &mut Object<'_>) {
        match self.calls.first().map(|part| &part.content) {
            None => {}
            Some(Content::ToolCall(call)) if self.legacy => {
                let mut object = message.object("function_call");
                object.field("name", &call.name).field("arguments", &call.arguments);
                object.end();
            }
            Some(_) => {
                let mut calls = message.array("tool_calls");
                for part in &self.calls {
                    match &part.content {
                        Content::ToolCall(call) => write_call(calls.object(), call, part),
                        Content::Opaque(opaque) => calls.element(&opaque.value),
                        _ => {}
                    }
                }
                calls.end();
            }
        }
    }
}

fn write_call(mut object: Object<'_>, call: &ToolCall, part: &Part) {
    let extra = part.extra.fields(&FORMAT);
    let (kind, text) = match call.kind {
        ToolCallKind::Function => ("function", "arguments"),
        ToolCallKind::Custom => ("custom", "input"),
    };
    object.field("id", &call.id).field("type", kind);
    let mut nested = object.object(kind);
    nested.field("name", &call.name).field(text, &call.arguments);
    nested.extra(extra.and_then(|extra| extra.get(kind)?.as_object()));
    nested.end();
    object.skip(LEGACY).extra(extra);
    object.end();
}

/// The address of a picture, which may hold its bytes.
pub(in crate::chat) fn image_address(image: &Image) -> Option<String> {
    match &image.source {
        MediaSource::Base64 { media_type, data } => Some(media::data_url(media_type, data)),
        MediaSource::Url { url, .. } => Some(url.clone()),
        MediaSource::File { .. } | MediaSource::Text { .. } => None,
    }
}

/// Writes an element of `images`. SDKs join the lists of a stream by its `index`.
pub(in crate::chat) fn write_image(mut object: Object<'_>, image: &Image, index: u32) {
    object.field("index", &index).field("type", "image_url");
    let mut nested = object.object("image_url");
    nested.optional("url", image_address(image));
    nested.end();
    object.end();
}
