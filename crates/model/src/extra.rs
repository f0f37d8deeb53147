//! Fields that only one wire format has. They travel along untouched for that format and are losses for every other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Format, Losses};

/// What the names of notes begin with: fields that no format has, in which a decoder remembers how something was written,
/// so that its own format's encoder writes it so again. They are never written as they are, and never lost.
pub const NOTE_PREFIX: &str = "note:";

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
                for (name, value) in extra.fields.iter().filter(|(name, _)| !is_note(name)) {
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
        for name in extra.fields.keys().filter(|name| !is_note(name)) {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            losses.dropped(place, format!("a field of {} only", extra.format));
        }
    }
}

fn is_note(name: &str) -> bool {
    name.starts_with(NOTE_PREFIX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notes_are_neither_written_nor_lost() {
        let mut extra = Extra::NONE;
        extra.insert(&Format::OPENAI_CHAT, "field", json!(1));
        extra.insert(&Format::OPENAI_CHAT, format!("{NOTE_PREFIX}how"), json!(2));
        let (mut object, mut losses) = (Map::new(), Losses::new());
        extra.write_into(&Format::OPENAI_CHAT, &mut object, "", &mut losses);
        assert_eq!((Value::Object(object), losses.is_empty()), (json!({"field": 1}), true));
        extra.write_into(&Format::OLLAMA_CHAT, &mut Map::new(), "place", &mut losses);
        assert_eq!(losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["place.field"]);
        assert!(extra.field(&Format::OPENAI_CHAT, "note:how").is_some());
    }
}
