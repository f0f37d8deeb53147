//! Client and provider speak the same format: what arrives at either is what the other sent, byte by byte.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;
use tollgate_provider::FrontDoor;

use crate::{
    exchanges::{self, Exchange},
    gate::Gate,
};

/// A format: the recordings' word for it, a provider that speaks it, and its door.
fn formats() -> Vec<(&'static str, &'static str, Arc<dyn FrontDoor>)> {
    vec![
        ("openai.chat", "openai", Arc::new(tollgate::ChatFrontDoor::new())),
        ("openai.responses", "openai", Arc::new(tollgate::ResponsesFrontDoor::new())),
        ("anthropic.messages", "anthropic", Arc::new(tollgate::MessagesFrontDoor::new())),
        (
            "gemini.generateContent",
            "gemini",
            Arc::new(tollgate::GenerateContentFrontDoor::server_sent_events()),
        ),
        (
            "gemini.streamGenerateContent",
            "gemini",
            Arc::new(tollgate::GenerateContentFrontDoor::server_sent_events()),
        ),
        ("gemini.interactions", "gemini", Arc::new(tollgate::InteractionsFrontDoor::new())),
    ]
}

/// Why an exchange is not one that passes untouched.
fn exception(exchange: &Exchange) -> Option<&'static str> {
    if exchange.asked["background"] == true {
        return Some("the gateway makes answers in the background itself");
    }
    if !exchange.asked["conversation"].is_null() {
        return Some("conversations of the vendor's are refused");
    }
    if exchange.wire == "gemini.interactions" && exchange.asked["model"].is_null() {
        return Some("an agent is asked, no model");
    }
    if exchange.wire == "openai.responses" && exchange.asked["model"].is_null() {
        return Some("a prompt that the vendor keeps says which model: nobody here can know");
    }
    if exchange.status >= 300 {
        return Some("no success: errors are told, not passed");
    }
    if exchange.wire == "gemini.streamGenerateContent" && exchange.said.starts_with(b"[") {
        return Some("a JSON array that grows is written anew from events");
    }
    let is_events = exchange.is_stream && exchange.wire == "openai.chat";
    if is_events && memchr::memmem::find(&exchange.said, b"[DONE]").is_none() {
        return Some("the stream lacks the format's own last event: it counts as cut");
    }
    None
}

/// The body as a client writes it, with the gateway's name for the model, and as the provider is to get it. Spaces, escapes
/// and fields of tomorrow are kept.
fn bodies(exchange: &Exchange, model: &str) -> (Vec<u8>, Vec<u8>) {
    let mut asked = exchange.asked.clone();
    asked["x_tomorrow"] = serde_json::json!({"kept": [1.50, "\u{e9}"]});
    let mut written = |name: &str| {
        if asked.get("model").is_some_and(Value::is_string) {
            asked["model"] = name.into();
        }
        serde_json::to_string_pretty(&asked).unwrap().replace('\u{e9}', "\\u00e9").into_bytes()
    };
    // Where a body of Gemini's repeats the model of the path, it is told in full.
    let full = exchange.wire.starts_with("gemini.") && exchange.wire != "gemini.interactions";
    let told = if full { format!("models/{model}") } else { model.to_owned() };
    (written(&format!("upstream/{model}")), written(&told))
}

fn path_of(exchange: &Exchange, model: &str) -> String {
    match exchange.wire.as_str() {
        "gemini.generateContent" => format!("/v1beta/models/upstream%2F{model}:generateContent"),
        "gemini.streamGenerateContent" => {
            format!("/v1beta/models/upstream%2F{model}:streamGenerateContent?alt=sse")
        }
        _ => exchange.path.clone(),
    }
}

#[tokio::test]
async fn bytes_pass_untouched_in_both_directions() {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut gates: HashMap<&str, Gate> = HashMap::new();
    for (wire, kind, door) in formats() {
        let Some(exchanges) = exchanges::read(&[wire]) else { return };
        for exchange in exchanges {
            // Servers that copy the format are spoken to as such.
            let copied = wire == "openai.chat" && !matches!(&*exchange.provider, "openai" | "azure");
            let kind = if copied { "openai-compatible" } else { kind };
            let gate = gates.entry(kind).or_insert_with(|| Gate::open(kind));
            if let Some(why) = exception(&exchange) {
                *left_out.entry(why).or_default() += 1;
                continue;
            }
            let model = exchange.asked["model"].as_str().unwrap_or("some-model").to_owned();
            let (from_client, to_provider) = bodies(&exchange, &model);
            let told = gate.ask(&door, &path_of(&exchange, &model), from_client, &exchange).await;
            let asked = gate.asked();
            let named = format!("{wire} {}", exchange.id);
            match asked {
                Some(asked) if asked.body()[..] != to_provider[..] => {
                    let sent = String::from_utf8_lossy(asked.body());
                    wrong.push(format!("{named}: request {sent:.300}"));
                }
                None => {
                    wrong.push(format!("{named}: nothing was sent: {}", String::from_utf8_lossy(&told.body)))
                }
                Some(_) if told.body != exchange.said => {
                    let place = told.body.iter().zip(&exchange.said).take_while(|(a, b)| a == b).count();
                    let differs = String::from_utf8_lossy(&told.body[place..]);
                    wrong.push(format!("{named}: answer at {place}: {differs:.300}"));
                }
                Some(_) if told.lossy.is_some() => wrong.push(format!("{named}: {:?}", told.lossy)),
                Some(_) => *counted.entry(wire).or_default() += 1,
            }
        }
    }
    println!("the same bytes: {counted:?}; left out: {left_out:?}");
    assert!(wrong.is_empty(), "{} differ:\n{:.20000}", wrong.len(), wrong.join("\n"));
    assert!(counted.len() == formats().len(), "{counted:?}");
}
