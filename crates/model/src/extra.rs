//! Fields that only one wire format has. They travel along untouched for that format and are losses for every other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Format, Losses};

/// Fields of one format that the canonical model has no place for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extra(Option<Box<Fields>>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fields {
    format: Format,
    fields: Map<String, Value>,
}

impl Extra {
    /// Holds nothing.
    pub const NONE: Self = Self(None);

    /// Holds `fields` of `format`. No fields make it empty.
    #[must_use]
    pub fn new(format: Format, fields: Map<String, Value>) -> Self {
        if fields.is_empty() { Self(None) } else { Self(Some(Box::new(Fields { format, fields }))) }
    }

    /// Tells whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the fields, if they are of `format`.
    #[must_use]
    pub fn fields(&self, format: &Format) -> Option<&Map<String, Value>> {
        self.0.as_ref().filter(|extra| extra.format == *format).map(|extra| &extra.fields)
    }

    /// Returns one field of `format`.
    #[must_use]
    pub fn field(&self, format: &Format, name: &str) -> Option<&Value> {
        self.fields(format)?.get(name)
    }

    /// Returns the fields with their format, whichever it is.
    #[must_use]
    pub fn any(&self) -> Option<(&Format, &Map<String, Value>)> {
        self.0.as_ref().map(|extra| (&extra.format, &extra.fields))
    }

    /// Adds one field of `format`. What was held for another format is replaced: a value has one origin.
    pub fn insert(&mut self, format: &Format, name: impl Into<String>, value: Value) {
        match &mut self.0 {
            Some(extra) if extra.format == *format => {
                extra.fields.insert(name.into(), value);
            }
            _ => *self = Self::new(format.clone(), Map::from_iter([(name.into(), value)])),
        }
    }

    /// Copies the fields into `object` if they are of `format`; names each of them as lost if they are not.
    ///
    /// `path` is the place of the value that holds this extra, `""` for the request itself.
    pub fn write_into(
        &self,
        format: &Format,
        object: &mut Map<String, Value>,
        path: &str,
        losses: &mut Losses,
    ) {
        match &self.0 {
            Some(extra) if extra.format == *format => {
                for (name, value) in &extra.fields {
                    object.insert(name.clone(), value.clone());
                }
            }
            _ => self.lose_all(path, losses),
        }
    }

    /// Names each field as lost, unless it is of `format`.
    pub fn lose_unless(&self, format: &Format, path: &str, losses: &mut Losses) {
        if self.0.as_ref().is_some_and(|extra| extra.format != *format) {
            self.lose_all(path, losses);
        }
    }

    /// Names each field as lost.
    pub fn lose_all(&self, path: &str, losses: &mut Losses) {
        let Some(extra) = &self.0 else { return };
        for name in extra.fields.keys() {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            losses.dropped(place, format!("a field of {} only", extra.format));
        }
    }
}
