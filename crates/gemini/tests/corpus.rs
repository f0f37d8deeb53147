//! Every recorded exchange, decoded whole and streamed at several splits, held against an independent reading.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "shared/spelling.rs"]
mod spelling;

use std::path::Path;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_gemini::{
    DEFAULT_BASE_URL, GenerateContentFrontDoor, GenerateContentProvider, InteractionsFrontDoor,
    InteractionsProvider, NAME,
};
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Content, FinishReason, Message, ModelName, ProviderName,
};
use tollgate_provider::{Framer, FrontDoor, Provider, Relay, Target, carried};

/// What a reader with the API page in hand makes of an answer.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    text: String,
    thoughts: String,
    /// Name, arguments, and the id where one came.
    calls: Vec<(String, Value)>,
    ids: Vec<String>,
    media: Vec<(String, String)>,
    /// Parts that only this format has.
    others: Vec<Value>,
    signatures: Vec<String>,
    finish: Option<String>,
    input: u64,
    output: u64,
    cached: u64,
    reasoning: u64,
    tier: Option<String>,
    logprobs: Vec<f64>,
    id: Option<String>,
    model: Option<String>,
}

fn count(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or(0)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl Reading {
    fn part(&mut self, part: &Value) {
        let thought = part["thought"] == true;
        let known = ["text", "functionCall", "inlineData"].into_iter().any(|kind| part.get(kind).is_some());
        match &part["text"] {
            Value::String(words) if thought => self.thoughts += words,
            Value::String(words) => self.text += words,
            _ => {}
        }
        if let Some(call) = part.get("functionCall") {
            let args = call.get("args").cloned().unwrap_or_else(|| serde_json::json!({}));
            self.calls.push((text(&call["name"]).unwrap(), args));
            self.ids.extend(text(&call["id"]));
        }
        if let Some(blob) = part.get("inlineData") {
            self.media.push((text(&blob["mimeType"]).unwrap(), text(&blob["data"]).unwrap()));
        }
        if known {
            self.signatures.extend(text(&part["thoughtSignature"]));
        } else if part != &serde_json::json!({}) {
            self.others.push(part.clone());
        }
    }

    fn frame(&mut self, frame: &Value) {
        self.id = self.id.take().or_else(|| text(&frame["responseId"]));
        self.model = self.model.take().or_else(|| text(&frame["modelVersion"]));
        let candidate = &frame["candidates"][0];
        candidate["content"]["parts"].as_array().into_iter().flatten().for_each(|part| self.part(part));
        for chosen in candidate["logprobsResult"]["chosenCandidates"].as_array().into_iter().flatten() {
            self.logprobs.push(chosen["logProbability"].as_f64().unwrap());
        }
        let finish = &candidate["finishReason"];
        // Some were recorded from a client that asks for enumerations as numbers.
        let finish = if *finish == 1 { Some("STOP".to_owned()) } else { text(finish) };
        self.finish = finish.or_else(|| self.finish.take());
        if let Some(reason) = text(&frame["promptFeedback"]["blockReason"]) {
            self.finish = Some(reason);
        }
        let usage = &frame["usageMetadata"];
        self.tier = text(&usage["serviceTier"]).or_else(|| self.tier.take());
        if usage.get("candidatesTokenCount").or_else(|| usage.get("promptTokenCount")).is_some() {
            self.input = count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount");
            self.reasoning = count(usage, "thoughtsTokenCount");
            self.output = count(usage, "candidatesTokenCount") + self.reasoning;
            self.cached = count(usage, "cachedContentTokenCount");
        }
    }

    fn of_frames(frames: &[Value]) -> Self {
        let mut reading = Self::default();
        frames.iter().for_each(|frame| reading.frame(frame));
        reading
    }

    fn of_response(response: &ChatResponse, given_ids: &[String]) -> Self {
        let mut reading = Self::default();
        let choice = &response.choices[0];
        for part in &choice.parts {
            match &part.content {
                Content::Text(text) => reading.text += &text.text,
                Content::Reasoning(reasoning) => reading.thoughts += &reasoning.text,
                Content::ToolCall(call) => {
                    reading.calls.push((call.name.clone(), serde_json::from_str(&call.arguments).unwrap()));
                    let id = call.id.as_str();
                    reading.ids.extend(given_ids.iter().find(|given| *given == id).cloned());
                }
                Content::Image(image) => {
                    let tollgate_model::message::MediaSource::Base64 { media_type, data } = &image.source
                    else {
                        panic!("pictures come in base64: {image:?}")
                    };
                    reading.media.push((media_type.clone(), data.clone()));
                }
                Content::Audio(audio) => {
                    let tollgate_model::message::MediaSource::Base64 { media_type, data } = &audio.source
                    else {
                        panic!("sound comes in base64: {audio:?}")
                    };
                    reading.media.push((media_type.clone(), data.clone()));
                }
                Content::Opaque(part) => reading.others.push(part.value.clone()),
                other => panic!("no such part in an answer: {other:?}"),
            }
            reading.signatures.extend(part.signature.as_ref().map(|signature| signature.value.clone()));
        }
        reading.finish = choice.finish_reason.as_ref().map(|reason| match reason {
            FinishReason::Stop | FinishReason::ToolCalls => "STOP".to_owned(),
            FinishReason::Length => "MAX_TOKENS".to_owned(),
            FinishReason::ContentFilter(Some(word)) | FinishReason::MalformedToolCall(Some(word)) => {
                word.clone()
            }
            FinishReason::Other(word) => word.clone(),
            other => panic!("unexpected {other:?}"),
        });
        if matches!(choice.finish_reason, Some(FinishReason::Stop | FinishReason::ToolCalls)) {
            let called = choice.finish_reason == Some(FinishReason::ToolCalls);
            assert_eq!(called, !reading.calls.is_empty());
        }
        let usage = response.usage.unwrap_or_default();
        reading.input = usage.input_tokens.unwrap_or(0);
        reading.output = usage.output_tokens.unwrap_or(0);
        reading.cached = usage.input.cache_read.unwrap_or(0);
        reading.reasoning = usage.output.reasoning.unwrap_or(0);
        reading.tier.clone_from(&response.service_tier);
        reading.logprobs = choice.logprobs.iter().map(|token| token.logprob).collect();
        reading.id = response.id.as_ref().map(ToString::to_string);
        reading.model = response.model.as_ref().map(ToString::to_string);
        reading
    }
}

fn provider() -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
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
    assert_eq!(facts.usage, decoded.usage.unwrap_or_default());
    assert_eq!((&facts.id, &facts.model), (&decoded.id, &decoded.model));
    assert_eq!(facts.finish_reason, decoded.choices[0].finish_reason);
    assert_eq!(facts.service_tier, decoded.service_tier);
}

