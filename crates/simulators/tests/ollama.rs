//! The simulated Ollama, read byte by byte.

mod raw;

use raw::{get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::Vendor::Ollama;

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[tokio::test]
async fn it_streams_by_default_line_by_line_and_counts_in_the_last() {
    let simulators = start().await;
    let answer =
        post(&simulators, Ollama, "/api/chat", &json!({"model": "qwen3:8b", "messages": user("Tell me")}))
            .await;
    assert_eq!(answer.header("content-type").as_deref(), Some("application/x-ndjson"));
    let lines = answer.lines();
    let (last, before) = lines.split_last().unwrap();
    assert!(before.iter().all(|line| line["done"] == false && line.get("eval_count").is_none()));
    assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")));
    let joined =
        |name: &str| before.iter().filter_map(|line| line["message"][name].as_str()).collect::<String>();
    assert!(!joined("thinking").is_empty() && !joined("content").is_empty());
    let metered = simulators.meter()[0].usage;
    assert_eq!(
        (json!(metered.input), json!(metered.output)),
        (last["prompt_eval_count"].clone(), last["eval_count"].clone())
    );
}

#[tokio::test]
async fn calls_have_objects_for_arguments_and_come_whole() {
    let simulators = start().await;
    let tools = json!([{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}]);
    let body = |messages: &Value| json!({"model": "llama3.2", "messages": messages, "tools": tools, "stream": false});
    let answer = post(&simulators, Ollama, "/api/chat", &body(&user("Add"))).await.json();
    let call = &answer["message"]["tool_calls"][0]["function"];
    assert!(call["arguments"]["a"].is_i64() && answer["done"] == true);
    let mut messages = user("Add");
    messages
        .as_array_mut()
        .unwrap()
        .extend([answer["message"].clone(), json!({"role": "tool", "tool_name": "add", "content": "7"})]);
    let told = post(&simulators, Ollama, "/api/chat", &body(&messages)).await.json();
    assert!(
        told["message"].get("tool_calls").is_none()
            && !told["message"]["content"].as_str().unwrap().is_empty()
    );
    messages[1]["tool_calls"][0]["function"]["arguments"] = json!("{\"a\":1}");
    assert_eq!(post(&simulators, Ollama, "/api/chat", &body(&messages)).await.status, 400);
}

#[tokio::test]
async fn limits_formats_and_stops_are_options() {
    let simulators = start().await;
    let short =
        json!({"model": "llama3.2", "messages": user("x"), "stream": false, "options": {"num_predict": 4}});
    let answer = post(&simulators, Ollama, "/api/chat", &short).await.json();
    assert_eq!((&answer["done_reason"], &answer["eval_count"]), (&json!("length"), &json!(4)));
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]});
    let formed = json!({"model": "llama3.2", "messages": user("x"), "stream": false, "format": schema});
    let answer = post(&simulators, Ollama, "/api/chat", &formed).await.json();
    assert!(
        serde_json::from_str::<Value>(answer["message"]["content"].as_str().unwrap()).unwrap()["ok"]
            .is_boolean()
    );
}

#[tokio::test]
async fn what_ollama_refuses_is_refused() {
    let simulators = start().await;
    for (body, status, words) in [
        (json!({"messages": user("x")}), 400, "model is required"),
        (json!({"model": "gpt-4o", "messages": user("x")}), 404, "model 'gpt-4o' not found"),
        (
            json!({"model": "llama3.2", "messages": user("x"), "think": true}),
            400,
            "does not support thinking",
        ),
        (json!({"model": "gemma3:4b", "messages": user("x"), "tools": [{}]}), 400, "does not support tools"),
        (json!({"model": "llama3.2", "messages": [{"role": "robot", "content": "x"}]}), 400, "invalid role"),
        (
            json!({"model": "llama3.2", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}),
            400,
            "cannot unmarshal array",
        ),
    ] {
        let answer = post(&simulators, Ollama, "/api/chat", &body).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.json()["error"].as_str().unwrap().contains(words), "{}", answer.text());
    }
}

#[tokio::test]
async fn it_says_what_it_is() {
    let simulators = start().await;
    assert!(get(&simulators, Ollama, "/api/tags").await.json()["models"][0]["capabilities"].is_array());
    assert!(get(&simulators, Ollama, "/api/version").await.json()["version"].is_string());
    assert_eq!(get(&simulators, Ollama, "/").await.text(), "Ollama is running");
}
