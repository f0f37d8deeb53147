//! How the vendor's objects are read.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{Extra, Format};

/// A string, borrowed where it holds no escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// The fields of an object that its type does not know, not parsed yet.
#[derive(Debug, Default)]
pub(crate) struct Rest<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Rest<'a> {
    pub(crate) fn push(&mut self, name: Cow<'a, str>, value: &'a RawValue) {
        if value.get() != "null" {
            self.0.push((name, value));
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the fields. Of a field that is there twice, the last counts, as with most parsers.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).ok();
        self.0.into_iter().filter_map(|(name, raw)| Some((name.into_owned(), read(raw)?))).collect()
    }

    /// Reads the fields as those of `format`.
    pub(crate) fn into_extra(self, format: Format) -> Extra {
        if self.is_empty() { Extra::NONE } else { Extra::new(format, self.into_map()) }
    }
}

/// Parts a path from what is wrong there, inside the text of an error that is on its way up.
const PATH_END: char = '\u{1}';

/// Says at which field an error arose.
pub(crate) fn at_field<E: Error>(name: &str, error: &E) -> E {
    let text = error.to_string();
    if text.contains(PATH_END) {
        let dot = if text.starts_with('[') { "" } else { "." };
        E::custom(format_args!("{name}{dot}{text}"))
    } else {
        E::custom(format_args!("{name}{PATH_END}{text}"))
    }
}

fn at_index<E: Error>(index: usize, error: &E) -> E {
    at_field(&format!("[{index}]"), error)
}

/// Parts an error into the field's path and what is wrong there.
pub(crate) fn field_error(error: &serde_json::Error) -> (Option<String>, String) {
    let text = error.to_string();
    match text.split_once(PATH_END) {
        Some((path, what)) => (Some(path.to_owned()), what.to_owned()),
        None => (None, text),
    }
}

/// Declares a wire object: each named field is an `Option`, the others go into `rest`. A field that is there twice is
/// an error, since two readers may take different ones.
macro_rules! wire_object {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$field_doc:meta])* $field:ident $(= $wire:literal)? : $type:ty, )* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $( $(#[$field_doc])* pub(crate) $field: Option<$type>, )*
            /// What is not known.
            pub(crate) rest: $crate::wire::Rest<'a>,
        }

        impl<'a> serde::Deserialize<'a> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'a> serde::de::Visitor<'a> for Fields {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'a>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                        let mut object = $name::default();
                        while let Some(name) = map.next_key::<$crate::wire::Text<'a>>()? {
                            match &*name {
                                $( $crate::wire::wire_name!($field $($wire)?) => {
                                    let value = map.next_value::<Option<$type>>().map_err(|error| {
                                        $crate::wire::at_field(&name, &error)
                                    })?;
                                    if value.is_some() && object.$field.is_some() {
                                        let error = <A::Error as serde::de::Error>::custom("it is there more than once");
                                        return Err($crate::wire::at_field(&name, &error));
                                    }
                                    object.$field = value.or(object.$field);
                                } )*
                                _ => object.rest.push(name.0, map.next_value()?),
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    };
}
pub(crate) use wire_object;

macro_rules! wire_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}
pub(crate) use wire_name;

/// An array whose errors name the element.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        loop {
            match elements.next_element() {
                Ok(Some(element)) => list.push(element),
                Ok(None) => return Ok(List(list)),
                Err(error) => return Err(at_index(list.len(), &error)),
            }
        }
    }
}

/// A text, or an array.
#[derive(Debug)]
pub(crate) enum OneOrMany<'a, T> {
    One(Cow<'a, str>),
    Many(Vec<T>),
}

impl<'a, T: Deserialize<'a>> Deserialize<'a> for OneOrMany<'a, T> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'a, T: Deserialize<'a>> Visitor<'a> for Either<T> {
            type Value = OneOrMany<'a, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany::One(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'a>>(self, elements: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMany::Many(Elements(PhantomData).visit_seq(elements)?.0))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Reads a time in Unix seconds. Some servers write a fraction, some a text; what is neither is not said.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is dropped on purpose, and a cast saturates"
)]
pub(crate) fn unix_seconds(raw: &RawValue) -> Option<i64> {
    let seconds: f64 = raw.get().trim_matches('"').parse().ok()?;
    Some(seconds as i64)
}
