//! Gemini's Interactions: what is kept by whom, with the real SDK, and the models that are behind no other door.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use support::GatewayProcess;
use tollgate_simulators::{Options, Simulators, Vendor};

const KEY: &str = "sk-gate-of-one";
const OTHER_KEY: &str = "sk-gate-of-another";

async fn simulators() -> Simulators {
    Simulators::start(Options { seed: 11, kept_requests: 64, ..Options::default() }).await.unwrap()
}

fn provider(simulators: &Simulators, vendor: Vendor) -> String {
    let url = simulators.base_url(vendor);
    format!("[providers.{}]\nbase_url = {url:?}\napi_key = \"sk-of-the-vendor\"\n", vendor.name())
}

#[tokio::test]
async fn interactions_are_kept_for_their_key_and_gone_on_from_anywhere() {
    let simulators = simulators().await;
    let configuration = [
        provider(&simulators, Vendor::Gemini),
        provider(&simulators, Vendor::Anthropic),
        format!("[[keys]]\nname = \"one\"\nsecret = {KEY:?}\n"),
        format!("[[keys]]\nname = \"another\"\nsecret = {OTHER_KEY:?}\n"),
    ]
    .concat();
    let played = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let url = gateway.url();
        let env = [
            ("GATEWAY", url.as_str()),
            ("KEY", KEY),
            ("OTHER_KEY", OTHER_KEY),
            ("GEMINI", "gemini/gemini-3.5-flash"),
            ("OTHER", "anthropic/claude-sonnet-4-6"),
        ];
        sdk::python(&sdk::script("gemini_interactions_kept.py"), &[], &env)
    });
    if let Some(output) = played.await.unwrap() {
        output.expect_success();
    }
}

/// Asks for a chat completion, and returns the whole answer.
fn chat(gateway: &GatewayProcess, body: &Value) -> String {
    let body = body.to_string();
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn a_model_behind_no_other_door_is_reached_through_chat_completions() {
    let simulators = simulators().await;
    let configuration = provider(&simulators, Vendor::Gemini);
    let answers = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let ask = |model: &str, stream: bool| {
            let messages = json!([{"role": "user", "content": "Say hello."}]);
            chat(&gateway, &json!({"model": model, "messages": messages, "stream": stream}))
        };
        ["gemini-omni-1.1-flash", "gemini-3.5-flash"].map(|model| (ask(model, false), ask(model, true)))
    });
    for (whole, streamed) in answers.await.unwrap() {
        assert!(whole.starts_with("HTTP/1.1 200") && whole.contains("\"chat.completion\""), "{whole}");
        assert!(streamed.contains("\"chat.completion.chunk\"") && streamed.contains("[DONE]"), "{streamed}");
    }
    let asked: Vec<(String, bool)> = simulators
        .requests()
        .iter()
        .map(|request| {
            (request.path.clone(), String::from_utf8_lossy(&request.body).contains("gemini-omni-1.1-flash"))
        })
        .collect();
    let [whole, streamed, rest @ ..] = asked.as_slice() else { panic!("{asked:?}") };
    for (path, is_asked_for) in [whole, streamed] {
        assert!(path.ends_with("/interactions") && *is_asked_for, "{asked:?}");
    }
    assert!(rest.len() == 2 && rest.iter().all(|(path, _)| path.contains("enerateContent")), "{asked:?}");
}
