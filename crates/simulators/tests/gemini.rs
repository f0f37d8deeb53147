//! The simulated Gemini, read byte by byte.

mod raw;

use raw::{exchange, get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{Options, Simulators, Vendor::Gemini};

fn path(model: &str, method: &str) -> String {
    format!("/v1beta/models/{model}:{method}")
}

fn said(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

fn tools() -> Value {
    json!([{"functionDeclarations": [{"name": "get_weather", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}}]}])
}

#[tokio::test]
async fn events_carry_usage_that_grows_and_end_with_a_reason() {
    let simulators = start().await;
    let body = json!({"contents": [said("Tell me")], "generationConfig": {"thinkingConfig": {"includeThoughts": true}}});
    let answer =
        post(&simulators, Gemini, &path("gemini-3.5-flash", "streamGenerateContent?alt=sse"), &body).await;
    assert!(answer.is_whole && answer.text().ends_with("\r\n\r\n"));
    let events = answer.events();
    assert_eq!(events[0]["candidates"][0]["content"]["parts"][0]["thought"], true);
    let totals: Vec<u64> =
        events.iter().map(|event| event["usageMetadata"]["totalTokenCount"].as_u64().unwrap()).collect();
    assert!(totals.is_sorted());
    let last = events.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert!(last["candidates"][0]["content"]["parts"][0]["thoughtSignature"].is_string());
    let usage = &last["usageMetadata"];
    let number = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(
        number("totalTokenCount"),
        number("promptTokenCount") + number("candidatesTokenCount") + number("thoughtsTokenCount")
    );
    let metered = simulators.meter()[0].usage;
    assert_eq!(
        metered.output,
        number("candidatesTokenCount") + number("thoughtsTokenCount"),
        "thoughts are apart"
    );
}

#[tokio::test]
async fn without_alt_sse_a_stream_is_an_array() {
    let simulators = start().await;
    let answer = post(
        &simulators,
        Gemini,
        &path("gemini-2.5-flash", "streamGenerateContent"),
        &json!({"contents": [said("Tell me")]}),
    )
    .await;
    let array = answer.json();
    assert!(array.as_array().unwrap().iter().all(|response| response["modelVersion"] == "gemini-2.5-flash"));
}

#[tokio::test]
async fn calls_come_back_with_their_signature_or_not_at_all() {
    let simulators = start().await;
    let generate = path("gemini-3.5-flash", "generateContent");
    let first = post(
        &simulators,
        Gemini,
        &generate,
        &json!({"contents": [said("Weather in both?")], "tools": tools()}),
    )
    .await
    .json();
    let candidate = &first["candidates"][0];
    assert_eq!(candidate["finishReason"], "STOP", "a call is no reason of its own");
    let calls: Vec<&Value> = candidate["content"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["functionCall"].is_object())
        .collect();
    assert!(
        calls.len() >= 2
            && calls[0]["thoughtSignature"].is_string()
            && calls[1].get("thoughtSignature").is_none()
    );
    assert!(calls[0]["functionCall"]["args"]["city"].is_string());
    let responses: Vec<Value> = calls.iter().map(|call| json!({"functionResponse": {"name": call["functionCall"]["name"], "response": {"degrees": 18}}})).collect();
    let contents =
        json!([said("Weather in both?"), candidate["content"], {"role": "user", "parts": responses}]);
    let told = post(&simulators, Gemini, &generate, &json!({"contents": contents, "tools": tools()})).await;
    assert_eq!(told.status, 200, "{}", told.text());

    let mut unsigned = contents.clone();
    for part in unsigned[1]["parts"].as_array_mut().unwrap() {
        part.as_object_mut().unwrap().remove("thoughtSignature");
    }
    let refused =
        post(&simulators, Gemini, &generate, &json!({"contents": unsigned, "tools": tools()})).await;
    assert!(refused.status == 400 && refused.text().contains("thought_signature"));
    let older = post(
        &simulators,
        Gemini,
        &path("gemini-2.5-flash", "generateContent"),
        &json!({"contents": unsigned, "tools": tools()}),
    )
    .await;
    assert_eq!(older.status, 200);
    let mut fewer = contents.clone();
    fewer[2]["parts"].as_array_mut().unwrap().pop();
    assert_eq!(
        post(&simulators, Gemini, &generate, &json!({"contents": fewer, "tools": tools()})).await.status,
        400
    );
    // Past turns are not asked for their signatures.
    let mut past = unsigned.clone();
    past.as_array_mut()
        .unwrap()
        .extend([json!({"role": "model", "parts": [{"text": "18."}]}), said("Thanks")]);
    assert_eq!(
        post(&simulators, Gemini, &generate, &json!({"contents": past, "tools": tools()})).await.status,
        200
    );
}

#[tokio::test]
async fn neighbours_of_one_role_are_one_turn() {
    let simulators = start().await;
    let call = |name: &str| json!({"role": "model", "parts": [{"functionCall": {"name": name, "args": {}}}]});
    let response = |name: &str| json!({"functionResponse": {"name": name, "response": {"a": 1}}});
    let both = json!({"role": "user", "parts": [response("f"), response("g")]});
    let one = json!({"role": "user", "parts": [response("f")]});
    let other = json!({"role": "user", "parts": [response("g")]});
    for (contents, status) in [
        (json!([said("x"), call("f"), call("g"), both]), 200),
        (json!([said("x"), call("f"), call("g"), one, other]), 200),
        (json!([said("x"), call("f"), one, call("g"), other]), 200),
        (json!([said("x"), call("f"), call("g"), one]), 400),
        (json!([said("x"), call("f"), said("well?")]), 400),
        (json!([said("x"), one]), 400),
        (json!([call("f"), one]), 400),
        (json!([said("x"), {"role": "user", "parts": call("f")["parts"]}]), 400),
    ] {
        let answer = post(
            &simulators,
            Gemini,
            &path("gemini-2.5-flash", "generateContent"),
            &json!({"contents": contents}),
        )
        .await;
        assert_eq!(answer.status, status, "{contents}: {}", answer.text());
    }
    let config = json!({"functionCallingConfig": {"mode": "any"}});
    let body = json!({"contents": [said("x")], "tools": tools(), "toolConfig": config});
    let called = post(&simulators, Gemini, &path("gemini-2.5-flash", "generateContent"), &body).await.json();
    let parts = called["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["functionCall"].is_object()), "a mode may be in small letters");
}

#[tokio::test]
async fn a_step_of_calls_is_sealed_at_its_first_in_the_current_turn() {
    let simulators = start().await;
    let generate = path("gemini-4-argon", "generateContent");
    let ask = |contents: Value| {
        let (simulators, generate) = (&simulators, &generate);
        async move { post(simulators, Gemini, generate, &json!({"contents": contents, "tools": tools()})).await }
    };
    let mut contents = vec![said("Weather in both?")];
    let mut steps = Vec::new();
    for _ in 0..2 {
        let model = ask(json!(contents)).await.json()["candidates"][0]["content"].clone();
        let calls: Vec<&Value> = model["parts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["functionCall"].is_object())
            .collect();
        let responses: Vec<Value> = calls.iter().map(|call| json!({"functionResponse": {"name": call["functionCall"]["name"], "response": {"a": 1}}})).collect();
        steps.push(contents.len());
        if responses.is_empty() {
            break;
        }
        contents.extend([model, json!({"role": "user", "parts": responses})]);
    }
    assert_eq!(ask(json!(contents)).await.status, 200);
    let mut unsealed = json!(contents);
    for part in unsealed[steps[0]]["parts"].as_array_mut().unwrap() {
        part.as_object_mut().unwrap().remove("thoughtSignature");
    }
    assert_eq!(ask(unsealed.clone()).await.status, 400);
    // For histories from elsewhere there is a word that stands for a seal.
    for part in unsealed[steps[0]]["parts"].as_array_mut().unwrap() {
        if part["functionCall"].is_object() {
            part["thoughtSignature"] = json!("skip_thought_signature_validator");
            break;
        }
    }
    assert_eq!(ask(unsealed.clone()).await.status, 200);
    // Moved to another call it is no seal of that.
    let mut moved = json!(contents);
    let parts = moved[steps[0]]["parts"].as_array_mut().unwrap();
    let first = parts.iter().position(|part| part["functionCall"].is_object()).unwrap();
    parts[first]["functionCall"]["name"] = json!("another");
    assert_eq!(ask(moved).await.status, 400);
}

#[tokio::test]
async fn media_are_counted_by_kind() {
    let simulators = start().await;
    let blob = |kind: &str| json!({"inlineData": {"mimeType": kind, "data": "AAAA"}});
    let contents = json!([{"role": "user", "parts": [{"text": "What is it?"}, blob("image/png"), blob("audio/wav"), blob("application/pdf")]}]);
    let usage =
        post(&simulators, Gemini, &path("gemini-2.5-pro", "generateContent"), &json!({"contents": contents}))
            .await
            .json()["usageMetadata"]
            .clone();
    let kinds: Vec<&str> = usage["promptTokensDetails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count["modality"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["TEXT", "IMAGE", "AUDIO", "DOCUMENT"]);
    let sum: u64 = usage["promptTokensDetails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count["tokenCount"].as_u64().unwrap())
        .sum();
    assert_eq!(usage["promptTokenCount"], sum);
    assert_eq!((simulators.meter()[0].usage.image_input, simulators.meter()[0].usage.audio_input), (258, 32));
}

#[tokio::test]
async fn what_gemini_refuses_is_refused() {
    let simulators = start().await;
    let cases = [
        ("gemini-3.5-flash", json!({"contents": []}), "contents is not specified"),
        (
            "gemini-3.5-flash",
            json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}),
            "valid role",
        ),
        (
            "gemini-3.5-flash",
            json!({"contents": [said("x")], "temperature": 1}),
            "Unknown name \"temperature\"",
        ),
        (
            "gemini-3.5-flash",
            json!({"contents": [said("x")], "generationConfig": {"temperature": 3}}),
            "temperature",
        ),
        (
            "gemini-2.5-flash",
            json!({"contents": [said("x")], "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}),
            "level",
        ),
        (
            "gemini-4-argon",
            json!({"contents": [said("x")], "generationConfig": {"thinkingConfig": {"thinkingBudget": 100}}}),
            "budget",
        ),
        (
            "gemini-4-argon",
            json!({"contents": [said("x")], "generationConfig": {"candidateCount": 2}}),
            "candidateCount",
        ),
        (
            "gemini-3.5-flash",
            json!({"contents": [said("x")], "generationConfig": {"stopSequences": ["1", "2", "3", "4", "5", "6"]}}),
            "at most 5",
        ),
        (
            "gemini-3.5-flash",
            json!({"contents": [said("x")], "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "$schema": "x"}}]}]}),
            "Unknown name \"$schema\"",
        ),
        (
            "gemini-3.5-flash",
            json!({"contents": [said("x")], "generationConfig": {"responseSchema": {"type": "OBJECT"}}}),
            "mime type",
        ),
    ];
    for (model, body, words) in cases {
        let answer = post(&simulators, Gemini, &path(model, "generateContent"), &body).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, &error["status"], &error["code"]),
            (400, &json!("INVALID_ARGUMENT"), &json!(400)),
            "{body}"
        );
        assert!(error["message"].as_str().unwrap().contains(words), "{body}: {error}");
    }
    let unknown =
        post(&simulators, Gemini, &path("gpt-4o", "generateContent"), &json!({"contents": [said("x")]}))
            .await;
    assert_eq!((unknown.status, &unknown.json()["error"]["status"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn schemas_keys_counts_and_lists() {
    let simulators =
        Simulators::start(Options { key: Some("right".to_owned()), ..Options::default() }).await.unwrap();
    let base = simulators.base_url(Gemini);
    let missing = exchange(&base, "GET", "/v1beta/models", "", b"").await.unwrap();
    assert_eq!((missing.status, &missing.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let wrong = exchange(&base, "GET", "/v1beta/models?key=wrong", "", b"").await.unwrap();
    assert_eq!(
        (wrong.status, &wrong.json()["error"]["details"][0]["reason"]),
        (400, &json!("API_KEY_INVALID"))
    );
    let list = exchange(&base, "GET", "/v1beta/models?key=right", "", b"").await.unwrap().json();
    assert!(list["models"][0]["name"].as_str().unwrap().starts_with("models/"));

    let simulators = start().await;
    assert_eq!(
        get(&simulators, Gemini, "/v1beta/models/gemini-2.5-pro").await.json()["name"],
        "models/gemini-2.5-pro"
    );
    let count = post(
        &simulators,
        Gemini,
        &path("gemini-2.5-pro", "countTokens"),
        &json!({"contents": [said("eight by")]}),
    )
    .await
    .json();
    assert_eq!(count["totalTokens"], 2);
    let config = json!({"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY", "minItems": 2, "maxItems": 2, "items": {"type": "INTEGER"}}});
    let body = json!({"contents": [said("Two numbers")], "generationConfig": config});
    let answer = post(&simulators, Gemini, &path("gemini-2.5-pro", "generateContent"), &body).await.json();
    let text = answer["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Vec<i64>>(text).unwrap().len(), 2);
}
