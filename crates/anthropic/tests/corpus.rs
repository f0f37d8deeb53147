//! Every recorded Messages exchange, decoded whole and streamed at several splits, held against an independent reading.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;
use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Content, FinishReason, Message, ModelName, ProviderName,
};
use tollgate_provider::{Framer, Provider, Relay};

/// What a reader with the API page in hand makes of an answer.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    text: String,
    thinking: String,
    /// Name and parsed input.
    calls: Vec<(String, Value)>,
    opaque: Vec<Value>,
    citations: usize,
    stop: Option<String>,
    input: u64,
    output: u64,
    cache_read: u64,
    cache_written: u64,
    searches: u64,
}

fn count(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or(0)
}

impl Reading {
    fn block(&mut self, block: &Value) {
        match block["type"].as_str().unwrap() {
            "text" => {
                self.text += block["text"].as_str().unwrap();
                self.citations += block["citations"].as_array().map_or(0, Vec::len);
            }
            "thinking" => self.thinking += block["thinking"].as_str().unwrap(),
            "redacted_thinking" => self.thinking += block["data"].as_str().unwrap(),
            "tool_use" => {
                self.calls.push((block["name"].as_str().unwrap().to_owned(), block["input"].clone()));
            }
            _ => self.opaque.push(block.clone()),
        }
    }

    fn usage(&mut self, usage: &Value) {
        self.cache_read = count(usage, "cache_read_input_tokens");
        self.cache_written = count(usage, "cache_creation_input_tokens");
        self.input = count(usage, "input_tokens") + self.cache_read + self.cache_written;
        self.output = count(usage, "output_tokens");
        self.searches = count(&usage["server_tool_use"], "web_search_requests");
    }

    fn of_message(message: &Value) -> Self {
        let mut reading = Self::default();
        message["content"].as_array().unwrap().iter().for_each(|block| reading.block(block));
        reading.usage(&message["usage"]);
        reading.stop = message["stop_reason"].as_str().map(str::to_owned);
        reading
    }

    /// Builds the message that a stream describes, in the plainest way.
    fn of_stream(body: &str) -> Self {
        let mut message = Value::Null;
        let mut json: Vec<String> = Vec::new();
        for line in body.lines().filter_map(|line| line.strip_prefix("data:")) {
            let event: Value = serde_json::from_str(line).unwrap();
            let index = usize::try_from(event["index"].as_u64().unwrap_or(0)).unwrap();
            match event["type"].as_str().unwrap() {
                "message_start" => message = event["message"].clone(),
                "content_block_start" => {
                    message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                    json.push(String::new());
                }
                "content_block_delta" => {
                    let block = &mut message["content"][index];
                    for (name, value) in event["delta"].as_object().unwrap() {
                        match name.as_str() {
                            "type" => {}
                            "partial_json" => json[index] += value.as_str().unwrap(),
                            "citation" => match &mut block["citations"] {
                                Value::Array(citations) => citations.push(value.clone()),
                                none => *none = Value::Array(vec![value.clone()]),
                            },
                            "text" | "thinking" => {
                                let joined =
                                    block[name].as_str().unwrap_or("").to_owned() + value.as_str().unwrap();
                                block[name] = joined.into();
                            }
                            _ => block[name] = value.clone(),
                        }
                    }
                }
                "content_block_stop" if !json[index].is_empty() => {
                    message["content"][index]["input"] = serde_json::from_str(&json[index]).unwrap();
                }
                "message_delta" => {
                    for part in ["delta", "usage"] {
                        for (name, value) in event[part].as_object().unwrap() {
                            let into = if part == "usage" { &mut message["usage"] } else { &mut message };
                            into[name] = value.clone();
                        }
                    }
                }
                _ => {}
            }
        }
        Self::of_message(&message)
    }

    fn of_response(response: &ChatResponse) -> Self {
        let mut reading = Self::default();
        let choice = &response.choices[0];
        for part in &choice.parts {
            match &part.content {
                Content::Text(text) => {
                    reading.text += &text.text;
                    reading.citations += text.citations.len();
                }
                Content::Reasoning(reasoning) => {
                    reading.thinking += &reasoning.text;
                    reading.thinking += reasoning.encrypted.as_deref().unwrap_or("");
                }
                Content::ToolCall(call) => {
                    reading.calls.push((call.name.clone(), serde_json::from_str(&call.arguments).unwrap()));
                }
                Content::Opaque(block) => reading.opaque.push(block.value.clone()),
                other => panic!("no such part in a Messages answer: {other:?}"),
            }
        }
        reading.stop = choice.finish_reason.as_ref().map(|reason| {
            let word = match reason {
                FinishReason::Stop => "end_turn",
                FinishReason::Length => "max_tokens",
                FinishReason::StopSequence(Some(_)) => "stop_sequence",
                FinishReason::ToolCalls => "tool_use",
                FinishReason::PauseTurn => "pause_turn",
                FinishReason::Refusal(_) => "refusal",
                other => panic!("unexpected {other:?}"),
            };
            word.to_owned()
        });
        let usage = response.usage.unwrap();
        reading.input = usage.input_tokens.unwrap();
        reading.output = usage.output_tokens.unwrap();
        reading.cache_read = usage.input.cache_read.unwrap_or(0);
        reading.cache_written =
            usage.input.cache_write.unwrap_or(0) + usage.input.cache_write_long.unwrap_or(0);
        reading.searches = usage.server_tools.web_searches.unwrap_or(0);
        reading
    }
}

