//! Messages → turns, in the order that the format wants.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/function-calling> and
//! <https://ai.google.dev/gemini-api/docs/thought-signatures> (read 2026-11-23).

use std::borrow::Cow;

use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    Content as PartContent, Losses, Message, RequestError, Role as MessageRole, message::ToolResult,
};

use super::{
    FORMAT,
    content::{self, MediaInResults},
    extra_fields,
};
use crate::{
    generate_content::{
        notes,
        wire::request::{Content, Data, KnownPart, Part, Place, Role, SystemPart},
    },
    signature,
};

/// What is said in place of the user's first turn, where the conversation begins with the model.
const OPENING: &str = "(The conversation begins with your message.)";

/// Puts messages into turns, one after the other.
#[derive(Debug)]
pub(super) struct Conversation<'a, 'l> {
    /// The model is of the family that reasons by level: it wants signatures.
    levels: bool,
    media: MediaInResults,
    system: Vec<SystemPart<'a>>,
    contents: Vec<Content<'a>>,
    /// The calls so far, by id and name. Ids may return: the last one counts.
    calls: Vec<(&'a str, &'a str)>,
    /// Where the turn of the user begins that is being answered.
    current: usize,
    losses: &'l mut Losses,
}

/// A conversation that is in order.
#[derive(Debug)]
pub(super) struct Built<'a> {
    pub(super) system: Vec<SystemPart<'a>>,
    pub(super) contents: Vec<Content<'a>>,
}

impl<'a, 'l> Conversation<'a, 'l> {
    pub(super) fn new(style: Option<ReasoningStyle>, losses: &'l mut Losses) -> Self {
        let levels = style == Some(ReasoningStyle::Level);
        let media = match style {
            Some(ReasoningStyle::Level) => MediaInResults::Held,
            Some(_) => MediaInResults::Beside,
            None => MediaInResults::AsGiven,
        };
        Self {
            levels,
            media,
            system: Vec::new(),
            contents: Vec::new(),
            calls: Vec::new(),
            current: 0,
            losses,
        }
    }

    /// Takes the next message.
    pub(super) fn push(&mut self, index: usize, message: &'a Message) -> Result<(), RequestError> {
        if message.name.is_some() {
            self.losses.dropped(format!("messages[{index}].name"), "participants have no names");
        }
        let before = self.losses.iter().count();
        let kept = match message.role {
            MessageRole::System | MessageRole::Developer => self.push_system(index, message),
            MessageRole::User | MessageRole::Tool => self.push_user(index, message)?,
            MessageRole::Assistant => self.push_model(index, message)?,
        };
        if !kept && self.losses.iter().count() == before {
            self.losses.dropped(format!("messages[{index}]"), "an empty message is refused");
        }
        Ok(())
    }

    fn push_system(&mut self, index: usize, message: &'a Message) -> bool {
        let parts = message.parts.iter().enumerate();
        let texts: Vec<_> = parts
            .filter_map(|(part, value)| content::system(Place::Part(index, part), value, self.losses))
            .collect();
        if texts.is_empty() {
            return false;
        }
        if !self.contents.is_empty() {
            self.losses
                .approximated(format!("messages[{index}]"), "a system message is moved to the beginning");
        }
        message.extra.lose_unless(&FORMAT, &format!("messages[{index}]"), self.losses);
        self.system.extend(texts);
        true
    }

    fn push_user(&mut self, index: usize, message: &'a Message) -> Result<bool, RequestError> {
        let as_given = message.extra.field(&FORMAT, notes::OWN_TURN).is_some();
        let mut parts = Vec::with_capacity(message.parts.len());
        let mut others = Vec::new();
        let mut asks = false;
        for (part, value) in message.parts.iter().enumerate() {
            let place = Place::Part(index, part);
            if let PartContent::ToolResult(result) = &value.content {
                let name = self.called(place, result)?;
                let response =
                    content::function_response(place, value, result, name, self.media, self.losses)?;
                parts.extend(response);
            } else {
                let part = content::user(place, value, self.losses)?;
                asks |= part.is_some();
                if as_given { parts.extend(part) } else { others.extend(part) }
            }
        }
        if parts.is_empty() && others.is_empty() {
            return Ok(false);
        }
        let results = parts.len();
        parts.extend(others);
        self.add(index, message, Role::User, parts, results, !as_given);
        if asks {
            self.current = self.contents.len();
        }
        Ok(true)
    }

