//! A streaming answer → canonical events.
//!
//! Source: <https://docs.claude.com/en/docs/build-with-claude/streaming> (read 2026-11-23).

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatEvent, Content, Delta, Extra, Format, PartIndex, PartKind, ProviderError,
    message::{Opaque, ToolCallKind},
};
use tollgate_provider::{Frame, StreamDecoder};

use crate::{
    error,
    names::{Asked, Restore, unwrap_custom},
    response::{Called, Envelope, read_citation, read_citations, sealed, signature},
    wire::{self, BlockDelta, FrameHead, Object},
};

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

/// Translates one stream of Messages events.
#[derive(Debug)]
pub(crate) struct MessagesDecoder {
    /// What encoding did to the request.
    restore: Restore,
    /// What the answer said of itself so far. The reason is held until `message_stop`.
    envelope: Envelope,
    /// Blocks that began and did not end. In practice never more than one.
    open: Vec<OpenBlock>,
    /// The number of the next part.
    next_part: u32,
    /// Which tools were called.
    called: Called,
    /// Whether `message_start` came.
    started: bool,
    /// Whether `message_stop` came.
    stopped: bool,
}

#[derive(Debug)]
struct OpenBlock {
    /// The vendor's number.
    index: u32,
    kind: OpenKind,
}

#[derive(Debug)]
enum OpenKind {
    /// Text, reasoning: passed on as it comes.
    Plain(PartIndex),
    /// Input of a tool, or an answer by tool: passed on as it comes.
    ToolUse {
        part: PartIndex,
        /// The input of `content_block_start`, which counts only if no other comes: a call without arguments.
        initial: String,
        grown: bool,
    },
    /// A custom tool's input: held, since the text is wrapped in an object.
    Custom { part: PartIndex, initial: String, input: String },
    /// A block of this format only: held until it is whole.
    Opaque { block: Map<String, Value>, input: String },
}

