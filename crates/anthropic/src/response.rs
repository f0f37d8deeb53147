//! A complete answer → canonical. What it says of itself as a whole is shared with the stream decoder.

use bytes::Bytes;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, Extra, FinishReason, Format, ModelName, Part, ProviderError,
    ResponseId, Signature,
    message::{Citation, Opaque, Reasoning, Text, ToolCall, ToolCallKind},
};

use crate::{
    error,
    names::{Asked, Restore, unwrap_custom},
    usage::Counters,
    wire::{self, Object},
};

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

/// Reads a complete 2xx response.
pub(crate) fn decode(
    request: &ChatRequest,
    response: &http::Response<Bytes>,
) -> Result<ChatResponse, ProviderError> {
    let body = response.body();
    let mut message: Object<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    if message.take::<wire::Text<'_>>("type").map_err(unreadable)?.is_some_and(|kind| kind.0 == "error") {
        return Err(error::in_band(body));
    }
    read_message(&Restore::new(request), message)
        .map_err(unreadable)?
        .ok_or_else(|| ProviderError::protocol("the provider's answer is no message: it has no content"))
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}

fn read_message(restore: &Restore, mut message: Object<'_>) -> serde_json::Result<Option<ChatResponse>> {
    let Some(blocks) = message.take::<Vec<&RawValue>>("content")? else { return Ok(None) };
    let mut called = Called::default();
    let parts = blocks
        .into_iter()
        .map(|block| read_block(block, restore, &mut called))
        .collect::<serde_json::Result<Vec<_>>>()?;
    let mut envelope = Envelope::default();
    let (id, model) = envelope.read_message(message)?;
    let usage = envelope.reported.then(|| envelope.counters.usage());
    let finish_reason = envelope.finish_reason(called);
    Ok(Some(ChatResponse {
        id,
        model,
        created: None,
        choices: vec![Choice::new(0, parts, finish_reason)],
        usage,
        service_tier: envelope.counters.service_tier(),
        extra: envelope.into_extra(),
    }))
}

/// What an answer says of itself as a whole. A stream says it in `message_start` and `message_delta`.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) stop_reason: Option<String>,
    stop_sequence: Option<String>,
    stop_details: Option<Value>,
    pub(crate) counters: Counters,
    /// Whether any usage came.
    pub(crate) reported: bool,
    /// Fields of the message that the canonical model has no place for.
    rest: Map<String, Value>,
}

impl Envelope {
    /// Reads a message object, but for its content.
    pub(crate) fn read_message(
        &mut self,
        mut message: Object<'_>,
    ) -> serde_json::Result<(Option<ResponseId>, Option<ModelName>)> {
        let id = message.take::<wire::Text<'_>>("id")?.map(|id| ResponseId::new(&*id.0));
        let model = message.take::<wire::Text<'_>>("model")?.map(|model| ModelName::new(&*model.0));
        for known in ["type", "role", "content"] {
            message.take_raw(known);
        }
        if let Some(usage) = message.take_raw("usage") {
            self.read_usage(usage)?;
        }
        self.read_delta(message)?;
        Ok((id, model))
    }

    /// Reads a `message_delta` frame.
    pub(crate) fn read_message_delta(&mut self, mut frame: Object<'_>) -> serde_json::Result<()> {
        frame.take_raw("type");
        if let Some(usage) = frame.take_raw("usage") {
            self.read_usage(usage)?;
        }
        if let Some(delta) = frame.take::<Object<'_>>("delta")? {
            self.read_delta(delta)?;
        }
        self.keep(frame.rest());
        Ok(())
    }

    fn read_usage(&mut self, usage: &RawValue) -> serde_json::Result<()> {
        self.reported = true;
        self.counters.update(usage)
    }

    fn read_delta(&mut self, mut delta: Object<'_>) -> serde_json::Result<()> {
        self.stop_reason = delta.take("stop_reason")?.or_else(|| self.stop_reason.take());
        self.stop_sequence = delta.take("stop_sequence")?.or_else(|| self.stop_sequence.take());
        self.stop_details = delta.take("stop_details")?.or_else(|| self.stop_details.take());
        self.keep(delta.rest());
        Ok(())
    }

    fn keep(&mut self, rest: Map<String, Value>) {
        for (name, value) in rest {
            self.rest.insert(name, value);
        }
    }

    /// Says why the answer ended.
    pub(crate) fn finish_reason(&self, called: Called) -> Option<FinishReason> {
        let category = || Some(self.stop_details.as_ref()?.get("category")?.as_str()?.to_owned());
        Some(match self.stop_reason.as_deref()? {
            "end_turn" => FinishReason::Stop,
            "max_tokens" => FinishReason::Length,
            "stop_sequence" => FinishReason::StopSequence(self.stop_sequence.clone()),
            // The only tool that was called is the one that stood for the answer.
            "tool_use" if called.answer && !called.tools => FinishReason::Stop,
            "tool_use" => FinishReason::ToolCalls,
            "pause_turn" => FinishReason::PauseTurn,
            "refusal" => FinishReason::Refusal(category()),
            "model_context_window_exceeded" => FinishReason::ContextWindow,
            other => FinishReason::Other(other.to_owned()),
        })
    }

    /// Returns what the canonical response has no place for.
    pub(crate) fn into_extra(self) -> Extra {
        let mut extra = Extra::new(FORMAT, self.rest);
        if let Some(details) = self.stop_details {
            extra.insert(&FORMAT, "stop_details", details);
        }
        if let Some(usage) = self.counters.rest() {
            extra.insert(&FORMAT, "usage", usage);
        }
        extra
    }
}

