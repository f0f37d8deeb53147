//! The simulated local server that copies OpenAI's API, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use raw::{exchange, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{
    Options, Simulators,
    Vendor::{Compatible, OpenAi},
};

const QWEN: &str = "Qwen/Qwen3-8B";

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[tokio::test]
async fn reasoning_has_a_field_of_its_own() {
    let simulators = start().await;
    let body = json!({"model": QWEN, "messages": user("Tell me"), "stream": true, "stream_options": {"include_usage": true}});
    let answer = post(&simulators, Compatible, "/chat/completions", &body).await;
    assert!(answer.text().ends_with("data: [DONE]\n\n") && !answer.text().contains("obfuscation"));
    let events = answer.events();
    let joined = |field: &str| -> String {
        events.iter().filter_map(|event| event["choices"][0]["delta"][field].as_str()).collect()
    };
    assert!(!joined("reasoning").is_empty() && !joined("content").is_empty());
    let (last, before) = events.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    let end = &before.last().unwrap()["choices"][0];
    assert_eq!((&end["finish_reason"], &end["stop_reason"]), (&json!("stop"), &Value::Null));
    let metered = simulators.meter()[0].usage;
    assert_eq!(last["usage"]["completion_tokens"], metered.output, "reasoning is inside");
    assert!(metered.reasoning > 0);

    let body =
        json!({"model": QWEN, "messages": user("x"), "chat_template_kwargs": {"enable_thinking": false}});
    let whole = post(&simulators, Compatible, "/chat/completions", &body).await.json();
    assert!(
        whole["choices"][0]["message"]["reasoning"].is_null() && whole.get("kv_transfer_params").is_some()
    );
}

