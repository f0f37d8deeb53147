//! Every recorded chat exchange, through the real gateway and each of its front doors: recorded provider → gateway → client.
#![allow(clippy::print_stdout, reason = "what was skipped or failed is told where the test runs")]

mod support;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use support::{Ended, GatewayProcess, free_port, wait_for_port};

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TOLLGATE_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
    }
    folder
}

fn replay(corpus: &Path, split: &str) -> (Ended, u16) {
    let port = free_port();
    let child = Command::new("python3")
        .arg(corpus.join("replay.py"))
        .args([
            "--corpus",
            "exchanges",
            "--corpus",
            "supplement",
            "--split",
            split,
            "--port",
            &port.to_string(),
        ])
        .current_dir(corpus)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 can be started");
    let child = Ended(child);
    wait_for_port(port);
    (child, port)
}

fn configuration(port: u16) -> String {
    let table = |name: &str, kind: &str, path: &str| {
        format!(
            "[providers.{name}]\nkind = \"{kind}\"\napi_key = \"x\"\nbase_url = \"http://127.0.0.1:{port}{path}\"\n"
        )
    };
    [
        table("openai", "openai", "/openai/v1") + "api = \"chat\"\n",
        table("anthropic", "anthropic", "/anthropic"),
        table("gemini", "gemini", "/gemini") + "api = \"generate_content\"\n",
        table("gemini-interactions", "gemini", "/gemini") + "api = \"interactions\"\n",
        // The recordings' own door, whatever the models that stand for them could do elsewhere.
        table("openai-responses", "openai", "/openai/v1") + "api = \"responses\"\n",
        table("xai", "xai", "/xai/v1") + "api = \"responses\"\n",
        table("ollama", "ollama", "/ollama"),
        table("ollama-v1", "openai-compatible", "/ollama/v1"),
        table("vllm", "openai-compatible", "/vllm/v1"),
    ]
    .concat()
}

fn ask_everything(door: &str, split: &str) {
    let Some(corpus) = corpus() else { return };
    let (_replay, port) = replay(&corpus, split);
    let gateway = GatewayProcess::start(&configuration(port));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/ask_everything.py");
    let output = Command::new("python3").arg(script).arg(&corpus).arg(gateway.url()).arg(door).output();
    let output = output.expect("python3 can be started");
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "some exchanges came back otherwise than recorded, see above");
    let asked = String::from_utf8_lossy(&output.stdout).matches(" passed, ").count();
    assert!(asked > 4, "all the APIs were asked for");
}

#[test]
fn every_exchange_comes_back_as_recorded() {
    ask_everything("chat", "whole");
}

#[test]
fn every_exchange_comes_back_the_same_when_it_is_cut_into_single_bytes() {
    ask_everything("chat", "1");
}

#[test]
fn every_exchange_comes_back_as_recorded_through_messages() {
    ask_everything("messages", "whole");
}

#[test]
fn every_exchange_comes_back_through_messages_when_it_is_cut() {
    ask_everything("messages", "7");
}

#[test]
fn every_exchange_comes_back_as_recorded_through_generate_content() {
    ask_everything("generate_content", "whole");
}

#[test]
fn every_exchange_comes_back_through_generate_content_when_it_is_cut() {
    ask_everything("generate_content", "7");
}

#[test]
fn every_exchange_comes_back_as_recorded_through_responses() {
    ask_everything("responses", "whole");
}

#[test]
fn every_exchange_comes_back_through_responses_when_it_is_cut() {
    ask_everything("responses", "7");
}

#[test]
fn every_exchange_comes_back_as_recorded_through_interactions() {
    ask_everything("interactions", "whole");
}

#[test]
fn every_exchange_comes_back_through_interactions_when_it_is_cut() {
    ask_everything("interactions", "7");
}
