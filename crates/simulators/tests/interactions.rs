//! The simulated Gemini's interactions, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use raw::{Answer, credentials, exchange, get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{Ending, Options, Simulators, Vendor::Gemini};

const PATH: &str = "/v1beta/interactions";

fn tools() -> Value {
    json!([{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}])
}

fn said(text: &str) -> Value {
    json!({"type": "user_input", "content": [{"type": "text", "text": text}]})
}

async fn ask(simulators: &Simulators, body: Value) -> Answer {
    post(simulators, Gemini, PATH, &body).await
}

fn steps<'a>(interaction: &'a Value, kind: &str) -> Vec<&'a Value> {
    interaction["steps"].as_array().unwrap().iter().filter(|step| step["type"] == kind).collect()
}

fn results(interaction: &Value) -> Vec<Value> {
    let result = |call: &&Value| json!({"type": "function_result", "call_id": call["id"], "name": call["name"], "result": {"degrees": 18}});
    steps(interaction, "function_call").iter().map(result).collect()
}

#[tokio::test]
async fn a_stream_tells_step_by_step_what_the_whole_holds() {
    let simulators = start().await;
    let body = json!({"model": "gemini-3.5-flash", "input": "Tell me", "stream": true, "generation_config": {"thinking_level": "low", "thinking_summaries": "auto"}});
    let answer = ask(&simulators, body).await;
    assert!(answer.is_whole && answer.text().ends_with("event: done\ndata: [DONE]\n\n"));
    let events = answer.events();
    let mut kinds: Vec<&str> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    for (line, kind) in answer.text().lines().filter_map(|line| line.strip_prefix("event: ")).zip(&kinds) {
        assert_eq!(line, *kind, "the name of an event is its type");
    }
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "interaction.created",
            "interaction.status_update",
            "step.start",
            "step.delta",
            "step.stop",
            "step.start",
            "step.delta",
            "step.stop",
            "interaction.completed"
        ]
    );
    let deltas: Vec<&str> = events.iter().filter_map(|event| event["delta"]["type"].as_str()).collect();
    assert_eq!(deltas[..2], ["thought_summary", "thought_signature"]);
    let last = &events.last().unwrap()["interaction"];
    assert!(last["status"] == "completed" && last.get("steps").is_none());
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    let usage = &last["usage"];
    let number = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(number("total_output_tokens"), (text.len() as u64).div_ceil(4), "thoughts are apart");
    assert_eq!(
        number("total_tokens"),
        number("total_input_tokens") + number("total_output_tokens") + number("total_thought_tokens")
    );
    let metered = &simulators.meter()[0];
    assert_eq!(metered.usage.output, number("total_output_tokens") + number("total_thought_tokens"));
    assert_eq!((metered.path.as_str(), metered.model.as_str()), (PATH, "gemini-3.5-flash"));
    let kept =
        get(&simulators, Gemini, &format!("{PATH}/{}?include_input=true", last["id"].as_str().unwrap()))
            .await
            .json();
    assert_eq!(
        (&kept["steps"][1]["content"][0]["text"], &kept["input"]),
        (&json!(text), &json!([said("Tell me")]))
    );
}

#[tokio::test]
async fn calls_ask_for_action_and_their_arguments_come_in_pieces() {
    let simulators = start().await;
    let body =
        json!({"model": "gemini-3.5-flash", "input": "Weather in both?", "tools": tools(), "stream": true});
    let events = ask(&simulators, body).await.events();
    assert_eq!(events.last().unwrap()["interaction"]["status"], "requires_action");
    let starts: Vec<&Value> =
        events.iter().filter(|event| event["step"]["type"] == "function_call").collect();
    assert!(starts.len() >= 2 && starts[0]["step"]["arguments"] == json!({}));
    assert_ne!(starts[0]["step"]["id"], starts[1]["step"]["id"]);
    let joined: String = events
        .iter()
        .filter(|event| event["index"] == starts[0]["index"] && event["delta"]["type"] == "arguments_delta")
        .map(|event| event["delta"]["arguments"].as_str().unwrap())
        .collect();
    assert!(serde_json::from_str::<Value>(&joined).unwrap()["city"].is_string());
}

