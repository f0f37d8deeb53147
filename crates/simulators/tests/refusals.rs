//! Answers that nobody hoped for: refused by the model, stopped or not let through by the provider.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use raw::{Answer, call_path, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{
    Simulators,
    Vendor::{self, Anthropic, Compatible, Gemini, Ollama, OpenAi, Xai},
};

const SAYS_NO: &str = "I'm sorry, but I can't help with that.";

async fn say(simulators: &Simulators, vendor: Vendor, text: &str, streamed: bool) -> Answer {
    let model = raw::usual_model(vendor);
    let mut body = raw::question(vendor, model, streamed);
    match vendor {
        Gemini => body["contents"][0]["parts"][0]["text"] = json!(text),
        _ => body["messages"][0]["content"] = json!(text),
    }
    post(simulators, vendor, &call_path(vendor, model, streamed), &body).await
}

#[tokio::test]
async fn openai_refuses_in_a_field_and_filters_by_a_reason() {
    let simulators = start().await;
    let whole = say(&simulators, OpenAi, "[[refuse]]", false).await.json();
    let choice = &whole["choices"][0];
    assert_eq!(
        (&choice["message"]["refusal"], &choice["message"]["content"]),
        (&json!(SAYS_NO), &Value::Null)
    );
    assert_eq!(choice["finish_reason"], "stop");
    let events = say(&simulators, OpenAi, "[[refuse]]", true).await.events();
    let joined: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["refusal"].as_str()).collect();
    assert_eq!(joined, SAYS_NO);
    let filtered = say(&simulators, OpenAi, "[[filter]]", false).await.json();
    assert_eq!(filtered["choices"][0]["finish_reason"], "content_filter");

    let ask = |text: &'static str, stream: bool| {
        let body = json!({"model": "gpt-4o", "input": text, "stream": stream});
        let simulators = &simulators;
        async move { post(simulators, OpenAi, "/responses", &body).await }
    };
    let refused = ask("[[refuse]]", false).await.json();
    assert_eq!(refused["output"][0]["content"], json!([{"type": "refusal", "refusal": SAYS_NO}]));
    assert_eq!(refused["status"], "completed");
    let events = ask("[[refuse]]", true).await.events();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let joined: String =
        of("response.refusal.delta").iter().map(|event| event["delta"].as_str().unwrap()).collect();
    assert_eq!((joined.as_str(), &of("response.refusal.done")[0]["refusal"]), (SAYS_NO, &json!(SAYS_NO)));
    assert!(of("response.output_text.delta").is_empty());
    let filtered = ask("[[filter]]", false).await.json();
    assert_eq!(filtered["incomplete_details"], json!({"reason": "content_filter"}));
    // Sent back, it is a part of the conversation.
    let again = json!({"model": "gpt-4o", "input": [{"role": "user", "content": "x"}, refused["output"][0], {"role": "user", "content": "y"}]});
    assert_eq!(post(&simulators, OpenAi, "/responses", &again).await.status, 200);
}

#[tokio::test]
async fn anthropic_refuses_by_its_reason() {
    let simulators = start().await;
    let refused = say(&simulators, Anthropic, "[[refuse]]", false).await.json();
    assert_eq!((&refused["stop_reason"], &refused["content"]), (&json!("refusal"), &json!([])));
    assert_eq!(
        (&refused["stop_details"]["type"], &refused["usage"]["output_tokens"]),
        (&json!("refusal"), &json!(0))
    );
    let events = say(&simulators, Anthropic, "[[filter]]", true).await.events();
    let delta = events.iter().find(|event| event["type"] == "message_delta").unwrap();
    assert_eq!(
        (&delta["delta"]["stop_reason"], &delta["delta"]["stop_details"]["category"]),
        (&json!("refusal"), &json!("general_harms"))
    );
    assert!(events.iter().any(|event| event["delta"]["type"] == "text_delta"), "something came before it");
}

