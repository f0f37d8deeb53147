//! The body of a request → canonical.
//!
//! What comes out of the provider's encoding after this says the same as what went in, in one way of several: a text alone
//! becomes an array of one block, `"type": "custom"` of a tool goes, neighbours of one role become one turn.

mod content;
mod messages;
mod settings;
mod tools;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_model::{ChatRequest, Extra, ModelName, RequestError};

use super::FORMAT;
use crate::wire::Object;

/// Reads a whole request.
pub(super) fn decode(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let mut body = parse(body)?;
    let limit = required(&mut body, "max_tokens").map_err(Wrong::into_error)?;
    read(body, Some(limit)).map_err(Wrong::into_error)
}

/// Reads a request that is only counted: it limits no output.
pub(crate) fn decode_count(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let mut body = parse(body)?;
    let limit = optional(&mut body, "max_tokens").map_err(Wrong::into_error)?;
    read(body, limit).map_err(Wrong::into_error)
}

fn parse(body: &[u8]) -> Result<Object<'_>, RequestError> {
    let body: Object<'_> = serde_json::from_slice(body)
        .map_err(|error| RequestError::invalid(format!("the body cannot be read: {error}")))?;
    refuse_doubles(&body).map_err(Wrong::into_error)?;
    Ok(body)
}

fn read(mut body: Object<'_>, max_tokens: Option<u64>) -> Result<ChatRequest, Wrong> {
    let model: String = required(&mut body, "model")?;
    let turns: Vec<&RawValue> = required(&mut body, "messages")?;
    if turns.is_empty() {
        return Err(Wrong::new("messages", "at least one message is needed"));
    }
    let mut request = ChatRequest::new(ModelName::from(model), Vec::with_capacity(turns.len() + 1));
    request.max_output_tokens = max_tokens;
    if let Some(system) = body.take_raw("system") {
        let message = messages::system(system).map_err(|wrong| wrong.at("system"))?;
        request.messages.push(message);
    }
    for (index, turn) in turns.into_iter().enumerate() {
        messages::decode(turn, &mut request.messages)
            .map_err(|wrong| wrong.at(&format!("messages[{index}]")))?;
    }
    tools::decode(&mut body, &mut request)?;
    let mut extra = settings::decode(&mut body, &mut request)?;
    extra.extend(body.rest());
    request.extra = Extra::new(FORMAT, extra);
    Ok(request)
}

/// What is wrong with a field, and where it stands. The place is put together on the way up.
#[derive(Debug)]
struct Wrong {
    path: String,
    what: String,
}

impl Wrong {
    fn new(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), what: what.into() }
    }

    /// Says where the value stands that holds the field.
    fn at(mut self, place: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{place}{dot}{}", self.path);
        self
    }

    fn into_error(self) -> RequestError {
        if self.path.is_empty() {
            return RequestError::invalid(self.what);
        }
        let message = format!("{}: {}", self.path, self.what);
        RequestError::invalid_field(self.path, message)
    }
}

/// Takes a field out, if it is there.
fn optional<'a, T: Deserialize<'a>>(object: &mut Object<'a>, name: &str) -> Result<Option<T>, Wrong> {
    object.take(name).map_err(|error| Wrong::new(name, error.to_string()))
}

/// Takes a field out that must be there.
fn required<'a, T: Deserialize<'a>>(object: &mut Object<'a>, name: &str) -> Result<T, Wrong> {
    optional(object, name)?.ok_or_else(|| Wrong::new(name, "field required"))
}

fn object(raw: &RawValue) -> Result<Object<'_>, Wrong> {
    let object = Object::parse(raw).map_err(|error| Wrong::new("", error.to_string()))?;
    refuse_doubles(&object)?;
    Ok(object)
}

/// A field that is there twice is read differently by different readers: a policy may look at one, a provider at the other.
fn refuse_doubles(object: &Object<'_>) -> Result<(), Wrong> {
    match object.double() {
        Some(name) => Err(Wrong::new(name, "the field is there more than once")),
        None => Ok(()),
    }
}
