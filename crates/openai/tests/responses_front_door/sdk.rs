//! A stream as the vendor's SDKs read it: what they check, and what they come to.
//!
//! Source: the accumulators of the vendor's Python SDK 3.54.0 and of its JavaScript SDK (read 2026-11-23).

use serde_json::{Value, json};

/// An item while it grows.
#[derive(Debug)]
struct Growing {
    item: Value,
    done: bool,
}

/// Reads a stream and returns the whole answer that it ends with.
pub(crate) fn join(text: &str, broken: bool) -> Value {
    let events = events(text);
    let mut items: Vec<Growing> = Vec::new();
    let (last, body) = events.split_last().unwrap();
    let kinds = |events: &[Value]| -> Vec<String> {
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let body = if broken {
        assert_eq!(last["type"], "response.failed");
        let (error, body) = body.split_last().unwrap();
        assert_eq!(error["type"], "error");
        for holder in [error, &error["error"]] {
            assert!(holder["message"].is_string() && holder.get("code").is_some(), "{error}");
        }
        assert!(error["error"]["type"].is_string());
        body
    } else {
        body
    };
    if !body.is_empty() {
        assert_eq!(kinds(&body[..2]), ["response.created", "response.in_progress"]);
    }
    for event in body.iter().skip(2) {
        let kind = event["type"].as_str().unwrap();
        grow(&mut items, kind, event);
    }
    let answer = &last["response"];
    for head in body.iter().take(2) {
        for name in ["id", "model", "created_at", "object"] {
            assert_eq!(head["response"][name], answer[name], "{name} changes");
        }
        assert_eq!(
            (&head["response"]["status"], &head["response"]["output"]),
            (&json!("in_progress"), &json!([]))
        );
    }
    if broken {
        assert_eq!(answer["status"], "failed");
        assert_eq!(answer["error"]["message"], events[events.len() - 2]["message"]);
        let done: Vec<&Value> = items.iter().filter(|item| item.done).map(|item| &item.item).collect();
        assert_eq!(answer["output"].as_array().unwrap().iter().collect::<Vec<_>>(), done);
        return answer.clone();
    }
    let kind = if answer["status"] == "completed" { "response.completed" } else { "response.incomplete" };
    assert_eq!(last["type"], kind);
    assert!(items.iter().all(|item| item.done), "an item has no end: {items:?}");
    let told: Vec<&Value> = items.iter().map(|item| &item.item).collect();
    assert_eq!(answer["output"].as_array().unwrap().iter().collect::<Vec<_>>(), told, "items differ");
    required(answer);
    answer.clone()
}

/// Cuts a stream into its events: named as they are typed, and numbered from 0 without a gap.
fn events(text: &str) -> Vec<Value> {
    let frames = text.strip_suffix("\n\n").unwrap().split("\n\n");
    frames
        .enumerate()
        .map(|(number, frame)| {
            let (name, data) = frame.split_once('\n').unwrap();
            let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name.strip_prefix("event: ").unwrap(), event["type"].as_str().unwrap());
            assert_eq!(event["sequence_number"].as_u64().unwrap(), number as u64, "{event}");
            event
        })
        .collect()
}

