//! The rules of the conversation: who may say what, in which order.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{super::signature, model::Model, request::blocks, sealed};
use crate::exchange::{Exchange, Refusal, require};

pub(super) fn check(exchange: &Exchange<'_>, model: Model<'_>) -> Result<(), Refusal> {
    let Some(messages) = exchange.body["messages"].as_array() else {
        return Err(Refusal::bad("messages: Field required"));
    };
    require(!messages.is_empty(), || Refusal::bad("messages: at least one message is required"))?;
    for (at, message) in messages.iter().enumerate() {
        role(message, at, model)?;
        content(message, at, at + 1 == messages.len())?;
    }
    tool_turns(messages)?;
    thoughts(exchange, messages, model)?;
    prefill(exchange.body, messages, model)
}

fn role(message: &Value, at: usize, model: Model<'_>) -> Result<(), Refusal> {
    match message["role"].as_str() {
        Some("user" | "assistant") => Ok(()),
        Some("system") if model.takes_system_messages() => Ok(()),
        Some("system") => Err(Refusal::bad(
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.",
        )),
        Some(_) => Err(Refusal::bad(format!("messages.{at}.role: Input should be 'user' or 'assistant'"))),
        None if message.is_object() => Err(Refusal::bad(format!("messages.{at}.role: Field required"))),
        None => Err(Refusal::bad(format!("messages.{at}: Input does not match the expected shape."))),
    }
}

fn content(message: &Value, at: usize, is_last: bool) -> Result<(), Refusal> {
    let content = &message["content"];
    let is_user = message["role"] != "assistant";
    let may_be_empty = is_last && !is_user;
    let is_empty =
        content.as_str().is_some_and(str::is_empty) || content.as_array().is_some_and(Vec::is_empty);
    require(!content.is_null(), || Refusal::bad(format!("messages.{at}.content: Field required")))?;
    require(content.is_string() || content.is_array(), || {
        Refusal::bad(format!("messages.{at}.content: Input should be a valid string or list"))
    })?;
    require(!is_empty || may_be_empty, || {
        Refusal::bad(format!(
            "messages.{at}: all messages must have non-empty content except for the optional final assistant message"
        ))
    })?;
    for (index, block) in blocks(content).iter().enumerate() {
        let place = format!("messages.{at}.content.{index}");
        self::block(block, &place, is_user)?;
    }
    Ok(())
}

/// Of the SDK's types and of recorded requests; the last ones come with betas.
const KINDS: [&str; 21] = [
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "container_upload",
    "mid_conv_system",
    "compaction",
    "tool_addition",
];

fn block(block: &Value, place: &str, is_user: bool) -> Result<(), Refusal> {
    let kind = block["type"].as_str().unwrap_or("");
    require(KINDS.contains(&kind), || {
        Refusal::bad(format!(
            "{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags: '{}'",
            KINDS.join("', '")
        ))
    })?;
    match kind {
        "text" => {
            let text = block["text"].as_str().unwrap_or("");
            require(!text.is_empty(), || Refusal::bad("messages: text content blocks must be non-empty"))?;
            // An assistant is recorded with a space.
            require(!is_user || !text.trim().is_empty(), || {
                Refusal::bad("messages: text content blocks must contain non-whitespace text")
            })
        }
        "image" => {
            let source = &block["source"];
            let types = ["image/jpeg", "image/png", "image/gif", "image/webp"];
            let media = source["media_type"].as_str().unwrap_or("");
            require(source["type"] != "base64" || types.contains(&media), || {
                Refusal::bad(format!(
                    "{place}.image.source.base64.media_type: Input should be '{}'",
                    types.join("', '")
                ))
            })?;
            require(matches!(source["type"].as_str(), Some("base64" | "url" | "file")), || {
                Refusal::bad(format!(
                    "{place}.image.source: Input tag does not match any of the expected tags: 'base64', 'url', 'file'"
                ))
            })
        }
        "tool_use" => {
            // A gateway brings ids of other vendors: this is where they fail.
            let id = block["id"].as_str().unwrap_or("");
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
            require(!id.is_empty() && id.chars().all(allowed), || {
                Refusal::bad(format!("{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"))
            })?;
            require(block["input"].is_object(), || {
                Refusal::bad(format!("{place}.tool_use.input: Input should be an object"))
            })
        }
        _ => Ok(()),
    }
}

