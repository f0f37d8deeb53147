//! Objects and arrays, written straight into the output, without a tree in between.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};
use tollgate_model::extra::NOTE_PREFIX;

use super::append;

fn value(out: &mut BytesMut, value: &(impl Serialize + ?Sized)) {
    append(out, value).expect("texts, numbers and values with text keys are always JSON");
}

/// An object that is being written. [`Object::end`] closes it. What is appended must be JSON: texts, numbers, and values
/// with text keys.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut BytesMut,
    /// Which fields there are, so that no extra field doubles one.
    written: Vec<&'static str>,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Opens an object.
    pub fn begin(out: &'o mut BytesMut) -> Self {
        out.put_u8(b'{');
        Self { out, written: Vec::new(), empty: true }
    }

    fn name(&mut self, name: &str) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.put_u8(b',');
        }
        value(self.out, name);
        self.out.put_u8(b':');
    }

    /// Begins a field; what is appended next is its value.
    pub fn key(&mut self, name: &'static str) -> &mut BytesMut {
        self.name(name);
        self.written.push(name);
        self.out
    }

    /// Appends a field.
    pub fn field(&mut self, name: &'static str, content: &(impl Serialize + ?Sized)) -> &mut Self {
        value(self.key(name), content);
        self
    }

    /// Appends a field, if there is a value.
    pub fn optional<T: Serialize>(&mut self, name: &'static str, content: Option<T>) -> &mut Self {
        if let Some(content) = content {
            self.field(name, &content);
        }
        self
    }

    /// Begins a field that is an object.
    pub fn object(&mut self, name: &'static str) -> Object<'_> {
        Object::begin(self.key(name))
    }

    /// Begins a field that is an array.
    pub fn array(&mut self, name: &'static str) -> Array<'_> {
        Array::begin(self.key(name))
    }

    /// Keeps [`Object::extra`] from writing a field of this name.
    pub fn skip(&mut self, name: &'static str) -> &mut Self {
        self.written.push(name);
        self
    }

    /// Appends fields that only this format has, but for notes and those that are written already.
    pub fn extra(&mut self, fields: Option<&Map<String, Value>>) -> &mut Self {
        for (name, content) in fields.into_iter().flatten() {
            if !self.written.contains(&name.as_str()) && !name.starts_with(NOTE_PREFIX) {
                self.name(name);
                value(self.out, content);
            }
        }
        self
    }

    /// Closes it.
    pub fn end(self) {
        self.out.put_u8(b'}');
    }
}

/// An array that is being written.
#[derive(Debug)]
pub struct Array<'o> {
    out: &'o mut BytesMut,
    empty: bool,
}

impl<'o> Array<'o> {
    /// Opens an array.
    pub fn begin(out: &'o mut BytesMut) -> Self {
        out.put_u8(b'[');
        Self { out, empty: true }
    }

    /// Begins an element; what is appended next is its value.
    pub fn place(&mut self) -> &mut BytesMut {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.put_u8(b',');
        }
        self.out
    }

    /// Appends an element.
    pub fn element(&mut self, content: &(impl Serialize + ?Sized)) {
        value(self.place(), content);
    }

    /// Begins an element that is an object.
    pub fn object(&mut self) -> Object<'_> {
        Object::begin(self.place())
    }

    /// Closes it.
    pub fn end(self) {
        self.out.put_u8(b']');
    }
}
