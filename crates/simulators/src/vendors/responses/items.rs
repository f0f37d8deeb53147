//! Items as they are kept and listed.

use http::StatusCode;
use serde_json::{Value, json};

use super::{no_such_response, sealed};
use crate::{
    dice::{Dice, HEX},
    exchange::{Exchange, Refusal, require},
    reply::Reply,
};

/// An item of the input as it is kept: with an id, its content as a list.
pub(super) fn listed(mut item: Value, dice: &mut Dice) -> Value {
    if item["type"].is_null() {
        item["type"] = json!("message");
    }
    let prefix = match item["type"].as_str() {
        Some("message") => "msg",
        Some("reasoning") => "rs",
        Some("function_call" | "function_call_output") => "fc",
        Some("custom_tool_call" | "custom_tool_call_output") => "ctc",
        _ => "item",
    };
    if item["id"].is_null() {
        item["id"] = json!(format!("{prefix}_{}", dice.id(50, HEX)));
    }
    if item["type"] == "message" {
        if let Some(text) = item["content"].as_str() {
            item["content"] = match item["role"].as_str() {
                Some("assistant") => {
                    json!([{"type": "output_text", "annotations": [], "logprobs": [], "text": text}])
                }
                _ => json!([{"type": "input_text", "text": text}]),
            };
        }
        if item["status"].is_null() {
            item["status"] = json!("completed");
        }
    }
    item
}

/// Whether a query asks for the content of reasoning.
pub(super) fn wants_encrypted(exchange: &Exchange<'_>) -> bool {
    exchange.query.contains("reasoning.encrypted_content")
}

/// The input of one response, page by page; the last item first unless it is asked otherwise.
pub(super) fn list(exchange: &Exchange<'_>, id: &str) -> Result<Reply, Refusal> {
    let Some(mut kept) = exchange.memory.get(id) else { return Err(no_such_response(id)) };
    if !wants_encrypted(exchange) {
        sealed::hide(kept.input.iter_mut());
    }
    if exchange.asked("order") != Some("asc") {
        kept.input.reverse();
    }
    let limit = exchange.asked("limit").map_or(Some(20), |limit| limit.parse::<usize>().ok());
    let Some(limit) = limit.filter(|limit| (1..=100).contains(limit)) else {
        return Err(Refusal::bad("Invalid 'limit': expected an integer from 1 to 100.").param("limit"));
    };
    let after = exchange.asked("after");
    let start = after.map(|after| kept.input.iter().position(|item| item["id"] == *after));
    require(start != Some(None), || {
        Refusal::not_found(format!("Item with id '{}' not found.", after.unwrap_or(""))).param("after")
    })?;
    let start = start.flatten().map_or(0, |at| at + 1);
    let page = &kept.input[start..kept.input.len().min(start + limit)];
    let id_of = |item: Option<&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    let list = json!({
        "object": "list", "data": page, "first_id": id_of(page.first()), "last_id": id_of(page.last()),
        "has_more": start + page.len() < kept.input.len(),
    });
    Ok(Reply::json(StatusCode::OK, &list))
}