/// Answers a client of this format with an answer, whole and streamed, and reads both back.
fn check_answers(decoded: &ChatResponse) {
    let door = GenerateContentFrontDoor::server_sent_events();
    let encoded = door.encode_response(&request(), decoded, 0);
    assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
    let again = provider().decode_response(&request(), http::Response::new(encoded.body)).unwrap();
    assert_eq!(&without_marks(again), decoded);
    if decoded.choices.iter().all(|choice| choice.finish_reason.is_none()) {
        return;
    }
    let mut encoder = door.stream_encoder(&request(), 0);
    let mut stream = BytesMut::new();
    for event in decoded.clone().into_events() {
        encoder.encode(&event, &mut stream);
    }
    assert!(encoder.losses().is_empty(), "{:?}", encoder.losses());
    assert_eq!(&without_marks(decode_stream(&stream, 100)), decoded);
}

/// An answer as it was before the gateway marked the calls that nobody signed.
fn without_marks(mut answer: ChatResponse) -> ChatResponse {
    let parts = answer.choices.iter_mut().flat_map(|choice| &mut choice.parts);
    for call in parts.filter(|part| matches!(part.content, Content::ToolCall(_))) {
        call.signature.take_if(|signature| signature.value == carried::UNSIGNED);
    }
    answer
}

/// Reads a client's request, writes it for the vendor, and compares the two.
fn check_request(exchange: &Value) {
    let asked = &exchange["request"]["body"];
    let path = exchange["request"]["path"].as_str().unwrap().split('?').next().unwrap();
    let door = GenerateContentFrontDoor::server_sent_events();
    let request = door.decode_request(path, asked.to_string().as_bytes()).unwrap();
    let facts = door.request_facts(path, asked.to_string().as_bytes()).unwrap();
    assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
    let target = Target { model: &request.model, card: None };
    let encoded = provider().encode_request(&target, &request).unwrap();
    assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
    let written: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    let (written, asked) = (spelling::normal(written), spelling::normal(asked.clone()));
    assert_eq!(spelling::difference(&written, &asked, ""), None);
}

