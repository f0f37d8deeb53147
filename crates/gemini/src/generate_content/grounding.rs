//! What an answer was grounded on → citations, and what of it is billed.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/google-search> (read 2026-11-23).

use serde_json::{Map, Value};
use tollgate_model::{Extra, message::Citation};

use super::{FORMAT, usage::Counters};

/// Reads the citations that a candidate's fields hold. The fields themselves stay in the answer's extra: they hold
/// more, such as the search suggestions that must be shown.
pub(in crate::generate_content) fn citations(candidate: &Map<String, Value>) -> Vec<Citation> {
    let mut citations = Vec::new();
    if let Some(grounding) = candidate.get("groundingMetadata") {
        let chunks = grounding.get("groundingChunks").and_then(Value::as_array);
        for support in list(grounding, "groundingSupports") {
            let named = list(support, "groundingChunkIndices").filter_map(Value::as_u64);
            let named = named.filter_map(|index| chunks?.get(usize::try_from(index).ok()?));
            citations.extend(named.map(|chunk| grounded(support, chunk)));
        }
    }
    if let Some(metadata) = candidate.get("citationMetadata") {
        citations.extend(list(metadata, "citations").chain(list(metadata, "citationSources")).map(cited));
    }
    citations
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name)?.as_u64()
}

fn grounded(support: &Value, chunk: &Value) -> Citation {
    let source = ["web", "retrievedContext", "maps"].into_iter().find_map(|kind| chunk.get(kind));
    let source = source.unwrap_or(&Value::Null);
    let segment = support.get("segment").unwrap_or(&Value::Null);
    let end_index = number(segment, "endIndex");
    Citation {
        url: text(source, "uri"),
        title: text(source, "title"),
        cited_text: text(source, "text"),
        // A start at 0 is left out on the wire.
        start_index: number(segment, "startIndex").or_else(|| end_index.map(|_| 0)),
        end_index,
        extra: Extra::NONE,
    }
}

fn cited(citation: &Value) -> Citation {
    const KNOWN: [&str; 4] = ["uri", "title", "startIndex", "endIndex"];
    let fields = citation.as_object().into_iter().flatten();
    let rest = fields.filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    let end_index = number(citation, "endIndex");
    Citation {
        url: text(citation, "uri"),
        title: text(citation, "title"),
        cited_text: None,
        start_index: number(citation, "startIndex").or_else(|| end_index.map(|_| 0)),
        end_index,
        extra: Extra::new(FORMAT, rest.map(|(name, value)| (name.clone(), value.clone())).collect()),
    }
}

/// Counts what is billed beside tokens: each search query, and each answer that maps were looked up for.
///
/// Models up to Gemini 2.5 bill a grounded prompt once, however many queries it took. The answer tells only the model's
/// name from which to know that.
pub(in crate::generate_content) fn count(grounding: &Value, model: Option<&str>, counters: &mut Counters) {
    let by_prompt = model.is_some_and(|model| model.starts_with("gemini-1") || model.starts_with("gemini-2"));
    let queries = list(grounding, "webSearchQueries").filter(|query| query.as_str() != Some("")).count();
    if queries > 0 {
        let billed = if by_prompt { 1 } else { queries as u64 };
        *counters.web_searches.get_or_insert_default() += billed;
    }
    if list(grounding, "groundingChunks").any(|chunk| chunk.get("maps").is_some()) {
        *counters.map_lookups.get_or_insert_default() += 1;
    }
}
