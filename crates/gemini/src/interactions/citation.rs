//! `annotations`: what a text is based on.

use serde_json::{Map, Value};
use tollgate_model::{Extra, Losses, message::Citation};
use tollgate_provider::json_writer::Array;

use super::FORMAT;

/// The only type that needs no more than any citation has.
const URL: &str = "url_citation";
/// A citation of a file, which can repeat its words.
const FILE: &str = "file_citation";

/// The names that an annotation's address and title have, by its type.
fn names(kind: &str) -> (&'static str, &'static str) {
    match kind {
        FILE => ("document_uri", "file_name"),
        "place_citation" => ("url", "name"),
        _ => ("url", "title"),
    }
}

/// Reads an annotation. What no citation has stays with its type.
pub(super) fn read(mut annotation: Map<String, Value>) -> Citation {
    let kind = annotation.get("type").and_then(Value::as_str).unwrap_or(URL).to_owned();
    let (url, title) = names(&kind);
    let mut text = |name: &str| match annotation.get(name) {
        Some(Value::String(_)) => annotation.shift_remove(name).and_then(|it| it.as_str().map(str::to_owned)),
        _ => None,
    };
    let (url, title) = (text(url), text(title));
    let cited_text = if kind == FILE { text("source") } else { None };
    let mut number = |name: &str| {
        let number = annotation.get(name)?.as_u64()?;
        annotation.shift_remove(name);
        Some(number)
    };
    let (start_index, end_index) = (number("start_index"), number("end_index"));
    if kind == usual(url.as_deref()) {
        annotation.shift_remove("type");
    }
    Citation { url, title, cited_text, start_index, end_index, extra: Extra::new(FORMAT, annotation) }
}

/// The type of a citation that has not said it: one without address is of a file.
fn usual(url: Option<&str>) -> &'static str {
    if url.is_some() { URL } else { FILE }
}

/// Writes an annotation.
pub(super) fn write(annotations: &mut Array<'_>, citation: &Citation, place: &str, losses: &mut Losses) {
    citation.extra.lose_unless(&FORMAT, place, losses);
    let own = citation.extra.fields(&FORMAT);
    let kind = own.and_then(|own| own.get("type")?.as_str());
    let kind = kind.unwrap_or_else(|| usual(citation.url.as_deref()));
    let (url, title) = names(kind);
    let mut object = annotations.object();
    object.field("type", kind);
    object.optional(url, citation.url.as_deref()).optional(title, citation.title.as_deref());
    match &citation.cited_text {
        Some(words) if kind == FILE => {
            object.field("source", words);
        }
        Some(_) => losses.dropped(format!("{place}.cited_text"), "the format does not repeat the source"),
        None => {}
    }
    object.optional("start_index", citation.start_index).optional("end_index", citation.end_index);
    object.extra(own);
    object.end();
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_is_written() {
        for annotation in [
            json!({"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 4}),
            json!({"type": "url_citation", "start_index": 3}),
            json!({"type": "file_citation", "document_uri": "u", "file_name": "f", "source": "words"}),
            json!({"type": "file_citation"}),
            json!({"type": "place_citation", "name": "A", "place_id": "p"}),
        ] {
            let Value::Object(fields) = annotation.clone() else { unreachable!() };
            let (mut out, mut losses) = (BytesMut::new(), Losses::new());
            let mut annotations = Array::begin(&mut out);
            write(&mut annotations, &read(fields), "", &mut losses);
            annotations.end();
            assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), json!([annotation]));
            assert!(losses.is_empty());
        }
    }
}
