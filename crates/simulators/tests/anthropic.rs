//! The simulated Anthropic, read byte by byte.

mod raw;

use raw::{Answer, exchange, get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{Options, Simulators, Vendor::Anthropic};

const MESSAGES: &str = "/v1/messages";

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

fn tools() -> Value {
    json!([{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}])
}

async fn ask(simulators: &Simulators, body: Value) -> Answer {
    post(simulators, Anthropic, MESSAGES, &body).await
}

#[tokio::test]
async fn a_stream_has_its_events_in_order_and_ends_with_its_stop() {
    let simulators = start().await;
    let answer = ask(
        &simulators,
        json!({"model": "claude-sonnet-4-6", "max_tokens": 500, "messages": user("Tell me"), "stream": true}),
    )
    .await;
    assert!(answer.is_whole && answer.header("request-id").unwrap().starts_with("req_011C"));
    assert!(answer.header("anthropic-ratelimit-tokens-reset").unwrap().ends_with('Z'));
    let events = answer.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(kinds[kinds.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    for (line, kind) in answer.text().lines().filter_map(|line| line.strip_prefix("event: ")).zip(&kinds) {
        assert_eq!(line, *kind, "the name of an event is its type");
    }
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    let usage = &events[events.len() - 2]["usage"];
    assert_eq!(usage["output_tokens"], (text.len() as u64).div_ceil(4));
    assert!(usage.get("cache_creation").is_none(), "the split by age stands in the first event alone");
    assert_eq!(simulators.meter()[0].usage.output, usage["output_tokens"].as_u64().unwrap());
}

#[tokio::test]
async fn thoughts_are_sealed_and_must_come_back_unbroken() {
    let simulators = start().await;
    let base = json!({"model": "claude-sonnet-4-5", "max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": tools()});
    let with = |messages: &Value| {
        let mut body = base.clone();
        body["messages"] = messages.clone();
        body
    };
    let mut messages = user("Weather in Paris?");
    let first = ask(&simulators, with(&messages)).await.json();
    assert_eq!(first["stop_reason"], "tool_use");
    assert_eq!(first["content"][0]["type"], "thinking");
    let call = first["content"].as_array().unwrap().iter().find(|block| block["type"] == "tool_use").unwrap();
    messages.as_array_mut().unwrap().push(json!({"role": "assistant", "content": first["content"]}));
    let results: Vec<Value> = first["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| block["type"] == "tool_use")
        .map(|call| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "18"}))
        .collect();
    messages.as_array_mut().unwrap().push(json!({"role": "user", "content": results}));
    assert!(call["input"]["city"].is_string());
    assert_eq!(ask(&simulators, with(&messages)).await.json()["stop_reason"], "end_turn");

    let mut edited = messages.clone();
    edited[1]["content"][0]["thinking"] = json!("I never thought that");
    let refused = ask(&simulators, with(&edited)).await;
    assert!(refused.status == 400 && refused.text().contains("Invalid `signature`"));
    let mut stripped = messages.clone();
    stripped[1]["content"].as_array_mut().unwrap().remove(0);
    let refused = ask(&simulators, with(&stripped)).await;
    assert!(refused.status == 400 && refused.text().contains("must start with a thinking block"));
}

#[tokio::test]
async fn a_streamed_call_has_an_empty_input_first_and_its_json_in_pieces() {
    let simulators = start().await;
    let body = json!({"model": "claude-haiku-5-5", "max_tokens": 900, "messages": user("both"), "tools": tools(), "tool_choice": {"type": "any"}, "stream": true});
    let events = ask(&simulators, body).await.events();
    let start = events.iter().find(|event| event["content_block"]["type"] == "tool_use").unwrap();
    assert_eq!(start["content_block"]["input"], json!({}));
    let pieces: String = events
        .iter()
        .filter(|event| event["index"] == start["index"])
        .filter_map(|event| event["delta"]["partial_json"].as_str())
        .collect();
    assert!(serde_json::from_str::<Value>(&pieces).unwrap()["city"].is_string());
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn marked_prefixes_are_written_by_age_and_then_read() {
    let simulators = start().await;
    let long = |text: &str| text.repeat(700);
    let body = |question: &str| {
        json!({"model": "claude-opus-5", "max_tokens": 50, "messages": user(question), "system": [
        {"type": "text", "text": long("Rules. "), "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": long("Facts. "), "cache_control": {"type": "ephemeral"}}]})
    };
    let first = ask(&simulators, body("One?")).await.json()["usage"].clone();
    assert_eq!(first["cache_read_input_tokens"], 0);
    assert_eq!(
        first["cache_creation"],
        json!({"ephemeral_5m_input_tokens": 1225, "ephemeral_1h_input_tokens": 1225})
    );
    let second = ask(&simulators, body("Two?")).await.json()["usage"].clone();
    assert_eq!(
        (&second["cache_read_input_tokens"], &second["cache_creation_input_tokens"]),
        (&json!(2450), &json!(0))
    );
    assert!(second["input_tokens"].as_u64().unwrap() < 10, "cached tokens are counted apart");
    assert_eq!(simulators.meter()[1].usage.input, 2450 + second["input_tokens"].as_u64().unwrap());
}

#[tokio::test]
async fn what_anthropic_refuses_is_refused() {
    let simulators = start().await;
    let assistant = json!({"role": "assistant", "content": "Once"});
    let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}]});
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]});
    let hello = json!({"role": "user", "content": "hello"});
    let opus = "claude-opus-5-5";
    let cases = [
        (json!({"model": opus, "messages": [hello]}), "max_tokens: Field required"),
        (json!({"model": opus, "max_tokens": 5, "messages": []}), "at least one message"),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [{"role": "tool", "content": "x"}]}),
            "Input should be 'user' or 'assistant'",
        ),
        (json!({"model": opus, "max_tokens": 5, "messages": [hello, assistant]}), "prefill"),
        (json!({"model": opus, "max_tokens": 5, "messages": [hello], "temperature": 0.5}), "temperature"),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello], "tools": tools(), "tool_choice": {"type": "any"}}),
            "tool_choice",
        ),
        (
            json!({"model": opus, "max_tokens": 5000, "messages": [hello], "thinking": {"type": "enabled", "budget_tokens": 1024}}),
            "adaptive",
        ),
        (
            json!({"model": opus, "max_tokens": 5000, "messages": [hello], "thinking": {"type": "disabled"}}),
            "disabled",
        ),
        (
            json!({"model": "claude-opus-4-5", "max_tokens": 2000, "messages": [hello], "thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "must be greater than",
        ),
        (json!({"model": "claude-opus-4-5", "max_tokens": 99_000, "messages": [hello]}), "64000"),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello, call, hello]}),
            "without `tool_result` blocks",
        ),
        (json!({"model": opus, "max_tokens": 5, "messages": [hello, result]}), "unexpected `tool_use_id`"),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello, {"role": "assistant", "content": [call["content"][0], call["content"][0]]}, result]}),
            "must be unique",
        ),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello, {"role": "assistant", "content": [{"type": "tool_use", "id": "functions.f:0", "name": "f", "input": {}}]}, result]}),
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello, call, {"role": "user", "content": [{"type": "text", "text": "so"}, result["content"][0]]}]}),
            "without `tool_result` blocks",
        ),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}),
            "non-whitespace",
        ),
        (
            json!({"model": opus, "max_tokens": 5, "messages": [hello, {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "EqAA"}]}, hello]}),
            "Invalid `data`",
        ),
        (json!({"model": opus, "max_tokens": 5, "messages": [hello], "n": 2}), "Extra inputs"),
        (
            json!({"model": "claude-opus-4-6", "max_tokens": 5, "messages": [hello, {"role": "system", "content": "x"}]}),
            "Unexpected role",
        ),
    ];
    for (body, words) in cases {
        let answer = ask(&simulators, body.clone()).await;
        let error = answer.json();
        assert_eq!(
            (answer.status, &error["error"]["type"]),
            (400, &json!("invalid_request_error")),
            "{body}"
        );
        assert!(error["error"]["message"].as_str().unwrap().contains(words), "{body}: {error}");
        assert_eq!(error["request_id"].as_str(), answer.header("request-id").as_deref());
    }
    let unknown = ask(&simulators, json!({"model": "gpt-4o", "max_tokens": 5, "messages": [hello]})).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["type"]), (404, &json!("not_found_error")));
}

