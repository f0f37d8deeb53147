//! What clients of this format are answered, shown by files.
//!
//! Each folder below `tests/golden_front_door` is a case. Written by hand: `asked.json`, the client's request; and
//! `answer.json`, the canonical answer, or `events.jsonl`, the canonical events of a stream, whose last line may be the
//! `{"error": {"kind", "message"}}` that it breaks with. Derived, compared by every run and renewed by `GOLDEN=write`:
//! `decoded.json`, the canonical request; `response.json`, `response.sse` and, where something cannot be said,
//! `losses.json`.
//!
//! Each stream must follow the rules that the vendor's SDKs have for it, must say the same as a growing array, must be
//! read back by the provider's side to the same answer as the whole one, byte by byte; and the client's next request,
//! which sends all of the answer's pieces back, must hold the very parts that were answered.

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
use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentFrontDoor, GenerateContentProvider, NAME};
use tollgate_model::{
    Assembler, CallError, ChatEvent, ChatRequest, ChatResponse, Content, ErrorKind, Extra, Format, Losses,
    Part, ProviderName,
    message::{Image, MediaSource},
};
use tollgate_provider::{FrontDoor, Provider, conformance::replay};

const PATH: &str = "/v1beta/models/a-model:streamGenerateContent";

#[test]
fn answers_are_as_the_files_show() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("tests/golden_front_door")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 14, "cases are missing: {folders:?}");
    for folder in folders {
        println!("{}", folder.display());
        check(&folder);
    }
}

fn events_door() -> GenerateContentFrontDoor {
    GenerateContentFrontDoor::server_sent_events()
}

fn check(folder: &Path) {
    let asked = files::read(folder, "asked.json").unwrap();
    let request = events_door().decode_request(PATH, asked.as_bytes()).unwrap();
    files::compare(folder, "decoded.json", Some(&files::pretty(&serde_json::to_value(&request).unwrap())));
    let (events, error) = events(folder);
    let (stream, losses) = stream(events_door(), &request, &events, error.as_ref());
    let mut lost = Map::new();
    lose(&mut lost, "stream", &losses);
    let text = String::from_utf8(stream.to_vec()).unwrap();
    files::compare(folder, "response.sse", Some(&text));
    let chunks = sdk::events(&text, error.is_some());
    let (array, _) = self::stream(GenerateContentFrontDoor::json_array(), &request, &events, error.as_ref());
    assert_eq!(sdk::array(std::str::from_utf8(&array).unwrap(), error.is_some()), chunks, "{folder:?}");
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
        assert_sent_back(&asked, &[whole], &answer);
        assert_sent_back(&asked, &chunks, &answer);
    }
    let lost = (!lost.is_empty()).then(|| files::pretty(&lost.into()));
    files::compare(folder, "losses.json", lost.as_deref());
}

fn provider() -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
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

fn stream(
    door: GenerateContentFrontDoor,
    request: &ChatRequest,
    events: &[ChatEvent],
    error: Option<&CallError>,
) -> (BytesMut, Losses) {
    // Each event's bytes leave at once: the hardest case for what comes late.
    flushed(door, request, events, 1, error)
}

/// Writes a stream whose bytes leave after each `batch` of events.
fn flushed(
    door: GenerateContentFrontDoor,
    request: &ChatRequest,
    events: &[ChatEvent],
    batch: usize,
    error: Option<&CallError>,
) -> (BytesMut, Losses) {
    let mut encoder = door.stream_encoder(request, 0);
    let mut bytes = BytesMut::new();
    for batch in events.chunks(batch) {
        let mut piece = BytesMut::new();
        for event in batch {
            encoder.encode(event, &mut piece);
        }
        bytes.extend_from_slice(&piece);
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
    let encoded = events_door().encode_response(request, answer, 0);
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses)
}

fn lose(lost: &mut Map<String, Value>, way: &str, losses: &Losses) {
    if !losses.is_empty() {
        lost.insert(way.to_owned(), serde_json::to_value(losses).unwrap());
    }
}

/// What both ways of answering say: pieces of one text are one text.
fn meaning(mut answer: ChatResponse) -> ChatResponse {
    for choice in &mut answer.choices {
        choice.parts = joined(std::mem::take(&mut choice.parts));
    }
    answer
}

/// Joins texts that follow each other, and gives a signature that stands on an empty piece to the text before it.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for mut part in parts {
        let last = joined.last_mut().filter(|last| last.signature.is_none() && last.extra.is_empty());
        match (last.map(|last| (&mut last.content, &mut last.signature, &mut last.extra)), &mut part.content)
        {
            (Some((Content::Text(known), signature, extra)), Content::Text(more)) => {
                known.text.push_str(&more.text);
                known.citations.append(&mut more.citations);
                (*signature, *extra) = (part.signature, part.extra);
            }
            (Some((Content::Reasoning(known), signature, extra)), Content::Reasoning(more)) => {
                known.text.push_str(&more.text);
                (*signature, *extra) = (part.signature, part.extra);
            }
            _ => joined.push(part),
        }
    }
    joined
}

