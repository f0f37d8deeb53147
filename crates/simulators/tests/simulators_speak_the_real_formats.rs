//! The providers' own SDKs talk to the simulated providers: what these speak is what those understand.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

#[path = "../../../bins/tollgate/tests/sdk/mod.rs"]
mod sdk;

use std::path::Path;

use serde_json::Value;
use tollgate_simulators::{Metered, Options, Simulators, Vendor};

/// Runs one script against one vendor, then compares what it says was billed with the meter.
async fn speak(vendor: Vendor, script: &'static str, model: &'static str, checks: &'static str) {
    let simulators = Simulators::start(Options { seed: 7, ..Options::default() }).await.unwrap();
    let base_url = simulators.base_url(vendor);
    let output = tokio::task::spawn_blocking(move || {
        let (base, key) = match script.split('_').next() {
            Some("anthropic") => ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
            Some("gemini") => ("GEMINI_BASE_URL", "GEMINI_API_KEY"),
            _ => ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
        };
        let mut env = vec![(base, base_url.as_str()), (key, "any"), ("MODEL", model)];
        if !checks.is_empty() {
            env.push(("CHECKS", checks));
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts").join(script);
        let path = if here.exists() { here } else { sdk::script(script) };
        if script.ends_with(".py") { sdk::python(&path, &[], &env) } else { sdk::node(&path, &[], &env) }
    });
    let Some(output) = output.await.unwrap() else { return };
    output.expect_success();
    let bills: Vec<Value> =
        output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(!bills.is_empty(), "nothing was billed\n{}", output.stdout);
    let meter = simulators.meter();
    for bill in &bills {
        let tokens = |name: &str| bill[name].as_u64().unwrap();
        // Some answers have no name: such a call is found by its path and its tokens.
        let is_billed = |entry: &&Metered| {
            // In chat, xAI leaves reasoning out of what it calls the completion.
            let is_apart = vendor == Vendor::Xai && entry.path.ends_with("/chat/completions");
            let output = entry.usage.output - if is_apart { entry.usage.reasoning } else { 0 };
            (entry.usage.input, output) == (tokens("input"), tokens("output"))
        };
        let is_named = |entry: &&Metered| match bill["id"].as_str() {
            Some(id) => entry.response_id.as_deref() == Some(id),
            None => bill["path"] == entry.path,
        };
        assert!(meter.iter().filter(is_named).any(|entry| is_billed(&entry)), "{bill}: {meter:#?}");
    }
}

#[tokio::test]
async fn openai_to_its_python_sdk() {
    let checks = "text,stream,limit,stop,choices,tools,structured,image,models,errors,broken";
    speak(Vendor::OpenAi, "openai_chat.py", "gpt-4o", checks).await;
}

#[tokio::test]
async fn a_reasoning_openai_to_its_python_sdk() {
    speak(Vendor::OpenAi, "openai_chat.py", "gpt-5", "text,stream,limit,structured,reasoning").await;
}

#[tokio::test]
async fn openai_to_its_node_sdk_and_the_ai_sdk() {
    speak(Vendor::OpenAi, "openai_chat.mjs", "gpt-4o", "").await;
}

#[tokio::test]
async fn openais_responses_to_its_python_sdk() {
    speak(Vendor::OpenAi, "openai_responses.py", "gpt-6.1-sol", "").await;
    speak(Vendor::OpenAi, "openai_responses.py", "gpt-4o", "text,stream,tools,structured,state,count,errors")
        .await;
}

#[tokio::test]
async fn openais_responses_to_its_node_sdk() {
    speak(Vendor::OpenAi, "openai_responses.mjs", "gpt-5.4", "").await;
}

#[tokio::test]
async fn xais_responses_to_the_openai_python_sdk() {
    let checks = "text,stream,tools,structured,reasoning,state";
    speak(Vendor::Xai, "openai_responses.py", "grok-4.7", checks).await;
}

#[tokio::test]
async fn xai_to_the_openai_python_sdk() {
    let checks = "text,stream,limit,choices,tools,structured,image,reasoning,models,errors,broken";
    speak(Vendor::Xai, "openai_chat.py", "grok-4.7", checks).await;
}

#[tokio::test]
async fn anthropic_to_its_python_sdk() {
    speak(Vendor::Anthropic, "anthropic_messages.py", "claude-sonnet-4-6", "").await;
}

#[tokio::test]
async fn gemini_to_its_python_sdk() {
    speak(Vendor::Gemini, "gemini_content.py", "gemini-3.5-flash", "").await;
}

#[tokio::test]
async fn openais_other_doors_to_its_python_sdk() {
    speak(Vendor::OpenAi, "openai_others.py", "", "").await;
}

#[tokio::test]
async fn a_local_server_to_the_openai_python_sdk() {
    speak(Vendor::Compatible, "compatible_others.py", "", "").await;
}

#[tokio::test]
async fn anthropics_counts_and_lists_to_its_python_sdk() {
    speak(Vendor::Anthropic, "anthropic_others.py", "claude-sonnet-4-6", "").await;
}

#[tokio::test]
async fn geminis_counts_embeddings_and_lists_to_its_python_sdk() {
    speak(Vendor::Gemini, "gemini_others.py", "gemini-3.5-flash", "").await;
}

#[tokio::test]
async fn geminis_interactions_to_its_python_sdk() {
    speak(Vendor::Gemini, "gemini_interactions.py", "gemini-3.5-flash", "").await;
}
