//! Messages → turns, in the order that the format wants.
//!
//! Source: <https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use> (read 2026-11-23).

use std::{borrow::Cow, collections::HashSet};

use tollgate_model::{
    Content, Losses, Message, RequestError, Role,
    message::{ToolCall, ToolResult},
};

use super::{content, extra_fields};
use crate::wire::{Block, ExtraFields, Place, Turn, TurnRole};

/// What is said in place of the user's first turn, where the conversation begins with the assistant.
const OPENING: &str = "(The conversation begins with your message.)";

/// Puts messages into turns, one after the other.
#[derive(Debug)]
pub(super) struct Conversation<'a, 'l> {
    /// System messages may stand inside the conversation.
    mid_system: bool,
    system: Vec<Block<'a>>,
    turns: Vec<Turn<'a>>,
    /// The calls of the last assistant turn that have no result yet.
    pending: Vec<PendingCall<'a>>,
    /// System messages that wait for the results of `pending`: nothing may come between.
    waiting: Vec<Turn<'a>>,
    /// Ids on the wire must be unique in their turn.
    ids: HashSet<Cow<'a, str>>,
    called: Vec<&'a str>,
    losses: &'l mut Losses,
}

/// A tool call that waits for its result.
#[derive(Debug)]
struct PendingCall<'a> {
    id: &'a str,
    wire_id: Cow<'a, str>,
    /// The message that holds it.
    message: usize,
}

/// A conversation that is in order.
#[derive(Debug)]
pub(super) struct Built<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
    /// The tools that were called, each once.
    pub(super) called: Vec<&'a str>,
    /// The last turn is the assistant's, to be continued.
    pub(super) prefilled: bool,
    /// The last assistant turn calls tools and does not begin with its reasoning.
    pub(super) unthought_tool_use: bool,
}

impl<'a, 'l> Conversation<'a, 'l> {
    pub(super) fn new(mid_system: bool, losses: &'l mut Losses) -> Self {
        Self {
            mid_system,
            system: Vec::new(),
            turns: Vec::new(),
            pending: Vec::new(),
            waiting: Vec::new(),
            ids: HashSet::new(),
            called: Vec::new(),
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
            Role::System | Role::Developer => self.push_system(index, message),
            Role::User | Role::Tool => self.push_user(index, message)?,
            Role::Assistant => self.push_assistant(index, message)?,
        };
        if !kept && self.losses.iter().count() == before {
            self.losses.dropped(format!("messages[{index}]"), "an empty message is refused");
        }
        Ok(())
    }

    fn push_system(&mut self, index: usize, message: &'a Message) -> bool {
        let parts = message.parts.iter().enumerate();
        let blocks: Vec<_> = parts
            .filter_map(|(part, value)| content::system(Place::Part(index, part), value, self.losses))
            .collect();
        if blocks.is_empty() {
            return false;
        }
        if self.turns.is_empty() || !self.mid_system {
            if !self.turns.is_empty() {
                self.losses
                    .approximated(format!("messages[{index}]"), "a system message is moved to the beginning");
            }
            message.extra.lose_unless(&super::FORMAT, &format!("messages[{index}]"), self.losses);
            self.system.extend(blocks);
        } else {
            let turn = self.turn(index, message, TurnRole::System, blocks);
            if self.pending.is_empty() {
                merge(&mut self.turns, turn);
            } else {
                merge(&mut self.waiting, turn);
            }
        }
        true
    }

    fn push_user(&mut self, index: usize, message: &'a Message) -> Result<bool, RequestError> {
        let mut results = Vec::new();
        let mut others = Vec::new();
        for (part, value) in message.parts.iter().enumerate() {
            let place = Place::Part(index, part);
            if let Content::ToolResult(result) = &value.content {
                let tool_use_id = self.answered(place, result)?;
                results.push(content::tool_result(place, value, result, tool_use_id, self.losses)?);
            } else {
                others.extend(content::user(place, value, self.losses)?);
            }
        }
        if results.is_empty() && others.is_empty() {
            return Ok(false);
        }
        let count = results.len();
        results.extend(others);
        let mut turn = self.turn(index, message, TurnRole::User, results);
        turn.results = count;
        merge(&mut self.turns, turn);
        if self.pending.is_empty() {
            self.turns.append(&mut self.waiting);
        }
        Ok(true)
    }

    fn push_assistant(&mut self, index: usize, message: &'a Message) -> Result<bool, RequestError> {
        let continues = self.turns.last().is_some_and(|turn| turn.role == TurnRole::Assistant);
        if !continues {
            self.ids.clear();
        }
        let mut blocks = Vec::with_capacity(message.parts.len());
        let mut calls = Vec::new();
        for (part, value) in message.parts.iter().enumerate() {
            let place = Place::Part(index, part);
            if let Content::ToolCall(call) = &value.content {
                let wire_id = self.wire_id(call);
                calls.push(PendingCall { id: call.id.as_str(), wire_id: wire_id.clone(), message: index });
                if !self.called.contains(&call.name.as_str()) {
                    self.called.push(&call.name);
                }
                blocks.push(content::tool_use(place, value, call, wire_id, self.losses));
            } else {
                blocks.extend(content::assistant(place, value, self.losses));
            }
        }
        if blocks.is_empty() {
            return Ok(false);
        }
        if !continues {
            self.all_answered()?;
        }
        if self.turns.is_empty() {
            self.losses.emulated(
                format!("messages[{index}]"),
                "a conversation begins with the user: a short user turn was put before this message",
            );
            self.turns.push(bare_turn(TurnRole::User, vec![Block::text(OPENING)]));
        }
        let turn = self.turn(index, message, TurnRole::Assistant, blocks);
        merge(&mut self.turns, turn);
        self.pending.extend(calls);
        Ok(true)
    }

