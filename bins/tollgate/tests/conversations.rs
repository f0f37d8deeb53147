//! Conversations that change their provider in the middle of a tool loop, through every front door. The simulated vendors
//! enforce the real ones' rules; what Anthropic signed comes back to it as it was, although others answered in between.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use support::{Ended, GatewayProcess, free_port, wait_for_port};
use tollgate_simulators::{Options, Simulators, Vendor};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations").join(name)
}

/// Stands before Anthropic and writes down what arrives there.
fn forwarder(vendor: &str, log: &Path) -> (Ended, u16) {
    let port = free_port();
    let mut command = Command::new("python3");
    command.arg(script("forwarder.py")).arg(port.to_string()).arg(vendor).arg(log);
    let child = Ended(command.stdout(Stdio::null()).spawn().expect("python3 can be started"));
    wait_for_port(port);
    (child, port)
}

async fn twelve_calls(door: &'static str) {
    let simulators = Simulators::start(Options { seed: 5, ..Options::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("anthropic.jsonl");
    let (_forwarder, port) = forwarder(&simulators.base_url(Vendor::Anthropic), &log);
    let table = |vendor: Vendor, url: String| {
        format!("[providers.{}]\nbase_url = {url:?}\napi_key = \"sk-of-the-vendor\"\n", vendor.name())
    };
    let configuration = [
        table(Vendor::Anthropic, format!("http://127.0.0.1:{port}")),
        table(Vendor::Gemini, simulators.base_url(Vendor::Gemini)),
        table(Vendor::OpenAi, simulators.base_url(Vendor::OpenAi)),
    ]
    .concat();
    let output = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let mut command = Command::new("python3");
        command.arg(script("tool_loop.py")).arg(gateway.url()).arg(door);
        command.output().expect("python3 can be started")
    });
    let output = output.await.unwrap();
    let told =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    what_was_signed_came_back(&std::fs::read_to_string(&log).unwrap(), &told);
}

/// Every signature that Anthropic gave in the first half is in what it was sent at the end.
fn what_was_signed_came_back(log: &str, told: &str) {
    let exchanges: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exchanges.len(), 6, "three calls at the beginning, three at the end\n{told}");
    let mut given = HashSet::new();
    for exchange in &exchanges[..3] {
        let said: Value = serde_json::from_str(exchange["said"].as_str().unwrap()).unwrap();
        signatures(&said["content"], &mut given);
    }
    assert!(!given.is_empty(), "nothing was signed\n{told}");
    let mut sent = HashSet::new();
    for turn in exchanges[5]["asked"]["messages"].as_array().unwrap() {
        signatures(&turn["content"], &mut sent);
    }
    assert!(given.is_subset(&sent), "given {given:?}, sent back {sent:?}\n{told}");
    for signature in &sent {
        assert!(!signature.starts_with("eyJ0b2xsZ2F0ZSI6"), "another vendor's proof went to Anthropic");
    }
}

fn signatures(content: &Value, found: &mut HashSet<String>) {
    for block in content.as_array().into_iter().flatten() {
        found
            .extend(block["signature"].as_str().filter(|signature| !signature.is_empty()).map(str::to_owned));
    }
}

#[tokio::test]
async fn chat_completions_keeps_what_it_cannot_carry() {
    twelve_calls("chat").await;
}

#[tokio::test]
async fn messages_carries_it() {
    twelve_calls("messages").await;
}

#[tokio::test]
async fn generate_content_carries_it() {
    twelve_calls("generate_content").await;
}

#[tokio::test]
async fn responses_carries_it() {
    twelve_calls("responses").await;
}

#[tokio::test]
async fn responses_that_are_kept_go_on_at_any_provider() {
    twelve_calls("kept").await;
}

#[tokio::test]
async fn interactions_carry_it() {
    twelve_calls("interactions").await;
}

#[tokio::test]
async fn interactions_that_are_kept_go_on_at_any_provider() {
    twelve_calls("kept_interactions").await;
}
