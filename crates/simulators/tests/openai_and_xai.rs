//! The simulated OpenAI and xAI, read byte by byte.

mod raw;

use raw::{exchange, get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::Vendor::{OpenAi, Xai};

const CHAT: &str = "/chat/completions";

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["city", "days"]}}}])
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[tokio::test]
async fn a_stream_adds_up_to_a_completion_and_counts_what_the_meter_counts() {
    let simulators = start().await;
    let body = json!({"model": "gpt-5", "messages": user("Tell me"), "stream": true, "stream_options": {"include_usage": true}});
    let answer = post(&simulators, OpenAi, CHAT, &body).await;
    assert_eq!((answer.status, answer.is_whole), (200, true));
    assert!(
        answer.text().ends_with("data: [DONE]\n\n")
            && answer.header("x-request-id").unwrap().starts_with("req_")
    );
    let events = answer.events();
    assert!(
        events
            .iter()
            .all(|event| event["object"] == "chat.completion.chunk" && event["obfuscation"].is_string())
    );
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    let text: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert!(text.len() > 40, "{text}");
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| event["usage"].is_null()) && last["choices"] == json!([]));
    assert_eq!(before.last().unwrap()["choices"][0]["finish_reason"], "stop");
    let usage = &last["usage"];
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
    assert!(reasoning > 0);
    assert_eq!(
        usage["completion_tokens"],
        reasoning + (text.len() as u64).div_ceil(4),
        "reasoning is inside"
    );
    let metered = &simulators.meter()[0];
    assert_eq!(
        (metered.usage.output, metered.usage.reasoning),
        (usage["completion_tokens"].as_u64().unwrap(), reasoning)
    );
    assert!(metered.streamed && metered.chunks == events.len() as u64 + 1);
    assert_eq!(metered.response_id.as_deref(), last["id"].as_str());
}

#[tokio::test]
async fn limits_stop_strings_and_several_choices_are_honoured() {
    let simulators = start().await;
    let body = json!({"model": "gpt-4o", "messages": user("Tell me"), "max_tokens": 5, "n": 3});
    let choices = post(&simulators, OpenAi, CHAT, &body).await.json();
    assert_eq!(choices["choices"].as_array().unwrap().len(), 3);
    for choice in choices["choices"].as_array().unwrap() {
        assert_eq!(choice["finish_reason"], "length");
        assert!(choice["message"]["content"].as_str().unwrap().len() <= 20);
    }
    let body = json!({"model": "gpt-4o", "messages": user("Tell me"), "stop": ["nowhere at all", "e"]});
    let stopped = post(&simulators, OpenAi, CHAT, &body).await.json();
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    assert!(!stopped["choices"][0]["message"]["content"].as_str().unwrap().contains('e'));
}

#[tokio::test]
async fn tools_go_round() {
    let simulators = start().await;
    let mut messages = user("The weather in both Paris and Lima, please");
    let body = json!({"model": "gpt-4o", "messages": messages, "tools": weather()});
    let answer = post(&simulators, OpenAi, CHAT, &body).await.json();
    let message = &answer["choices"][0]["message"];
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let calls = message["tool_calls"].as_array().unwrap();
    assert!(calls.len() >= 2 && calls[0]["id"] != calls[1]["id"]);
    let arguments: Value = serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["city"].is_string() && (1..=5).contains(&arguments["days"].as_i64().unwrap()));

    messages.as_array_mut().unwrap().push(message.clone());
    let unanswered = post(
        &simulators,
        OpenAi,
        CHAT,
        &json!({"model": "gpt-4o", "messages": messages, "tools": weather()}),
    )
    .await;
    assert_eq!(unanswered.status, 400);
    for call in calls {
        messages
            .as_array_mut()
            .unwrap()
            .push(json!({"role": "tool", "tool_call_id": call["id"], "content": "18 degrees"}));
    }
    let told = post(
        &simulators,
        OpenAi,
        CHAT,
        &json!({"model": "gpt-4o", "messages": messages, "tools": weather()}),
    )
    .await
    .json();
    assert_eq!(told["choices"][0]["finish_reason"], "stop");

    let streamed = json!({"model": "gpt-4o", "messages": user("both"), "tools": weather(), "tool_choice": "required", "stream": true});
    let events = post(&simulators, OpenAi, CHAT, &streamed).await.events();
    let deltas: Vec<&Value> = events
        .iter()
        .map(|event| &event["choices"][0]["delta"]["tool_calls"][0])
        .filter(|delta| delta.is_object())
        .collect();
    let first: String = deltas
        .iter()
        .filter(|delta| delta["index"] == 0)
        .filter_map(|delta| delta["function"]["arguments"].as_str())
        .collect();
    assert!(serde_json::from_str::<Value>(&first).unwrap()["city"].is_string());
    assert_eq!(
        deltas.iter().filter(|delta| delta["id"].is_string()).count() as u64,
        deltas.iter().map(|delta| delta["index"].as_u64().unwrap()).max().unwrap() + 1
    );
}

