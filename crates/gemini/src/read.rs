//! How the vendor's objects are read.
//!
//! The vendor takes each field by two names, `inlineData` and `inline_data`; a single message where a list belongs; and
//! numbers written as texts.
//! Source: <https://protobuf.dev/programming-guides/json/> and the vendor's Python SDK 3.4.0 (read 2026-11-23).

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::RequestError;

/// A string, borrowed where it holds no escapes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

/// A word of an enumeration. It is written as a text, or as its number.
#[derive(Debug)]
pub(crate) struct Word<'a>(Cow<'a, str>);

impl<'a> Word<'a> {
    /// Returns the word; of a number, that of `words`, which stand in their order. One that is not there stays a number.
    pub(crate) fn among(&self, words: &[&'static str]) -> Cow<'a, str> {
        let number = self.0.parse::<usize>().ok();
        number
            .and_then(|number| words.get(number))
            .map_or_else(|| self.0.clone(), |word| Cow::Borrowed(*word))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrNumber;
        impl<'a> Visitor<'a> for WordOrNumber {
            type Value = Word<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or its number")
            }
            fn visit_borrowed_str<E>(self, word: &'a str) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Borrowed(word)))
            }
            fn visit_str<E>(self, word: &str) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Owned(word.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(WordOrNumber)
    }
}

/// A whole number: as such, as `40.0`, or as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Integer(pub(crate) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Integer;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Integer, E> {
                i64::try_from(number).map(Integer).map_err(|_| E::custom("the number is too large"))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Integer, E> {
                // Up to here, a float holds every whole number exactly.
                const EXACT: f64 = 9_007_199_254_740_992.0;
                if number.fract() != 0.0 || number.abs() > EXACT {
                    return Err(E::custom("a whole number is expected"));
                }
                self.visit_str(&format!("{number:.0}"))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Integer, E> {
                text.parse().map(Integer).map_err(|_| E::custom("a whole number is expected"))
            }
        }
        deserializer.deserialize_any(Whole)
    }
}

/// A list whose errors name the element. A single object stands for a list of one.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
                        Err(error) => return Err(at_field(&format!("[{}]", list.len()), &error)),
                    }
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
                Ok(List(vec![T::deserialize(MapAccessDeserializer::new(map))?]))
            }
        }
        deserializer.deserialize_any(Elements(PhantomData))
    }
}

/// A list of values that are not parsed yet. A single object stands for a list of one.
#[derive(Debug, Default)]
pub(crate) struct RawList<'a>(pub(crate) Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for RawList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            return Ok(Self(vec![raw]));
        }
        serde_json::from_str(raw.get()).map(Self).map_err(D::Error::custom)
    }
}

/// Takes a text for the JSON object that it is.
pub(crate) fn json_object(text: &str) -> Option<&RawValue> {
    let text = text.trim();
    if text.starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// Takes out the white space between tokens: what people and servers write is often indented.
pub(crate) fn compact(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    if !text.contains(['\n', '\r', '\t', ' ']) {
        return Cow::Borrowed(text);
    }
    let mut compact = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for char in text.chars() {
        if quoted || !matches!(char, ' ' | '\n' | '\r' | '\t') {
            compact.push(char);
        }
        quoted ^= char == '"' && !escaped;
        escaped = quoted && char == '\\' && !escaped;
    }
    Cow::Owned(compact)
}

/// The fields of an object that its type does not know, in order, their values not parsed.
#[derive(Debug, Default)]
pub(crate) struct Rest<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Rest<'a> {
    /// Keeps a field, unless it is `null`.
    pub(crate) fn push(&mut self, name: Cow<'a, str>, value: &'a RawValue) {
        if value.get() != "null" {
            self.0.push((name, value));
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns one field as it stands there.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get())
    }

    /// Parses the fields.
    pub(crate) fn parse(&self) -> serde_json::Result<Map<String, Value>> {
        let known = self.0.iter();
        known.map(|(name, raw)| Ok((name.to_string(), serde_json::from_str(raw.get())?))).collect()
    }
}