fn provider() -> MessagesProvider {
    MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn request() -> ChatRequest {
    ChatRequest::new(ModelName::new("any"), vec![Message::user("any")])
}

fn decode_stream(body: &[u8], split: usize) -> ChatResponse {
    let provider = provider();
    let mut framer = Framer::new(provider.framing());
    let mut decoder = provider.stream_decoder(&request());
    let mut events = Vec::new();
    for chunk in body.chunks(split) {
        framer.feed(chunk, |frame| decoder.decode(frame, &mut events)).unwrap();
    }
    framer.finish(|frame| decoder.decode(frame, &mut events)).unwrap();
    decoder.finish(&mut events).unwrap();
    Assembler::fold(events)
}

/// Reads the same along the untouched path, and holds what it says against the translation.
fn check_relay(body: &[u8], streamed: bool, decoded: &ChatResponse) {
    let provider = provider();
    let facts = if streamed {
        let mut reader = provider.stream_reader();
        let mut framer = Framer::new(provider.framing());
        framer.feed(body, |frame| reader.read(frame)).unwrap();
        framer.finish(|frame| reader.read(frame)).unwrap();
        reader.finish().unwrap();
        reader.facts().clone()
    } else {
        provider.response_facts(body).unwrap()
    };
    assert_eq!(Some(facts.usage), decoded.usage);
    assert_eq!((&facts.id, &facts.model), (&decoded.id, &decoded.model));
    assert_eq!(facts.finish_reason, decoded.choices[0].finish_reason);
    assert_eq!(facts.service_tier, decoded.service_tier);
}

#[derive(Debug, Default)]
struct Counts {
    whole: usize,
    streamed: usize,
    errors: usize,
}

fn check(exchange: &Value, counts: &mut Counts) {
    let response = &exchange["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let text = response["body_text"].as_str();
    if status != 200 {
        let body = text.map_or_else(|| response["body"].to_string(), str::to_owned);
        let answer = http::Response::builder().status(status).body(Bytes::from(body.clone())).unwrap();
        let error = provider().decode_error(answer);
        assert_eq!(error.status.unwrap().as_u16(), status);
        assert!(body.contains(&error.message), "{body}");
        counts.errors += 1;
    } else if let Some(body) = text.filter(|body| body.contains("message_start")) {
        let decoded = decode_stream(body.as_bytes(), usize::MAX);
        assert_eq!(Reading::of_response(&decoded), Reading::of_stream(body));
        for split in [1, 7, 1000] {
            assert_eq!(decode_stream(body.as_bytes(), split), decoded, "split at {split}");
        }
        check_relay(body.as_bytes(), true, &decoded);
        counts.streamed += 1;
    } else {
        let body = text.map_or_else(|| response["body"].to_string(), str::to_owned);
        let answer = http::Response::new(Bytes::from(body.clone()));
        let decoded = provider().decode_response(&request(), answer).unwrap();
        assert_eq!(
            Reading::of_response(&decoded),
            Reading::of_message(&serde_json::from_str(&body).unwrap())
        );
        assert_eq!(Assembler::fold(decoded.clone().into_events()), decoded);
        check_relay(body.as_bytes(), false, &decoded);
        counts.whole += 1;
    }
}

#[test]
fn every_recorded_exchange_is_read_as_it_is() {
    let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let mut counts = Counts::default();
    for part in ["exchanges", "supplement"] {
        for provider in std::fs::read_dir(Path::new(&corpus).join(part)).unwrap().flatten() {
            if !provider.path().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(provider.path()).unwrap() {
                let file = file.unwrap().path();
                let exchange: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                if exchange["wire"] != "anthropic.messages" {
                    continue;
                }
                println!("{}", file.file_name().unwrap().display());
                check(&exchange, &mut counts);
            }
        }
    }
    println!("anthropic.messages: {counts:?}");
    assert!(counts.whole > 200 && counts.streamed > 40 && counts.errors >= 3, "{counts:?}");
}
