//! The untouched path: bytes pass as they are but for the model's name.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_model::{ModelName, ProviderError};
use tollgate_provider::{Frame, Relay, RequestFacts, ResponseFacts, StreamReader, json_spans};

use crate::{
    error,
    provider::{ANTHROPIC_VERSION, MessagesProvider, VERSION_HEADER},
    response::{Called, Envelope},
    wire::{BlockDelta, FrameHead, Object, Text},
};

/// The client's headers that the format knows. Values pass untouched: a beta that is invented tomorrow works today.
const FORWARDED: [HeaderName; 3] =
    [VERSION_HEADER, HeaderName::from_static("anthropic-beta"), HeaderName::from_static("idempotency-key")];

impl Relay for MessagesProvider {
    fn request(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> http::Request<Bytes> {
        let mut request = self.post(facts.stream, addressed(model, facts, body));
        take_headers(headers, request.headers_mut());
        request
    }

    fn response_facts(&self, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        let mut message: Object<'_> = serde_json::from_slice(body).map_err(unreadable)?;
        let kind = message.take::<Text<'_>>("type").map_err(unreadable)?;
        if kind.is_some_and(|kind| kind.0 == "error") {
            return Err(error::in_band(body));
        }
        let content = message.take::<Vec<&RawValue>>("content").map_err(unreadable)?;
        let content =
            content.ok_or_else(|| ProviderError::protocol("the provider's answer is no message"))?;
        let mut along = Along::default();
        along.facts.content_bytes = content.into_iter().map(content_bytes).sum();
        along.read_message(message).map_err(unreadable)?;
        along.settle();
        Ok(along.facts)
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::new(MessagesReader::default())
    }
}

/// Takes over the headers that the format knows.
pub(crate) fn take_headers(client: &HeaderMap, headers: &mut HeaderMap) {
    for name in FORWARDED {
        let mut values = client.get_all(&name).iter().peekable();
        if values.peek().is_some() {
            headers.remove(&name);
        }
        for value in values {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// Puts the model's name into the body, unless it stands there already.
pub(crate) fn addressed(model: &ModelName, facts: &RequestFacts, body: &Bytes) -> Bytes {
    match &facts.model_span {
        Some(span) if facts.model != *model => {
            let name = serde_json::Value::from(model.as_str()).to_string();
            json_spans::replace(body, span, name.as_bytes()).into()
        }
        _ => body.clone(),
    }
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}

/// How many bytes of text, reasoning and arguments a block holds.
fn content_bytes(block: &RawValue) -> u64 {
    #[derive(Deserialize)]
    struct Grown<'a> {
        #[serde(default, borrow)]
        text: Option<Text<'a>>,
        #[serde(default, borrow)]
        thinking: Option<Text<'a>>,
        #[serde(default, borrow)]
        input: Option<&'a RawValue>,
    }
    let Ok(block) = serde_json::from_str::<Grown<'_>>(block.get()) else { return 0 };
    let texts = [block.text, block.thinking].into_iter().flatten().map(|text| text.0.len());
    let input = block.input.map_or(0, |input| input.get().len());
    (texts.sum::<usize>() + input) as u64
}

/// What is known so far, in the vendor's terms and in the record's.
#[derive(Debug, Default)]
struct Along {
    envelope: Envelope,
    facts: ResponseFacts,
}

impl Along {
    fn read_message(&mut self, message: Object<'_>) -> serde_json::Result<()> {
        let (id, model) = self.envelope.read_message(message)?;
        self.facts.id = id;
        self.facts.model = model;
        Ok(())
    }

    /// Brings the facts to what the envelope says.
    fn settle(&mut self) {
        self.facts.usage = self.envelope.counters.usage();
        self.facts.service_tier = self.envelope.counters.service_tier();
        self.facts.finish_reason = self.envelope.finish_reason(Called::default());
    }
}

/// Reads along one stream. Text is measured, not kept.
#[derive(Debug, Default)]
struct MessagesReader {
    along: Along,
    stopped: bool,
}

impl StreamReader for MessagesReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        let head = FrameHead::parse(frame.data).map_err(unreadable)?;
        match &*head.kind {
            "message_start" => {
                let message = head.message.map(Object::parse).transpose().map_err(unreadable)?;
                self.along.read_message(message.unwrap_or_default()).map_err(unreadable)?;
                self.along.settle();
            }
            "content_block_delta" => self.along.facts.content_bytes += head.delta.map_or(0, delta_bytes),
            "message_delta" => {
                let frame = serde_json::from_slice(frame.data).map_err(unreadable)?;
                self.along.envelope.read_message_delta(frame).map_err(unreadable)?;
                self.along.settle();
            }
            "message_stop" => self.stopped = true,
            "error" => return Err(error::in_band(frame.data)),
            _ => {}
        }
        Ok(())
    }

    fn facts(&self) -> &ResponseFacts {
        &self.along.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        if self.stopped { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

fn delta_bytes(delta: &RawValue) -> u64 {
    let Ok(delta) = serde_json::from_str::<BlockDelta<'_>>(delta.get()) else { return 0 };
    let texts = [delta.text, delta.partial_json, delta.thinking];
    texts.into_iter().flatten().map(|text| text.0.len() as u64).sum()
}

/// The headers that every request has.
pub(crate) fn fixed_headers(stream: bool) -> [(HeaderName, HeaderValue); 3] {
    let accept = if stream { "text/event-stream" } else { "application/json" };
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ACCEPT, HeaderValue::from_static(accept)),
        (VERSION_HEADER, HeaderValue::from_static(ANTHROPIC_VERSION)),
    ]
}
