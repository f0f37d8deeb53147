//! `annotations`: what a text is based on.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{Extra, Losses, message::Citation};

use super::{
    notes::FORMAT,
    wire::{Annotation, Array, Text},
};

/// Reads an annotation. One of another type than `url_citation` is kept whole.
pub(super) fn decode(raw: &RawValue) -> serde_json::Result<Citation> {
    let known: serde_json::Result<Annotation<'_>> = serde_json::from_str(raw.get());
    let known = known.ok().filter(|it| it.kind.as_deref() == Some("url_citation") && it.url.is_some());
    let Some(known) = known else {
        let whole: Map<String, Value> = serde_json::from_str(raw.get())?;
        return Ok(Citation { extra: Extra::new(FORMAT, whole), ..Citation::default() });
    };
    Ok(Citation {
        url: known.url.map(Text::into_owned),
        title: known.title.map(Text::into_owned),
        cited_text: None,
        start_index: known.start_index,
        end_index: known.end_index,
        extra: known.rest.into_extra(FORMAT),
    })
}

/// Writes an annotation. `length` is that of its text in characters, for a citation that names no place of its own.
///
/// Returns `false`, having written nothing, for a citation without address: the format has no other.
pub(super) fn write(
    array: &mut Array<'_>,
    citation: &Citation,
    length: u64,
    path: &str,
    losses: &mut Losses,
) -> bool {
    let extra = citation.extra.fields(&FORMAT);
    citation.extra.lose_unless(&FORMAT, path, losses);
    if let Some(whole) = extra.filter(|extra| extra.contains_key("type")) {
        array.element(whole);
        return true;
    }
    let Some(url) = &citation.url else {
        losses.dropped(path, "the format cites addresses only");
        return false;
    };
    if citation.cited_text.is_some() {
        losses.dropped(format!("{path}.cited_text"), "the format does not quote what it cites");
    }
    let mut annotation = array.object();
    annotation.field("type", "url_citation");
    annotation.field("start_index", &citation.start_index.unwrap_or(0));
    annotation.field("end_index", &citation.end_index.unwrap_or(length));
    annotation.field("url", url).field("title", citation.title.as_deref().unwrap_or(url));
    annotation.extra(extra);
    annotation.end();
    true
}
