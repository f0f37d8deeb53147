//! Canonical → a complete answer.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{ChatRequest, ChatResponse, Choice, Content, Losses};
use tollgate_provider::json_writer::Object;

use super::{
    candidate::{self, Cited},
    parts, usage,
};
use crate::{generate_content::FORMAT, time::rfc3339};

/// Writes the body, and names what it cannot say.
pub(in crate::generate_content) fn encode(request: &ChatRequest, response: &ChatResponse) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(1024);
    let extra = response.extra.fields(&FORMAT);
    response.extra.lose_unless(&FORMAT, "", &mut losses);
    let mut body = Object::begin(&mut out);
    if is_refused_prompt(response, extra) {
        body.skip("candidates");
    } else {
        let mut candidates = body.array("candidates");
        for choice in &response.choices {
            write_candidate(candidates.object(), choice, extra, &mut losses);
        }
        candidates.end();
    }
    write_counts(&mut body, response, extra, &mut losses);
    body.field("modelVersion", response.model.as_ref().unwrap_or(&request.model));
    body.optional("responseId", response.id.as_ref());
    body.optional("createTime", response.created.and_then(rfc3339));
    body.extra(extra);
    body.end();
    (out.freeze(), losses)
}

/// Whether the vendor refused the prompt: then there is no candidate.
fn is_refused_prompt(response: &ChatResponse, extra: Option<&Map<String, Value>>) -> bool {
    is_refusal(extra) && response.choices.iter().all(|choice| choice.parts.is_empty())
}

/// Whether `promptFeedback` says that the prompt is refused.
pub(in crate::generate_content) fn is_refusal(extra: Option<&Map<String, Value>>) -> bool {
    let feedback = extra.and_then(|extra| extra.get("promptFeedback"));
    feedback.is_some_and(|feedback| feedback.get("blockReason").is_some())
}

/// What the vendor said of a candidate besides.
pub(in crate::generate_content) fn of_candidate(
    extra: Option<&Map<String, Value>>,
    index: u32,
) -> Option<Map<String, Value>> {
    let candidates = extra?.get("candidates")?.as_array()?;
    let own = candidates.iter().filter_map(Value::as_object);
    let mut own = own.filter(|fields| fields.get("index").and_then(Value::as_u64) == Some(index.into()));
    own.next().cloned()
}

fn write_candidate(
    mut object: Object<'_>,
    choice: &Choice,
    extra: Option<&Map<String, Value>>,
    losses: &mut Losses,
) {
    let mut content = object.object("content");
    let mut list = content.array("parts");
    let mut cited = Vec::new();
    let mut written = 0;
    for (number, part) in choice.parts.iter().enumerate() {
        let place = format!("choices[{}].parts[{number}]", choice.index);
        parts::write(&mut list, part, &place, losses);
        if let Content::Text(text) = &part.content {
            let span = (written, written + text.text.len());
            written = span.1;
            cited.extend(text.citations.iter().enumerate().map(|(number, citation)| Cited {
                citation,
                span,
                place: format!("{place}.citations[{number}]"),
            }));
        }
    }
    list.end();
    content.field("role", "model");
    content.end();
    if !choice.logprobs.is_empty() {
        object.field("logprobsResult", &candidate::logprobs(&choice.logprobs, choice.index, losses));
    }
    let extra = of_candidate(extra, choice.index);
    candidate::end(object, choice.index, choice.finish_reason.as_ref(), &cited, extra.as_ref(), losses);
}

fn write_counts(
    body: &mut Object<'_>,
    response: &ChatResponse,
    extra: Option<&Map<String, Value>>,
    losses: &mut Losses,
) {
    let own = extra.and_then(|extra| extra.get("usageMetadata")?.as_object());
    let tier = tier(response.service_tier.as_deref(), losses);
    if response.usage.is_some() || tier.is_some() || own.is_some() {
        let counted = response.usage.unwrap_or_default();
        usage::lose(&counted, extra.is_some_and(|extra| extra.contains_key("candidates")), losses);
        usage::write(body.key("usageMetadata"), &counted, tier, own);
    }
}

/// The class of service that was used, in the vendor's words.
pub(in crate::generate_content) fn tier<'a>(said: Option<&'a str>, losses: &mut Losses) -> Option<&'a str> {
    let tier = usage::service_tier(said?);
    if tier.is_none() {
        losses.dropped("service_tier", "the format has no word for it");
    }
    tier
}
