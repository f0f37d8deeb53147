//! Cases of the tiny adapter: written, passed, and failed for each thing that can differ.

use std::{fs, path::Path};

use tempfile::TempDir;
use tollgate_model::{ChatRequest, ChatResponse, Choice, FinishReason, Message, ModelName, Part, Usage};

use super::case;
use crate::conformance::tests::{Fault, Tiny};

fn answer() -> ChatResponse {
    let parts = vec![Part::text("a gate é"), Part::tool_call("1", "f", "{\"a\":1}")];
    ChatResponse {
        choices: vec![Choice::new(0, parts, Some(FinishReason::Stop))],
        usage: Some(Usage::new(3, 4)),
        ..ChatResponse::default()
    }
}

fn lines(answer: ChatResponse) -> String {
    answer.into_events().iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
}

/// A case with a whole answer and a stream that says the same; derived files are written.
fn a_case() -> TempDir {
    let folder = TempDir::new().unwrap();
    let request = ChatRequest::new(ModelName::new("tiny-1"), vec![Message::user("hello")]);
    let body = serde_json::to_string(&answer()).unwrap();
    put(folder.path(), "request.json", &serde_json::to_string(&request).unwrap());
    put(
        folder.path(),
        "response.http",
        &format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{body}\n"),
    );
    put(folder.path(), "response.jsonl", &lines(answer()));
    assert_eq!(run(None, folder.path(), true), "");
    folder
}

fn put(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).unwrap();
}

fn run(fault: Option<Fault>, folder: &Path, write: bool) -> String {
    case::run(&Tiny::new(fault), folder, write).join("\n")
}

#[test]
fn a_written_case_passes_and_shows_both_directions() {
    let folder = a_case();
    assert_eq!(run(None, folder.path(), false), "");
    let upstream = fs::read_to_string(folder.path().join("upstream.http")).unwrap();
    let head =
        "POST http://127.0.0.1:1/chat\ncontent-type: application/json\n\n{\n  \"model\": \"tiny-1\",\n";
    assert!(upstream.starts_with(head), "{upstream}");
    let expected = fs::read(folder.path().join("expected.json")).unwrap();
    assert_eq!(serde_json::from_slice::<ChatResponse>(&expected).unwrap(), answer());
    assert!(!folder.path().join("losses.json").exists());
}

#[test]
fn each_derived_file_is_compared() {
    for file in ["upstream.http", "expected.json", "events.jsonl"] {
        let folder = a_case();
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        put(folder.path(), file, &text.replacen("tiny-1", "tiny-2", 1).replacen("gate", "wall", 1));
        assert!(run(None, folder.path(), false).contains(&format!("{file}: it differs")), "{file}");
        fs::remove_file(folder.path().join(file)).unwrap();
        assert!(run(None, folder.path(), false).contains("no such file yet"), "{file}");
    }
    let folder = a_case();
    put(folder.path(), "losses.json", "[]\n");
    assert!(run(None, folder.path(), false).contains("nothing of this is derived"));
}

#[test]
fn a_refusal_takes_the_place_of_what_is_sent() {
    let folder = a_case();
    assert_eq!(run(Some(Fault::RefusesAll), folder.path(), true), "");
    assert!(!folder.path().join("upstream.http").exists());
    assert!(fs::read_to_string(folder.path().join("refusal.json")).unwrap().contains("not today"));
}

#[test]
fn a_misspelt_field_of_the_request_is_named() {
    let folder = a_case();
    put(folder.path(), "request.json", r#"{"model": "m", "messages": [], "sampling": {"temprature": 1}}"#);
    assert!(run(None, folder.path(), true).contains("\"sampling.temprature\" is no field"));
}

#[test]
fn a_stream_must_say_what_the_whole_answer_says() {
    let folder = a_case();
    let other = ChatResponse { usage: None, ..answer() };
    put(folder.path(), "response.jsonl", &lines(other));
    assert!(run(None, folder.path(), true).contains("folds to another answer"));
}

#[test]
fn a_decoder_that_finishes_what_was_cut_is_found() {
    let folder = a_case();
    let found = run(Some(Fault::FinishesAnyStream), folder.path(), false);
    assert!(found.contains("looks finished"), "{found}");
    let found = run(Some(Fault::ForgetsStart), folder.path(), true);
    assert!(found.contains("the first event is not Start"), "{found}");
}

#[test]
fn an_error_in_the_middle_is_the_answer() {
    let folder = a_case();
    fs::remove_file(folder.path().join("response.http")).unwrap();
    let mut cut = lines(answer());
    cut.truncate(cut.find("{\"event\":\"stop\"").unwrap());
    put(folder.path(), "response.jsonl", &cut);
    assert_eq!(run(None, folder.path(), true), "");
    let expected = fs::read_to_string(folder.path().join("expected.json")).unwrap();
    assert!(expected.contains("\"kind\": \"truncated\""), "{expected}");
}
