//! Canonical → a complete answer.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{ChatRequest, ChatResponse, FinishReason, Losses, Usage};
use tollgate_provider::json_writer::Object;

use crate::{
    interactions::{
        FORMAT, status,
        steps::{Direction, ModelSteps},
        usage,
    },
    time::rfc3339,
};

/// Writes the body, and names what it cannot say.
pub(in crate::interactions) fn encode(
    request: &ChatRequest,
    response: &ChatResponse,
    now_unix: i64,
) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(1024);
    let created = response.created.unwrap_or(now_unix);
    response.extra.lose_unless(&FORMAT, "", &mut losses);
    let mut body = Object::begin(&mut out);
    match &response.id {
        Some(id) => body.field("id", id),
        None => body.field("id", &made_id(created)),
    };
    for choice in response.choices.iter().skip(1) {
        losses.dropped(format!("choices[{}]", choice.index), "the format gives one answer");
    }
    let mut steps = body.array("steps");
    if let Some(choice) = response.choices.first() {
        let index = choice.index;
        let mut writer = ModelSteps { direction: Direction::Answer, placeholder: None, losses: &mut losses };
        writer.write(&mut steps, &choice.parts, |part| format!("choices[{index}].parts[{part}]"));
        if !choice.logprobs.is_empty() {
            losses.dropped(
                format!("choices[{index}].logprobs"),
                "the format does not say how likely tokens are",
            );
        }
    }
    steps.end();
    let reason = response.choices.first().and_then(|choice| choice.finish_reason.as_ref());
    let tier = response.service_tier.as_deref();
    tail(&mut body, reason, response.usage.as_ref(), tier, response.extra.fields(&FORMAT), &mut losses);
    body.optional("created", rfc3339(created)).optional("updated", rfc3339(created));
    body.field("object", "interaction");
    body.field("model", response.model.as_ref().unwrap_or(&request.model));
    body.end();
    (out.freeze(), losses)
}

/// An id for an answer that has none.
pub(in crate::interactions) fn made_id(created: i64) -> String {
    format!("v1_{created}")
}

/// Writes what is known when an answer is over.
pub(in crate::interactions) fn tail(
    body: &mut Object<'_>,
    reason: Option<&FinishReason>,
    usage: Option<&Usage>,
    service_tier: Option<&str>,
    extra: Option<&Map<String, Value>>,
    losses: &mut Losses,
) {
    let said = status::encode(reason);
    body.field("status", said.status);
    if let Some(error) = said.error {
        let mut errors = body.array("errors");
        let mut object = errors.object();
        object.field("code", error).field("message", "the answer was stopped");
        object.end();
        errors.end();
    }
    if let Some(why) = said.why {
        losses.approximated("choices[0].finish_reason", why);
    }
    if let Some(counted) = usage {
        usage::lose(counted, losses);
        let own = extra.and_then(|extra| extra.get("usage")?.as_object());
        usage::write(body.key("usage"), counted, own);
    }
    match service_tier {
        None => {}
        Some("default") => {
            body.field("service_tier", "standard");
        }
        Some(tier @ ("standard" | "flex" | "priority" | "deferred")) => {
            body.field("service_tier", tier);
        }
        Some(_) => losses.dropped("service_tier", "the format has no word for it"),
    }
    for name in ["usage", "created", "updated", "object", "model"] {
        body.skip(name);
    }
    body.extra(extra);
}
