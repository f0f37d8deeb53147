//! Every recorded exchange in this format, whoever answered it, held against an independent reading of the recording.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, path::Path};

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Content, Extra, Message, ModelName, ProviderName,
};
use tollgate_openai::{ChatFrontDoor, ChatProvider, Quirks};
use tollgate_provider::{Framer, Framing, FrontDoor, Provider, Relay, Target};

/// What a reader with the API page in hand makes of one choice.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reading {
    text: String,
    reasoning: String,
    refusal: String,
    /// Name and arguments.
    calls: Vec<(String, String)>,
    citations: usize,
    finish: Option<String>,
}

#[derive(Debug, Default, PartialEq)]
struct Answer {
    choices: BTreeMap<u64, Reading>,
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
    reasoning: Option<u64>,
}

impl Reading {
    fn message(&mut self, message: &Value) {
        match &message["content"] {
            Value::String(text) => self.text += text,
            Value::Array(parts) => parts.iter().for_each(|part| match part["type"].as_str().unwrap() {
                "text" => self.text += part["text"].as_str().unwrap(),
                "thinking" => {
                    let pieces = part["thinking"].as_array().unwrap();
                    pieces.iter().for_each(|piece| self.reasoning += piece["text"].as_str().unwrap_or(""));
                }
                _ => {}
            }),
            _ => {}
        }
        let reasoning = ["reasoning_content", "reasoning"].map(|name| message[name].as_str().unwrap_or(""));
        self.reasoning += if reasoning[0].is_empty() { reasoning[1] } else { reasoning[0] };
        self.refusal += message["refusal"].as_str().unwrap_or("");
        self.citations += message["annotations"].as_array().map_or(0, Vec::len);
        if message["function_call"].is_object()
            && message["function_call"] != serde_json::json!({"arguments": "", "name": ""})
        {
            let call = &message["function_call"];
            if self.calls.is_empty() {
                self.calls.push(Default::default());
            }
            self.calls[0].0 += call["name"].as_str().unwrap_or("");
            self.calls[0].1 += call["arguments"].as_str().unwrap_or("");
        }
    }

    fn call(&mut self, call: &Value, new: bool) {
        let inner = if call["custom"].is_object() && !call["function"].is_object() {
            &call["custom"]
        } else {
            &call["function"]
        };
        if new {
            self.calls.push(Default::default());
        }
        let last = self.calls.last_mut().unwrap();
        last.0 += inner["name"].as_str().unwrap_or("");
        last.1 += inner["arguments"].as_str().or_else(|| inner["input"].as_str()).unwrap_or("");
    }

    fn finish(&mut self, choice: &Value) {
        if let Some(word) = choice["finish_reason"].as_str().filter(|word| !word.is_empty()) {
            self.finish = Some(word.to_owned());
        }
    }
}

impl Answer {
    fn usage(&mut self, usage: &Value) {
        if !usage.is_object() {
            return;
        }
        self.input = usage["prompt_tokens"].as_u64();
        self.output = usage["completion_tokens"].as_u64();
        self.reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64();
        let elsewhere = ["prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens"];
        let mut elsewhere = elsewhere.iter().filter_map(|name| usage[*name].as_u64());
        self.cached = usage["prompt_tokens_details"]["cached_tokens"].as_u64().or_else(|| elsewhere.next());
    }

    fn whole(body: &Value) -> Self {
        let mut answer = Self::default();
        for choice in body["choices"].as_array().unwrap() {
            let reading = answer.choices.entry(choice["index"].as_u64().unwrap()).or_default();
            reading.message(&choice["message"]);
            for call in choice["message"]["tool_calls"].as_array().into_iter().flatten() {
                reading.call(call, true);
            }
            reading.finish(choice);
        }
        answer.usage(&body["usage"]);
        answer
    }

