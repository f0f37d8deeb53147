//! What clients of Responses are answered, shown by files.
//!
//! A case is a folder below `tests/golden_responses_front_door`. Written by hand: `asked.json`, the client's request; and
//! `answer.json`, the canonical answer, or `events.jsonl`, the canonical events of a stream, whose last line may be the
//! `{"error": {"kind", "message"}}` that it breaks with. Derived, compared by every run and renewed by `GOLDEN=write`:
//! `response.json`, `response.sse` and, where something cannot be said, `losses.json`.
//!
//! Each stream must follow the rules that the vendor's SDKs check, must come to the whole answer, and must be read back by
//! the provider's side, byte by byte.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../front_door/files.rs"]
mod files;
mod requests;
mod sdk;

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    Assembler, CallError, ChatEvent, ChatRequest, ChatResponse, ErrorKind, Losses, ProviderName,
};
use tollgate_openai::{DEFAULT_BASE_URL, NAME, ResponsesFrontDoor, ResponsesProvider};
use tollgate_provider::{FrontDoor, Provider, conformance::replay};

const NOW: i64 = 1_795_000_000;
const PATH: &str = "/v1/responses";

fn folders(below: &str, at_least: usize) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= at_least, "cases are missing: {folders:?}");
    folders
}

#[test]
fn answers_are_as_the_files_show() {
    for folder in folders("tests/golden_responses_front_door", 24) {
        check(&folder);
    }
}

fn check(folder: &Path) {
    let asked = files::read(folder, "asked.json").unwrap();
    let request = ResponsesFrontDoor::new().decode_request(PATH, asked.as_bytes()).unwrap();
    let (events, error) = events(folder);
    let (stream, losses) = stream(&request, &events, error.as_ref());
    let text = String::from_utf8(stream.to_vec()).unwrap();
    files::compare(folder, "response.sse", Some(&text));
    let joined = sdk::join(&text, error.is_some());
    let read = replay::stream(&provider(), &request, stream.chunks(1));
    assert_eq!(read.is_finished(), error.is_none(), "{}: {:?}", folder.display(), read.error);
    let mut lost = Map::new();
    lose(&mut lost, "stream", &losses);
    if error.is_none() {
        let (whole, losses) = whole(&request, &Assembler::fold(events));
        lose(&mut lost, "whole", &losses);
        files::compare(folder, "response.json", Some(&files::pretty(&whole)));
        assert_eq!(joined, whole, "{}: the stream comes to something else", folder.display());
        let again = http::Response::new(Bytes::from(whole.to_string()));
        let again = provider().decode_response(&request, again).unwrap();
        assert_eq!(again, Assembler::fold(read.events), "{}", folder.display());
    }
    let lost = (!lost.is_empty()).then(|| files::pretty(&lost.into()));
    files::compare(folder, "losses.json", lost.as_deref());
}

fn provider() -> ResponsesProvider {
    ResponsesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn events(folder: &Path) -> (Vec<ChatEvent>, Option<CallError>) {
    if let Some(answer) = files::read(folder, "answer.json") {
        let answer: ChatResponse = serde_json::from_str(&answer).unwrap();
        return (answer.into_events(), None);
    }
    let (mut events, mut error) = (Vec::new(), None);
    for line in files::read(folder, "events.jsonl").unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["error"].is_object() {
            let kind: ErrorKind = serde_json::from_value(line["error"]["kind"].clone()).unwrap();
            error = Some(CallError::new(kind, line["error"]["message"].as_str().unwrap()));
        } else {
            events.push(serde_json::from_value(line).unwrap());
        }
    }
    (events, error)
}

fn stream(request: &ChatRequest, events: &[ChatEvent], error: Option<&CallError>) -> (BytesMut, Losses) {
    let mut encoder = ResponsesFrontDoor::new().stream_encoder(request, NOW);
    let mut bytes = BytesMut::new();
    for event in events {
        encoder.encode(event, &mut bytes);
    }
    if let Some(error) = error {
        encoder.encode_error(error, &mut bytes);
        let length = bytes.len();
        encoder.encode(&ChatEvent::Finish, &mut bytes);
        encoder.encode_error(error, &mut bytes);
        assert_eq!(bytes.len(), length, "something follows the error");
    }
    (bytes, encoder.losses().clone())
}

fn whole(request: &ChatRequest, answer: &ChatResponse) -> (Value, Losses) {
    let encoded = ResponsesFrontDoor::new().encode_response(request, answer, NOW);
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses)
}

fn lose(lost: &mut Map<String, Value>, way: &str, losses: &Losses) {
    if !losses.is_empty() {
        lost.insert(way.to_owned(), serde_json::to_value(losses).unwrap());
    }
}
