//! The interaction: as it is when all is done, and as it is in between.

use serde_json::{Value, json};

use crate::{
    clock::rfc3339,
    draft::{Draft, Finish},
    exchange::Exchange,
    memory::{Kept, Work},
    meter::MeteredUsage,
    prompt::Prompt,
};

/// Looks after which an answer in the background is there.
const LOOKS: u32 = 2;

/// Writes the finished object.
pub(super) fn make(
    exchange: &Exchange<'_>,
    id: &str,
    steps: &[Value],
    draft: &Draft,
    usage: &MeteredUsage,
    prompt: &Prompt,
) -> Value {
    let now = rfc3339(exchange.now);
    let mut object = json!({
        "id": id, "status": status(draft), "usage": self::usage(usage, prompt), "created": now, "updated": now,
        "service_tier": exchange.body["service_tier"].as_str().unwrap_or("standard"), "steps": steps,
        "object": "interaction",
    });
    match exchange.body["agent"].as_str() {
        Some(agent) => object["agent"] = json!(agent),
        None => object["model"] = json!(exchange.model),
    }
    if exchange.body["previous_interaction_id"].is_string() {
        object["previous_interaction_id"] = exchange.body["previous_interaction_id"].clone();
    }
    if exchange.fails {
        object["status"] = json!("failed");
        object["errors"] = json!([{"code": "internal", "message": "An internal error has occurred."}]);
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("usage");
            fields.shift_remove("steps");
        }
    }
    object
}

fn status(draft: &Draft) -> &'static str {
    match draft.finish {
        Finish::Length => "incomplete",
        Finish::Tools => "requires_action",
        Finish::End | Finish::StopString(_) | Finish::Refused | Finish::Filtered => "completed",
    }
}

/// Thoughts are apart from the output; the total adds up to everything.
fn usage(usage: &MeteredUsage, prompt: &Prompt) -> Value {
    let text = prompt.total() - prompt.image - prompt.audio - prompt.document;
    let kinds =
        [("text", text), ("image", prompt.image), ("audio", prompt.audio), ("document", prompt.document)];
    let by_kind: Vec<Value> = kinds
        .iter()
        .filter(|(_, tokens)| *tokens > 0)
        .map(|(modality, tokens)| json!({"modality": modality, "tokens": tokens}))
        .collect();
    let mut value = json!({
        "total_tokens": usage.input + usage.output, "total_input_tokens": usage.input,
        "input_tokens_by_modality": by_kind, "total_cached_tokens": usage.cache_read,
        "total_output_tokens": usage.output - usage.reasoning, "total_tool_use_tokens": 0,
        "total_thought_tokens": usage.reasoning,
    });
    if usage.cache_read > 0 {
        value["cached_tokens_by_modality"] = json!([{"modality": "text", "tokens": usage.cache_read}]);
    }
    value
}

/// Whether nothing will change any more.
pub(super) const fn is_over(kept: &Kept) -> bool {
    match kept.work {
        Work::Background { looks } => looks >= LOOKS,
        Work::Done | Work::Cancelled => true,
    }
}

/// The object as someone sees it who asks now.
pub(super) fn as_of_now(kept: &Kept) -> Value {
    match kept.work {
        Work::Background { looks } if looks < LOOKS => unfinished(&kept.object, "in_progress"),
        Work::Background { .. } | Work::Done => kept.object.clone(),
        Work::Cancelled => unfinished(&kept.object, "cancelled"),
    }
}

/// The object before there is anything in it.
pub(super) fn unfinished(object: &Value, status: &str) -> Value {
    let mut object = object.clone();
    object["status"] = json!(status);
    if let Some(fields) = object.as_object_mut() {
        for field in ["usage", "steps", "service_tier", "errors"] {
            fields.shift_remove(field);
        }
    }
    object
}