    fn streamed(body: &str) -> Self {
        let mut answer = Self::default();
        let mut ids: BTreeMap<(u64, u64), String> = BTreeMap::new();
        for line in body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim) {
            if line == "[DONE]" {
                break;
            }
            let chunk: Value = serde_json::from_str(line).unwrap();
            for choice in chunk["choices"].as_array().into_iter().flatten() {
                let index = choice["index"].as_u64().unwrap();
                let reading = answer.choices.entry(index).or_default();
                reading.message(&choice["delta"]);
                for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                    let key = (index, call["index"].as_u64().unwrap_or(0));
                    let id = call["id"].as_str().filter(|id| !id.is_empty());
                    let new = match (ids.get(&key), id) {
                        (None, _) => true,
                        (Some(known), Some(id)) => known != id,
                        (Some(_), None) => false,
                    };
                    if new {
                        ids.insert(key, id.unwrap_or_default().to_owned());
                    }
                    reading.call(call, new);
                }
                reading.finish(choice);
            }
            answer.usage(&chunk["usage"]);
        }
        answer
    }

    fn of(response: &ChatResponse) -> Self {
        let mut answer = Self::default();
        for choice in &response.choices {
            let reading = answer.choices.entry(u64::from(choice.index)).or_default();
            for part in &choice.parts {
                match &part.content {
                    Content::Text(text) => {
                        reading.text += &text.text;
                        reading.citations += text.citations.len();
                    }
                    Content::Reasoning(reasoning) => reading.reasoning += &reasoning.text,
                    Content::Refusal(text) => reading.refusal += text,
                    Content::ToolCall(call) => {
                        reading.calls.push((call.name.clone(), call.arguments.clone()))
                    }
                    _ => {}
                }
            }
            reading.finish = choice.finish_reason.as_ref().map(|reason| match reason.as_str().as_ref() {
                "stop_sequence" => "stop".to_owned(),
                word => word.to_owned(),
            });
        }
        let usage = response.usage.unwrap_or_default();
        answer.input = usage.input_tokens;
        answer.output = usage.output_tokens;
        answer.cached = usage.input.cache_read;
        answer.reasoning = usage.output.reasoning;
        answer
    }
}

fn same(expected: &Answer, found: &Answer) -> bool {
    let word =
        |reading: &Reading| reading.finish.clone().map(|word| word.replace("function_call", "tool_calls"));
    let choices = expected.choices.len() == found.choices.len()
        && expected.choices.iter().zip(&found.choices).all(|((number, one), (other_number, other))| {
            let plain = |reading: &Reading| Reading { finish: None, ..reading.clone() };
            number == other_number && plain(one) == plain(other) && word(one) == word(other)
        });
    // Reasoning that was counted apart is added.
    let output = expected.output == found.output
        || expected.output.zip(expected.reasoning).map(|(output, reasoning)| output + reasoning)
            == found.output;
    choices
        && output
        && (expected.input, expected.cached, expected.reasoning)
            == (found.input, found.cached, found.reasoning)
}

fn provider(vendor: &str) -> ChatProvider {
    let provider = ChatProvider::new(ProviderName::new(vendor), "http://127.0.0.1/v1".parse().unwrap());
    match vendor {
        "openai" | "azure" => provider,
        _ => provider.with_quirks(Quirks { may_omit_done: true, ..Quirks::COMPATIBLE }),
    }
}

fn events(
    provider: &ChatProvider,
    request: &ChatRequest,
    body: &str,
    split: usize,
) -> Result<Vec<ChatEvent>, String> {
    let mut framer = Framer::new(Framing::Sse);
    let mut decoder = provider.stream_decoder(request);
    let mut events = Vec::new();
    for chunk in body.as_bytes().chunks(split) {
        framer.feed(chunk, |frame| decoder.decode(frame, &mut events)).map_err(|error| error.to_string())?;
    }
    framer.finish(|frame| decoder.decode(frame, &mut events)).map_err(|error| error.to_string())?;
    decoder.finish(&mut events).map_err(|error| error.to_string())?;
    tollgate_provider::conformance::check_grammar(&events).map_err(|violation| format!("{violation:?}"))?;
    Ok(events)
}

/// Reads along as the untouched path does.
fn facts_agree(provider: &ChatProvider, body: &str, stream: bool, response: &ChatResponse) {
    let relay: &dyn Relay = provider.relay().unwrap();
    let facts = if stream {
        let mut reader = relay.stream_reader();
        let mut framer = Framer::new(Framing::Sse);
        framer.feed(body.as_bytes(), |frame| reader.read(frame)).unwrap();
        framer.finish(|frame| reader.read(frame)).unwrap();
        reader.finish().unwrap();
        reader.facts().clone()
    } else {
        relay.response_facts(body.as_bytes()).unwrap()
    };
    assert_eq!(facts.usage, response.usage.unwrap_or_default());
    assert_eq!((&facts.id, &facts.model), (&response.id, &response.model));
    assert_eq!(facts.service_tier, response.service_tier);
    let reason = response
        .choices
        .iter()
        .find(|choice| choice.index == 0)
        .and_then(|choice| choice.finish_reason.clone());
    let plain = |reason: Option<tollgate_model::FinishReason>| {
        reason.map(|reason| reason.as_str().replace("stop_sequence", "stop"))
    };
    assert_eq!(plain(facts.finish_reason), plain(reason));
    let Answer { choices, .. } = Answer::of(response);
    let texts = choices.values().map(|c| {
        c.text.len()
            + c.reasoning.len()
            + c.refusal.len()
            + c.calls.iter().map(|call| call.1.len()).sum::<usize>()
    });
    if choices.values().any(|choice| choice.text.is_empty() && choice.calls.is_empty()) {
        return;
    }
    assert!(facts.content_bytes >= texts.sum::<usize>() as u64);
}