#[tokio::test]
async fn what_was_recorded_to_be_taken_is_taken() {
    let simulators = start().await;
    let hello = json!({"role": "user", "content": "hello"});
    let call = json!({"role": "assistant", "content": [{"type": "text", "text": " "}, {"type": "tool_use", "id": "0usajhl5", "name": "f", "input": {}}]});
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "0usajhl5", "content": "x"}]});
    for (model, messages) in [
        ("claude-sonnet-4-5", json!([{"role": "assistant", "content": "Welcome"}, hello])),
        ("claude-sonnet-4-5", json!([hello, call, result, call, result])),
        ("claude-3-7-sonnet-20250219", json!([hello])),
    ] {
        let mut body = json!({"model": model, "max_tokens": 2_000, "messages": messages});
        if model.contains("3-7") {
            body["thinking"] = json!({"type": "enabled", "budget_tokens": 1_024});
        }
        let answer = ask(&simulators, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn thoughts_of_the_newest_models_are_bound_to_model_and_conversation() {
    let simulators = start().await;
    let with = |model: &str, messages: &Value| json!({"model": model, "max_tokens": 3_000, "messages": messages, "tools": tools()});
    for (model, binds) in
        [("claude-opus-5-5", true), ("claude-fable-5-1", true), ("claude-sonnet-5-5", false)]
    {
        let mut messages = json!([
            {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": "Weather in Paris?"},
        ]);
        let first = ask(&simulators, with(model, &messages)).await.json();
        let content = first["content"].as_array().unwrap();
        assert_eq!(content[0]["type"], "thinking");
        let results: Vec<Value> = content
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .map(|call| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "18"}))
            .collect();
        assert!(!results.is_empty());
        let history = messages.as_array_mut().unwrap();
        history.extend([
            json!({"role": "assistant", "content": content}),
            json!({"role": "user", "content": results}),
        ]);
        assert_eq!(ask(&simulators, with(model, &messages)).await.status, 200);
        // The same said in other blocks, and marked, is the same conversation.
        let mut cut = messages.clone();
        cut[0]["content"] =
            json!([{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]);
        assert_eq!(ask(&simulators, with(model, &cut)).await.status, 200);
        let mut edited = messages.clone();
        edited[1]["content"] = json!("Hello, you!");
        let other = if model == "claude-fable-5-1" { "claude-opus-5-5" } else { "claude-fable-5-1" };
        for body in [with(model, &edited), with(other, &messages)] {
            let answer = ask(&simulators, body.clone()).await;
            let must_refuse = binds || body["model"] == other;
            assert_eq!(answer.status, if must_refuse { 400 } else { 200 }, "{model}: {}", answer.text());
        }
        // Without its thoughts a history is anybody's.
        edited[3]["content"].as_array_mut().unwrap().remove(0);
        assert_eq!(ask(&simulators, with(other, &edited)).await.status, 200);
    }
}

#[tokio::test]
async fn hidden_thoughts_come_whole_and_go_back_whole() {
    let simulators = start().await;
    let trigger = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";
    let base = json!({"model": "claude-sonnet-4-5", "max_tokens": 3_000, "thinking": {"type": "enabled", "budget_tokens": 1_024}, "stream": true});
    let mut body = base.clone();
    body["messages"] = user(trigger);
    let events = ask(&simulators, body.clone()).await.events();
    let block = &events.iter().find(|event| event["type"] == "content_block_start").unwrap()["content_block"];
    assert!(block["type"] == "redacted_thinking" && block["data"].as_str().unwrap().len() > 100);
    assert!(!events.iter().any(|event| event["index"] == 0 && event["type"] == "content_block_delta"));
    let said = json!({"role": "assistant", "content": [block, {"type": "text", "text": "Done."}]});
    body["messages"] =
        json!([{"role": "user", "content": trigger}, said, {"role": "user", "content": "Thanks"}]);
    assert_eq!(ask(&simulators, body).await.status, 200);
}

#[tokio::test]
async fn keys_and_versions_are_asked_for() {
    let simulators =
        Simulators::start(Options { key: Some("right".to_owned()), ..Options::default() }).await.unwrap();
    let base = simulators.base_url(Anthropic);
    for (headers, status) in [
        ("", 401),
        ("x-api-key: wrong\r\n", 401),
        ("x-api-key: right\r\n", 400),
        ("authorization: Bearer right\r\nanthropic-version: 2023-06-01\r\n", 200),
    ] {
        let answer = exchange(&base, "GET", "/v1/models", headers, b"").await.unwrap();
        assert_eq!(answer.status, status, "{headers}");
    }
}

#[tokio::test]
async fn tokens_are_counted_and_models_listed() {
    let simulators = start().await;
    let body = json!({"model": "claude-opus-5-5", "messages": user("four bytes a token")});
    let count = post(&simulators, Anthropic, "/v1/messages/count_tokens", &body).await.json();
    assert_eq!(count, json!({"input_tokens": 8}));
    let models = get(&simulators, Anthropic, "/v1/models").await.json();
    assert_eq!((&models["has_more"], &models["first_id"]), (&json!(false), &models["data"][0]["id"]));
    assert!(simulators.meter().is_empty());
}
