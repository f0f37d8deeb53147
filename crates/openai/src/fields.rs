//! Takes known fields out of a JSON object; what is left is what only this format has.

use serde_json::{Map, Value};
use tollgate_model::RequestError;

/// An object whose known fields are taken one by one. A field that is `null` counts as not there.
#[derive(Debug)]
pub(crate) struct Fields {
    rest: Map<String, Value>,
    /// Where the object stands, for messages: `messages[2]`, or nothing for the body itself.
    path: String,
}

impl Fields {
    pub(crate) fn new(value: Value, path: impl Into<String>) -> Result<Self, RequestError> {
        let path = path.into();
        match value {
            Value::Object(rest) => Ok(Self { rest, path }),
            _ => Err(RequestError::invalid_field(&path, format!("`{path}` must be an object"))),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(crate) fn wrong(&self, name: &str, expected: &str) -> RequestError {
        let path = self.path(name);
        RequestError::invalid_field(&path, format!("`{path}` must be {expected}"))
    }

    /// Takes a field of any kind.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Returns a field and leaves it.
    pub(crate) fn peek(&self, name: &str) -> Option<&Value> {
        self.rest.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, RequestError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, RequestError> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "a string"))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, RequestError> {
        self.take(name).map(|value| value.as_bool().ok_or_else(|| self.wrong(name, "true or false"))).transpose()
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<f64>, RequestError> {
        self.take(name).map(|value| value.as_f64().ok_or_else(|| self.wrong(name, "a number"))).transpose()
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, RequestError> {
        self.take(name).map(|value| value.as_i64().ok_or_else(|| self.wrong(name, "an integer"))).transpose()
    }

    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, RequestError> {
        self.take(name).map(|value| value.as_u64().ok_or_else(|| self.wrong(name, "an integer of 0 or more"))).transpose()
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, RequestError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.wrong(name, "an array")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, RequestError> {
        let path = self.path(name);
        self.take(name).map(|value| Self::new(value, path)).transpose()
    }

    /// What was not taken. Fields that are `null` count as not there.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.rest.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}
