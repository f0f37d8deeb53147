//! `contents` → messages.
//!
//! Clients keep an answer that came as a stream in the pieces that it came in, each as a turn of its own. Turns of the
//! model that follow each other are therefore one message here, and plain texts that follow each other in them are one.

use serde_json::{Map, Value};
use tollgate_model::{
    Content as PartContent, Extra, Message, Part, RequestError, Role, ToolCallId,
    extra::NOTE_PREFIX,
    message::{MediaSource, Reasoning, ToolCall, ToolCallKind, ToolResult},
};

use super::{
    nest,
    parts::{self, Kind, ReadPart},
};
use crate::{
    generate_content::{
        FORMAT, notes,
        wire::client_request::{Content, FunctionCall, FunctionResponse},
    },
    names::{UNPARSED, made_call_id, wire_call_id},
    read::{RawList, Text, compact, invalid},
};

/// Reads one turn after the other.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) messages: Vec<Message>,
    /// The calls so far, in order.
    calls: Vec<Call>,
    /// How many results came that no call is known for.
    unasked: usize,
}

#[derive(Debug)]
struct Call {
    id: ToolCallId,
    name: String,
    answered: bool,
}

impl Reader {
    /// Starts after `messages`.
    pub(super) const fn new(messages: Vec<Message>) -> Self {
        Self { messages, calls: Vec::new(), unasked: 0 }
    }

    pub(super) fn read(&mut self, path: &str, content: Content<'_>) -> Result<(), RequestError> {
        let role = match content.role.as_ref().map(|role| &*role.0) {
            // `function` is an older word for turns that hold results.
            None | Some("" | "user" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => {
                let message = "roles are `user` and `model`";
                return Err(RequestError::invalid_field(format!("{path}.role"), message));
            }
        };
        let extra = Extra::new(FORMAT, content.rest.parse().map_err(|error| invalid(path, &error))?);
        let RawList(raw_parts) = content.parts.unwrap_or_default();
        let mut message = match self.messages.pop_if(|last| role == Role::Assistant && last.role == role) {
            Some(begun) => begun,
            None => Message::new(role, Vec::with_capacity(raw_parts.len())),
        };
        for (index, raw) in raw_parts.into_iter().enumerate() {
            let error = |error| invalid(&format!("{path}.parts[{index}]"), &error);
            let read = parts::read(raw).map_err(error)?;
            let read = self.complete(read).map_err(error)?;
            if role == Role::Assistant {
                join(&mut message.parts, read);
            } else {
                message.parts.push(read.part);
            }
        }
        if let Some((_, fields)) = extra.any() {
            fields.iter().for_each(|(name, value)| message.extra.insert(&FORMAT, name, value.clone()));
        }
        self.push(message);
        Ok(())
    }

    /// Takes a message that is complete, for now.
    fn push(&mut self, mut message: Message) {
        if message.role == Role::User {
            let is_result = |part: &Part| matches!(part.content, PartContent::ToolResult(_));
            let results_first = message.parts.is_sorted_by_key(|part| !is_result(part));
            let after_user =
                self.messages.last().is_some_and(|last| matches!(last.role, Role::User | Role::Tool));
            if after_user || !results_first {
                message.extra.insert(&FORMAT, notes::OWN_TURN, Value::Bool(true));
            }
            if !message.parts.is_empty() && message.parts.iter().all(is_result) {
                message.role = Role::Tool;
            }
        }
        self.messages.push(message);
    }

    /// Reads what needs the conversation so far: who calls, and who is answered.
    fn complete<'a>(&mut self, read: ReadPart<'a>) -> serde_json::Result<ReadPart<'a>> {
        let ReadPart { mut part, signed_bytes, kind } = read;
        let mut extra = part.extra.fields(&FORMAT).cloned().unwrap_or_default();
        match kind {
            Kind::Done => {}
            Kind::Call(call) => {
                extra.shift_remove(notes::EMPTY_TEXT);
                part.content = PartContent::ToolCall(self.call(call, &mut extra)?);
            }
            Kind::Result(result) => {
                part.content = PartContent::ToolResult(self.result(result, &mut extra)?);
            }
        }
        // Fields beside a carried signature are the signature's.
        if part.extra.any().is_none_or(|(format, _)| *format == FORMAT) {
            part.extra = Extra::new(FORMAT, extra);
        }
        Ok(ReadPart { part, signed_bytes, kind: Kind::Done })
    }

    fn call(
        &mut self,
        call: FunctionCall<'_>,
        extra: &mut Map<String, Value>,
    ) -> serde_json::Result<ToolCall> {
        nest(extra, "functionCall", call.rest.parse()?);
        let name = call.name.map(Text::into_owned).unwrap_or_default();
        let id = call.id.map(Text::into_owned).filter(|id| !id.is_empty());
        let id = ToolCallId::from(id.unwrap_or_else(|| made_call_id(None, self.calls.len())));
        self.calls.push(Call { id: id.clone(), name: name.clone(), answered: false });
        let arguments = match call.args {
            None => "{}".to_owned(),
            Some(raw) => unwrap_unparsed(raw.get()).unwrap_or_else(|| compact(raw).into_owned()),
        };
        Ok(ToolCall { id, name, arguments, kind: ToolCallKind::Function })
    }

    fn result(
        &mut self,
        result: FunctionResponse<'_>,
        extra: &mut Map<String, Value>,
    ) -> serde_json::Result<ToolResult> {
        nest(extra, "functionResponse", result.rest.parse()?);
        let name = result.name.map(Text::into_owned);
        let id = result.id.map(Text::into_owned).filter(|id| !id.is_empty());
        let unnamed = id.is_none();
        let id = self.answered(id, name.as_deref().unwrap_or_default());
        if unnamed && !wire_call_id(&id).is_empty() {
            extra.insert(notes::NO_ID.to_owned(), Value::Bool(true));
        }
        let said = result.response.map_or_else(|| "{}".to_owned(), |raw| compact(raw).into_owned());
        let (text, is_error) = tool_text(said);
        let mut parts = vec![Part::text(text)];
        for raw in result.parts.unwrap_or_default().0 {
            parts.push(parts::read_inside(raw)?);
        }
        Ok(ToolResult { id, name, parts, is_error })
    }

    /// Finds the call that a result answers: by id, or else the first of its name that waits.
    fn answered(&mut self, id: Option<String>, name: &str) -> ToolCallId {
        let waiting = |call: &&mut Call| {
            !call.answered && id.as_deref().map_or(call.name == name, |id| call.id.as_str() == id)
        };
        if let Some(call) = self.calls.iter_mut().find(waiting) {
            call.answered = true;
            return call.id.clone();
        }
        id.map_or_else(
            || {
                self.unasked += 1;
                made_call_id(Some("unasked"), self.unasked).into()
            },
            ToolCallId::from,
        )
    }
}

