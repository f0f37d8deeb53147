//! What the simulated Responses refuse, what only they have, xAI's manner, and faults, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use raw::{Answer, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{
    Ending, Simulators,
    Vendor::{self, OpenAi, Xai},
};

const RESPONSES: &str = "/responses";

fn weather() -> Value {
    json!([{"type": "function", "name": "get_weather", "strict": true, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false}}])
}

async fn ask(simulators: &Simulators, body: Value) -> Answer {
    post(simulators, OpenAi, RESPONSES, &body).await
}

#[track_caller]
fn items<'a>(response: &'a Value, kind: &str) -> Vec<&'a Value> {
    response["output"].as_array().unwrap().iter().filter(|item| item["type"] == kind).collect()
}

#[tokio::test]
async fn what_openai_refuses_is_refused_in_its_words() {
    let simulators = start().await;
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let nested = json!([{"type": "function", "function": {"name": "f", "parameters": schema}}]);
    let strict = json!([{"type": "function", "name": "f", "strict": true, "parameters": schema}]);
    let said = |item: Value| json!({"model": "gpt-4o", "input": [{"role": "user", "content": "x"}, item]});
    let with = |field: &str, value: Value| {
        let mut body = json!({"model": "gpt-5", "input": "x"});
        body[field] = value;
        body
    };
    let long = "c".repeat(65);
    let cases = [
        (json!({"input": "x"}), "model", "missing_required_parameter"),
        (json!({"model": "llama", "input": "x"}), "model", "model_not_found"),
        (json!({"model": "gpt-5"}), "input", "missing_required_parameter"),
        (with("messages", json!([])), "messages", "unknown_parameter"),
        (with("stop", json!(["x"])), "stop", "unknown_parameter"),
        (with("response_format", json!({"type": "text"})), "response_format", "unsupported_parameter"),
        (with("max_tokens", json!(5)), "max_tokens", "unsupported_parameter"),
        (with("max_output_tokens", json!(5)), "max_output_tokens", "integer_below_min_value"),
        (with("temperature", json!(0.2)), "temperature", ""),
        (with("include", json!(["everything"])), "include[0]", "invalid_value"),
        (with("reasoning", json!({"effort": "none"})), "reasoning.effort", "unsupported_value"),
        (
            json!({"model": "gpt-4o", "input": "x", "reasoning": {"effort": "low"}}),
            "reasoning.effort",
            "unsupported_parameter",
        ),
        (
            json!({"model": "gpt-4o", "input": "x", "temperature": -1}),
            "temperature",
            "decimal_below_min_value",
        ),
        (with("tools", nested), "tools[0].name", "missing_required_parameter"),
        (with("tools", strict), "tools[0].parameters", "invalid_function_parameters"),
        (with("tool_choice", json!("required")), "tool_choice", ""),
        (
            with("text", json!({"format": {"type": "json_schema", "schema": schema}})),
            "text.format.name",
            "missing_required_parameter",
        ),
        (
            with(
                "text",
                json!({"format": {"type": "json_schema", "name": "a", "strict": true, "schema": schema}}),
            ),
            "text.format.schema",
            "invalid_json_schema",
        ),
        (with("text", json!({"format": {"type": "json_object"}})), "input", ""),
        (
            with("previous_response_id", json!("resp_1")),
            "previous_response_id",
            "previous_response_not_found",
        ),
        (said(json!({"role": "tool", "content": "x"})), "input[1]", "invalid_value"),
        (
            said(json!({"role": "user", "content": [{"type": "text", "text": "x"}]})),
            "input[1].content[0]",
            "invalid_value",
        ),
        (
            said(json!({"role": "assistant", "content": [{"type": "input_text", "text": "x"}]})),
            "input[1].content[0]",
            "invalid_value",
        ),
        (
            said(json!({"role": "assistant", "content": "x", "tool_calls": []})),
            "input[1].tool_calls",
            "unknown_parameter",
        ),
        (
            said(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}})),
            "input[1].arguments",
            "invalid_type",
        ),
        (
            said(json!({"type": "function_call", "call_id": long, "name": "f", "arguments": "{}"})),
            "input[1].call_id",
            "string_above_max_length",
        ),
        (
            said(
                json!({"type": "function_call", "id": "call_1", "call_id": "c", "name": "f", "arguments": "{}"}),
            ),
            "input[1].id",
            "invalid_id_prefix",
        ),
        (
            said(json!({"type": "function_call_output", "call_id": "c", "output": {"a": 1}})),
            "input[1].output",
            "invalid_type",
        ),
        (said(json!({"type": "function_call_output", "call_id": "c", "output": "x"})), "input", ""),
        (
            said(json!({"type": "reasoning", "encrypted_content": "x"})),
            "input[1].summary",
            "missing_required_parameter",
        ),
        (said(json!({"type": "thought"})), "input[1]", "invalid_value"),
        (
            said(
                json!({"role": "user", "content": [{"type": "input_image", "image_url": {"url": "https://a"}}]}),
            ),
            "input[1].content[0].image_url",
            "invalid_type",
        ),
    ];
    for (body, param, code) in cases {
        let answer = ask(&simulators, body.clone()).await;
        let error = &answer.json()["error"];
        let found = (
            error["param"].as_str().unwrap_or(""),
            error["code"].as_str().unwrap_or(""),
            error["type"].as_str(),
        );
        assert_eq!(found, (param, code, Some("invalid_request_error")), "{body}: {error}");
        assert_eq!(answer.status, 400);
    }
    for body in
        [with("conversation", json!("conv_1")), said(json!({"type": "item_reference", "id": "msg_1"}))]
    {
        assert_eq!(ask(&simulators, body).await.status, 404);
    }
}