#[derive(Debug, Default)]
struct Counts {
    whole: usize,
    streamed: usize,
    errors: usize,
    calls: usize,
    thoughts: usize,
    citations: usize,
}

impl Counts {
    fn add(&mut self, response: &ChatResponse) {
        for part in response.choices.iter().flat_map(|choice| &choice.parts) {
            match &part.content {
                Content::ToolCall(_) => self.calls += 1,
                Content::Reasoning(_) => self.thoughts += 1,
                Content::Text(text) => self.citations += text.citations.len(),
                _ => {}
            }
        }
    }
}

fn check_whole(body: &str) -> ChatResponse {
    let decoded =
        provider().decode_response(&request(), http::Response::new(Bytes::from(body.to_owned()))).unwrap();
    let expected = Reading::of_frames(&[serde_json::from_str(body).unwrap()]);
    assert_eq!(Reading::of_response(&decoded, &expected.ids), expected);
    assert_eq!(Assembler::fold(decoded.clone().into_events()), decoded);
    check_relay(body.as_bytes(), false, &decoded);
    // The same answer as a stream of one frame.
    let line: Value = serde_json::from_str(body).unwrap();
    if decoded.choices[0].finish_reason.is_some() {
        assert_eq!(decode_stream(format!("data: {line}\r\n\r\n").as_bytes(), 4096), decoded);
    }
    decoded
}

fn check_stream(body: &str) -> ChatResponse {
    let decoded = decode_stream(body.as_bytes(), usize::MAX);
    let lines = body.lines().filter_map(|line| line.strip_prefix("data:"));
    let frames: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = Reading::of_frames(&frames);
    assert_eq!(Reading::of_response(&decoded, &expected.ids), expected);
    for split in [1, 7, 1000] {
        assert_eq!(decode_stream(body.as_bytes(), split), decoded, "split at {split}");
    }
    check_relay(body.as_bytes(), true, &decoded);
    decoded
}

