//! What is kept of an answer, and how a conversation is put together out of its turns.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use tollgate_model::{ProviderName, RequestError};
use tollgate_openai::{background::Standing, continued};
use tollgate_state::{State, StateKey};

/// As long as the vendor keeps them.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
const KIND: &str = "response";
/// The most turns that one answer goes back. A ring of answers, or one made to be long, ends here.
const MAX_TURNS: usize = 1000;
/// The most bytes that a conversation is put together to.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// One turn: what was asked and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The body as the client sent it.
    pub(super) request: Bytes,
    /// The finished answer, as the client was told.
    pub(super) response: Bytes,
    /// The answer that it goes on from.
    pub(super) previous: Option<String>,
    /// The provider that keeps it too, under the same id.
    pub(super) also_kept_by: Option<ProviderName>,
}

/// How it is written down.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    request: &'a RawValue,
    #[serde(borrow)]
    response: &'a RawValue,
    previous: Option<String>,
    also_kept_by: Option<ProviderName>,
}

impl Kept {
    pub(super) const fn new(request: Bytes, previous: Option<String>) -> Self {
        Self { request, response: Bytes::new(), previous, also_kept_by: None }
    }
}

/// All that was said up to an answer.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// As items of the format, in order.
    pub(super) items: Vec<Value>,
    /// The provider that keeps it too.
    pub(super) also_kept_by: Option<ProviderName>,
}

/// The answers that are kept for one caller.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    state: Arc<State>,
    owner: Arc<str>,
}

impl Shelf {
    pub(crate) const fn new(state: Arc<State>, owner: Arc<str>) -> Self {
        Self { state, owner }
    }

    /// Whose answers they are.
    pub(super) const fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    fn key(&self, id: &str) -> StateKey {
        StateKey::new(KIND, &self.owner, id.as_bytes())
    }

    /// Keeps an answer under its id. Returns whether it is kept.
    pub(super) fn put(&self, id: &str, kept: &Kept) -> bool {
        let (Ok(request), Ok(response)) = (raw(&kept.request), raw(&kept.response)) else { return false };
        let (previous, also_kept_by) = (kept.previous.clone(), kept.also_kept_by.clone());
        let written = Written { request, response, previous, also_kept_by };
        serde_json::to_vec(&written).is_ok_and(|bytes| self.state.put(self.key(id), bytes.into(), KEPT_FOR))
    }

    pub(super) fn get(&self, id: &str) -> Option<Kept> {
        let bytes = self.state.get(&self.key(id))?;
        let written: Written<'_> = serde_json::from_slice(&bytes).ok()?;
        Some(Kept {
            request: Bytes::copy_from_slice(written.request.get().as_bytes()),
            response: Bytes::copy_from_slice(written.response.get().as_bytes()),
            previous: written.previous,
            also_kept_by: written.also_kept_by,
        })
    }

    pub(super) fn forget(&self, id: &str) {
        self.state.forget(self.key(id));
    }

    /// Returns all that was said up to an answer, it included. `None`: it is not kept.
    ///
    /// # Errors
    /// The conversation is too long, or a turn before it is gone.
    pub(super) fn conversation(&self, id: &str) -> Result<Option<Conversation>, RequestError> {
        let Some(last) = self.get(id) else { return Ok(None) };
        let also_kept_by = last.also_kept_by.clone();
        let mut turns = vec![last];
        let mut bytes = 0;
        while let Some(previous) = turns.last().and_then(|turn| turn.previous.clone()) {
            let turn = self.get(&previous);
            let turn = turn.ok_or_else(|| invalid(format!("the answer `{previous}` before it is gone")))?;
            bytes += turn.request.len() + turn.response.len();
            turns.push(turn);
            if turns.len() > MAX_TURNS || bytes > MAX_BYTES {
                return Err(invalid("the conversation is too long to go on from".to_owned()));
            }
        }
        let mut items = Vec::new();
        for turn in turns.into_iter().rev() {
            let mut whole: Value = serde_json::from_slice(&continued(&turn.request, &items)?)
                .map_err(|error| invalid(error.to_string()))?;
            if let Value::Array(input) = whole["input"].take() {
                items = input;
            }
            if Standing::of(&turn.response).is_some_and(|standing| !standing.is_turn()) {
                return Err(invalid("the answer is not complete: nothing can go on from it".to_owned()));
            }
            let mut response: Value =
                serde_json::from_slice(&turn.response).map_err(|error| invalid(error.to_string()))?;
            if let Value::Array(output) = response["output"].take() {
                items.extend(output);
            }
        }
        Ok(Some(Conversation { items, also_kept_by }))
    }
}

fn raw(bytes: &[u8]) -> serde_json::Result<&RawValue> {
    serde_json::from_slice(bytes)
}

fn invalid(message: String) -> RequestError {
    RequestError::invalid_field("previous_response_id", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keep(shelf: &Shelf, id: &str, previous: Option<&str>, asked: &Value, said: &str) {
        let body = json!({"model": "m", "input": asked, "previous_response_id": previous});
        let mut kept = Kept::new(body.to_string().into(), previous.map(str::to_owned));
        let output = json!([{"type": "message", "role": "assistant", "content": said}]);
        kept.response = json!({"id": id, "object": "response", "output": output}).to_string().into();
        assert!(shelf.put(id, &kept));
    }

    #[test]
    fn a_conversation_is_put_together_out_of_its_turns() {
        let shelf = Shelf::new(Arc::new(State::in_memory()), "key".into());
        keep(&shelf, "r1", None, &json!("one?"), "one");
        keep(&shelf, "r2", Some("r1"), &json!([{"role": "user", "content": "two?"}]), "two");
        let items = shelf.conversation("r2").unwrap().unwrap().items;
        let said: Vec<_> = items.iter().map(|item| item["content"].as_str().unwrap()).collect();
        assert_eq!(said, ["one?", "one", "two?", "two"]);
        assert!(shelf.conversation("r9").unwrap().is_none());
        shelf.forget("r1");
        let error = shelf.conversation("r2").unwrap_err();
        assert_eq!(error.param.as_deref(), Some("previous_response_id"));
        let other = Shelf::new(shelf.state, "another".into());
        assert!(other.get("r2").is_none());
    }

    #[test]
    fn a_ring_has_an_end() {
        let shelf = Shelf::new(Arc::new(State::in_memory()), "key".into());
        keep(&shelf, "r1", Some("r2"), &json!("one?"), "one");
        keep(&shelf, "r2", Some("r1"), &json!("two?"), "two");
        assert!(shelf.conversation("r1").is_err());
    }
}