#[tokio::test]
async fn a_conversation_goes_on_with_what_is_kept_or_with_all_of_it() {
    let simulators = start().await;
    let rules = "Answer in Latin. ".repeat(30);
    let body = json!({"model": "gemini-3.5-flash", "input": "Weather in both?", "tools": tools(), "system_instruction": rules});
    let first = ask(&simulators, body).await.json();
    assert_eq!(first["status"], "requires_action");
    let id = first["id"].as_str().unwrap();
    let continued = json!({"model": "gemini-3.5-flash", "previous_interaction_id": id, "input": results(&first), "tools": tools()});
    let second = ask(&simulators, continued.clone()).await.json();
    assert_eq!((&second["status"], &second["previous_interaction_id"]), (&json!("completed"), &json!(id)));
    let read = |interaction: &Value| interaction["usage"]["total_input_tokens"].as_u64().unwrap();
    assert!(read(&second) < read(&first), "the instruction stays behind");
    let unanswered = json!({"model": "gemini-3.5-flash", "previous_interaction_id": id, "input": "Well?"});
    assert_eq!(ask(&simulators, unanswered).await.status, 400);

    let mut whole = vec![said("Weather in both?")];
    whole.extend(first["steps"].as_array().unwrap().iter().cloned());
    whole.extend(results(&first));
    let with = |model: &str, input: &[Value]| json!({"model": model, "input": input, "tools": tools(), "store": false});
    let told = ask(&simulators, with("gemini-3.5-flash", &whole)).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    assert_eq!(
        get(&simulators, Gemini, &format!("{PATH}/{}", told["id"].as_str().unwrap())).await.status,
        404
    );

    let mut edited = whole.clone();
    edited[1]["signature"] = json!("EqAAAA");
    let refused = ask(&simulators, with("gemini-3.5-flash", &edited)).await;
    let error = refused.json()["error"].clone();
    assert_eq!((refused.status, &error["code"]), (400, &json!("invalid_request")));
    assert_eq!(error["message"], "Request contains an invalid argument.");
    let mut unsigned = whole.clone();
    unsigned.remove(1);
    assert_eq!(ask(&simulators, with("gemini-3.5-flash", &unsigned)).await.status, 400);
    assert_eq!(ask(&simulators, with("gemini-2.5-flash", &unsigned)).await.status, 200);
    let mut fewer = whole.clone();
    fewer.pop();
    assert_eq!(ask(&simulators, with("gemini-3.5-flash", &fewer)).await.status, 400);
    // Past turns are not asked for their signatures.
    unsigned.extend([
        json!({"type": "model_output", "content": [{"type": "text", "text": "18."}]}),
        said("Thanks"),
    ]);
    assert_eq!(ask(&simulators, with("gemini-3.5-flash", &unsigned)).await.status, 200);

    let path = format!("{PATH}/{id}");
    let delete =
        exchange(&simulators.base_url(Gemini), "DELETE", &path, credentials(Gemini), b"").await.unwrap();
    assert_eq!((delete.status, delete.json()), (200, json!({})));
    assert_eq!(ask(&simulators, continued).await.status, 404);
}

#[tokio::test]
async fn agents_and_other_long_work_go_on_in_the_background() {
    let simulators = start().await;
    let research = json!({"agent": "deep-research-preview-04-2026", "input": "Bridges", "background": true});
    let begun = ask(&simulators, research.clone()).await.json();
    assert_eq!((&begun["status"], &begun["agent"]), (&json!("in_progress"), &research["agent"]));
    assert!(begun.get("steps").is_none() && begun.get("model").is_none());
    let path = format!("{PATH}/{}", begun["id"].as_str().unwrap());
    assert_eq!(get(&simulators, Gemini, &path).await.json()["status"], "in_progress");
    let done = get(&simulators, Gemini, &path).await.json();
    assert!(done["status"] == "completed" && !steps(&done, "model_output").is_empty());
    let events = get(&simulators, Gemini, &format!("{path}?stream=true")).await.events();
    assert_eq!(events[3]["event_id"], "3");
    let rest = get(&simulators, Gemini, &format!("{path}?stream=true&last_event_id=3")).await.events();
    assert_eq!(rest[..], events[4..]);

    let other =
        ask(&simulators, json!({"model": "gemini-3.5-flash", "input": "Tell me", "background": true}))
            .await
            .json();
    let path = format!("{PATH}/{}", other["id"].as_str().unwrap());
    let base = simulators.base_url(Gemini);
    let cancel = exchange(&base, "POST", &format!("{path}/cancel"), credentials(Gemini), b"").await.unwrap();
    assert_eq!(cancel.json()["status"], "cancelled");
    assert_eq!(get(&simulators, Gemini, &path).await.json()["status"], "cancelled");
    let waited = ask(&simulators, json!({"model": "gemini-3.5-flash", "input": "Tell me"})).await.json();
    let path = format!("{PATH}/{}/cancel", waited["id"].as_str().unwrap());
    assert_eq!(exchange(&base, "POST", &path, credentials(Gemini), b"").await.unwrap().status, 400);
    for body in [
        json!({"agent": "deep-research-preview-04-2026", "input": "Bridges"}),
        json!({"model": "gemini-3.5-flash", "input": "x", "background": true, "store": false}),
    ] {
        assert_eq!(ask(&simulators, body).await.status, 400);
    }
}

#[tokio::test]
async fn structured_output_media_and_limits() {
    let simulators = start().await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let format = json!({"type": "text", "mime_type": "application/json", "schema": schema});
    for format in [format.clone(), json!([format]), schema] {
        let body = json!({"model": "gemini-3.5-flash", "input": "One number", "response_format": format});
        let made = ask(&simulators, body).await.json();
        let text = steps(&made, "model_output")[0]["content"][0]["text"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(text).unwrap()["n"].is_i64(), "{made}");
    }
    let input = json!([{"type": "text", "text": "What is it?"}, {"type": "image", "data": "AAAA", "mime_type": "image/png"}]);
    let body = json!({"model": "gemini-2.5-flash-lite", "input": input, "generation_config": {"max_output_tokens": 4}});
    let cut = ask(&simulators, body).await.json();
    assert_eq!(cut["status"], "incomplete");
    assert_eq!(cut["usage"]["input_tokens_by_modality"][1], json!({"modality": "image", "tokens": 258}));
    let thought = steps(&cut, "thought")[0];
    assert!(
        thought["signature"].is_string() && cut["usage"]["total_thought_tokens"] == 0,
        "there is a thought even so"
    );
}

