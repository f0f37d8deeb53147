//! What the vendors were recorded to accept, their simulators accept: no rule here is stricter than the real ones. And what
//! was refused is refused, in the same place.
//!
//! The recordings are no part of the project: `TOLLGATE_CORPUS` names their folder. What a recording cannot bring along is
//! excused: seals made by the vendor itself, answers it kept, models that are gone.

#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use std::{collections::BTreeMap, fs, path::Path};

use raw::{Answer, credentials, exchange, start};
use serde_json::{Value, json};
use tollgate_simulators::{Simulators, Vendor};

/// Words of refusals that say nothing about a rule.
const EXCUSED: [&str; 8] = [
    "Previous response with id",
    "Item with id",
    "Conversation with id",
    "Prompt with id",
    "does not exist",
    "This is a chat model",
    "is not found for API version",
    "was not found",
];

/// Words of refusals of reasoning that the simulator did not seal itself.
const SEALED: [&str; 4] = [
    "could not be verified",
    "Invalid `signature` in `thinking` block",
    "Invalid `data` in `redacted_thinking` block",
    "Thought signature is not valid",
];

/// Recorded before the vendor had the rule, with models that are gone.
const OUTDATED: [&str; 3] = [
    // Results of other calls, with a model of early 2024.
    "52acd20525",
    "95eeaa1c5a",
    // A picture's address without an object around it, in 2023.
    "8e7c124552",
];

/// A recorded request.
struct Recorded {
    id: String,
    vendor: Vendor,
    path: String,
    headers: String,
    body: String,
    status: u64,
    /// What was answered, where it was JSON.
    answer: Value,
}

impl Recorded {
    /// Without what the vendor itself sealed, as far as the conversation can do without.
    fn without_seals(self) -> Self {
        let mut body: Value = serde_json::from_str(&self.body).unwrap();
        for items in ["input", "messages", "contents"] {
            body.get_mut(items).and_then(Value::as_array_mut).into_iter().for_each(unseal);
        }
        // Who thinks with a budget must not come back without thoughts.
        body.as_object_mut().unwrap().shift_remove("thinking");
        Self { body: body.to_string(), ..self }
    }
}

fn unseal(items: &mut Vec<Value>) {
    items.retain(|item| item["type"] != "reasoning");
    for item in items {
        if let Some(blocks) = item.get_mut("content").and_then(Value::as_array_mut) {
            blocks.retain(|block| !block["type"].as_str().is_some_and(|kind| kind.ends_with("thinking")));
        }
        for part in item.get_mut("parts").and_then(Value::as_array_mut).into_iter().flatten() {
            for name in ["thoughtSignature", "thought_signature"] {
                if part.get(name).is_some() {
                    part[name] = json!("skip_thought_signature_validator");
                }
            }
        }
    }
}

async fn send(simulators: &Simulators, recorded: &Recorded) -> Answer {
    let base = simulators.base_url(recorded.vendor);
    let base = base.trim_end_matches("/v1");
    exchange(base, "POST", &recorded.path, &recorded.headers, recorded.body.as_bytes()).await.unwrap()
}

fn read(path: &Path) -> Option<Recorded> {
    let recorded: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let request = &recorded["request"];
    let body = &request["body"];
    let vendor = match recorded["provider"].as_str().unwrap() {
        "openai" => Vendor::OpenAi,
        "anthropic" => Vendor::Anthropic,
        "gemini" => Vendor::Gemini,
        "xai" => Vendor::Xai,
        _ => return None,
    };
    let path = request["path"].as_str().unwrap().to_owned();
    let doors = [
        "/v1/responses",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/messages",
        "enerateContent",
        "/interactions",
        "/v1/embeddings",
        "/v1/moderations",
        "mbedContent",
        "ountTokens",
    ];
    let is_served = doors.iter().any(|door| path.contains(door)) && !path.contains("compact");
    let mut headers = credentials(vendor).to_owned();
    if let Some(betas) = request["headers"]["anthropic-beta"].as_str() {
        headers.push_str(&format!("anthropic-beta: {betas}\r\n"));
    }
    (is_served && body.is_object()).then(|| Recorded {
        status: recorded["response"]["status"].as_u64().unwrap(),
        answer: recorded["response"]["body"].clone(),
        id: recorded["id"].as_str().unwrap().to_owned(),
        vendor,
        path,
        headers,
        body: body.to_string(),
    })
}

/// All that are served here. None: skipped, and said so.
fn recordings() -> Option<Vec<Recorded>> {
    let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return None;
    };
    let folders = ["exchanges", "supplement"].map(|part| Path::new(&corpus).join(part));
    let vendors = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let vendors = vendors.map(|vendor| vendor.unwrap().path()).filter(|path| path.is_dir());
    let files = vendors.flat_map(|vendor| fs::read_dir(vendor).unwrap());
    Some(files.filter_map(|file| read(&file.unwrap().path())).collect())
}

#[tokio::test]
async fn what_was_accepted_is_accepted() {
    let Some(all) = recordings() else { return };
    let simulators = start().await;
    let mut refusals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut sent, mut resent, mut excused) = (0, 0, 0);
    for mut recorded in all.into_iter().filter(|recorded| recorded.status < 300) {
        let mut answer = send(&simulators, &recorded).await;
        sent += 1;
        if SEALED.iter().any(|words| answer.text().contains(words)) {
            // With their seals gone, the rest is held against the rules.
            resent += 1;
            recorded = recorded.without_seals();
            answer = send(&simulators, &recorded).await;
        }
        if answer.status == 200 {
            continue;
        }
        if EXCUSED.iter().any(|words| answer.text().contains(words)) {
            excused += 1;
            continue;
        }
        let error = answer.json();
        let message = error["error"]["message"].as_str().or_else(|| error["error"].as_str()).unwrap_or("?");
        if OUTDATED.contains(&recorded.id.as_str()) {
            continue;
        }
        let named = format!("{} {}", recorded.vendor, message);
        refusals.entry(named).or_default().push(recorded.id);
    }
    println!("{sent} requests, {resent} without their seals, {excused} excused");
    assert!(sent > 1_300, "the recordings are not where they were: {sent}");
    assert!(excused * 12 < sent, "too much is excused: {excused} of {sent}");
    assert!(refusals.is_empty(), "{refusals:#?}");
}

/// Refusals that a simulator cannot know of: keys, limits, pictures that it does not fetch, texts that were taken out.
const UNKNOWABLE: [&str; 7] = [
    "API key",
    "x-api-key",
    "exceeded your current quota",
    "Error while downloading",
    "unsupported image",
    "exceeds the context window",
    "Missing bearer",
];

#[tokio::test]
async fn what_was_refused_is_refused() {
    let Some(all) = recordings() else { return };
    let simulators = start().await;
    let mut refused = 0;
    for recorded in all.into_iter().filter(|recorded| (400..500).contains(&recorded.status)) {
        let error = &recorded.answer["error"];
        let message = error["message"].as_str().unwrap_or("");
        if UNKNOWABLE.iter().any(|words| message.contains(words)) {
            continue;
        }
        let answer = send(&simulators, &recorded).await;
        assert_eq!(u64::from(answer.status), recorded.status, "{}: {}", recorded.id, recorded.answer);
        let found = answer.json();
        for field in ["param", "code", "type", "status"] {
            assert_eq!(found["error"][field], error[field], "{}: {found} {}", recorded.id, recorded.answer);
        }
        refused += 1;
    }
    println!("{refused} refusals");
    assert!(refused >= 15, "the recordings are not where they were: {refused}");
}