/// Brings what the two sides may say in several ways to one.
fn plain_request(value: &Value) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|_, value| !value.is_null());
                map.values_mut().for_each(clean);
            }
            Value::Array(list) => list.iter_mut().for_each(clean),
            Value::Number(number) => *value = Value::from(number.as_f64()),
            _ => {}
        }
    }
    let mut value = value.clone();
    clean(&mut value);
    let map = value.as_object_mut().unwrap();
    if map.get("stream") == Some(&Value::Bool(true)) {
        let options = map.entry("stream_options").or_insert_with(|| Value::Object(Map::new()));
        options["include_usage"] = Value::Bool(true);
    } else {
        map.shift_remove("stream");
    }
    if map.get("logprobs") == Some(&Value::Bool(false)) {
        map.shift_remove("logprobs");
    }
    if let Some(limit) = map.shift_remove("max_tokens") {
        map.insert("max_completion_tokens".to_owned(), limit);
    }
    if let Some(Value::String(stop)) = map.get("stop").cloned() {
        map.insert("stop".to_owned(), Value::Array(vec![Value::String(stop)]));
    }
    for name in ["tool_choice", "parallel_tool_calls"] {
        if !map.contains_key("tools") && !map.contains_key("functions") {
            map.shift_remove(name);
        }
    }
    if map.get("tools").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        map.shift_remove("tools");
    }
    for tool in map.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        if tool["function"].is_object() && tool.get("type").is_none() {
            tool["type"] = "function".into();
        }
        tool.as_object_mut().unwrap().shift_remove("cache_control");
    }
    for message in map["messages"].as_array_mut().unwrap() {
        let message = message.as_object_mut().unwrap();
        for name in ["reasoning", "reasoning_content"] {
            message.shift_remove(name);
        }
        if message.get("tool_calls").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            message.shift_remove("tool_calls");
        }
        let calls = message.contains_key("tool_calls") || message.contains_key("function_call");
        if calls && message.get("content") == Some(&Value::from("")) {
            message.shift_remove("content");
        }
        if let Some(Value::Array(parts)) = message.get_mut("content") {
            parts.iter_mut().for_each(|part| {
                let part = part.as_object_mut().unwrap();
                part.shift_remove("cache_control");
                if let Some(Value::String(url)) = part.get("image_url").cloned() {
                    part["image_url"] = serde_json::json!({"url": url});
                }
            });
            if let [Value::Object(part)] = parts.as_slice()
                && part.len() == 2
                && part["type"] == "text"
            {
                let text = part["text"].clone();
                message.insert("content".to_owned(), text);
            }
        }
    }
    value
}

#[derive(Debug, Default)]
struct Count {
    requests: usize,
    equal: usize,
    answers: usize,
    streams: usize,
    errors: usize,
    round_trips: usize,
}