#[tokio::test]
async fn some_models_exist_only_here() {
    let simulators = start().await;
    let body = json!({"model": "gemini-omni-1.1-flash", "input": "Tell me"});
    assert_eq!(ask(&simulators, body).await.status, 200);
    let generate = "/v1beta/models/gemini-omni-1.1-flash:generateContent";
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]});
    assert_eq!(post(&simulators, Gemini, generate, &contents).await.status, 404);
}

#[tokio::test]
async fn what_is_refused_is_refused_in_its_words() {
    let simulators = start().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"model": "gemini-4-argon", "input": "x"});
        body[field] = value;
        body
    };
    let cases = [
        (json!({"input": "x"}), 400, "Exactly one of"),
        (json!({"model": "gemini-4-argon"}), 400, "Missing key 'input'"),
        (json!({"model": "gpt-4o", "input": "x"}), 404, "was not found"),
        (with("contents", json!([])), 400, "no such field: 'contents'"),
        (with("tools", json!([{"function_declarations": []}])), 400, "Missing key 'type' in input 'tools'."),
        (
            with("tools", json!([{"type": "function", "function_declarations": []}])),
            400,
            "tools[0].function: message genai.Function",
        ),
        (with("tools", json!([{"type": "magic"}])), 400, "Invalid tool type"),
        (with("generation_config", json!({"top_k": 4})), 400, "no such field: 'top_k'"),
        (with("generation_config", json!({"thinking_budget": 4})), 400, "no such field: 'thinking_budget'"),
        (with("generation_config", json!({"thinking_level": "minimal"})), 400, "Thinking level"),
        (
            with("generation_config", json!({"stop_sequences": ["1", "2", "3", "4", "5", "6"]})),
            400,
            "at most 5",
        ),
        (with("generation_config", json!({"tool_choice": "required"})), 400, "Invalid tool choice"),
        (with("previous_interaction_id", json!("v1_none")), 404, "was not found"),
        (
            with("input", json!([{"role": "user", "content": "x"}])),
            400,
            "Missing key 'type' in input 'input'.",
        ),
        (
            with("input", json!([{"type": "function_response", "id": "a"}])),
            400,
            "Invalid content type: function_response",
        ),
        (
            with("input", json!([said("x"), {"type": "function_result", "id": "a", "result": "b"}])),
            400,
            "no such field: 'id'",
        ),
        (
            with("input", json!([said("x"), {"type": "function_result", "call_id": "a", "result": "b"}])),
            400,
            "invalid argument",
        ),
        (
            with(
                "input",
                json!([said("x"), {"type": "function_call", "id": "a", "name": "f", "arguments": "{}"}]),
            ),
            400,
            "Missing key 'arguments'",
        ),
    ];
    for (body, status, words) in cases {
        let answer = ask(&simulators, body.clone()).await;
        let error = answer.json()["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(words), "{body}: {error}");
        let code = if status == 404 { "not_found" } else { "invalid_request" };
        assert_eq!((answer.status, &error["code"]), (status, &json!(code)), "{body}");
    }
    let simulators =
        Simulators::start(Options { key: Some("right".to_owned()), ..Options::default() }).await.unwrap();
    let wrong =
        exchange(&simulators.base_url(Gemini), "POST", PATH, credentials(Gemini), b"{}").await.unwrap();
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (401, &json!("unauthenticated")));
}

#[tokio::test]
async fn faults_break_it_like_every_other_door() {
    let simulators = start().await;
    let ask = |fault: &str, stream: bool| {
        let body =
            json!({"model": format!("gemini-3.5-flash--{fault}"), "input": "Tell me", "stream": stream});
        let simulators = &simulators;
        async move { post(simulators, Gemini, PATH, &body).await }
    };
    let limited = ask("s429", false).await;
    assert_eq!((limited.status, &limited.json()["error"]["code"]), (429, &json!("resource_exhausted")));
    assert!(!ask("cut", true).await.is_whole);
    let no_end = ask("no_end", true).await.text();
    assert!(!no_end.contains("interaction.completed") && !no_end.contains("[DONE]"));
    let events = ask("error_mid", true).await.events();
    let last = events.last().unwrap();
    assert!(last["event_type"] == "error" && last["error"]["code"] == "unavailable");
    let events = ask("failed", true).await.events();
    let last = &events.last().unwrap()["interaction"];
    assert_eq!((&last["status"], &last["errors"][0]["code"]), (&json!("failed"), &json!("internal")));
    assert_eq!(ask("failed", false).await.json()["status"], "failed");
    assert_eq!(simulators.meter().last().unwrap().ending, Ending::Broken);
}
