//! Joins a stream as the vendor's SDKs do, with their demands on its order.
//! Source: `lib/streaming` of the vendor's Python SDK 2.12.0 (read 2026-11-23).

use serde_json::Value;

pub(crate) fn join(body: &str) -> Value {
    let mut message = Value::Null;
    let mut inputs: Vec<String> = Vec::new();
    let mut open: Option<usize> = None;
    for frame in body.split_terminator("\n\n") {
        let (event, data) = frame.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let kind = data["type"].as_str().unwrap().to_owned();
        assert_eq!(event, format!("event: {kind}"));
        let index = usize::try_from(data["index"].as_u64().unwrap_or(0)).unwrap();
        match kind.as_str() {
            "message_start" => {
                assert!(message.is_null(), "two beginnings");
                message = data["message"].clone();
            }
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!((open, index), (None, content.len()), "blocks come one after the other");
                content.push(data["content_block"].clone());
                inputs.push(String::new());
                open = Some(index);
            }
            "content_block_delta" => {
                assert_eq!(open, Some(index));
                grow(&mut message["content"][index], &data["delta"], &mut inputs[index]);
            }
            "content_block_stop" => {
                assert_eq!(open.take(), Some(index));
                if !inputs[index].is_empty() {
                    message["content"][index]["input"] = serde_json::from_str(&inputs[index]).unwrap();
                }
            }
            "message_delta" => {
                for (name, value) in data["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                let known = ["type", "delta", "usage"];
                for (name, value) in
                    data.as_object().unwrap().iter().filter(|(name, _)| !known.contains(&name.as_str()))
                {
                    message[name] = value.clone();
                }
                for (name, value) in data["usage"].as_object().unwrap() {
                    message["usage"][name] = value.clone();
                }
            }
            "message_stop" => assert_eq!(open, None),
            "ping" => {}
            other => panic!("an event of type {other}"),
        }
    }
    assert!(body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), "{body}");
    message
}

fn grow(block: &mut Value, delta: &Value, input: &mut String) {
    let mut push = |name: &str| {
        let text = block[name].as_str().unwrap().to_owned() + delta[name].as_str().unwrap();
        block[name] = Value::from(text);
    };
    match delta["type"].as_str().unwrap() {
        "text_delta" => push("text"),
        "thinking_delta" => push("thinking"),
        "signature_delta" => block["signature"] = delta["signature"].clone(),
        "input_json_delta" => input.push_str(delta["partial_json"].as_str().unwrap()),
        "citations_delta" => match block["citations"].as_array_mut() {
            Some(citations) => citations.push(delta["citation"].clone()),
            None => block["citations"] = Value::Array(vec![delta["citation"].clone()]),
        },
        other => panic!("a delta of type {other}"),
    }
}