/// Sends an answer back, as the SDKs' chats do: each piece as it came, as a turn of the model.
fn assert_sent_back(asked: &str, pieces: &[Value], answer: &ChatResponse) {
    let mut next: Value = serde_json::from_str(asked).unwrap();
    let contents = next["contents"].as_array_mut().unwrap();
    contents.extend(pieces.iter().filter_map(|piece| {
        let content = piece["candidates"].as_array()?.iter().find(|it| it["index"] == 0)?.get("content")?;
        Some(content.clone())
    }));
    if contents.iter().all(|content| content["role"] != "model") {
        return;
    }
    contents.push(json!({"role": "user", "parts": [{"text": "go on"}]}));
    let request = events_door().decode_request(PATH, next.to_string().as_bytes()).unwrap();
    let before = events_door().decode_request(PATH, asked.as_bytes()).unwrap().messages.len();
    let Some(said) = answer.choices.first() else { return };
    let said: Vec<Part> = said.parts.iter().filter_map(sent).collect();
    let back = request.messages.get(before).map_or(&[] as &[Part], |message| &message.parts);
    let back: Vec<Part> = back.iter().filter_map(sent).collect();
    assert_eq!(joined(back), joined(said), "what is sent back is not what was said");
}

/// What of a part a client can send back: not citations, nor what the format cannot say; a refusal is text.
fn sent(part: &Part) -> Option<Part> {
    let mut part = part.clone();
    match &mut part.content {
        Content::Text(text) => text.citations.clear(),
        Content::Refusal(words) => part.content = Part::text(std::mem::take(words)).content,
        Content::Audio(audio) => (audio.transcript, audio.id, audio.expires_at) = (None, None, None),
        Content::Opaque(opaque) if opaque.format != Format::GEMINI_GENERATE_CONTENT => return None,
        Content::ToolResult(_) | Content::Image(Image { source: MediaSource::File { .. }, .. }) => {
            return None;
        }
        Content::ToolCall(call) => {
            call.kind = tollgate_model::message::ToolCallKind::Function;
            call.arguments = String::new();
            if call.id.as_str().starts_with("gemini_call_") {
                call.id = "made".into();
            }
        }
        _ => {}
    }
    let empty = part.as_text() == Some("")
        || matches!(&part.content, Content::Reasoning(it) if it.text.is_empty() && it.encrypted.is_none());
    if empty && part.signature.is_none() {
        return None;
    }
    // Fields of other formats travel with a signature only; without, they are named as lost.
    let own = part.extra.fields(&Format::GEMINI_GENERATE_CONTENT).cloned();
    if own.is_some() || part.signature.is_none() {
        let fields = own.into_iter().flatten().filter(|(name, _)| !name.starts_with("note:"));
        part.extra = Extra::new(Format::GEMINI_GENERATE_CONTENT, fields.collect());
    }
    Some(part)
}

#[test]
fn a_model_that_the_body_repeats_follows_the_path() {
    let body = Bytes::from_static(br#"{"contents":[],"model":"models/mine"}"#);
    let facts = events_door().request_facts("/v1beta/models/mine:generateContent", &body).unwrap();
    let provider = provider();
    let relay = provider.relay().unwrap();
    let sent = relay.request(&"gemini-3.8-flash".into(), &facts, &http::HeaderMap::new(), &body);
    assert_eq!(sent.body(), r#"{"contents":[],"model":"models/gemini-3.8-flash"}"#);
    // Streams are asked for as events, so an array cannot be passed on as it comes: it is another format's.
    assert_eq!(events_door().format(), provider.format());
    assert_ne!(GenerateContentFrontDoor::json_array().format(), provider.format());
}

#[test]
fn a_signature_that_comes_with_its_text_stands_on_it() {
    let request = events_door().decode_request(PATH, br#"{"contents":[]}"#).unwrap();
    let answer = Part::text("so").with_signature(tollgate_model::Signature {
        issuer: Format::GEMINI_GENERATE_CONTENT,
        value: "c2ln".into(),
    });
    let events = ChatResponse {
        choices: vec![tollgate_model::Choice::new(0, vec![answer], None)],
        ..ChatResponse::default()
    };
    let parts = |batch: usize| -> Vec<Value> {
        let (bytes, _) = flushed(events_door(), &request, &events.clone().into_events(), batch, None);
        let chunks = sdk::events(std::str::from_utf8(&bytes).unwrap(), false);
        chunks.iter().map(|chunk| chunk["candidates"][0]["content"]["parts"][0].clone()).collect()
    };
    assert_eq!(parts(10), [json!({"text": "so", "thoughtSignature": "c2ln"}), json!({"text": ""})]);
    let late = [json!({"text": "so"}), json!({"text": "", "thoughtSignature": "c2ln"}), json!({"text": ""})];
    assert_eq!(parts(1), late);
}
