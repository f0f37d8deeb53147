//! An answer → canonical events, line by line. A whole answer is a stream of one line.

use serde_json::{Map, Value};
use tollgate_model::{
    ChatEvent, ChatRequest, Content, Delta, Extra, FinishReason, Format, ModelName, PartIndex, PartKind,
    ProviderError, ToolCallId, Usage,
    message::{Image, MediaSource, Text as MessageText},
};
use tollgate_provider::{Frame, StreamDecoder};

use super::{
    custom_tool::CustomTools,
    error, timestamp,
    wire::{CalledTool, Logprob, Object, Text},
};

const FORMAT: Format = Format::OLLAMA_CHAT;

/// Translates one answer.
#[derive(Debug)]
pub(super) struct ChatDecoder {
    /// What encoding made of the client's tools.
    custom_tools: CustomTools,
    /// The ids of the conversation so far; those that are made must differ from them.
    known_ids: Vec<ToolCallId>,
    started: bool,
    /// The text or reasoning that is being written.
    open: Option<(PartIndex, Kind)>,
    next_part: u32,
    called_tools: bool,
    /// Fields that the canonical answer has no place for, of the answer and of its message.
    rest: Map<String, Value>,
    message_rest: Map<String, Value>,
    done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

impl ChatDecoder {
    pub(super) fn new(request: &ChatRequest) -> Self {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let id = |content: &Content| {
            if let Content::ToolCall(call) = content { Some(call.id.clone()) } else { None }
        };
        Self {
            custom_tools: CustomTools::of(request),
            known_ids: parts.filter_map(|part| id(&part.content)).collect(),
            started: false,
            open: None,
            next_part: 0,
            called_tools: false,
            rest: Map::new(),
            message_rest: Map::new(),
            done: false,
        }
    }

    fn read(&mut self, mut line: Object<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if let Some(error) = line.take::<Value>("error").map_err(unreadable)? {
            return Err(error::in_band(&error));
        }
        self.read_answer(&mut line, events).map_err(unreadable)?;
        if line.take("done").map_err(unreadable)? == Some(true) {
            if !self.started {
                return Err(ProviderError::protocol("the server's answer has no message"));
            }
            self.close(line, events).map_err(unreadable)?;
        } else {
            self.rest.extend(line.rest());
        }
        Ok(())
    }

    fn read_answer(&mut self, line: &mut Object<'_>, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        let model = line.take::<Text<'_>>("model")?.map(|model| ModelName::new(&*model.0));
        let created = line.take::<Text<'_>>("created_at")?.and_then(|at| timestamp::unix_seconds(&at.0));
        let Some(message) = line.take::<Object<'_>>("message")? else { return Ok(()) };
        if !self.started {
            self.started = true;
            events.push(ChatEvent::Start { id: None, model, created });
        }
        self.read_message(message, events)?;
        if let Some(tokens) = line.take::<Vec<Logprob>>("logprobs")? {
            let tokens = tokens.into_iter().map(Into::into).collect();
            events.push(ChatEvent::Logprobs { choice: 0, tokens });
        }
        Ok(())
    }

