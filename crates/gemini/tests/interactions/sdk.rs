//! A stream as the vendor's SDKs read it: its rules, and how its steps are put together.
//!
//! Source: the types of events in the vendor's Python SDK 3.4.0 and
//! <https://ai.google.dev/gemini-api/docs/interactions/streaming> (read 2026-11-23).

use serde_json::{Map, Value, json};

/// Reads a stream and returns the steps that it comes to.
pub(crate) fn join(text: &str, broken: bool) -> Value {
    let mut frames: Vec<&str> = text.strip_suffix("\n\n").unwrap().split("\n\n").collect();
    if !broken {
        assert_eq!(frames.pop(), Some("event: done\ndata: [DONE]"));
    }
    let events: Vec<Value> = frames.iter().map(|frame| event(frame)).collect();
    let last = events.last().unwrap();
    if broken {
        assert_eq!(last["event_type"], "error");
        assert!(last["error"]["code"].is_string() && last["error"]["message"].is_string(), "{last}");
        assert!(events.iter().all(|event| event["event_type"] != "interaction.completed"));
    } else {
        assert_eq!(events[0]["event_type"], "interaction.created");
        assert_eq!(last["event_type"], "interaction.completed");
        assert_eq!(last["interaction"]["id"], events[0]["interaction"]["id"]);
        assert!(last["interaction"]["status"].is_string() && last["interaction"].get("steps").is_none());
    }
    let mut steps: Vec<Value> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    for event in &events {
        let index = event["index"].as_u64().map(|index| usize::try_from(index).unwrap());
        match event["event_type"].as_str().unwrap() {
            "step.start" => {
                assert_eq!(index, Some(steps.len()), "steps are numbered in order: {event}");
                steps.push(event["step"].clone());
                open.push(true);
            }
            "step.delta" => {
                assert!(open[index.unwrap()], "a step that is over grows: {event}");
                grow(steps[index.unwrap()].as_object_mut().unwrap(), &event["delta"]);
            }
            "step.stop" => assert!(std::mem::take(&mut open[index.unwrap()]), "{event}"),
            _ => assert!(index.is_none()),
        }
    }
    assert!(broken || open.iter().all(|open| !open), "a step is not over");
    for step in &mut steps {
        if let Some(arguments) = step.as_object_mut().unwrap().shift_remove("grown") {
            step["arguments"] = serde_json::from_str(arguments.as_str().unwrap()).unwrap();
        }
    }
    steps.into()
}

fn event(frame: &str) -> Value {
    let (name, data) = frame.split_once('\n').unwrap();
    let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(name.strip_prefix("event: "), event["event_type"].as_str(), "both say the type: {frame}");
    event
}

fn grow(step: &mut Map<String, Value>, delta: &Value) {
    let list = |step: &mut Map<String, Value>, name: &str| {
        step.entry(name).or_insert_with(|| json!([])).as_array_mut().unwrap().clone()
    };
    let mut list_of = |name: &str, change: &dyn Fn(&mut Vec<Value>)| {
        let mut items = list(step, name);
        change(&mut items);
        step.insert(name.to_owned(), items.into());
    };
    match delta["type"].as_str().unwrap() {
        "text" => list_of("content", &|items| match items.last_mut().filter(|last| last["type"] == "text") {
            Some(last) => {
                last["text"] =
                    (last["text"].as_str().unwrap().to_owned() + delta["text"].as_str().unwrap()).into();
            }
            None => items.push(delta.clone()),
        }),
        "text_annotation_delta" => list_of("content", &|items| {
            if items.is_empty() {
                items.push(json!({"type": "text", "text": ""}));
            }
            let last = items.last_mut().unwrap().as_object_mut().unwrap();
            let known = last.entry("annotations").or_insert_with(|| json!([])).as_array_mut().unwrap();
            known.extend(delta["annotations"].as_array().unwrap().iter().cloned());
        }),
        "audio" => {
            list_of("content", &|items| match items.last_mut().filter(|last| last["type"] == "audio") {
                Some(last) => {
                    last["data"] =
                        (last["data"].as_str().unwrap().to_owned() + delta["data"].as_str().unwrap()).into();
                }
                None => items.push(delta.clone()),
            })
        }
        "thought_summary" => list_of("summary", &|items| match items.last_mut() {
            Some(last) => {
                let more = delta["content"]["text"].as_str().unwrap();
                last["text"] = (last["text"].as_str().unwrap().to_owned() + more).into();
            }
            None => items.push(delta["content"].clone()),
        }),
        "thought_signature" => {
            step.insert("signature".to_owned(), delta["signature"].clone());
        }
        "arguments_delta" => {
            let more = delta["arguments"].as_str().unwrap();
            let known = step.get("grown").and_then(Value::as_str).unwrap_or_default().to_owned();
            step.insert("grown".to_owned(), (known + more).into());
        }
        _ => list_of("content", &|items| items.push(delta.clone())),
    }
}