impl StreamDecoder for MessagesDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.stopped {
            return Ok(());
        }
        let head = FrameHead::parse(frame.data).map_err(unreadable)?;
        match &*head.kind {
            "message_start" => self.start(head.message, events).map_err(unreadable)?,
            "content_block_start" => self.open(&head, events)?,
            "content_block_delta" => self.grow(&head, events)?,
            "content_block_stop" => self.close(head.index.unwrap_or_default(), events),
            "message_delta" => self.hold(frame.data, events).map_err(unreadable)?,
            "message_stop" => self.stop(events),
            "error" => return Err(error::in_band(frame.data)),
            // `ping`, and what the vendor adds.
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, _events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.stopped { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("stream", source)
}

impl MessagesDecoder {
    pub(crate) fn new(restore: Restore) -> Self {
        Self {
            restore,
            envelope: Envelope::default(),
            open: Vec::new(),
            next_part: 0,
            called: Called::default(),
            started: false,
            stopped: false,
        }
    }

    fn start(&mut self, message: Option<&RawValue>, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        if self.started {
            return Ok(());
        }
        self.started = true;
        let message = message.map(Object::parse).transpose()?.unwrap_or_default();
        let (id, model) = self.envelope.read_message(message)?;
        events.push(ChatEvent::Start { id, model, created: None });
        self.report(events);
        Ok(())
    }

    /// Tells the usage so far: a stream that breaks off has at least its input counted.
    fn report(&self, events: &mut Vec<ChatEvent>) {
        if self.envelope.reported {
            events.push(ChatEvent::Usage(Box::new(self.envelope.counters.usage())));
        }
    }

    fn part(&mut self, kind: PartKind, events: &mut Vec<ChatEvent>) -> PartIndex {
        let part = PartIndex(self.next_part);
        self.next_part += 1;
        events.push(ChatEvent::PartStart { part, choice: 0, kind });
        part
    }

    fn open(&mut self, head: &FrameHead<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let (Some(index), Some(raw), true) = (head.index, head.content_block, self.started) else {
            return Err(out_of_order());
        };
        if self.open.iter().any(|open| open.index == index) {
            return Err(out_of_order());
        }
        let kind = self.open_block(raw, events).map_err(unreadable)?;
        self.open.push(OpenBlock { index, kind });
        Ok(())
    }

    fn open_block(&mut self, raw: &RawValue, events: &mut Vec<ChatEvent>) -> serde_json::Result<OpenKind> {
        let mut block = Object::parse(raw)?;
        let kind = block.take::<wire::Text<'_>>("type")?.map(|kind| kind.0).unwrap_or_default();
        let mut deltas = Vec::new();
        let open = match &*kind {
            "text" => {
                deltas.extend(grown_text(block.take("text")?));
                let citations = read_citations(&mut block)?;
                deltas.extend(citations.into_iter().map(|citation| Delta::Citation(Box::new(citation))));
                OpenKind::Plain(self.part(PartKind::Text, events))
            }
            "thinking" => {
                deltas.extend(grown_text(block.take("thinking")?));
                deltas.extend(signature(block.take("signature")?).map(Delta::Signature));
                OpenKind::Plain(self.part(PartKind::Reasoning, events))
            }
            "redacted_thinking" => {
                deltas.push(Delta::Encrypted(block.take("data")?.unwrap_or_default()));
                deltas.push(Delta::Signature(sealed()));
                OpenKind::Plain(self.part(PartKind::Reasoning, events))
            }
            "tool_use" => self.open_tool_use(&mut block, events)?,
            _ => {
                let block = serde_json::from_str(raw.get())?;
                return Ok(OpenKind::Opaque { block, input: String::new() });
            }
        };
        let extra = Extra::new(FORMAT, block.rest());
        if !extra.is_empty() {
            deltas.push(Delta::Extra(extra));
        }
        if let OpenKind::Plain(part) | OpenKind::ToolUse { part, .. } | OpenKind::Custom { part, .. } = open {
            events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta { part, delta }));
        }
        Ok(open)
    }

    fn open_tool_use(
        &mut self,
        block: &mut Object<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<OpenKind> {
        let id: String = block.take("id")?.unwrap_or_default();
        let name = block.take::<wire::Text<'_>>("name")?.map(|name| name.0).unwrap_or_default();
        let initial = block.take_raw("input").map_or("{}", RawValue::get).to_owned();
        let (name, kind) = match self.restore.asked(&name) {
            Asked::Answer => {
                self.called.answer = true;
                let part = self.part(PartKind::Text, events);
                return Ok(OpenKind::ToolUse { part, initial, grown: false });
            }
            Asked::Function(name) => (name.to_owned(), ToolCallKind::Function),
            Asked::Custom(name) => (name.to_owned(), ToolCallKind::Custom),
        };
        self.called.tools = true;
        let part = self.part(PartKind::ToolCall { id: id.into(), name, kind }, events);
        Ok(match kind {
            ToolCallKind::Function => OpenKind::ToolUse { part, initial, grown: false },
            ToolCallKind::Custom => OpenKind::Custom { part, initial, input: String::new() },
        })
    }

    fn grow(&mut self, head: &FrameHead<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let (Some(index), Some(raw)) = (head.index, head.delta) else { return Err(out_of_order()) };
        let Some(open) = self.open.iter_mut().find(|open| open.index == index) else {
            return Err(out_of_order());
        };
        if let Some((part, delta)) = open.kind.grow(raw).map_err(unreadable)? {
            events.push(ChatEvent::Delta { part, delta });
        }
        Ok(())
    }

    fn close(&mut self, index: u32, events: &mut Vec<ChatEvent>) {
        if let Some(place) = self.open.iter().position(|open| open.index == index) {
            let open = self.open.remove(place);
            self.close_block(open.kind, events);
        }
    }

    fn close_block(&mut self, kind: OpenKind, events: &mut Vec<ChatEvent>) {
        let (part, rest) = match kind {
            OpenKind::Plain(part) | OpenKind::ToolUse { part, grown: true, .. } => (part, None),
            // A call without arguments streams none; `{}` is what a complete answer says.
            OpenKind::ToolUse { part, initial, grown: false } => (part, Some(initial)),
            OpenKind::Custom { part, initial, input } => {
                let input = if input.is_empty() { initial } else { input };
                (part, grown_str(unwrap_custom(&input)))
            }
            OpenKind::Opaque { mut block, input } => {
                if !input.is_empty() {
                    // What is no JSON is kept as the text it is.
                    let value = serde_json::from_str(&input).unwrap_or(Value::String(input));
                    block.insert("input".to_owned(), value);
                }
                let content = Content::Opaque(Opaque { format: FORMAT, value: Value::Object(block) });
                (self.part(PartKind::Whole(Box::new(content)), events), None)
            }
        };
        events.extend(rest.map(|text| ChatEvent::Delta { part, delta: Delta::Text(text) }));
        events.push(ChatEvent::PartEnd { part });
    }

    /// Reads `message_delta`. The reason arrives before the stream is known to be complete, so it is held.
    fn hold(&mut self, data: &[u8], events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        self.envelope.read_message_delta(serde_json::from_slice(data)?)?;
        self.report(events);
        Ok(())
    }

    fn stop(&mut self, events: &mut Vec<ChatEvent>) {
        self.stopped = true;
        for open in std::mem::take(&mut self.open) {
            self.close_block(open.kind, events);
        }
        let envelope = std::mem::take(&mut self.envelope);
        if let Some(reason) = envelope.finish_reason(self.called) {
            events.push(ChatEvent::Stop { choice: 0, reason });
        }
        let service_tier = envelope.counters.service_tier();
        let extra = envelope.into_extra();
        if service_tier.is_some() || !extra.is_empty() {
            events.push(ChatEvent::Extra { service_tier, extra });
        }
        events.push(ChatEvent::Finish);
    }
}