#[tokio::test]
async fn some_models_exist_only_here() {
    let simulators = start().await;
    let chat = json!([{"role": "user", "content": "x"}]);
    for model in ["gpt-5.4-pro", "gpt-5.3-codex"] {
        assert_eq!(ask(&simulators, json!({"model": model, "input": "x"})).await.status, 200);
        let there =
            post(&simulators, OpenAi, "/chat/completions", &json!({"model": model, "messages": chat})).await;
        assert!(there.status == 404 && there.text().contains("v1/responses"), "{model}");
    }
    // These think while they call functions, but not there.
    let function = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]);
    for (model, effort) in [("gpt-5.6-sol", "low"), ("gpt-6.1-sol", "high")] {
        let body = json!({"model": model, "messages": chat, "tools": function, "reasoning_effort": effort});
        let there = post(&simulators, OpenAi, "/chat/completions", &body).await;
        assert!(there.status == 400 && there.text().contains("/v1/responses"), "{model}");
        let here = json!({"model": model, "input": "x", "tools": weather(), "reasoning": {"effort": effort}});
        assert_eq!(ask(&simulators, here).await.status, 200);
    }
}

#[tokio::test]
async fn tokens_are_counted_before_they_are_spent() {
    let simulators = start().await;
    let body = json!({"model": "gpt-5", "input": "Weather in Paris?", "tools": weather(), "instructions": "Be brief."});
    let counted = ask_at(&simulators, "/responses/input_tokens", &body).await;
    assert_eq!(counted["object"], "response.input_tokens");
    assert!(simulators.meter().is_empty());
    let made = ask(&simulators, body).await.json();
    assert_eq!(counted["input_tokens"], made["usage"]["input_tokens"]);
}

async fn ask_at(simulators: &Simulators, path: &str, body: &Value) -> Value {
    post(simulators, OpenAi, path, body).await.json()
}

