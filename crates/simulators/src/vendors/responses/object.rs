//! The response object: as it is when all is done, and as it is in between.

use serde_json::{Value, json};

use super::{
    super::openai::{model, model::Model, strict},
    Dialect,
    output::Ids,
};
use crate::{
    draft::{Draft, Finish},
    exchange::Exchange,
    memory::{Kept, Work},
    meter::MeteredUsage,
};

/// Looks after which an answer in the background is there.
const LOOKS: u32 = 2;

/// Writes the finished object.
pub(super) fn make(
    exchange: &Exchange<'_>,
    dialect: Dialect,
    ids: &Ids,
    output: &[Value],
    draft: &Draft,
    usage: &MeteredUsage,
) -> Value {
    let mut object = frame(exchange, dialect, ids);
    if exchange.fails {
        object["status"] = json!("failed");
        object["error"] = json!({
            "code": "server_error",
            "message": "An error occurred while processing your request. You can retry your request.",
        });
        return object;
    }
    object["output"] = json!(output);
    object["usage"] = self::usage(dialect, exchange, usage);
    let cut_by = match draft.finish {
        Finish::Length => "max_output_tokens",
        Finish::Filtered => "content_filter",
        Finish::End | Finish::StopString(_) | Finish::Tools | Finish::Refused => {
            object["status"] = json!("completed");
            object["completed_at"] = json!(exchange.now);
            return object;
        }
    };
    object["status"] = json!("incomplete");
    object["incomplete_details"] = json!({"reason": cut_by});
    object
}

/// Everything that is known before the model begins.
fn frame(exchange: &Exchange<'_>, dialect: Dialect, ids: &Ids) -> Value {
    let body = exchange.body;
    let or = |field: &str, default: Value| match &body[field] {
        Value::Null => default,
        given => given.clone(),
    };
    let mut object = json!({
        "id": ids.response, "object": "response", "created_at": exchange.now, "status": "in_progress",
        "background": or("background", json!(false)), "completed_at": null, "error": null, "frequency_penalty": 0.0,
        "incomplete_details": null, "instructions": body["instructions"], "max_output_tokens": body["max_output_tokens"],
        "max_tool_calls": body["max_tool_calls"], "model": exchange.model, "output": [],
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)), "presence_penalty": 0.0,
        "previous_response_id": body["previous_response_id"], "prompt_cache_key": body["prompt_cache_key"],
        "reasoning": reasoning(exchange, dialect), "safety_identifier": body["safety_identifier"],
        "service_tier": model::tier(body["service_tier"].as_str()), "store": or("store", json!(true)),
        "temperature": or("temperature", json!(1.0)), "text": text(exchange, dialect),
        "tool_choice": or("tool_choice", json!("auto")), "tools": tools(&body["tools"], dialect),
        "top_logprobs": or("top_logprobs", json!(0)), "top_p": or("top_p", json!(1.0)),
        "truncation": or("truncation", json!("disabled")), "usage": null, "user": body["user"],
        "metadata": or("metadata", json!({})),
    });
    match dialect {
        Dialect::OpenAi => {
            object["model"] = json!(Model(exchange.model).dated());
            object["billing"] = json!({"payer": "developer"});
        }
        Dialect::Xai => object["metadata"]["system_fingerprint"] = json!("fp_3a7d20b1c4"),
    }
    object
}

fn reasoning(exchange: &Exchange<'_>, dialect: Dialect) -> Value {
    let asked = &exchange.body["reasoning"];
    let effort = match dialect.effort(exchange.model, exchange.body) {
        // A model that cannot reason has no effort; one that need not has this.
        "none" if asked["effort"].is_null() => Value::Null,
        effort => json!(effort),
    };
    match dialect {
        Dialect::Xai => json!({"effort": effort, "summary": "detailed"}),
        Dialect::OpenAi if Model(exchange.model).reasons() => json!({
            "context": asked["context"].as_str().unwrap_or("current_turn"), "effort": effort,
            "mode": asked["mode"].as_str().unwrap_or("standard"), "summary": asked["summary"],
        }),
        Dialect::OpenAi => json!({"effort": null, "summary": null}),
    }
}

fn text(exchange: &Exchange<'_>, dialect: Dialect) -> Value {
    let asked = &exchange.body["text"];
    let format = if asked["format"].is_null() { json!({"type": "text"}) } else { asked["format"].clone() };
    let mut text = json!({"format": format});
    if dialect == Dialect::OpenAi {
        text["verbosity"] = json!(asked["verbosity"].as_str().unwrap_or("medium"));
    }
    text
}

/// The tools as they are understood: one that does not say is followed strictly, where its schema allows.
fn tools(tools: &Value, dialect: Dialect) -> Value {
    let understood = |tool: &Value| {
        let mut tool = tool.clone();
        if tool["type"] != "function" {
            return tool;
        }
        if tool["description"].is_null() {
            tool["description"] = Value::Null;
        }
        if dialect == Dialect::OpenAi && tool["strict"].is_null() {
            let closed = strict::closed(&tool["parameters"]);
            let can_be = strict::fault(&closed).is_none();
            tool["strict"] = json!(can_be);
            if can_be {
                tool["parameters"] = closed;
            }
        }
        tool
    };
    tools.as_array().map_or_else(|| json!([]), |tools| tools.iter().map(understood).collect())
}

fn usage(dialect: Dialect, exchange: &Exchange<'_>, usage: &MeteredUsage) -> Value {
    let mut value = json!({
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    });
    match dialect {
        Dialect::OpenAi => {
            let written = usage.cache_write_5m;
            value["input_tokens_details"]["cache_write_tokens"] = json!(written);
            if Model(exchange.model).counts_cache_writes() {
                value["input_tokens_details"]["cache_write_tokens_details"] =
                    json!({"ttl_30m_tokens": written, "ttl_12h_tokens": 0});
            }
        }
        Dialect::Xai => {
            value["num_sources_used"] = json!(0);
            value["num_server_side_tools_used"] = json!(0);
            value["cost_in_usd_ticks"] = json!(usage.input * 12_500 + usage.output * 25_000);
            value["context_details"] = json!({"input_tokens": usage.input, "output_tokens": usage.output});
        }
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
        Work::Background { looks: 0 } => unfinished(&kept.object, "queued"),
        Work::Background { looks } if looks < LOOKS => unfinished(&kept.object, "in_progress"),
        Work::Background { .. } | Work::Done => kept.object.clone(),
        Work::Cancelled => unfinished(&kept.object, "cancelled"),
    }
}

/// The object before there is anything in it.
pub(super) fn unfinished(object: &Value, status: &str) -> Value {
    let mut object = object.clone();
    object["status"] = json!(status);
    object["output"] = json!([]);
    for field in ["completed_at", "error", "incomplete_details", "usage"] {
        object[field] = Value::Null;
    }
    object
}