fn check(exchange: &Value, counts: &mut Counts) {
    check_request(exchange);
    let response = &exchange["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let body = response["body_text"].as_str().map_or_else(|| response["body"].to_string(), str::to_owned);
    if status != 200 {
        let answer = http::Response::builder().status(status).body(Bytes::from(body)).unwrap();
        let error = provider().decode_error(answer);
        assert_eq!(error.status.unwrap().as_u16(), status);
        assert_eq!(Some(error.message.as_str()), response["body"]["error"]["message"].as_str());
        counts.errors += 1;
    } else if body.starts_with("data:") {
        let decoded = check_stream(&body);
        check_answers(&decoded);
        counts.add(&decoded);
        counts.streamed += 1;
    } else if body.starts_with('[') {
        // Asked without `alt=sse`: the same frames as one array.
        let frames: Vec<Value> = serde_json::from_str(&body).unwrap();
        let lines: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
        let decoded = check_stream(&lines);
        check_answers(&decoded);
        counts.add(&decoded);
        counts.streamed += 1;
    } else {
        let decoded = check_whole(&body);
        check_answers(&decoded);
        counts.add(&decoded);
        counts.whole += 1;
    }
}

/// Calls `check` with every recorded exchange of the wire formats.
fn each(wires: &[&str], mut check: impl FnMut(&Value)) -> bool {
    let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else {
        eprintln!("SKIPPED: TOLLGATE_CORPUS is not set");
        return false;
    };
    for part in ["exchanges", "supplement"] {
        for provider in std::fs::read_dir(Path::new(&corpus).join(part)).unwrap().flatten() {
            if !provider.path().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(provider.path()).unwrap() {
                let file = file.unwrap().path();
                let exchange: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                if wires.contains(&exchange["wire"].as_str().unwrap()) {
                    eprintln!("{}", file.file_name().unwrap().display());
                    check(&exchange);
                }
            }
        }
    }
    true
}

#[test]
fn every_recorded_exchange_is_read_as_it_is() {
    let mut counts = Counts::default();
    let wires = ["gemini.generateContent", "gemini.streamGenerateContent"];
    if !each(&wires, |exchange| check(exchange, &mut counts)) {
        return;
    }
    println!("gemini.generateContent, gemini.streamGenerateContent: {counts:?}");
    assert!(counts.whole > 300 && counts.streamed > 20 && counts.errors >= 5, "{counts:?}");
}

/// A recorded answer of the Interactions API, read whole or as a stream, told again and read back.
fn check_interaction(exchange: &Value) -> bool {
    let provider = InteractionsProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    let door = InteractionsFrontDoor::new();
    let asked = &exchange["request"]["body"];
    let request = door.decode_request("", asked.to_string().as_bytes()).unwrap();
    let target = Target { model: &request.model, card: None };
    let encoded = provider.encode_request(&target, &request).unwrap();
    let answered = &exchange["response"];
    if answered["status"] != 200 {
        let body = Bytes::from(answered["body"].to_string());
        let error = provider.decode_error(http::Response::builder().status(400).body(body).unwrap());
        assert_eq!(error.message, answered["body"]["error"]["message"].as_str().unwrap());
        assert_eq!(error.kind(), tollgate_model::ErrorKind::InvalidRequest);
        return false;
    }
    assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
    let written: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    let (written, asked) = (spelling::steps(written), spelling::steps(asked.clone()));
    assert_eq!(spelling::difference(&written, &asked, ""), None);
    let read = |body: &[u8], split: usize| {
        let mut framer = Framer::new(provider.framing());
        let mut decoder = provider.stream_decoder(&request);
        let mut events = Vec::new();
        for chunk in body.chunks(split) {
            framer.feed(chunk, |frame| decoder.decode(frame, &mut events)).unwrap();
        }
        framer.finish(|frame| decoder.decode(frame, &mut events)).unwrap();
        decoder.finish(&mut events).unwrap();
        Assembler::fold(events)
    };
    let decoded = match answered["body_text"].as_str() {
        Some(stream) => {
            let decoded = read(stream.as_bytes(), usize::MAX);
            assert_eq!(read(stream.as_bytes(), 7), decoded);
            let text: String = stream
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
                .filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned))
                .collect();
            let parts = decoded.choices[0].parts.iter();
            assert_eq!(parts.filter_map(|part| part.as_text()).collect::<String>(), text);
            let mut reader = provider.stream_reader();
            let mut framer = Framer::new(provider.framing());
            framer.feed(stream.as_bytes(), |frame| reader.read(frame)).unwrap();
            reader.finish().unwrap();
            assert_eq!(reader.facts().usage, decoded.usage.unwrap_or_default());
            assert_eq!(reader.facts().finish_reason, decoded.choices[0].finish_reason);
            decoded
        }
        None => {
            let body = Bytes::from(answered["body"].to_string());
            let facts = provider.response_facts(&body).unwrap();
            let decoded = provider.decode_response(&request, http::Response::new(body)).unwrap();
            assert_eq!(facts.usage, decoded.usage.unwrap_or_default());
            assert_eq!((&facts.id, &facts.model), (&decoded.id, &decoded.model));
            decoded
        }
    };
    if let Some(usage) = decoded.usage {
        let said = match answered["body_text"].as_str() {
            None => answered["body"]["usage"].clone(),
            Some(stream) => {
                let last = stream.lines().rfind(|line| line.starts_with("data: {")).unwrap();
                serde_json::from_str::<Value>(&last["data: ".len()..]).unwrap()["interaction"]["usage"]
                    .clone()
            }
        };
        assert_eq!(usage.total_tokens(), said["total_tokens"].as_u64());
    }
    let told = door.encode_response(&request, &decoded, 0);
    assert!(told.losses.is_empty(), "{:?}", told.losses);
    let again = provider.decode_response(&request, http::Response::new(told.body)).unwrap();
    assert_eq!(again, ChatResponse { created: again.created, ..decoded.clone() });
    let mut encoder = door.stream_encoder(&request, 0);
    let mut stream = BytesMut::new();
    decoded.clone().into_events().iter().for_each(|event| encoder.encode(event, &mut stream));
    let again = read(&stream, 100);
    assert_eq!(again, ChatResponse { created: again.created, ..decoded });
    true
}

#[test]
fn every_recorded_interaction_is_read_as_it_is() {
    let (mut answers, mut errors) = (0, 0);
    let ran = each(&["gemini.interactions"], |exchange| match check_interaction(exchange) {
        true => answers += 1,
        false => errors += 1,
    });
    println!("gemini.interactions: {answers} answers, {errors} errors");
    assert!(!ran || (answers >= 10 && errors >= 5), "{answers} {errors}");
}