/// Takes arguments that were no JSON object out of the object that carries them.
fn unwrap_unparsed(args: &str) -> Option<String> {
    let mut object: Map<String, Value> =
        serde_json::from_str(args).ok().filter(|_| args.contains(UNPARSED))?;
    match object.remove(UNPARSED) {
        Some(Value::String(text)) if object.is_empty() => Some(text),
        _ => None,
    }
}

/// Takes a tool's text out of the object that it is put into where it is no object itself.
fn tool_text(response: String) -> (String, Option<bool>) {
    if let Ok(object) = serde_json::from_str::<Map<String, Value>>(&response)
        && object.len() == 1
    {
        match (object.get("error"), object.get("result")) {
            (Some(Value::String(text)), _) => return (text.clone(), Some(true)),
            // A text that looks like an object would go back as one.
            (_, Some(Value::String(text))) if !text.trim_start().starts_with('{') => {
                return (text.clone(), None);
            }
            _ => {}
        }
    }
    (response, None)
}

/// Adds a part of the model's turn: pieces of a text become one again.
fn join(parts: &mut Vec<Part>, read: ReadPart<'_>) {
    let ReadPart { part, signed_bytes, .. } = read;
    if let Some(bytes) = signed_bytes {
        parts.push(part);
        return take_signed_text(parts, bytes);
    }
    if let Some(last) = parts.last_mut().filter(|last| is_bare(last) && is_bare(&part))
        && continue_sound(&mut last.content, &part.content)
    {
        return;
    }
    let Some(text) = plain(&part) else { return parts.push(part) };
    if text.is_empty() {
        return;
    }
    match (parts.last_mut().map(|last| (plain(last).is_some(), &mut last.content)), &part.content) {
        (Some((true, PartContent::Text(last))), PartContent::Text(more)) => last.text.push_str(&more.text),
        (Some((true, PartContent::Reasoning(last))), PartContent::Reasoning(more)) => {
            last.text.push_str(&more.text);
        }
        _ => parts.push(part),
    }
}

/// Adds the next piece of a sound. `false`: it is none.
fn continue_sound(last: &mut PartContent, more: &PartContent) -> bool {
    let (PartContent::Audio(last), PartContent::Audio(more)) = (last, more) else { return false };
    match (&mut last.source, &more.source) {
        (
            MediaSource::Base64 { media_type, data },
            MediaSource::Base64 { media_type: more_type, data: more },
        ) if media_type == more_type && data.len().is_multiple_of(4) && !data.ends_with('=') => {
            data.push_str(more);
            true
        }
        _ => false,
    }
}

/// The text of a part that has nothing but its text.
fn plain(part: &Part) -> Option<&str> {
    let bare = is_bare(part);
    match &part.content {
        PartContent::Text(text) if bare && text.citations.is_empty() => Some(&text.text),
        PartContent::Reasoning(Reasoning { text, encrypted: None }) if bare => Some(text),
        _ => None,
    }
}

/// Whether a part has neither a signature nor fields.
fn is_bare(part: &Part) -> bool {
    part.signature.is_none()
        && part
            .extra
            .fields(&FORMAT)
            .is_none_or(|fields| fields.keys().all(|name| name.starts_with(NOTE_PREFIX)))
        && part.extra.any().is_none_or(|(format, _)| *format == FORMAT)
}

/// Gives the last part, which bears a carried signature, the text that came before it and that the signature is about.
fn take_signed_text(parts: &mut Vec<Part>, signed_bytes: usize) {
    let [.., before, signed] = parts.as_mut_slice() else { return };
    if plain(before).is_none() {
        return;
    }
    let (before_text, text) = match (&mut before.content, &mut signed.content) {
        (PartContent::Reasoning(before), PartContent::Reasoning(signed)) => {
            (&mut before.text, &mut signed.text)
        }
        (PartContent::Text(before), PartContent::Text(signed)) => (&mut before.text, &mut signed.text),
        _ => return,
    };
    let missing = signed_bytes.checked_sub(text.len()).filter(|missing| *missing > 0);
    let Some(start) = missing.and_then(|missing| before_text.len().checked_sub(missing)) else { return };
    if !before_text.is_char_boundary(start) {
        return;
    }
    text.insert_str(0, &before_text.split_off(start));
    if before_text.is_empty() {
        parts.remove(parts.len() - 2);
    }
}