/// Neighbours of one role are one turn.
fn turns(messages: &[Value]) -> Vec<(&Value, usize, Vec<&Value>)> {
    let mut turns: Vec<(&Value, usize, Vec<&Value>)> = Vec::new();
    for (at, message) in messages.iter().enumerate().filter(|(_, message)| message["role"] != "system") {
        match turns.last_mut() {
            Some((role, _, content)) if **role == message["role"] => {
                content.extend(blocks(&message["content"]))
            }
            _ => turns.push((&message["role"], at, blocks(&message["content"]).iter().collect())),
        }
    }
    turns
}

/// Each call has its result at the head of the very next turn, and each result its call.
fn tool_turns(messages: &[Value]) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    for (role, at, content) in turns(messages) {
        if role == "assistant" {
            open.clear();
            // Of one turn: from turn to turn an id may come again, as recorded.
            let mut ids = HashSet::new();
            for (index, call) in content.iter().enumerate().filter(|(_, block)| block["type"] == "tool_use") {
                let id = call["id"].as_str().unwrap_or("");
                require(ids.insert(id), || {
                    Refusal::bad(format!("messages.{at}.content.{index}: `tool_use` ids must be unique"))
                })?;
                open.push(id);
            }
            continue;
        }
        let leading = content.iter().take_while(|block| block["type"] == "tool_result").count();
        for (index, result) in content.iter().enumerate().filter(|(_, block)| block["type"] == "tool_result")
        {
            let id = result["tool_use_id"].as_str().unwrap_or("");
            let place = open.iter().position(|open| *open == id);
            let Some(place) = place else {
                return Err(Refusal::bad(format!(
                    "messages.{at}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
                     Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )));
            };
            if index < leading {
                open.swap_remove(place);
            }
        }
        require(open.is_empty(), || unanswered(at, &open))?;
    }
    require(open.is_empty(), || unanswered(messages.len(), &open))
}

fn unanswered(at: usize, open: &[&str]) -> Refusal {
    Refusal::bad(format!(
        "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. \
         Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    ))
}

fn is_thought(block: &Value) -> bool {
    matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"))
}

/// Thoughts come back as they went out; with a budget, the turn that called tools begins with them.
fn thoughts(exchange: &Exchange<'_>, messages: &[Value], model: Model<'_>) -> Result<(), Refusal> {
    for (at, message) in messages.iter().enumerate() {
        for (index, block) in
            blocks(&message["content"]).iter().enumerate().filter(|(_, block)| is_thought(block))
        {
            let place = format!("messages.{at}.content.{index}");
            if block["type"] == "redacted_thinking" {
                let data = block["data"].as_str().unwrap_or("");
                require(signature::is_own(exchange.seed, sealed::REDACTED, data), || {
                    Refusal::bad(format!("{place}: Invalid `data` in `redacted_thinking` block"))
                })?;
                continue;
            }
            let Some(seal) = block["signature"].as_str() else {
                return Err(Refusal::bad(format!("{place}.thinking.signature: Field required")));
            };
            let text = block["thinking"].as_str().unwrap_or("");
            let bound = !model.seals_bind_to_model() || signature::is_of_model(exchange.model, seal);
            let sealed = sealed::text(model, text, &messages[..at]);
            require(bound && signature::is_own(exchange.seed, &sealed, seal), || {
                Refusal::bad(format!("{place}: Invalid `signature` in `thinking` block"))
            })?;
        }
    }
    let Some(last) = messages.iter().rposition(|message| message["role"] == "assistant") else {
        return Ok(());
    };
    let content = blocks(&messages[last]["content"]);
    let is_open_loop = content.iter().any(|block| block["type"] == "tool_use") && last + 2 == messages.len();
    let first = content.first().and_then(|block| block["type"].as_str()).unwrap_or("");
    let must_think = exchange.body["thinking"]["type"] == "enabled" && is_open_loop;
    require(!must_think || first.ends_with("thinking"), || {
        Refusal::bad(format!(
            "messages.{last}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is \
             enabled, a final `assistant` message must start with a thinking block."
        ))
    })
}

fn prefill(body: &Value, messages: &[Value], model: Model<'_>) -> Result<(), Refusal> {
    let Some(last) = messages.last().filter(|message| message["role"] == "assistant") else { return Ok(()) };
    require(model.takes_prefill(), || {
        Refusal::bad(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )
    })?;
    let thinks = body["thinking"]["type"] == "enabled";
    require(!thinks, || {
        Refusal::bad("Prefilling assistant messages is not supported when thinking is enabled.")
    })?;
    let text = last["content"]
        .as_str()
        .or_else(|| blocks(&last["content"]).last().and_then(|block| block["text"].as_str()));
    require(text.is_none_or(|text| text.trim_end() == text), || {
        Refusal::bad("messages: final assistant content cannot end with trailing whitespace")
    })
}
