//! What clients of the Interactions API are answered, shown by files and by properties.
//!
//! Each folder below `tests/golden_interactions_front_door` is a case, with the files of `tests/golden_front_door`. Each
//! stream must come to the whole answer when its steps are put together, must be read back by the provider's side, byte by
//! byte; and the client's next request, which sends the steps back, must hold the very parts that were answered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../shared/files.rs"]
mod files;
mod properties;
mod sdk;
#[path = "../shared/spelling.rs"]
mod spelling;

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use tollgate_gemini::{DEFAULT_BASE_URL, InteractionsFrontDoor, InteractionsProvider, NAME};
use tollgate_model::{
    Assembler, CallError, ChatEvent, ChatRequest, ChatResponse, Content, ErrorKind, Extra, Format, Losses,
    Part, ProviderName, message::ToolCallKind,
};
use tollgate_provider::{FrontDoor, Provider, conformance::replay};

const NOW: i64 = 1_795_000_000;
const FORMAT: Format = Format::GEMINI_INTERACTIONS;

#[test]
fn answers_are_as_the_files_show() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("tests/golden_interactions_front_door")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 10, "cases are missing: {folders:?}");
    for folder in folders {
        println!("{}", folder.display());
        check(&folder);
    }
}

fn check(folder: &Path) {
    let asked = files::read(folder, "asked.json").unwrap();
    let request = door().decode_request("", asked.as_bytes()).unwrap();
    files::compare(folder, "decoded.json", Some(&files::pretty(&serde_json::to_value(&request).unwrap())));
    let (events, error) = events(folder);
    let (stream, losses) = stream(&request, &events, error.as_ref());
    let mut lost = Map::new();
    lose(&mut lost, "stream", &losses);
    let text = String::from_utf8(stream.to_vec()).unwrap();
    files::compare(folder, "response.sse", Some(&text));
    let joined = sdk::join(&text, error.is_some());
    let read = replay::stream(&provider(), &request, stream.chunks(1));
    assert_eq!(read.is_finished(), error.is_none(), "{}: {:?}", folder.display(), read.error);
    if error.is_none() {
        let answer = Assembler::fold(events);
        let (whole, losses) = whole(&request, &answer);
        lose(&mut lost, "whole", &losses);
        files::compare(folder, "response.json", Some(&files::pretty(&whole)));
        let again = http::Response::new(Bytes::from(whole.to_string()));
        let again = provider().decode_response(&request, again).unwrap();
        assert_eq!(meaning(again), meaning(Assembler::fold(read.events)), "{}", folder.display());
        assert_sent_back(&asked, &whole["steps"], &answer);
        assert_sent_back(&asked, &joined, &answer);
    }
    let lost = (!lost.is_empty()).then(|| files::pretty(&lost.into()));
    files::compare(folder, "losses.json", lost.as_deref());
}

fn door() -> InteractionsFrontDoor {
    InteractionsFrontDoor::new()
}

fn provider() -> InteractionsProvider {
    InteractionsProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
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
    let mut encoder = door().stream_encoder(request, NOW);
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
    let encoded = door().encode_response(request, answer, NOW);
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses)
}

fn lose(lost: &mut Map<String, Value>, way: &str, losses: &Losses) {
    if !losses.is_empty() {
        lost.insert(way.to_owned(), serde_json::to_value(losses).unwrap());
    }
}

/// What both ways of answering say: when an answer began is said at its end only in a stream.
fn meaning(mut answer: ChatResponse) -> ChatResponse {
    answer.created = None;
    answer
}

/// Sends the steps of an answer back, and what the user says next.
fn assert_sent_back(asked: &str, steps: &Value, answer: &ChatResponse) {
    let mut next = spelling::steps(serde_json::from_str(asked).unwrap());
    let before = door().decode_request("", next.to_string().as_bytes()).unwrap().messages.len();
    let input = next["input"].as_array_mut().unwrap();
    input.extend(steps.as_array().unwrap().iter().cloned());
    input.push(json!({"type": "user_input", "content": [{"type": "text", "text": "go on"}]}));
    let request = door().decode_request("", next.to_string().as_bytes()).unwrap();
    let Some(said) = answer.choices.first() else { return };
    let said: Vec<Part> = said.parts.iter().filter_map(sent).collect();
    let back = request.messages.get(before).filter(|_| request.messages.len() > before + 1);
    let back: Vec<Part> =
        back.map_or(&[] as &[Part], |message| &message.parts).iter().filter_map(sent).collect();
    assert_eq!(back, said, "what is sent back is not what was said");
}

/// What of a part a client can send back: signatures of thoughts and calls, and what the format can say.
fn sent(part: &Part) -> Option<Part> {
    let mut part = part.clone();
    match &mut part.content {
        Content::Refusal(words) => part.content = Part::text(std::mem::take(words)).content,
        Content::Audio(audio) => (audio.transcript, audio.id, audio.expires_at) = (None, None, None),
        Content::Opaque(opaque) if opaque.format != FORMAT => return None,
        Content::Image(image)
            if matches!(image.source, tollgate_model::message::MediaSource::File { .. }) =>
        {
            return None;
        }
        Content::ToolCall(call) => (call.kind, call.arguments) = (ToolCallKind::Function, String::new()),
        Content::Text(text) => {
            for citation in &mut text.citations {
                citation.extra = Extra::NONE;
            }
        }
        _ => {}
    }
    if !matches!(part.content, Content::Reasoning(_) | Content::ToolCall(_)) {
        part.signature = None;
    }
    if part.as_text() == Some("") {
        return None;
    }
    // Fields of other formats travel with a signature only; without, they are named as lost. A stream says no fields.
    if part.extra.fields(&FORMAT).is_some() || part.signature.is_none() {
        part.extra = Extra::NONE;
    }
    Some(part)
}

#[test]
fn the_untouched_path_changes_the_models_name_alone() {
    let body = Bytes::from_static(br#"{"input":"hi", "model" : "mine", "invented":{"model":"mine"}}"#);
    let facts = door().request_facts("", &body).unwrap();
    let headers = http::HeaderMap::from_iter([
        ("api-revision".parse().unwrap(), "2027-01-01".parse().unwrap()),
        ("x-goog-api-client".parse().unwrap(), "sdk".parse().unwrap()),
        ("x-goog-api-key".parse().unwrap(), "secret".parse().unwrap()),
    ] as [(http::HeaderName, http::HeaderValue); 3]);
    let provider = provider();
    let sent = provider.relay().unwrap().request(&"gemini-3.8-flash".into(), &facts, &headers, &body);
    assert_eq!(sent.body(), r#"{"input":"hi", "model" : "gemini-3.8-flash", "invented":{"model":"mine"}}"#);
    assert_eq!(sent.uri().path(), "/v1beta/interactions");
    assert_eq!(sent.headers()["api-revision"], "2027-01-01");
    assert_eq!(sent.headers()["x-goog-api-client"], "sdk");
    assert!(!sent.headers().contains_key("x-goog-api-key"));
    let encoded = provider
        .encode_request(
            &tollgate_provider::Target { model: &"m".into(), card: None },
            &door().decode_request("", &body).unwrap(),
        )
        .unwrap();
    assert_eq!(encoded.request.headers()["api-revision"], "2026-05-20");
}
