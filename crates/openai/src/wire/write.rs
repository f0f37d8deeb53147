//! JSON, appended to the output.

use bytes::BytesMut;
use serde::Serialize;
use tollgate_provider::json_writer;

/// Appends a value as JSON.
pub(crate) fn value(out: &mut BytesMut, value: &(impl Serialize + ?Sized)) {
    json_writer::append(out, value).expect("texts, numbers and values with text keys are always JSON");
}

/// Appends JSON text as it is.
pub(crate) fn write_raw(out: &mut BytesMut, json: &str) {
    out.extend_from_slice(json.as_bytes());
}