    fn read_message(
        &mut self,
        mut message: Object<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        message.take::<Value>("role")?;
        if let Some(thinking) = message.take::<Text<'_>>("thinking")? {
            self.write(Kind::Reasoning, &thinking.0, events);
        }
        if let Some(content) = message.take::<Text<'_>>("content")? {
            self.write(Kind::Text, &content.0, events);
        }
        for image in message.take::<Vec<String>>("images")?.unwrap_or_default() {
            self.whole(picture(image), events);
        }
        for call in message.take::<Vec<CalledTool<'_>>>("tool_calls")?.unwrap_or_default() {
            self.call(call, events);
        }
        self.message_rest.extend(message.rest());
        Ok(())
    }

    /// Continues the part of this kind, or begins one.
    fn write(&mut self, kind: Kind, text: &str, events: &mut Vec<ChatEvent>) {
        if text.is_empty() {
            return;
        }
        let part = match self.open {
            Some((part, open)) if open == kind => part,
            _ => {
                self.end_part(events);
                let part = self.part_index();
                let started = match kind {
                    Kind::Text => PartKind::Text,
                    Kind::Reasoning => PartKind::Reasoning,
                };
                events.push(ChatEvent::PartStart { part, choice: 0, kind: started });
                self.open = Some((part, kind));
                part
            }
        };
        events.push(ChatEvent::Delta { part, delta: Delta::Text(text.to_owned()) });
    }

    fn whole(&mut self, content: Content, events: &mut Vec<ChatEvent>) {
        self.end_part(events);
        let part = self.part_index();
        events.push(ChatEvent::PartStart { part, choice: 0, kind: PartKind::Whole(Box::new(content)) });
        events.push(ChatEvent::PartEnd { part });
    }

    /// A call comes whole, whatever the stream.
    fn call(&mut self, call: CalledTool<'_>, events: &mut Vec<ChatEvent>) {
        self.end_part(events);
        self.called_tools = true;
        let (kind, arguments) = self.custom_tools.unwrap(&call.function.name, call.function.arguments_text());
        let id = match call.id.filter(|id| !id.is_empty()) {
            Some(id) => ToolCallId::new(id),
            None => self.make_id(),
        };
        self.known_ids.push(id.clone());
        let part = self.part_index();
        let kind = PartKind::ToolCall { id, name: call.function.name, kind };
        events.push(ChatEvent::PartStart { part, choice: 0, kind });
        if !arguments.is_empty() {
            events.push(ChatEvent::Delta { part, delta: Delta::Text(arguments) });
        }
        events.push(ChatEvent::PartEnd { part });
    }

    /// Makes the id of a call that came without one: its number in the conversation.
    fn make_id(&self) -> ToolCallId {
        let mut number = self.known_ids.len();
        loop {
            let id = ToolCallId::new(format!("call_{number}"));
            if !self.known_ids.contains(&id) {
                return id;
            }
            number += 1;
        }
    }

    const fn part_index(&mut self) -> PartIndex {
        let part = PartIndex(self.next_part);
        self.next_part += 1;
        part
    }

    fn end_part(&mut self, events: &mut Vec<ChatEvent>) {
        if let Some((part, _)) = self.open.take() {
            events.push(ChatEvent::PartEnd { part });
        }
    }

    /// Reads what the last line says of the whole answer.
    fn close(&mut self, mut line: Object<'_>, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        let reason = line.take::<String>("done_reason")?;
        let input_tokens = line.take("prompt_eval_count")?;
        let output_tokens = line.take("eval_count")?;
        self.end_part(events);
        match self.finish_reason(reason.as_deref()) {
            Some(reason) => events.push(ChatEvent::Stop { choice: 0, reason }),
            // An answer of nothing is still an answer: it has its choice.
            None if self.next_part == 0 => self.whole(Content::Text(MessageText::default()), events),
            None => {}
        }
        let usage = Usage { input_tokens, output_tokens, ..Usage::default() };
        if !usage.is_empty() {
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
        self.rest.extend(line.rest());
        let mut rest = std::mem::take(&mut self.rest);
        if !self.message_rest.is_empty() {
            rest.insert("message".to_owned(), Value::Object(std::mem::take(&mut self.message_rest)));
        }
        if !rest.is_empty() {
            events.push(ChatEvent::Extra { service_tier: None, extra: Extra::new(FORMAT, rest) });
        }
        events.push(ChatEvent::Finish);
        self.done = true;
        Ok(())
    }

    /// A server that says nothing (the older ones) leaves it unknown, unless tools were called.
    fn finish_reason(&self, reason: Option<&str>) -> Option<FinishReason> {
        match reason {
            None | Some("" | "stop") if self.called_tools => Some(FinishReason::ToolCalls),
            None | Some("") => None,
            Some("stop") => Some(FinishReason::Stop),
            Some("length") => Some(FinishReason::Length),
            // `load` and `unload`: nothing was asked but to load the model, or to let it go.
            Some(other) => Some(FinishReason::Other(other.to_owned())),
        }
    }
}

impl StreamDecoder for ChatDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        // What comes after the last line belongs to no answer.
        if self.done {
            return Ok(());
        }
        let line = serde_json::from_slice(frame.data).map_err(unreadable)?;
        self.read(line, events)
    }

    fn finish(&mut self, _events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.done { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    ProviderError::protocol("the server's answer cannot be read").with_source(source)
}

/// A generated picture comes without its type; its first bytes tell.
fn picture(data: String) -> Content {
    const BEGINNINGS: [(&str, &str); 4] = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
    ];
    let known = BEGINNINGS.iter().find(|(beginning, _)| data.starts_with(beginning));
    let media_type = known.map_or("application/octet-stream", |(_, media_type)| media_type).to_owned();
    Content::Image(Image { source: MediaSource::Base64 { media_type, data }, detail: None })
}