#[test]
fn every_recorded_exchange_is_read_as_it_was_meant() {
    let Ok(root) = std::env::var("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let mut count = Count::default();
    let mut by_vendor: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for part in ["exchanges", "supplement"] {
        for folder in std::fs::read_dir(Path::new(&root).join(part)).unwrap().flatten() {
            if !folder.path().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
                let text = std::fs::read_to_string(file.path()).unwrap();
                let exchange: Value = serde_json::from_str(&text).unwrap();
                if exchange["wire"] != "openai.chat" {
                    continue;
                }
                *by_vendor.entry(exchange["provider"].as_str().unwrap().to_owned()).or_default() += 1;
                if let Err(reason) = check(&exchange, &mut count) {
                    failures.push(format!("{}/{}: {reason}", exchange["provider"], exchange["id"]));
                }
            }
        }
    }
    println!("{count:?}\n{by_vendor:?}");
    failures.sort();
    assert!(count.answers > 600 && count.streams > 200, "{count:?}");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn check(exchange: &Value, count: &mut Count) -> Result<(), String> {
    let vendor = exchange["provider"].as_str().unwrap();
    let provider = provider(vendor);
    let body = &exchange["request"]["body"];
    let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("x")]);
    if body.is_object() {
        request = check_request(&provider, vendor, body, count)?;
    }
    let response = &exchange["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let text = response["body_text"].as_str().map_or_else(|| response["body"].to_string(), str::to_owned);
    let http = http::Response::builder().status(status).body(Bytes::from(text.clone())).unwrap();
    if status != 200 {
        let error = provider.decode_error(http);
        count.errors += 1;
        let message = text.contains(&error.message.replace('"', "\\\"")) || text.contains(&error.message);
        return message.then_some(()).ok_or_else(|| format!("error message {:?}", error.message));
    }
    let (expected, found) = if response["body_text"].is_string() && text.contains("data:") {
        count.streams += 1;
        let one = Assembler::fold(events(&provider, &request, &text, usize::MAX)?);
        for split in [1, 7, 1000] {
            if Assembler::fold(events(&provider, &request, &text, split)?) != one {
                return Err(format!("split {split} gives another answer"));
            }
        }
        facts_agree(&provider, &text, true, &one);
        (Answer::streamed(&text), one)
    } else {
        count.answers += 1;
        let decoded = provider.decode_response(&request, http).map_err(|error| error.to_string())?;
        facts_agree(&provider, &text, false, &decoded);
        (Answer::whole(&serde_json::from_str(&text).unwrap()), decoded)
    };
    let read = Answer::of(&found);
    if !same(&expected, &read) {
        return Err(format!("expected {expected:?}\n   found {read:?}"));
    }
    round_trip(&provider, &request, &found)?;
    count.round_trips += 1;
    Ok(())
}

fn check_request(
    provider: &ChatProvider,
    vendor: &str,
    body: &Value,
    count: &mut Count,
) -> Result<ChatRequest, String> {
    let door = ChatFrontDoor::new();
    let text = body.to_string();
    let request = door
        .decode_request("", text.as_bytes())
        .map_err(|error| format!("request: {error} {:?}", error.param))?;
    let facts = door.request_facts("", text.as_bytes()).map_err(|error| error.to_string())?;
    assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
    count.requests += 1;
    let target = Target { model: &request.model, card: None };
    let encoded = provider.encode_request(&target, &request).map_err(|error| error.to_string())?;
    if vendor == "openai" {
        let again: Value = serde_json::from_slice(encoded.request.body()).unwrap();
        let (was, is) = (plain_request(body), plain_request(&again));
        let losses: Vec<String> = encoded.losses.iter().map(|loss| loss.path.clone()).collect();
        if was != is && losses.iter().all(|path| path == "tool_choice") {
            return Err(format!("request changed, losses {losses:?}\n  {was}\n  {is}"));
        }
        count.equal += 1;
    }
    Ok(request)
}

/// Answers a client of the same format, reads that as a provider's answer, and finds the same: whole and streamed.
fn round_trip(provider: &ChatProvider, request: &ChatRequest, response: &ChatResponse) -> Result<(), String> {
    let door = ChatFrontDoor::new();
    let http = |body: Bytes| http::Response::new(body);
    let encoded = door.encode_response(request, response, 1);
    let again = provider.decode_response(request, http(encoded.body)).map_err(|error| error.to_string())?;
    let (was, is) = (Answer::of(response), Answer::of(&again));
    if !same(&was, &is) {
        return Err(format!("round trip {was:?}\n   gives {is:?}"));
    }
    if again.extra != response.extra && response.extra != Extra::NONE {
        return Err(format!("round trip extra {:?}\n   gives {:?}", response.extra, again.extra));
    }
    let mut asked = request.clone();
    asked.stream_usage = Some(true);
    let mut encoder = door.stream_encoder(&asked, 1);
    let mut out = BytesMut::new();
    for event in response.clone().into_events() {
        encoder.encode(&event, &mut out);
    }
    let text = String::from_utf8(out.to_vec()).unwrap();
    let streamed = Assembler::fold(events(provider, request, &text, usize::MAX)?);
    let is = Answer::of(&streamed);
    if !same(&was, &is) {
        return Err(format!("streamed round trip {was:?}\n   gives {is:?}"));
    }
    Ok(())
}
