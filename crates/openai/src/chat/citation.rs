//! `annotations`: what a text is based on.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{Extra, Format, Losses, message::Citation};

use super::wire;

/// Reads an annotation. One of another type than `url_citation` is kept whole.
pub(super) fn decode(raw: &RawValue) -> serde_json::Result<Citation> {
    let mut annotation: Map<String, Value> = serde_json::from_str(raw.get())?;
    let cited = annotation.get_mut("url_citation").and_then(Value::as_object_mut).map(std::mem::take);
    let Some(mut cited) = cited else {
        return Ok(Citation { extra: Extra::new(Format::OPENAI_CHAT, annotation), ..Citation::default() });
    };
    let mut text = |name: &str| match cited.get(name) {
        Some(Value::String(_)) => cited.remove(name).and_then(|value| value.as_str().map(str::to_owned)),
        _ => None,
    };
    let (url, title) = (text("url"), text("title"));
    let mut number = |name: &str| {
        let number = cited.get(name)?.as_u64()?;
        cited.remove(name);
        Some(number)
    };
    let (start_index, end_index) = (number("start_index"), number("end_index"));
    // What a server says besides, such as the words of the source (OpenRouter's `content`).
    let cited_text = match cited.remove("content") {
        Some(Value::String(text)) => Some(text),
        other => {
            cited.extend(other.map(|value| ("content".to_owned(), value)));
            None
        }
    };
    let extra = Extra::new(Format::OPENAI_CHAT, cited);
    Ok(Citation { url, title, cited_text, start_index, end_index, extra })
}

/// Writes an annotation. `span` is where the text stands that it belongs to, in characters, for a citation that names no
/// place of its own.
///
/// Returns `false`, having written nothing, for a citation without address: the format has no other.
pub(super) fn write(
    array: &mut wire::Array<'_>,
    citation: &Citation,
    span: (u64, u64),
    path: &str,
    losses: &mut Losses,
) -> bool {
    let extra = citation.extra.fields(&Format::OPENAI_CHAT);
    citation.extra.lose_unless(&Format::OPENAI_CHAT, path, losses);
    if let Some(whole) = extra.filter(|extra| extra.contains_key("type")) {
        array.element(whole);
        return true;
    }
    let Some(url) = &citation.url else {
        losses.dropped(path, "the format cites addresses only");
        return false;
    };
    let mut annotation = array.object();
    annotation.field("type", "url_citation");
    let mut cited = annotation.object("url_citation");
    cited.field("url", url).field("title", citation.title.as_deref().unwrap_or(url));
    cited.field("start_index", &citation.start_index.unwrap_or(span.0));
    cited.field("end_index", &citation.end_index.unwrap_or(span.1));
    cited.optional("content", citation.cited_text.as_deref());
    cited.extra(extra);
    cited.end();
    annotation.end();
    true
}