    fn turn(
        &mut self,
        index: usize,
        message: &'a Message,
        role: TurnRole,
        content: Vec<Block<'a>>,
    ) -> Turn<'a> {
        let path = || format!("messages[{index}]");
        let extra = extra_fields(&message.extra, &["role", "content"], path, self.losses);
        Turn { extra, ..bare_turn(role, content) }
    }

    /// Gives a call its id on the wire: the same for the same conversation, so that a cached prefix stays one.
    fn wire_id(&mut self, call: &'a ToolCall) -> Cow<'a, str> {
        let id = fitting_id(call.id.as_str());
        let mut unique = id.clone();
        let mut count = 1;
        while !self.ids.insert(unique.clone()) {
            count += 1;
            unique = Cow::Owned(format!("{id}_{count}"));
        }
        unique
    }

    /// Finds the call that a result answers.
    fn answered(&mut self, place: Place, result: &ToolResult) -> Result<Cow<'a, str>, RequestError> {
        let found = self.pending.iter().position(|call| call.id == result.id.as_str());
        let Some(found) = found else {
            return Err(RequestError::invalid_field(
                place.to_string(),
                "a tool result must answer a tool call of the assistant's message before it",
            ));
        };
        Ok(self.pending.remove(found).wire_id)
    }

    fn all_answered(&self) -> Result<(), RequestError> {
        match self.pending.first() {
            None => Ok(()),
            Some(call) => Err(RequestError::invalid_field(
                format!("messages[{}]", call.message),
                "each tool call of an assistant's message needs a result in the messages right after it",
            )),
        }
    }

    /// Checks the whole.
    pub(super) fn finish(mut self, prefill: Option<bool>) -> Result<Built<'a>, RequestError> {
        self.all_answered()?;
        let prefilled = self.end_of_prefill();
        if self.turns.iter().all(|turn| turn.role != TurnRole::User) {
            return Err(RequestError::invalid_field(
                "messages",
                "at least one message of the user is needed",
            ));
        }
        if prefilled && prefill == Some(false) {
            return Err(RequestError::invalid_field(
                "messages",
                "the model does not continue an assistant's message: the last message must be the user's",
            ));
        }
        let last = self.turns.iter().rev().find(|turn| turn.role == TurnRole::Assistant);
        let unthought_tool_use = last.is_some_and(|turn| {
            let thought =
                matches!(turn.content.first(), Some(Block::Thinking { .. } | Block::RedactedThinking { .. }));
            !thought && turn.content.iter().any(|block| matches!(block, Block::ToolUse { .. }))
        });
        Ok(Built {
            system: self.system,
            turns: self.turns,
            called: self.called,
            prefilled,
            unthought_tool_use,
        })
    }

    /// Tells whether the last turn is to be continued, and takes the white space off its end, which is refused.
    ///
    /// A turn that ends in a block of the format's own is a paused server-side loop: it is resumed, not prefilled.
    fn end_of_prefill(&mut self) -> bool {
        let Some(turn) = self.turns.last_mut().filter(|turn| turn.role == TurnRole::Assistant) else {
            return false;
        };
        if turn.content.iter().any(|block| matches!(block, Block::Opaque(_))) {
            return false;
        }
        if let Some(Block::Text { text, .. }) = turn.content.last_mut() {
            let trimmed = text.trim_end().len();
            if trimmed < text.len() {
                self.losses.approximated("messages", "white space at the end of a prefill is refused");
                match text {
                    Cow::Borrowed(text) => *text = &text[..trimmed],
                    Cow::Owned(text) => text.truncate(trimmed),
                }
            }
        }
        true
    }
}

const fn bare_turn(role: TurnRole, content: Vec<Block<'_>>) -> Turn<'_> {
    Turn { role, content, extra: ExtraFields(Vec::new()), results: 0 }
}

/// Appends a turn, or joins it with a neighbour of the same role. Results stay at the head.
fn merge<'a>(turns: &mut Vec<Turn<'a>>, turn: Turn<'a>) {
    match turns.last_mut() {
        Some(last) if last.role == turn.role => {
            let mut content = turn.content;
            let others = content.split_off(turn.results);
            last.content.splice(last.results..last.results, content);
            last.results += turn.results;
            last.content.extend(others);
            last.extra.0.extend(turn.extra.0);
        }
        _ => turns.push(turn),
    }
}

/// Brings an id to `^[a-zA-Z0-9_-]+$`. What does not fit is written as the hexadecimal of its bytes.
fn fitting_id(id: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !id.is_empty() && id.bytes().all(fits) {
        return Cow::Borrowed(id);
    }
    let mut fitting = String::with_capacity(id.len() + 8);
    for byte in id.bytes() {
        if fits(byte) {
            fitting.push(char::from(byte));
        } else {
            fitting.push_str(&format!("_x{byte:02x}"));
        }
    }
    if fitting.is_empty() {
        fitting.push_str("call");
    }
    Cow::Owned(fitting)
}