    fn push_model(&mut self, index: usize, message: &'a Message) -> Result<bool, RequestError> {
        let mut parts = Vec::with_capacity(message.parts.len());
        for (part, value) in message.parts.iter().enumerate() {
            let place = Place::Part(index, part);
            if let PartContent::ToolCall(call) = &value.content {
                self.calls.push((call.id.as_str(), &call.name));
                parts.push(content::function_call(place, value, call, self.losses));
            } else {
                parts.extend(content::model(place, value, self.losses)?);
            }
        }
        if parts.is_empty() {
            return Ok(false);
        }
        if self.contents.is_empty() {
            self.losses.emulated(
                format!("messages[{index}]"),
                "a conversation begins with the user: a short user turn was put before this message",
            );
            let opening = vec![Part::text(Cow::Borrowed(OPENING))];
            self.contents.push(Content {
                role: Role::User,
                parts: opening,
                extra: Default::default(),
                results: 0,
            });
        }
        self.add(index, message, Role::Model, parts, 0, true);
        Ok(true)
    }

    /// Appends a turn, or joins it with a neighbour of the same role. Results stay at the head.
    fn add(
        &mut self,
        index: usize,
        message: &'a Message,
        role: Role,
        mut parts: Vec<Part<'a>>,
        results: usize,
        joined: bool,
    ) {
        let path = || format!("messages[{index}]");
        let extra = extra_fields(&message.extra, &["role", "parts"], path, self.losses);
        match self.contents.last_mut() {
            Some(last) if joined && last.role == role => {
                let others = parts.split_off(results);
                last.parts.splice(last.results..last.results, parts);
                last.results += results;
                last.parts.extend(others);
                last.extra.join(extra);
            }
            _ => self.contents.push(Content { role, parts, extra, results }),
        }
    }

    /// Finds the name of the function that a result comes from.
    fn called(&self, place: Place, result: &'a ToolResult) -> Result<&'a str, RequestError> {
        let found = self.calls.iter().rev().find(|(id, _)| *id == result.id.as_str());
        let name = found.map(|(_, name)| *name).or(result.name.as_deref());
        name.ok_or_else(|| {
            RequestError::invalid_field(
                place.to_string(),
                "a tool result must answer a tool call of an assistant's message before it",
            )
        })
    }

    /// Checks the whole.
    pub(super) fn finish(mut self, prefill: Option<bool>) -> Result<Built<'a>, RequestError> {
        if self.contents.is_empty() {
            return Err(RequestError::invalid_field(
                "messages",
                "at least one message of the user is needed",
            ));
        }
        if prefill == Some(false) && self.contents.last().is_some_and(|last| last.role == Role::Model) {
            return Err(RequestError::invalid_field(
                "messages",
                "the model does not continue an assistant's message: the last message must be the user's",
            ));
        }
        if self.levels {
            self.sign_foreign_calls();
        }
        Ok(Built { system: self.system, contents: self.contents })
    }

    /// Puts the placeholder on the first call of each step of the current turn, where the vendor's own signature is
    /// missing: it would be refused otherwise.
    fn sign_foreign_calls(&mut self) {
        let steps = self.contents[self.current..].iter_mut().filter(|turn| turn.role == Role::Model);
        for step in steps {
            let first = step.parts.iter_mut().find_map(|part| match part {
                Part::Known(part @ KnownPart { data: Data::FunctionCall(_), .. }) => Some(part),
                _ => None,
            });
            if let Some(part) = first.filter(|part| part.thought_signature.is_none()) {
                part.thought_signature = Some(signature::PLACEHOLDER);
                if let Some(place) = part.place {
                    self.losses.emulated(
                        format!("{place}.signature"),
                        "the call is another model's: the vendor's placeholder stands for its signature",
                    );
                }
            }
        }
    }
}