/// Which tools an answer called.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Called {
    /// Tools of the client.
    pub(crate) tools: bool,
    /// The tool that stands for a structured answer.
    pub(crate) answer: bool,
}

fn read_block(raw: &RawValue, restore: &Restore, called: &mut Called) -> serde_json::Result<Part> {
    let mut block = Object::parse(raw)?;
    let kind = block.take::<wire::Text<'_>>("type")?.map(|kind| kind.0).unwrap_or_default();
    let mut part = match &*kind {
        "text" => Part::new(Content::Text(Text {
            text: block.take("text")?.unwrap_or_default(),
            citations: read_citations(&mut block)?,
        })),
        "thinking" => {
            let mut part = Part::reasoning(block.take::<String>("thinking")?.unwrap_or_default());
            part.signature = signature(block.take("signature")?);
            part
        }
        "redacted_thinking" => Part::new(Content::Reasoning(Reasoning {
            text: String::new(),
            encrypted: Some(block.take("data")?.unwrap_or_default()),
        }))
        .with_signature(sealed()),
        "tool_use" => Part::new(read_tool_use(&mut block, restore, called)?),
        _ => {
            let value = serde_json::from_str(raw.get())?;
            return Ok(Part::new(Content::Opaque(Opaque { format: FORMAT, value })));
        }
    };
    part.extra = Extra::new(FORMAT, block.rest());
    Ok(part)
}

fn read_tool_use(
    block: &mut Object<'_>,
    restore: &Restore,
    called: &mut Called,
) -> serde_json::Result<Content> {
    let id: String = block.take("id")?.unwrap_or_default();
    let name = block.take::<wire::Text<'_>>("name")?.map(|name| name.0).unwrap_or_default();
    let input = block.take_raw("input").map_or("{}", RawValue::get);
    let (name, arguments, kind) = match restore.asked(&name) {
        Asked::Answer => {
            called.answer = true;
            return Ok(Content::Text(Text::new(input)));
        }
        Asked::Function(name) => (name, input.to_owned(), ToolCallKind::Function),
        Asked::Custom(name) => (name, unwrap_custom(input), ToolCallKind::Custom),
    };
    called.tools = true;
    Ok(Content::ToolCall(ToolCall { id: id.into(), name: name.to_owned(), arguments, kind }))
}

/// An empty signature is what a stream begins with, and says nothing.
pub(crate) fn signature(value: Option<String>) -> Option<Signature> {
    value.filter(|value| !value.is_empty()).map(|value| Signature { issuer: FORMAT, value })
}

/// Names the issuer of redacted reasoning. The proof itself is inside what is encrypted.
pub(crate) const fn sealed() -> Signature {
    Signature { issuer: FORMAT, value: String::new() }
}

pub(crate) fn read_citations(block: &mut Object<'_>) -> serde_json::Result<Vec<Citation>> {
    let citations = block.take::<Vec<&RawValue>>("citations")?.unwrap_or_default();
    citations.into_iter().map(read_citation).collect()
}

/// Reads a citation of any type. What places it in its source stays in `extra`, its type included.
pub(crate) fn read_citation(raw: &RawValue) -> serde_json::Result<Citation> {
    let mut citation = Object::parse(raw)?;
    let cited_text = citation.take("cited_text")?;
    let title = citation.take("title")?;
    let title = citation.take("document_title")?.or(title);
    let url: Option<String> = citation.take("url")?;
    let extra = Extra::new(FORMAT, citation.rest());
    // A search result that the client brought itself names its source freely; an address is the usual case.
    let source = extra.field(&FORMAT, "source").and_then(Value::as_str);
    let url = url.or_else(|| source.filter(|source| source.starts_with("http")).map(str::to_owned));
    Ok(Citation { url, title, cited_text, extra, ..Citation::default() })
}
