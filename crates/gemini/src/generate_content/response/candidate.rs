//! What is said of a candidate beside its content: why it ended, what it is based on, how likely its tokens were.

use serde_json::{Map, Value, json};
use tollgate_model::{FinishReason, Losses, message::Citation, response::TokenLogprob};
use tollgate_provider::json_writer::Object;

use crate::generate_content::{FORMAT, finish};

/// A citation, with its place and the stretch of text that it belongs to, in bytes.
#[derive(Debug)]
pub(in crate::generate_content) struct Cited<'a> {
    pub(in crate::generate_content) citation: &'a Citation,
    pub(in crate::generate_content) span: (usize, usize),
    pub(in crate::generate_content) place: String,
}

/// Writes what follows the content of a candidate, and ends it.
pub(in crate::generate_content) fn end(
    mut object: Object<'_>,
    index: u32,
    reason: Option<&FinishReason>,
    cited: &[Cited<'_>],
    extra: Option<&Map<String, Value>>,
    losses: &mut Losses,
) {
    let (word, why) = match reason {
        Some(reason) => finish::encode(reason),
        None => ("STOP".into(), Some("the provider did not say why, but that it was complete")),
    };
    // Of a reason that has several words, the vendor's own.
    match extra.and_then(|extra| extra.get("finishReason")) {
        Some(own) => object.field("finishReason", own),
        None => object.field("finishReason", &word),
    };
    if let Some(why) = why.filter(|_| extra.is_none_or(|extra| !extra.contains_key("finishReason"))) {
        losses.approximated(format!("choices[{index}].finish_reason"), why);
    }
    object.field("index", &index);
    // The vendor's own words say it all.
    let own = |name| extra.is_some_and(|extra| extra.contains_key(name));
    if !cited.is_empty() && !own("groundingMetadata") && !own("citationMetadata") {
        object.field("groundingMetadata", &grounding(cited, losses));
    }
    object.extra(extra);
    object.end();
}

/// Makes `groundingMetadata` of citations: sources, and which stretch of the text each supports.
fn grounding(cited: &[Cited<'_>], losses: &mut Losses) -> Value {
    let mut chunks: Vec<Value> = Vec::new();
    let mut supports: Vec<Value> = Vec::new();
    for Cited { citation, span, place } in cited {
        citation.extra.lose_unless(&FORMAT, place, losses);
        let kind = if citation.cited_text.is_some() { "retrievedContext" } else { "web" };
        let mut source = Map::new();
        let fields = [("uri", &citation.url), ("title", &citation.title), ("text", &citation.cited_text)];
        source.extend(
            fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))),
        );
        let chunk = json!({kind: source});
        let index = chunks.iter().position(|known| *known == chunk).unwrap_or_else(|| {
            chunks.push(chunk);
            chunks.len() - 1
        });
        let start = citation.start_index.unwrap_or(span.0 as u64);
        let end = citation.end_index.unwrap_or(span.1 as u64);
        let segment = json!({"startIndex": start, "endIndex": end});
        match supports.last_mut() {
            Some(last) if last["segment"] == segment => {
                if let Some(indices) = last["groundingChunkIndices"].as_array_mut() {
                    indices.push(index.into());
                }
            }
            _ => supports.push(json!({"segment": segment, "groundingChunkIndices": [index]})),
        }
    }
    json!({"groundingChunks": chunks, "groundingSupports": supports})
}

/// Makes a `logprobsResult`.
pub(in crate::generate_content) fn logprobs(
    tokens: &[TokenLogprob],
    index: u32,
    losses: &mut Losses,
) -> Value {
    if tokens.iter().any(|token| token.bytes.is_some()) {
        losses.dropped(format!("choices[{index}].logprobs.bytes"), "tokens are texts");
    }
    let one = |token: &TokenLogprob| json!({"token": token.token, "logProbability": token.logprob});
    let chosen: Vec<_> = tokens.iter().map(one).collect();
    let mut result = json!({"chosenCandidates": chosen});
    if tokens.iter().any(|token| !token.top.is_empty()) {
        let top =
            tokens.iter().map(|token| json!({"candidates": token.top.iter().map(one).collect::<Vec<_>>()}));
        result["topCandidates"] = top.collect();
    }
    result
}
