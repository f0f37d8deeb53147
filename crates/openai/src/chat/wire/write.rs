//! How the vendor's objects are written: straight into the output, without a tree in between.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};
use tollgate_provider::json_writer;

/// Appends a value as JSON.
pub(in crate::chat) fn value(out: &mut BytesMut, value: &(impl Serialize + ?Sized)) {
    json_writer::append(out, value).expect("texts, numbers and values with text keys are always JSON");
}

/// Appends JSON text as it is.
pub(in crate::chat) fn write_raw(out: &mut BytesMut, json: &str) {
    out.extend_from_slice(json.as_bytes());
}

/// An object that is being written. [`Object::end`] closes it.
#[derive(Debug)]
pub(in crate::chat) struct Object<'o> {
    out: &'o mut BytesMut,
    /// Which fields there are, so that no extra field doubles one.
    written: Vec<&'static str>,
    empty: bool,
}

impl<'o> Object<'o> {
    pub(in crate::chat) fn begin(out: &'o mut BytesMut) -> Self {
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
    pub(in crate::chat) fn key(&mut self, name: &'static str) -> &mut BytesMut {
        self.name(name);
        self.written.push(name);
        self.out
    }

    pub(in crate::chat) fn field(
        &mut self,
        name: &'static str,
        content: &(impl Serialize + ?Sized),
    ) -> &mut Self {
        value(self.key(name), content);
        self
    }

    pub(in crate::chat) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        content: Option<T>,
    ) -> &mut Self {
        if let Some(content) = content {
            self.field(name, &content);
        }
        self
    }

    pub(in crate::chat) fn object(&mut self, name: &'static str) -> Object<'_> {
        Object::begin(self.key(name))
    }

    pub(in crate::chat) fn array(&mut self, name: &'static str) -> Array<'_> {
        Array::begin(self.key(name))
    }

    /// Keeps [`Object::extra`] from writing a field of this name.
    pub(in crate::chat) fn skip(&mut self, name: &'static str) -> &mut Self {
        self.written.push(name);
        self
    }

    /// Appends fields that only this format has, but for those that are written already.
    pub(in crate::chat) fn extra(&mut self, fields: Option<&Map<String, Value>>) -> &mut Self {
        for (name, content) in fields.into_iter().flatten() {
            if !self.written.contains(&name.as_str()) {
                self.name(name);
                value(self.out, content);
            }
        }
        self
    }

    pub(in crate::chat) fn end(self) {
        self.out.put_u8(b'}');
    }
}

/// An array that is being written.
#[derive(Debug)]
pub(in crate::chat) struct Array<'o> {
    out: &'o mut BytesMut,
    empty: bool,
}

impl<'o> Array<'o> {
    pub(in crate::chat) fn begin(out: &'o mut BytesMut) -> Self {
        out.put_u8(b'[');
        Self { out, empty: true }
    }

    /// Begins an element; what is appended next is its value.
    pub(in crate::chat) fn next(&mut self) -> &mut BytesMut {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.put_u8(b',');
        }
        self.out
    }

    pub(in crate::chat) fn element(&mut self, content: &(impl Serialize + ?Sized)) {
        value(self.next(), content);
    }

    pub(in crate::chat) fn object(&mut self) -> Object<'_> {
        Object::begin(self.next())
    }

    pub(in crate::chat) fn end(self) {
        self.out.put_u8(b']');
    }
}