#[tokio::test]
async fn xai_has_names_reasoning_and_errors_of_its_own() {
    let simulators = start().await;
    let ask = |body: Value| {
        let simulators = &simulators;
        async move { post(simulators, Xai, RESPONSES, &body).await }
    };
    let question = json!({"role": "user", "content": "Weather in Paris?"});
    let tools = weather();
    let body = |model: &str, input: Value| json!({"model": model, "input": input, "tools": tools, "tool_choice": "required", "store": false});
    let mut streamed = body("grok-4.7", json!([question]));
    streamed["stream"] = json!(true);
    let answer = ask(streamed).await;
    let events = answer.events();
    assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
    let first = &events.last().unwrap()["response"];
    let uuid = first["id"].as_str().unwrap();
    assert!(uuid.len() == 36 && first["output"][0]["id"] == format!("rs_{uuid}"));
    let call = items(first, "function_call")[0];
    assert_eq!(call["id"], format!("fc_{uuid}_0"));
    assert!(call["call_id"].as_str().unwrap().ends_with("-0"));
    let pieces = events.iter().filter(|event| event["type"] == "response.function_call_arguments.delta");
    assert_eq!(pieces.count(), items(first, "function_call").len(), "arguments come whole");
    assert!(!first["output"][0]["summary"].as_array().unwrap().is_empty());
    let usage = &first["usage"];
    assert!(usage["cost_in_usd_ticks"].is_u64());
    assert_eq!(
        usage["output_tokens"],
        simulators.meter()[0].usage.output,
        "reasoning is inside, other than in chat"
    );

    let mut input = vec![question.clone()];
    input.extend(first["output"].as_array().unwrap().iter().cloned());
    for call in items(first, "function_call") {
        input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18"}));
    }
    assert_eq!(ask(body("grok-4.7", json!(input))).await.status, 200);
    input[1]["encrypted_content"] = json!("AAAA");
    let refused = ask(body("grok-4.7", json!(input))).await;
    assert!(
        refused.status == 400 && refused.json()["error"].as_str().unwrap().contains("could not be verified")
    );

    // Older models send it only where it is asked for.
    let older = ask(body("grok-4.3", json!([question]))).await.json();
    assert!(older["output"][0].get("encrypted_content").is_none());
    let mut asking = body("grok-4.3", json!([question]));
    asking["include"] = json!(["reasoning.encrypted_content"]);
    assert!(ask(asking).await.json()["output"][0]["encrypted_content"].is_string());
    assert_eq!(
        ask(json!({"model": "grok-4.20-non-reasoning", "input": "x", "reasoning": {"effort": "low"}}))
            .await
            .status,
        400
    );
    assert_eq!(ask(json!({"model": "gpt-4o", "input": "x"})).await.status, 404);
}

#[tokio::test]
async fn faults_break_it_like_every_other_door() {
    let simulators = start().await;
    let models: [(Vendor, &str); 2] = [(OpenAi, "gpt-4o"), (Xai, "grok-4.7")];
    for (vendor, model) in models {
        let ask = |fault: &str, stream: bool| {
            let body = json!({"model": format!("{model}--{fault}"), "input": "Tell me", "stream": stream});
            let simulators = &simulators;
            async move { post(simulators, vendor, RESPONSES, &body).await }
        };
        assert_eq!(ask("s429", false).await.status, 429);
        let cut = ask("cut", true).await;
        assert!(!cut.is_whole && !cut.text().contains("response.completed"));
        let no_end = ask("no_end", true).await;
        assert!(no_end.is_whole && !no_end.text().contains("response.completed"));
        let events = ask("error_mid", true).await.events();
        let last = events.last().unwrap();
        assert_eq!((&last["type"], &last["sequence_number"]), (&json!("error"), &json!(events.len() - 1)));
        assert!(last["message"].is_string(), "its fields stand at the top");
        let events = ask("failed", true).await.events();
        let last = events.last().unwrap();
        assert_eq!(
            (&last["type"], &last["response"]["status"]),
            (&json!("response.failed"), &json!("failed"))
        );
        assert!(
            events.iter().any(|event| event["type"] == "response.output_text.delta"),
            "it fails on the way"
        );
        assert_eq!(last["sequence_number"], events.len() - 1);
        let whole = ask("failed", false).await;
        assert_eq!((whole.status, &whole.json()["error"]["code"]), (200, &json!("server_error")));
        let metered = simulators.meter();
        let last = metered.last().unwrap();
        assert_eq!((last.ending, last.usage.input, last.usage.output), (Ending::Broken, 0, 0));
    }
}