#[tokio::test]
async fn gemini_stops_answers_and_blocks_prompts() {
    let simulators = start().await;
    let stopped = say(&simulators, Gemini, "[[filter]]", false).await.json();
    let candidate = &stopped["candidates"][0];
    assert_eq!(
        (&candidate["finishReason"], &candidate["safetyRatings"][0]["blocked"]),
        (&json!("SAFETY"), &json!(true))
    );
    for streamed in [false, true] {
        let answer = say(&simulators, Gemini, "[[block]]", streamed).await;
        let blocked = if streamed { answer.events().remove(0) } else { answer.json() };
        assert_eq!(blocked["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
        assert!(blocked.get("candidates").is_none() && blocked["usageMetadata"]["promptTokenCount"].is_u64());
        assert_eq!(simulators.meter().last().unwrap().usage.output, 0);
    }
}

#[tokio::test]
async fn the_others_refuse_in_words() {
    let simulators = start().await;
    for vendor in [Xai, Compatible] {
        let refused = say(&simulators, vendor, "[[refuse]]", false).await.json();
        assert_eq!(refused["choices"][0]["message"]["content"], SAYS_NO, "{vendor}");
        let filtered = say(&simulators, vendor, "[[filter]]", false).await.json();
        assert_eq!(filtered["choices"][0]["finish_reason"], "content_filter", "{vendor}");
    }
    let refused = say(&simulators, Ollama, "[[refuse]]", false).await.json();
    assert_eq!((&refused["message"]["content"], &refused["done_reason"]), (&json!(SAYS_NO), &json!("stop")));
    let body = json!({"model": "gemini-3.5-flash", "input": "[[refuse]]"});
    let refused = post(&simulators, Gemini, "/v1beta/interactions", &body).await.json();
    assert_eq!(refused["steps"][1]["content"][0]["text"], SAYS_NO);
}

#[tokio::test]
async fn prompts_that_are_too_long_are_told_so_in_each_vendors_words() {
    let simulators = start().await;
    let text = |tokens: usize| "x".repeat(tokens * 4);
    let chat = |model: &str, tokens: usize| json!({"model": model, "messages": [{"role": "user", "content": text(tokens)}]});
    let mut claude = chat("claude-sonnet-4-5", 200_001);
    claude["max_tokens"] = json!(5);
    let gemini = json!({"contents": [{"role": "user", "parts": [{"text": text(1_048_577)}]}]});
    let cases = [
        (OpenAi, "/chat/completions", chat("gpt-4o", 128_001), "maximum context length is 128000 tokens"),
        (
            OpenAi,
            "/responses",
            json!({"model": "gpt-5", "input": text(272_001)}),
            "exceeds the context window",
        ),
        (Anthropic, "/v1/messages", claude, "prompt is too long: 200"),
        (
            Gemini,
            "/v1beta/models/gemini-2.5-pro:generateContent",
            gemini,
            "exceeds the maximum number of tokens allowed (1048576)",
        ),
        (Xai, "/chat/completions", chat("grok-code-fast", 256_001), "maximum prompt length is 256000"),
        (
            Xai,
            "/responses",
            json!({"model": "grok-code-fast", "input": text(256_001)}),
            "maximum prompt length is 256000",
        ),
        (
            Compatible,
            "/chat/completions",
            chat("Qwen/Qwen3-8B", 40_961),
            "context length is only 40960 tokens",
        ),
    ];
    for (vendor, path, body, words) in cases {
        let answer = post(&simulators, vendor, path, &body).await;
        assert!(answer.status == 400 && answer.text().contains(words), "{vendor} {path}: {}", answer.text());
        if vendor == OpenAi {
            assert_eq!(answer.json()["error"]["code"], "context_length_exceeded");
        }
    }
    let fits = chat("gpt-4.1", 128_001);
    assert_eq!(
        post(&simulators, OpenAi, "/chat/completions", &fits).await.status,
        200,
        "another model reads more"
    );
}