/// Makes `inlineData` of `inline_data`.
pub(crate) fn camel_case(name: &str) -> Cow<'_, str> {
    if !name.bytes().skip(1).any(|byte| byte == b'_') {
        return Cow::Borrowed(name);
    }
    let mut camel = String::with_capacity(name.len());
    let mut raised = false;
    for (at, char) in name.char_indices() {
        if char == '_' && at > 0 {
            raised = true;
        } else {
            camel.push(if std::mem::take(&mut raised) { char.to_ascii_uppercase() } else { char });
        }
    }
    Cow::Owned(camel)
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

/// Says to a client where in its body an error is. `path` is the place of what was being read.
pub(crate) fn invalid(path: &str, error: &serde_json::Error) -> RequestError {
    let text = error.to_string();
    let (inner, what) = text.split_once(PATH_END).unwrap_or(("", &text));
    let dot = if path.is_empty() || inner.is_empty() || inner.starts_with('[') { "" } else { "." };
    let place = format!("{path}{dot}{inner}");
    if place.is_empty() {
        return RequestError::invalid(format!("the body cannot be read: {what}"));
    }
    let message = format!("`{place}` cannot be read: {what}");
    RequestError::invalid_field(place, message)
}

/// Defines an object as it is read, in one pass: named fields (in camel case, and taken in either), and [`Rest`] for all
/// others. `null` is 'not there'. A field
/// that is there twice, by whichever name, is an error, since two readers may take different ones.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($wire:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: Option<$kind>,)*
            pub(crate) rest: $crate::read::Rest<'a>,
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'a> serde::de::Visitor<'a> for Fields {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'a>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                        use $crate::read::{Text, at_field, camel_case};
                        let mut object = $name::default();
                        while let Some(Text(name)) = map.next_key::<Text<'a>>()? {
                            match &*camel_case(&name) {
                                $($wire => {
                                    let value = map.next_value::<Option<$kind>>();
                                    let value = value.map_err(|error| at_field(&name, &error))?;
                                    if value.is_some() && object.$field.is_some() {
                                        let error = serde::de::Error::custom("it is there more than once");
                                        return Err(at_field::<A::Error>(&name, &error));
                                    }
                                    object.$field = value.or(object.$field);
                                })*
                                _ => object.rest.push(name, map.next_value()?),
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
pub(crate) use object;

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        Thing {
            "someList" => some_list: List<Integer>,
            "text" => text: Text<'a>,
        }
    }

    #[test]
    fn either_spelling_is_taken_and_not_both() {
        let thing: Thing<'_> = serde_json::from_str(r#"{"some_list":[1,"-2",3.0],"_x_y":1}"#).unwrap();
        assert_eq!(thing.some_list.unwrap().0, [Integer(1), Integer(-2), Integer(3)]);
        assert_eq!(thing.rest.raw("_x_y"), Some("1"));
        let twice = serde_json::from_str::<Thing<'_>>(r#"{"some_list":[],"someList":[]}"#).unwrap_err();
        assert_eq!(invalid("", &twice).param.as_deref(), Some("someList"));
    }

    #[test]
    fn arguments_lose_their_indentation_and_nothing_else() {
        let compacted = |text: &str| compact(serde_json::from_str(text).unwrap()).into_owned();
        assert_eq!(
            compacted("{\n  \"a\": [1, 2],\n  \"b\": \"x \\\" \\\\ y\" }"),
            r#"{"a":[1,2],"b":"x \" \\ y"}"#
        );
        assert_eq!(compacted("{}"), "{}");
    }

    #[test]
    fn an_error_names_its_place() {
        for (json, path) in [
            (r#"{"someList":[1,2.5]}"#, "at.someList[1]"),
            (r#"{"some_list":[1,"x"]}"#, "at.some_list[1]"),
            (r#"{"text":7}"#, "at.text"),
        ] {
            let error = serde_json::from_str::<Thing<'_>>(json).unwrap_err();
            assert_eq!(invalid("at", &error).param.as_deref(), Some(path), "{json}");
        }
    }

    #[test]
    fn a_single_message_is_a_list_of_one() {
        let list: List<Thing<'_>> = serde_json::from_str(r#"{"text":"a"}"#).unwrap();
        assert_eq!(list.0[0].text.as_ref().unwrap().0, "a");
    }
}