#[tokio::test]
async fn calls_are_named_by_the_server() {
    let simulators = start().await;
    let tools = json!([{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}]);
    let mut body =
        json!({"model": QWEN, "messages": user("both"), "tools": tools, "parallel_tool_calls": false});
    let whole = post(&simulators, Compatible, "/chat/completions", &body).await.json();
    let calls = whole["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert!(calls.len() >= 2, "the switch is taken and not heeded");
    assert!(calls[0]["id"].as_str().unwrap().starts_with("chatcmpl-tool-"));
    body["stream"] = json!(true);
    let events = post(&simulators, Compatible, "/chat/completions", &body).await.events();
    let first: String = events
        .iter()
        .map(|event| &event["choices"][0]["delta"]["tool_calls"][0])
        .filter(|call| call["index"] == 0)
        .filter_map(|call| call["function"]["arguments"].as_str())
        .collect();
    assert!(serde_json::from_str::<Value>(&first).unwrap()["a"].is_i64());
}

#[tokio::test]
async fn texts_go_on_at_the_old_door() {
    let simulators = start().await;
    for (vendor, model) in [(OpenAi, "gpt-3.5-turbo-instruct"), (Compatible, QWEN)] {
        let ask = |body: Value| {
            let simulators = &simulators;
            async move { post(simulators, vendor, "/completions", &body).await }
        };
        let whole = ask(json!({"model": model, "prompt": "Once"})).await.json();
        assert_eq!(
            (&whole["object"], &whole["usage"]["completion_tokens"]),
            (&json!("text_completion"), &json!(16))
        );
        assert_eq!(whole["choices"][0]["finish_reason"], "length");
        let many = ask(json!({"model": model, "prompt": ["Once", [1, 2, 3]], "n": 2, "echo": true, "max_tokens": 4, "logprobs": 1})).await;
        let many = many.json();
        let choices = many["choices"].as_array().unwrap();
        assert_eq!((choices.len(), &choices[3]["index"]), (4, &json!(3)));
        assert!(choices[1]["text"].as_str().unwrap().starts_with("Once"));
        let chances = &choices[0]["logprobs"];
        let joined: String =
            chances["tokens"].as_array().unwrap().iter().map(|token| token.as_str().unwrap()).collect();
        assert_eq!(
            (joined.as_str(), &chances["text_offset"][0]),
            (choices[0]["text"].as_str().unwrap(), &json!(0))
        );
        assert_eq!(many["usage"]["prompt_tokens"], 4);
        let stop = json!({"model": model, "prompt": "Once", "stop": "e", "stream": true, "stream_options": {"include_usage": true}});
        let streamed = ask(stop).await;
        assert!(streamed.text().ends_with("data: [DONE]\n\n"));
        let events = streamed.events();
        let text: String = events.iter().filter_map(|event| event["choices"][0]["text"].as_str()).collect();
        assert!(!text.is_empty() && !text.contains('e'));
        let usage = &events.last().unwrap()["usage"];
        assert_eq!(usage["completion_tokens"], simulators.meter().last().unwrap().usage.output);
        assert_eq!(ask(json!({"model": model})).await.status, 400);
        assert_eq!(ask(json!({"model": model, "prompt": "x", "n": 3, "best_of": 1})).await.status, 400);
    }
    let chat = post(&simulators, OpenAi, "/completions", &json!({"model": "gpt-4o", "prompt": "x"})).await;
    assert!(chat.status == 404 && chat.text().contains("v1/chat/completions"));
}

#[tokio::test]
async fn documents_are_ranked() {
    let simulators = start().await;
    let documents = ["Bread and butter", "Paris is the capital of France", "The capital of Peru is Lima"];
    let body = json!({"model": "BAAI/bge-reranker-v2-m3", "query": "What is the capital of France?", "documents": documents, "top_n": 2});
    for path in ["/v1/rerank", "/rerank"] {
        let base = simulators.base_url(Compatible);
        let base = base.trim_end_matches("/v1");
        let ranked = exchange(base, "POST", path, "", body.to_string().as_bytes()).await.unwrap().json();
        let results = ranked["results"].as_array().unwrap();
        let order: Vec<u64> = results.iter().map(|result| result["index"].as_u64().unwrap()).collect();
        assert_eq!(order, [1, 2]);
        assert_eq!(results[0]["document"]["text"], documents[1]);
        let score = |at: usize| results[at]["relevance_score"].as_f64().unwrap();
        assert!(score(0) > score(1) && score(0) <= 1.0);
        assert_eq!(ranked["usage"]["total_tokens"], simulators.meter().last().unwrap().usage.input);
    }
    for body in [
        json!({"model": "BAAI/bge-reranker-v2-m3", "documents": documents}),
        json!({"model": "BAAI/bge-reranker-v2-m3", "query": "x", "documents": []}),
        json!({"model": "BAAI/bge-m3", "query": "x", "documents": documents}),
    ] {
        assert_eq!(post(&simulators, Compatible, "/rerank", &body).await.status, 400);
    }
}

#[tokio::test]
async fn errors_are_numbered_and_a_key_is_asked_for_where_one_is_set() {
    let simulators = start().await;
    let unknown = post(
        &simulators,
        Compatible,
        "/chat/completions",
        &json!({"model": "gpt-4o", "messages": user("x")}),
    )
    .await;
    let error = &unknown.json()["error"];
    assert_eq!((unknown.status, &error["code"], &error["type"]), (404, &json!(404), &json!("NotFoundError")));
    let long = json!({"model": QWEN, "messages": user("x"), "max_tokens": 50_000});
    let refused = post(&simulators, Compatible, "/chat/completions", &long).await;
    assert!(refused.status == 400 && refused.text().contains("context length is only 40960 tokens"));
    let embeds = json!({"model": "BAAI/bge-m3", "messages": user("x")});
    let refused = post(&simulators, Compatible, "/chat/completions", &embeds).await;
    assert!(refused.status == 400 && refused.text().contains("does not support Chat Completions API"));

    let simulators =
        Simulators::start(Options { key: Some("right".to_owned()), ..Options::default() }).await.unwrap();
    let base = simulators.base_url(Compatible);
    let wrong = exchange(&base, "GET", "/models", "authorization: Bearer wrong\r\n", b"").await.unwrap();
    assert_eq!((wrong.status, wrong.json()), (401, json!({"error": "Unauthorized"})));
    let right = exchange(&base, "GET", "/models", "authorization: Bearer right\r\n", b"").await.unwrap();
    assert_eq!(right.json()["data"][0]["owned_by"], "vllm");
}
