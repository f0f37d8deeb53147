//! The conversation that a call continues: what is kept of earlier turns, and what came along, checked item by item.

mod shape;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Dialect, items, sealed};
use crate::{
    dice::Dice,
    exchange::{Exchange, Refusal, require},
};

/// What a model reads.
#[derive(Debug)]
pub(super) struct Turn {
    /// What came with this call, each item with its id.
    pub(super) input: Vec<Value>,
    /// Earlier turns and the input.
    pub(super) context: Vec<Value>,
}

/// Reads and checks the conversation.
pub(super) fn read(exchange: &Exchange<'_>, dialect: Dialect) -> Result<Turn, Refusal> {
    let mut context = earlier(exchange)?;
    let mut dice = Dice::new(exchange.once() ^ 0x1D5);
    let mut input = Vec::new();
    for (at, item) in given(&exchange.body["input"])?.iter().enumerate() {
        shape::check(item, at, dialect)?;
        let item = stored(exchange, item)?;
        unbroken(exchange, dialect, &item)?;
        input.push(items::listed(item, &mut dice));
    }
    // How the others pair their items is not known.
    if dialect == Dialect::OpenAi {
        reasoning_leads_somewhere(&input)?;
        reasoning_came_along(exchange, &input)?;
    }
    context.extend(input.iter().cloned());
    if dialect == Dialect::OpenAi {
        calls_are_answered(&context)?;
    }
    Ok(Turn { input, context })
}

/// Everything up to the response that this call continues.
fn earlier(exchange: &Exchange<'_>) -> Result<Vec<Value>, Refusal> {
    let Some(id) = exchange.body["previous_response_id"].as_str() else { return Ok(Vec::new()) };
    // Source: maximhq/bifrost#2441 for the code and the status.
    let Some(kept) = exchange.memory.get(id) else {
        return Err(Refusal::bad(format!("Previous response with id '{id}' not found."))
            .param("previous_response_id")
            .code("previous_response_not_found"));
    };
    Ok([kept.context, kept.output].concat())
}

fn given(input: &Value) -> Result<Vec<Value>, Refusal> {
    match input {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![json!({"role": "user", "content": text})]),
        Value::Array(items) => Ok(items.clone()),
        _ => Err(Refusal::bad("Invalid type for 'input': expected one of a string or array of input items.")
            .param("input")
            .code("invalid_type")),
    }
}

/// Finds what stands for itself by its id alone: references, and reasoning without its content.
///
/// Source: can1357/oh-my-pi#41 for status and words.
fn stored(exchange: &Exchange<'_>, item: &Value) -> Result<Value, Refusal> {
    let is_bare = item["type"] == "reasoning" && item["encrypted_content"].as_str().is_none_or(str::is_empty);
    let id = item["id"].as_str().filter(|_| is_bare || item["type"] == "item_reference");
    let Some(id) = id else { return Ok(item.clone()) };
    let found = exchange.memory.item(id).map(|item| item.value);
    found.ok_or_else(|| {
        let hint = "Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.";
        Refusal {
            status: StatusCode::NOT_FOUND,
            ..Refusal::bad(format!("Item with id '{id}' not found. {hint}")).param("input")
        }
    })
}

/// Source: openai/codex#8145 and Wei-Shaw/sub2api#2863 for code and words; BerriAI/litellm#15782 for the id.
fn unbroken(exchange: &Exchange<'_>, dialect: Dialect, item: &Value) -> Result<(), Refusal> {
    let content = item["encrypted_content"].as_str().filter(|content| !content.is_empty());
    let Some(content) = content.filter(|_| item["type"] == "reasoning") else { return Ok(()) };
    let id = item["id"].as_str();
    sealed::check(exchange.seed, dialect, id, content).map_err(|broken| {
        let shown = |from: usize, to: usize| content.get(from..to).unwrap_or("");
        let ends = format!("{}...{}", shown(0, 4), shown(content.len().saturating_sub(4), content.len()));
        let reason = match broken {
            sealed::Broken::Unreadable => "Encrypted content could not be decrypted or parsed.",
            sealed::Broken::Misplaced => "Encrypted content item_id did not match the target item id.",
        };
        Refusal::bad(format!("The encrypted content {ends} could not be verified. Reason: {reason}"))
            .code("invalid_encrypted_content")
    })
}

/// A thought is followed by what it led to.
///
/// Source: continuedev/continue#8933, openai/openai-node#1567.
fn reasoning_leads_somewhere(input: &[Value]) -> Result<(), Refusal> {
    for (at, item) in input.iter().enumerate().filter(|(_, item)| item["type"] == "reasoning") {
        let next = input.get(at + 1).unwrap_or(&Value::Null);
        let kind = next["type"].as_str().unwrap_or("");
        let leads = match kind {
            "message" => next["role"] == "assistant",
            _ => !kind.is_empty() && !kind.ends_with("_output"),
        };
        let id = item["id"].as_str().unwrap_or("");
        require(leads, || {
            Refusal::bad(format!(
                "Item '{id}' of type 'reasoning' was provided without its required following item."
            ))
            .param("input")
        })?;
    }
    Ok(())
}

/// What is known to have come of a thought comes back behind it. Of items that are not kept nothing is known.
///
/// Source: continuedev/continue#11466, #11994.
fn reasoning_came_along(exchange: &Exchange<'_>, input: &[Value]) -> Result<(), Refusal> {
    for (at, item) in input.iter().enumerate() {
        let id = item["id"].as_str().unwrap_or("");
        let Some(needs) = exchange.memory.item(id).and_then(|known| known.needs) else { continue };
        let kind = item["type"].as_str().unwrap_or("");
        require(input[..at].iter().any(|before| before["id"] == *needs), || {
            Refusal::bad(format!(
                "Item '{id}' of type '{kind}' was provided without its required 'reasoning' item: '{needs}'."
            ))
            .param("input")
        })?;
    }
    Ok(())
}

/// Each result has its call before it, and each call its result somewhere behind it.
///
/// Source: continuedev/continue#10092, microsoft/vscode#320060 for words and `param`.
fn calls_are_answered(context: &[Value]) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    let mut called: Vec<&str> = Vec::new();
    for item in context {
        let id = item["call_id"].as_str().unwrap_or("");
        match item["type"].as_str() {
            Some("function_call" | "custom_tool_call") => {
                open.push(id);
                called.push(id);
            }
            // A search for tools that the client does itself is answered as well, as recorded.
            Some(kind) if kind.ends_with("_call") => called.push(id),
            Some("function_call_output" | "custom_tool_call_output") => {
                require(called.contains(&id), || {
                    Refusal::bad(format!("No tool call found for function call output with call_id {id}."))
                        .param("input")
                })?;
                open.retain(|open| *open != id);
            }
            _ => {}
        }
    }
    require(open.is_empty(), || {
        Refusal::bad(format!("No tool output found for function call {}.", open[0])).param("input")
    })
}