fn grow(items: &mut Vec<Growing>, kind: &str, event: &Value) {
    let index = usize::try_from(event["output_index"].as_u64().unwrap()).unwrap();
    if kind == "response.output_item.added" {
        assert_eq!(index, items.len(), "items come in order: {event}");
        items.push(Growing { item: event["item"].clone(), done: false });
        return;
    }
    let growing = &mut items[index];
    assert!(!growing.done, "something follows the end of an item: {event}");
    if kind == "response.output_item.done" {
        end(growing, &event["item"]);
        return;
    }
    assert_eq!(event["item_id"], growing.item["id"], "{event}");
    let item = &mut growing.item;
    let place = |name: &str| usize::try_from(event[name].as_u64().unwrap()).unwrap();
    match kind {
        "response.content_part.added" => add(&mut item["content"], place("content_index"), &event["part"]),
        "response.reasoning_summary_part.added" => {
            add(&mut item["summary"], place("summary_index"), &event["part"]);
        }
        "response.output_text.delta" => {
            let content = &mut item["content"][place("content_index")];
            push(&mut content["text"], &event["delta"]);
            let more = event["logprobs"].as_array().unwrap().clone();
            content["logprobs"].as_array_mut().unwrap().extend(more);
        }
        "response.refusal.delta" => {
            push(&mut item["content"][place("content_index")]["refusal"], &event["delta"]);
        }
        "response.reasoning_text.delta" => {
            push(&mut item["content"][place("content_index")]["text"], &event["delta"]);
        }
        "response.reasoning_summary_text.delta" => {
            push(&mut item["summary"][place("summary_index")]["text"], &event["delta"]);
        }
        "response.function_call_arguments.delta" => push(&mut item["arguments"], &event["delta"]),
        "response.custom_tool_call_input.delta" => push(&mut item["input"], &event["delta"]),
        "response.output_text.annotation.added" => {
            let list = item["content"][place("content_index")]["annotations"].as_array_mut().unwrap();
            assert_eq!(place("annotation_index"), list.len());
            list.push(event["annotation"].clone());
        }
        "response.output_text.done" => {
            let content = &item["content"][place("content_index")];
            assert_eq!((&event["text"], &event["logprobs"]), (&content["text"], &content["logprobs"]));
        }
        "response.refusal.done" => {
            assert_eq!(event["refusal"], item["content"][place("content_index")]["refusal"]);
        }
        "response.content_part.done" => assert_eq!(event["part"], item["content"][place("content_index")]),
        "response.reasoning_text.done" => {
            assert_eq!(event["text"], item["content"][place("content_index")]["text"]);
        }
        "response.reasoning_summary_text.done" => {
            assert_eq!(event["text"], item["summary"][place("summary_index")]["text"]);
        }
        "response.reasoning_summary_part.done" => {
            assert_eq!(event["part"], item["summary"][place("summary_index")]);
        }
        "response.function_call_arguments.done" => {
            assert_eq!((&event["arguments"], &event["name"]), (&item["arguments"], &item["name"]));
        }
        "response.custom_tool_call_input.done" => assert_eq!(event["input"], item["input"]),
        _ => panic!("no such event: {event}"),
    }
}

fn add(list: &mut Value, place: usize, part: &Value) {
    if list.is_null() {
        *list = json!([]);
    }
    let list = list.as_array_mut().unwrap();
    assert_eq!(place, list.len(), "parts come in order: {part}");
    list.push(part.clone());
}

fn push(text: &mut Value, delta: &Value) {
    let joined = text.as_str().unwrap().to_owned() + delta.as_str().unwrap();
    *text = joined.into();
}

/// What an item grew to must be what its end says, but for what is told at the end only.
fn end(growing: &mut Growing, item: &Value) {
    let grown = growing.item.as_object().unwrap();
    for (name, value) in grown.iter().filter(|(name, _)| !matches!(name.as_str(), "status" | "result")) {
        assert_eq!(&item[name], value, "{name} of {item}");
    }
    growing.item = item.clone();
    growing.done = true;
}

/// What every answer has.
fn required(answer: &Value) {
    for name in [
        "id",
        "object",
        "created_at",
        "status",
        "error",
        "incomplete_details",
        "instructions",
        "metadata",
        "model",
        "output",
        "parallel_tool_calls",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
        "usage",
    ] {
        assert!(answer.get(name).is_some(), "{name} is missing: {answer}");
    }
    let usage = &answer["usage"];
    if !usage.is_null() {
        for count in [
            &usage["input_tokens"],
            &usage["input_tokens_details"]["cached_tokens"],
            &usage["input_tokens_details"]["cache_write_tokens"],
            &usage["output_tokens"],
            &usage["output_tokens_details"]["reasoning_tokens"],
            &usage["total_tokens"],
        ] {
            assert!(count.is_u64(), "{usage}");
        }
    }
}