#[tokio::test]
async fn structured_output_follows_its_schema() {
    let simulators = start().await;
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["steps", "mood"], "properties": {
        "steps": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/step"}},
        "mood": {"enum": ["calm", "wild"]}}, "$defs": {"step": {"type": "object", "additionalProperties": false, "required": ["at"], "properties": {"at": {"type": "number"}}}}});
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "plan", "strict": true, "schema": schema}});
    let body = json!({"model": "gpt-4o", "messages": user("Plan"), "response_format": format});
    let answer = post(&simulators, OpenAi, CHAT, &body).await.json();
    let plan: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert_eq!(plan["steps"].as_array().unwrap().len(), 2);
    assert!(plan["steps"][0]["at"].is_number() && ["calm", "wild"].contains(&plan["mood"].as_str().unwrap()));
}

#[tokio::test]
async fn what_openai_refuses_is_refused_in_its_words() {
    let simulators = start().await;
    let cases = [
        (
            json!({"model": "gpt-5", "messages": user("x"), "max_tokens": 5}),
            400,
            "max_tokens",
            "unsupported_parameter",
        ),
        (
            json!({"model": "gpt-5", "messages": user("x"), "temperature": 0.2}),
            400,
            "temperature",
            "unsupported_value",
        ),
        (
            json!({"model": "gpt-6.1-sol", "messages": user("x"), "reasoning_effort": "none"}),
            400,
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            json!({"model": "gpt-4o", "messages": user("x"), "temperature": 3}),
            400,
            "temperature",
            "decimal_above_max_value",
        ),
        (
            json!({"model": "gpt-4o", "messages": user("x"), "stop": ["1", "2", "3", "4", "5"]}),
            400,
            "stop",
            "array_above_max_length",
        ),
        (
            json!({"model": "gpt-4o", "messages": [{"role": "robot", "content": "x"}]}),
            400,
            "messages[0].role",
            "invalid_value",
        ),
        (json!({"model": "gpt-4o", "messages": []}), 400, "messages", "empty_array"),
        (
            json!({"model": "gpt-4o", "messages": [user("x")[0], {"role": "assistant", "tool_calls": [{"id": "c".repeat(65), "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c".repeat(65), "content": "y"}]}),
            400,
            "messages[1].tool_calls[0].id",
            "string_above_max_length",
        ),
        (
            json!({"model": "gpt-4o", "messages": user("x"), "tools": [{"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]}),
            400,
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        (
            json!({"model": "gpt-4o", "messages": user("x"), "response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"], "additionalProperties": false}}}}),
            400,
            "response_format",
            "",
        ),
        (
            json!({"model": "o4-mini", "messages": user("x"), "stop": "y"}),
            400,
            "stop",
            "unsupported_parameter",
        ),
        (
            json!({"model": "gpt-5", "messages": user("x"), "reasoning_effort": "none"}),
            400,
            "reasoning_effort",
            "unsupported_value",
        ),
        (json!({"model": "llama", "messages": user("x")}), 404, "", "model_not_found"),
        (
            json!({"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "cat.png"}}]}]}),
            400,
            "messages[0].content[0].image_url.url",
            "invalid_image_url",
        ),
    ];
    for (body, status, param, code) in cases {
        let answer = post(&simulators, OpenAi, CHAT, &body).await;
        let error = &answer.json()["error"];
        let found = (
            answer.status,
            error["param"].as_str().unwrap_or(""),
            error["code"].as_str().unwrap_or(""),
            error["type"].as_str(),
        );
        assert_eq!(found, (status, param, code, Some("invalid_request_error")), "{body}");
    }
    let stray =
        json!([{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "call_1", "content": "y"}]);
    let stray = post(&simulators, OpenAi, CHAT, &json!({"model": "gpt-4o", "messages": stray})).await;
    assert!(stray.status == 400 && stray.text().contains("role 'tool'"));
}

#[tokio::test]
async fn ids_of_other_vendors_fit_and_an_old_model_stops_at_strings() {
    let simulators = start().await;
    let id = "c".repeat(64);
    let call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let messages = json!([user("x")[0], {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": id, "content": "y"}]);
    let body = json!({"model": "gpt-4o", "messages": messages});
    assert_eq!(post(&simulators, OpenAi, CHAT, &body).await.status, 200);
    let body = json!({"model": "o3-mini", "messages": user("x"), "stop": ["Paris"]});
    assert_eq!(post(&simulators, OpenAi, CHAT, &body).await.status, 200);
}

#[tokio::test]
async fn a_long_prefix_seen_before_is_read_from_the_cache() {
    let simulators = start().await;
    let system = json!({"role": "system", "content": "You are terse. ".repeat(400)});
    let ask = |question: &str| json!({"model": "gpt-5.6-sol", "messages": [system.clone(), {"role": "user", "content": question}]});
    let first = post(&simulators, OpenAi, CHAT, &ask("One?")).await.json();
    let second = post(&simulators, OpenAi, CHAT, &ask("Two?")).await.json();
    assert_eq!(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    assert!(first["usage"]["prompt_tokens_details"]["cache_write_tokens"].as_u64().unwrap() >= 1024);
    let cached = second["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    assert!(
        cached >= 1024 && cached % 128 == 0 && cached < second["usage"]["prompt_tokens"].as_u64().unwrap()
    );
}

#[tokio::test]
async fn xai_leaves_reasoning_out_of_the_completion_and_sends_usage_unasked() {
    let simulators = start().await;
    let body = json!({"model": "grok-4.7", "messages": user("Tell me"), "stream": true, "max_tokens": 9});
    let events = post(&simulators, Xai, CHAT, &body).await.events();
    let usage = &events.last().unwrap()["usage"];
    let number = |name: &str| usage.pointer(name).and_then(Value::as_u64).unwrap();
    let reasoning = number("/completion_tokens_details/reasoning_tokens");
    assert!(reasoning > 0);
    assert_eq!(number("/completion_tokens"), 9, "the limit is for the text");
    assert_eq!(number("/total_tokens"), number("/prompt_tokens") + 9 + reasoning);
    assert_eq!(simulators.meter()[0].usage.output, 9 + reasoning);

    let call = json!({"model": "grok-4.7", "messages": user("both"), "tools": weather(), "stream": true});
    let events = post(&simulators, Xai, CHAT, &call).await.events();
    let whole = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str());
    assert!(
        whole.clone().count() >= 2
            && whole.clone().all(|arguments| serde_json::from_str::<Value>(arguments).is_ok())
    );
}

#[tokio::test]
async fn keys_are_asked_for_in_each_vendors_own_way() {
    let options = tollgate_simulators::Options { key: Some("right".to_owned()), ..Default::default() };
    let simulators = tollgate_simulators::Simulators::start(options).await.unwrap();
    let wrong = "authorization: Bearer wrong\r\n";
    let openai = exchange(&simulators.base_url(OpenAi), "POST", CHAT, wrong, b"{}").await.unwrap();
    assert_eq!((openai.status, openai.json()["error"]["code"].as_str()), (401, Some("invalid_api_key")));
    let xai = exchange(&simulators.base_url(Xai), "POST", CHAT, wrong, b"{}").await.unwrap();
    assert_eq!(xai.status, 400);
    assert!(xai.json()["error"].as_str().unwrap().contains("API key") && xai.json()["code"].is_string());
    let none = exchange(&simulators.base_url(OpenAi), "POST", CHAT, "", b"{}").await.unwrap();
    assert_eq!(none.status, 401);
    let right =
        exchange(&simulators.base_url(OpenAi), "GET", "/models", "authorization: Bearer right\r\n", b"")
            .await
            .unwrap();
    assert_eq!(right.json()["object"], "list");
}

#[tokio::test]
async fn models_are_listed() {
    let simulators = start().await;
    for vendor in [OpenAi, Xai] {
        let models = get(&simulators, vendor, "/models").await.json();
        assert!(models["data"].as_array().unwrap().iter().all(|model| model["object"] == "model"));
    }
    assert!(simulators.meter().is_empty(), "lists are no calls");
    assert_eq!(get(&simulators, OpenAi, "/nothing").await.status, 404);
}
