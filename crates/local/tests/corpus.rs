//! Every recorded exchange of Ollama's native chat, held against an independent reading, whole and cut.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path};

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use tollgate_local::ollama::{ChatProvider, DEFAULT_BASE_URL, NAME};
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Content, FinishReason, Message, ModelName, ProviderName,
};
use tollgate_provider::{
    Provider,
    conformance::{check_grammar, replay},
};

/// What a reader with the API page in hand makes of an answer.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    model: String,
    text: String,
    thinking: String,
    calls: Vec<(String, Value)>,
    reason: Option<String>,
    counts: (Option<u64>, Option<u64>),
}

impl Reading {
    fn of_lines(lines: impl Iterator<Item = Value>) -> Self {
        let mut reading = Self::default();
        for line in lines {
            let message = &line["message"];
            reading.model = line["model"].as_str().unwrap().to_owned();
            reading.text += message["content"].as_str().unwrap_or_default();
            reading.thinking += message["thinking"].as_str().unwrap_or_default();
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let function = &call["function"];
                reading
                    .calls
                    .push((function["name"].as_str().unwrap().to_owned(), function["arguments"].clone()));
            }
            if line["done"] == true {
                let reason = line["done_reason"].as_str().map(str::to_owned);
                reading.reason =
                    if reading.calls.is_empty() { reason } else { Some("tool_calls".to_owned()) };
                reading.counts = (line["prompt_eval_count"].as_u64(), line["eval_count"].as_u64());
            }
        }
        reading
    }

    fn of_response(response: &ChatResponse) -> Self {
        let choice = &response.choices[0];
        let usage = response.usage.unwrap_or_default();
        let mut reading = Self {
            model: response.model.as_ref().unwrap().to_string(),
            reason: choice.finish_reason.as_ref().map(FinishReason::as_str).map(Into::into),
            counts: (usage.input_tokens, usage.output_tokens),
            ..Self::default()
        };
        for part in &choice.parts {
            match &part.content {
                Content::Text(part) => reading.text += &part.text,
                Content::Reasoning(part) => reading.thinking += &part.text,
                Content::ToolCall(call) => {
                    reading.calls.push((call.name.clone(), serde_json::from_str(&call.arguments).unwrap()));
                }
                other => panic!("no recording holds this: {other:?}"),
            }
        }
        reading
    }
}

fn check_exchange(exchange: &Value) {
    let id = exchange["id"].as_str().unwrap();
    let provider = ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    let request = ChatRequest::new(ModelName::new("m"), vec![Message::user("hi")]);
    let answer = &exchange["response"];
    assert_eq!(answer["status"], 200, "{id}");
    match answer["body_text"].as_str() {
        None => {
            let body = &answer["body"];
            let response = Response::new(Bytes::from(body.to_string()));
            let response = provider.decode_response(&request, response).unwrap();
            assert_eq!(
                Reading::of_response(&response),
                Reading::of_lines([body.clone()].into_iter()),
                "{id}"
            );
            assert!(response.created.is_some(), "{id}");
        }
        Some(body) => {
            let expected = Reading::of_lines(body.lines().map(|line| serde_json::from_str(line).unwrap()));
            for size in [1, 7, 100, body.len()] {
                let streamed = replay::stream(&provider, &request, body.as_bytes().chunks(size));
                assert!(streamed.error.is_none(), "{id}: {:?}", streamed.error);
                check_grammar(&streamed.events).unwrap();
                assert_eq!(
                    Reading::of_response(&Assembler::fold(streamed.events)),
                    expected,
                    "{id}, cut by {size}"
                );
            }
        }
    }
}

#[test]
fn every_recorded_exchange_means_what_it_says() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let mut checked = 0;
    for folder in ["exchanges/ollama", "supplement/ollama"] {
        for entry in fs::read_dir(Path::new(&corpus).join(folder)).unwrap() {
            let exchange: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            if exchange["wire"] == "ollama.chat" {
                check_exchange(&exchange);
                checked += 1;
            }
        }
    }
    println!("{checked} exchanges");
    assert!(checked >= 7, "the corpus has fewer exchanges than it had: {checked}");
}
