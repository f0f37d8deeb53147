//! A stream as the vendor's SDKs read it: its rules, and how its deltas are joined.
//!
//! Source: `lib/streaming` of the vendor's Python SDK 3.54.0 and `ChatCompletionStream` of its JavaScript SDK (read
//! 2026-11-23).

use serde_json::{Map, Value, json};
use tollgate_model::ChatRequest;

/// Reads a stream and returns what it comes to, in the shape of a whole answer.
pub(crate) fn join(text: &str, request: &ChatRequest, broken: bool) -> Value {
    let mut frames: Vec<&str> = text.strip_suffix("\n\n").unwrap().split("\n\n").collect();
    assert!(frames.iter().all(|frame| frame.starts_with("data: ") && !frame.contains('\n')), "{text}");
    let last = frames.pop().unwrap();
    if broken {
        let error: Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
        assert!(error["error"]["message"].is_string() && error["error"]["type"].is_string(), "{error}");
        assert!(!text.contains("[DONE]") && !text.contains(r#""finish_reason":""#), "{text}");
    } else {
        assert_eq!(last, "data: [DONE]");
    }
    let chunks: Vec<Value> =
        frames.iter().map(|frame| serde_json::from_str(&frame["data: ".len()..]).unwrap()).collect();
    let mut joined = json!({});
    let mut choices: Vec<Value> = Vec::new();
    for (place, chunk) in chunks.iter().enumerate() {
        rules(chunk, &chunks[0], request, place + 1 == chunks.len() && !broken);
        for (name, value) in chunk.as_object().unwrap().iter().filter(|(name, _)| *name != "choices") {
            joined[name] = value.clone();
        }
        for choice in chunk["choices"].as_array().unwrap() {
            add(&mut choices, choice);
        }
    }
    joined["object"] = "chat.completion".into();
    joined["choices"] = choices.into();
    joined
}

/// What is true of each chunk.
fn rules(chunk: &Value, first: &Value, request: &ChatRequest, last: bool) {
    for name in ["id", "object", "created", "model"] {
        assert!(!chunk[name].is_null() && chunk[name] == first[name], "{name} of {chunk}");
    }
    assert_eq!(chunk["object"], "chat.completion.chunk");
    let asked = request.stream_usage == Some(true);
    assert_eq!(chunk.get("usage").is_some(), asked, "usage where it is asked for: {chunk}");
    let choices = chunk["choices"].as_array().unwrap();
    assert!(choices.len() <= 1, "one choice a chunk: {chunk}");
    assert_eq!(choices.is_empty(), asked && last, "the usage stands alone, and last: {chunk}");
    assert!(choices.is_empty() || chunk["usage"].is_null(), "only the last chunk has usage: {chunk}");
}

/// Joins one choice of a chunk to what was said of it.
fn add(choices: &mut Vec<Value>, chunk: &Value) {
    let known = choices.iter().position(|choice| choice["index"] == chunk["index"]);
    let place = known.unwrap_or_else(|| {
        assert_eq!(chunk["delta"]["role"], "assistant", "a choice begins with its role: {chunk}");
        choices
            .push(json!({"index": chunk["index"], "message": {}, "logprobs": null, "finish_reason": null}));
        choices.len() - 1
    });
    let choice = &mut choices[place];
    assert!(choice["finish_reason"].is_null(), "nothing follows the finish reason: {chunk}");
    for (name, value) in chunk.as_object().unwrap() {
        match name.as_str() {
            "delta" => delta(choice["message"].as_object_mut().unwrap(), value.as_object().unwrap()),
            "logprobs" if value.is_null() => {}
            "logprobs" if choice["logprobs"].is_object() => tokens(&mut choice["logprobs"], value),
            _ => choice[name] = value.clone(),
        }
    }
}

fn tokens(known: &mut Value, more: &Value) {
    for name in ["content", "refusal"] {
        if let (Some(known), Some(more)) = (known[name].as_array_mut(), more[name].as_array()) {
            known.extend(more.iter().cloned());
        }
    }
}

/// Texts go on, lists are joined by the `index` of their elements, and everything else is replaced.
fn delta(known: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (known.get_mut(name).filter(|value| !value.is_null()), value) {
            (None, Value::Array(items)) if items.iter().any(|item| item.get("index").is_some()) => {
                let mut list = Vec::new();
                items.iter().for_each(|item| element(&mut list, item));
                known.insert(name.clone(), list.into());
            }
            (Some(Value::String(text)), Value::String(more)) if name != "type" => text.push_str(more),
            (Some(Value::Object(object)), Value::Object(more)) => delta(object, more),
            (Some(Value::Array(list)), Value::Array(more)) => {
                more.iter().for_each(|item| element(list, item));
            }
            _ => {
                known.insert(name.clone(), value.clone());
            }
        }
    }
}

fn element(list: &mut Vec<Value>, item: &Value) {
    let index = item["index"].as_u64();
    let index = index.unwrap_or_else(|| panic!("the SDK refuses an element without index: {item}"));
    match list.get_mut(usize::try_from(index).unwrap()) {
        Some(known) => delta(known.as_object_mut().unwrap(), item.as_object().unwrap()),
        None => list.push(item.clone()),
    }
}

/// Compares what a stream comes to with the whole answer. Nothing and an empty text say the same; indices are places.
pub(crate) fn assert_same(joined: &Value, whole: &Value) {
    let (mut joined, mut whole) = (joined.clone(), whole.clone());
    if joined.get("usage").is_none() {
        whole.as_object_mut().unwrap().shift_remove("usage");
    }
    clean(&mut joined);
    clean(&mut whole);
    assert_eq!(joined, whole, "joined, the stream says something else than the whole answer");
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove("index");
            fields.retain(|_, value| !value.is_null() && *value != "");
            fields.values_mut().for_each(clean);
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
