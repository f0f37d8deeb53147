//! Writes JSON as `serde_json` does, but long texts several times as fast: the hot path's way to write a request.
//!
//! A translated prompt is almost nothing but text, and `serde_json` looks at each of its bytes one by one.

mod object;
mod text;
mod text_only;

use bytes::{BufMut, Bytes};
use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant, Serializer,
    },
};
use serde_json::Error;
use tollgate_model::{ChatRequest, Part, RequestError};

pub use object::{Array, Object};
pub use text::append_text;
use text_only::TextOnly;

/// How `serde_json`'s `RawValue` announces itself. A test would notice another name.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Appends `value` as JSON, byte for byte what `serde_json::to_vec` writes.
///
/// # Errors
/// The value's own, and maps whose keys are not text.
pub fn append<B: BufMut>(out: &mut B, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
    value.serialize(Writer { out })
}

/// Writes the body that stands for `request`, with room for its texts from the start.
///
/// # Errors
/// As [`append`].
pub fn body(request: &ChatRequest, body: &impl Serialize) -> Result<Bytes, RequestError> {
    let texts = request.messages.iter().flat_map(|message| &message.parts).filter_map(Part::as_text);
    let text_bytes: usize = texts.map(str::len).sum();
    // Line breaks become two bytes, and every message has its frame.
    let capacity = text_bytes + text_bytes / 16 + request.messages.len() * 64 + 512;
    let mut out = Vec::with_capacity(capacity);
    append(&mut out, body)
        .map_err(|error| RequestError::invalid(format!("the request cannot be written as JSON: {error}")))?;
    Ok(out.into())
}

struct Writer<'a, B> {
    out: &'a mut B,
}

impl<B: BufMut> Writer<'_, B> {
    /// Leaves it to `serde_json`: numbers.
    fn plain(self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(self.out.writer(), value)
    }

    fn word(self, word: &str) {
        self.out.put_slice(word.as_bytes());
    }
}

impl<'a, B: BufMut> Writer<'a, B> {
    fn begin(self, open: &str, close: &'static str) -> Compound<'a, B> {
        self.out.put_slice(open.as_bytes());
        Compound { out: self.out, empty: true, close, raw: false }
    }

    /// Begins the object around an enum's variant.
    fn variant(self, name: &str) -> Self {
        self.out.put_u8(b'{');
        append_text(self.out, name);
        self.out.put_u8(b':');
        self
    }
}

macro_rules! numbers {
    ($($method:ident: $number:ty),*) => {
        $(fn $method(self, value: $number) -> Result<(), Error> {
            self.plain(&value)
        })*
    };
}

impl<'a, B: BufMut> Serializer for Writer<'a, B> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'a, B>;
    type SerializeTuple = Compound<'a, B>;
    type SerializeTupleStruct = Compound<'a, B>;
    type SerializeTupleVariant = Compound<'a, B>;
    type SerializeMap = Compound<'a, B>;
    type SerializeStruct = Compound<'a, B>;
    type SerializeStructVariant = Compound<'a, B>;

    numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.word(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        append_text(self.out, value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        append_text(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.word("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Writer { out } = self.variant(variant);
        append(out, value)?;
        out.put_u8(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Ok(self.begin("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Ok(self.begin("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        Ok(self.begin("[", "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Ok(self.variant(variant).begin("[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Ok(self.begin("{", "}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        if name == RAW_VALUE {
            return Ok(Compound { out: self.out, empty: true, close: "", raw: true });
        }
        Ok(self.begin("{", "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Ok(self.variant(variant).begin("{", "}}"))
    }
}

/// An array or object that is being written.
struct Compound<'a, B> {
    out: &'a mut B,
    empty: bool,
    close: &'static str,
    /// No object at all, but JSON text in the one field of a `RawValue`.
    raw: bool,
}

impl<B: BufMut> Compound<'_, B> {
    fn next(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.put_u8(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        append(self.out, value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        if self.raw {
            return value.serialize(TextOnly { out: self.out, raw: true });
        }
        self.next();
        append_text(self.out, name);
        self.out.put_u8(b':');
        append(self.out, value)
    }

    fn close(self) {
        self.out.put_slice(self.close.as_bytes());
    }
}

macro_rules! elements {
    ($($kind:ident::$method:ident),*) => {
        $(impl<B: BufMut> $kind for Compound<'_, B> {
            type Ok = ();
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }
            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

macro_rules! fields {
    ($($kind:ident),*) => {
        $(impl<B: BufMut> $kind for Compound<'_, B> {
            type Ok = ();
            type Error = Error;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }
            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
}
fields! { SerializeStruct, SerializeStructVariant }

impl<B: BufMut> SerializeMap for Compound<'_, B> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        key.serialize(TextOnly { out: self.out, raw: false })?;
        self.out.put_u8(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        append(self.out, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json, value::RawValue};

    use super::*;

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        append(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(i64, f64),
        Struct { a: Option<char>, b: () },
    }

    #[derive(Serialize)]
    struct Everything<'a> {
        shapes: Vec<Shape>,
        #[serde(flatten)]
        map: BTreeMap<String, Value>,
        raw: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        pair: (u128, f32),
        keys: BTreeMap<Key, bool>,
    }

    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    enum Key {
        One,
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_json_does() {
        let raw = RawValue::from_string("{ \"as\" : \"it\\u0020is\" }".to_owned()).unwrap();
        let everything = Everything {
            shapes: vec![
                Shape::Unit,
                Shape::Newtype(7),
                Shape::Tuple(-1, 1e300),
                Shape::Struct { a: Some('"'), b: () },
                Shape::Struct { a: None, b: () },
            ],
            map: BTreeMap::from([("k\"ey".to_owned(), json!([null, true, {"n": -0.0, "s": "\u{1}\n"}]))]),
            raw: &raw,
            absent: None,
            pair: (u128::MAX, 0.5),
            keys: BTreeMap::from([(Key::One, false)]),
        };
        assert_eq!(written(&everything), serde_json::to_string(&everything).unwrap());
        assert_eq!(written(&f64::NAN), "null");
    }

    #[test]
    fn a_key_that_is_no_text_is_an_error() {
        let map = BTreeMap::from([(1, 2)]);
        assert!(append(&mut Vec::new(), &map).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_written_as_serde_json_does(value in any_json()) {
            prop_assert_eq!(written(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