fn out_of_order() -> ProviderError {
    ProviderError::protocol("the provider's stream has a block out of order")
}

fn grown_text(text: Option<String>) -> Option<Delta> {
    text.and_then(grown_str).map(Delta::Text)
}

fn grown_str(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl OpenKind {
    /// Reads a delta. Returns what the part grows by, if it is passed on now. Unknown deltas mean nothing to a known block.
    fn grow(&mut self, raw: &RawValue) -> serde_json::Result<Option<(PartIndex, Delta)>> {
        if let Self::Opaque { block, input } = self {
            grow_opaque(block, input, Object::parse(raw)?)?;
            return Ok(None);
        }
        let Some(delta) = read_delta(raw)? else { return Ok(None) };
        Ok(match (self, delta) {
            (Self::ToolUse { part, grown, .. }, BlockGrowth::Input(json)) => {
                *grown |= !json.is_empty();
                grown_str(json).map(|json| (*part, Delta::Text(json)))
            }
            (Self::Custom { input, .. }, BlockGrowth::Input(json)) => {
                input.push_str(&json);
                None
            }
            (Self::Plain(part), BlockGrowth::Part(delta)) => Some((*part, delta)),
            _ => None,
        })
    }
}

/// By what a known block grows.
enum BlockGrowth {
    /// More JSON of a tool's input.
    Input(String),
    /// More of what is passed on as it comes.
    Part(Delta),
}

fn read_delta(raw: &RawValue) -> serde_json::Result<Option<BlockGrowth>> {
    let delta = match serde_json::from_str::<BlockDelta<'_>>(raw.get()) {
        Ok(delta) => delta,
        // A delta that this crate does not know may use these names for other shapes.
        Err(error) => return if is_known_delta(raw) { Err(error) } else { Ok(None) },
    };
    let text = |text: Option<wire::Text<'_>>| text.map(|text| text.0.into_owned());
    Ok(match &*delta.kind {
        "text_delta" => grown_text(text(delta.text)).map(BlockGrowth::Part),
        "input_json_delta" => text(delta.partial_json).map(BlockGrowth::Input),
        "thinking_delta" => grown_text(text(delta.thinking)).map(BlockGrowth::Part),
        "signature_delta" => {
            signature(text(delta.signature)).map(|signature| BlockGrowth::Part(Delta::Signature(signature)))
        }
        "citations_delta" => delta
            .citation
            .map(|citation| Ok::<_, serde_json::Error>(Delta::Citation(Box::new(read_citation(citation)?))))
            .transpose()?
            .map(BlockGrowth::Part),
        _ => None,
    })
}

fn is_known_delta(raw: &RawValue) -> bool {
    let kind = Object::parse(raw).and_then(|mut delta| delta.take::<String>("type"));
    matches!(
        kind.ok().flatten().as_deref(),
        Some("text_delta" | "input_json_delta" | "thinking_delta" | "signature_delta" | "citations_delta")
    )
}

/// Grows a block that is not known: texts continue, everything else is replaced.
fn grow_opaque(
    block: &mut Map<String, Value>,
    input: &mut String,
    mut delta: Object<'_>,
) -> serde_json::Result<()> {
    delta.take_raw("type");
    if let Some(json) = delta.take::<wire::Text<'_>>("partial_json")? {
        input.push_str(&json.0);
    }
    for (name, value) in delta.rest() {
        match (block.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
            (_, value) => {
                block.insert(name, value);
            }
        }
    }
    Ok(())
}
