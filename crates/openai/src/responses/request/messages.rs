//! `input` → messages.
//!
//! What the model said in several items in a row is one message, so that other formats get a history they take.

use serde_json::value::RawValue;
use tollgate_model::{Message, RequestError, Role};
use tollgate_provider::carried;

use super::decode::invalid;
use crate::responses::{
    item::{self, Read, Reader},
    wire::OneOrMany,
};

pub(super) fn decode(input: Option<OneOrMany<'_, &RawValue>>) -> Result<Vec<Message>, RequestError> {
    let items = match input {
        None => return Ok(Vec::new()),
        Some(OneOrMany::One(text)) => return Ok(vec![Message::user(text)]),
        Some(OneOrMany::Many(items)) => items,
    };
    let mut messages: Vec<Message> = Vec::with_capacity(items.len());
    let mut reader = Reader::default();
    for (place, raw) in items.into_iter().enumerate() {
        let read = reader.read(raw).map_err(|error| invalid(&format!("input[{place}]"), &error))?;
        let open = messages.last_mut().filter(|message| message.role == Role::Assistant);
        match (read, open) {
            (Read::Turn(message), _) => messages.push(message),
            (Read::Said(parts), Some(open)) => item::extend(&mut open.parts, parts),
            (Read::Said(parts), None) => messages.push(Message::new(Role::Assistant, parts)),
            (Read::Result(part), _) => messages.push(Message::new(Role::Tool, vec![part])),
            (Read::Proof(text), Some(open)) => {
                carried::unpack_beside(&text, &mut open.parts);
            }
            // What it proves is gone.
            (Read::Proof(_), None) => {}
        }
    }
    Ok(messages)
}
