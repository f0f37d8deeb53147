//! Every recorded exchange of Responses, whoever answered it, held against an independent reading of the recording.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, path::Path};

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Content, FinishReason, Format, Message, ModelName,
    ProviderName,
};
use tollgate_openai::{ResponsesFrontDoor, ResponsesProvider, ResponsesQuirks};
use tollgate_provider::{Framer, Framing, FrontDoor, Provider, Relay, Target, conformance::replay};

/// What a reader with the API page in hand makes of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reading {
    text: String,
    reasoning: Vec<String>,
    encrypted: Vec<String>,
    refusal: String,
    /// Name, arguments and id.
    calls: Vec<(String, String, String)>,
    /// Types of all other items.
    others: Vec<String>,
    citations: usize,
    tokens: usize,
    finish: String,
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
    reasoned: Option<u64>,
    /// Ids of items, in order.
    ids: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|piece| text(&piece["text"])).collect()
}

impl Reading {
    fn of(body: &Value) -> Self {
        let mut read = Self::default();
        let mut waits = false;
        for item in body["output"].as_array().unwrap() {
            read.ids.extend(item["id"].as_str().map(str::to_owned));
            match item["type"].as_str().unwrap() {
                "message" => {
                    for part in item["content"].as_array().unwrap() {
                        read.text += part["text"].as_str().unwrap_or_default();
                        read.refusal += part["refusal"].as_str().unwrap_or_default();
                        read.citations += part["annotations"].as_array().map_or(0, Vec::len);
                        read.tokens += part["logprobs"].as_array().map_or(0, Vec::len);
                    }
                }
                "reasoning" => {
                    let own = texts(&item["content"]);
                    let shown = if own.is_empty() { texts(&item["summary"]) } else { own };
                    read.reasoning.push(shown.join("\n\n"));
                    read.encrypted.extend(item["encrypted_content"].as_str().map(str::to_owned));
                }
                "function_call" => {
                    waits = true;
                    read.calls.push((text(&item["name"]), text(&item["arguments"]), text(&item["call_id"])));
                }
                "custom_tool_call" => {
                    waits = true;
                    read.calls.push((text(&item["name"]), text(&item["input"]), text(&item["call_id"])));
                }
                other => read.others.push(other.to_owned()),
            }
        }
        read.finish = match (body["status"].as_str().unwrap(), body["incomplete_details"]["reason"].as_str())
        {
            ("incomplete", Some("max_output_tokens")) => "length".to_owned(),
            // One recording was shortened by hand.
            ("completed" | "complete", _) if waits => "tool_calls".to_owned(),
            ("completed" | "complete", _) => "stop".to_owned(),
            (other, _) => other.to_owned(),
        };
        let usage = &body["usage"];
        read.input = usage["input_tokens"].as_u64();
        read.output = usage["output_tokens"].as_u64();
        read.cached = usage["input_tokens_details"]["cached_tokens"].as_u64();
        read.reasoned = usage["output_tokens_details"]["reasoning_tokens"].as_u64();
        read
    }

    fn of_canonical(response: &ChatResponse) -> Self {
        let mut read = Self::default();
        let choice = &response.choices[0];
        for part in &choice.parts {
            let note = part.extra.field(&Format::OPENAI_RESPONSES, "note:item");
            read.ids.extend(note.and_then(|own| own["id"].as_str()).map(str::to_owned));
            match &part.content {
                Content::Text(text) => {
                    read.text += &text.text;
                    read.citations += text.citations.len();
                }
                Content::Refusal(text) => read.refusal += text,
                Content::Reasoning(reasoning) => {
                    read.reasoning.push(reasoning.text.clone());
                    read.encrypted.extend(reasoning.encrypted.clone());
                }
                Content::ToolCall(call) => {
                    read.calls.push((call.name.clone(), call.arguments.clone(), call.id.as_str().to_owned()));
                }
                Content::Opaque(opaque) => {
                    read.others.push(text(&opaque.value["type"]));
                    read.ids.extend(opaque.value["id"].as_str().map(str::to_owned));
                }
                other => panic!("{other:?}"),
            }
        }
        read.tokens = choice.logprobs.len();
        read.finish = choice.finish_reason.as_ref().map(|it| it.as_str().into_owned()).unwrap_or_default();
        let usage = response.usage.unwrap_or_default();
        read.input = usage.input_tokens;
        read.output = usage.output_tokens;
        read.cached = usage.input.cache_read;
        read.reasoned = usage.output.reasoning;
        read
    }
}

fn provider(vendor: &str) -> ResponsesProvider {
    let provider = ResponsesProvider::new(ProviderName::new(vendor), "http://127.0.0.1/v1".parse().unwrap());
    match vendor {
        "openai" | "azure" | "pydantic-gateway" => provider,
        "xai" => provider.with_quirks(ResponsesQuirks { checked_item_ids: false, ..ResponsesQuirks::OPENAI }),
        _ => provider.with_quirks(ResponsesQuirks {
            custom_tools: true,
            metadata: true,
            prompt_cache_key: true,
            ..ResponsesQuirks::COMPATIBLE
        }),
    }
}

#[derive(Debug, Default)]
struct Count {
    requests: usize,
    second_turns: usize,
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
                // Answers that are asked for again by their id (GET) are the same answers.
                if exchange["wire"] != "openai.responses" {
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
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert!(count.answers > 250 && count.streams > 30 && count.second_turns > 50, "{count:?}");
}

fn check(exchange: &Value, count: &mut Count) -> Result<(), String> {
    let vendor = exchange["provider"].as_str().unwrap();
    let provider = provider(vendor);
    let body = &exchange["request"]["body"];
    let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("x")]);
    // A prompt that is kept at the vendor names its model, so that a request may have none. Nothing can be routed by that.
    if body["model"].is_string() {
        request = check_request(&provider, body, count)?;
    } else if body.is_object() {
        assert!(body["prompt"].is_object(), "{body}");
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
    if response["body_text"].is_string() && text.contains("data:") {
        count.streams += 1;
        return check_stream(&provider, vendor, &request, &text, count);
    }
    count.answers += 1;
    let decoded = provider.decode_response(&request, http).map_err(|error| error.to_string())?;
    facts_agree(&provider, &text, false, &decoded);
    let expected = Reading::of(&serde_json::from_str(&text).unwrap());
    compare(&expected, &Reading::of_canonical(&decoded))?;
    round_trip(&provider, &request, &decoded)?;
    count.round_trips += 1;
    Ok(())
}

fn compare(expected: &Reading, found: &Reading) -> Result<(), String> {
    let tools = FinishReason::ToolCalls.as_str().into_owned();
    let mut found = found.clone();
    // A search for tools that the client answers is an item of the vendor's own.
    if expected.finish == "stop" && found.finish == tools && found.calls.is_empty() {
        found.finish = "stop".to_owned();
    }
    if *expected == found { Ok(()) } else { Err(format!("expected {expected:?}\n   found {found:?}")) }
}

fn check_stream(
    provider: &ResponsesProvider,
    vendor: &str,
    request: &ChatRequest,
    text: &str,
    count: &mut Count,
) -> Result<(), String> {
    let one = fold(provider, request, text, usize::MAX)?;
    for split in [1, 7, 1000] {
        if fold(provider, request, text, split)? != one {
            return Err(format!("split {split} gives another answer"));
        }
    }
    facts_agree(provider, text, true, &one);
    let lines = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let told: Vec<Value> = lines
        .filter(|line| line.trim() != "[DONE]")
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = &told.last().unwrap()["response"];
    let whole = http::Response::new(Bytes::from(last.to_string()));
    let whole = provider.decode_response(request, whole).map_err(|error| error.to_string())?;
    let mut expected = Reading::of(last);
    // Encrypted anew for each event: an item's own end counts.
    let ends = told.iter().filter(|event| event["type"] == "response.output_item.done");
    expected.encrypted =
        ends.filter_map(|event| event["item"]["encrypted_content"].as_str().map(str::to_owned)).collect();
    let mut found = Reading::of_canonical(&one);
    if vendor == "openrouter" {
        // It gives an item another id at the end.
        (expected.ids, found.ids) = (Vec::new(), Vec::new());
    }
    // What the vendor's own tools did is told when it is done, maybe after what began later.
    expected.ids.sort();
    found.ids.sort();
    compare(&expected, &found)?;
    if vendor != "openrouter" && comparable(whole.clone()) != comparable(one.clone()) {
        return Err(format!("the stream says\n  {one:?}\nand its end\n  {whole:?}"));
    }
    round_trip(provider, request, &one)?;
    count.round_trips += 1;
    Ok(())
}

fn fold(
    provider: &ResponsesProvider,
    request: &ChatRequest,
    body: &str,
    split: usize,
) -> Result<ChatResponse, String> {
    let replayed = replay::stream(provider, request, body.as_bytes().chunks(split));
    if let Some(error) = replayed.error {
        return Err(error.to_string());
    }
    tollgate_provider::conformance::check_grammar(&replayed.events)
        .map_err(|violation| format!("{violation:?}"))?;
    Ok(Assembler::fold(replayed.events))
}

/// Without what the vendor itself says otherwise at the end of a stream: encryption and likelihoods are made anew, and
/// items of its own tools stand in another order.
fn comparable(mut response: ChatResponse) -> ChatResponse {
    for part in &mut response.choices[0].parts {
        if let Content::Reasoning(reasoning) = &mut part.content {
            reasoning.encrypted = reasoning.encrypted.take().map(|_| String::new());
        }
    }
    response.choices[0].logprobs.iter_mut().for_each(|token| token.logprob = 0.0);
    response.choices[0].parts.sort_by_key(|part| match &part.content {
        Content::Opaque(opaque) => text(&opaque.value["id"]),
        _ => String::new(),
    });
    response
}

/// Reads along as the untouched path does.
fn facts_agree(provider: &ResponsesProvider, body: &str, stream: bool, response: &ChatResponse) {
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
    assert_eq!(facts.finish_reason, response.choices[0].finish_reason);
    let texts = response.choices[0].parts.iter().map(|part| match &part.content {
        Content::Text(text) => text.text.len(),
        Content::Reasoning(reasoning) => reasoning.text.replace("\n\n", "").len(),
        Content::Refusal(text) => text.len(),
        Content::ToolCall(call) => call.arguments.len(),
        _ => 0,
    });
    assert!(facts.content_bytes >= texts.sum::<usize>() as u64, "{body}");
}

/// Brings what may be said in several ways to one.
fn plain(value: &Value) -> Value {
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
    value
}

fn plain_item(item: &mut Map<String, Value>) {
    let text = |part: &Map<String, Value>| part.get("text").cloned();
    if let Some(Value::Array(parts)) = item.get_mut("content") {
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            for name in ["annotations", "logprobs"] {
                if part.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty) {
                    part.shift_remove(name);
                }
            }
        }
        match parts.as_slice() {
            [] => {
                item.shift_remove("content");
            }
            [Value::Object(part)] if part.len() == 2 && part.contains_key("text") => {
                let text = text(part).unwrap();
                item.insert("content".to_owned(), text);
            }
            _ => {}
        }
    }
}

fn plain_request(value: &Value) -> Value {
    let mut value = plain(value);
    let map = value.as_object_mut().unwrap();
    if map.get("stream") == Some(&json!(false)) {
        map.shift_remove("stream");
    }
    if let Value::String(text) = &map["input"] {
        let message = json!([{"role": "user", "content": text}]);
        map.insert("input".to_owned(), message);
    }
    for item in map["input"].as_array_mut().unwrap() {
        plain_item(item.as_object_mut().unwrap());
    }
    // Encrypted reasoning is always asked for, and nothing is to be kept unless it is relied on.
    let mut include: Vec<Value> = map.get("include").and_then(Value::as_array).cloned().unwrap_or_default();
    include.retain(|word| word != "reasoning.encrypted_content");
    map.insert("include".to_owned(), include.into());
    let kept = ["store", "previous_response_id", "conversation", "background"];
    if !kept.iter().any(|name| map.contains_key(*name)) {
        map.insert("store".to_owned(), json!(false));
    }
    for name in ["tools", "metadata"] {
        if map.get(name).is_some_and(|value| *value == json!([]) || *value == json!({})) {
            map.shift_remove(name);
        }
    }
    if !map.contains_key("tools") {
        map.shift_remove("tool_choice");
        map.shift_remove("parallel_tool_calls");
    }
    if let Some(limit) = map.get("max_output_tokens").and_then(Value::as_f64) {
        map.insert("max_output_tokens".to_owned(), json!(limit.max(16.0)));
    }
    value
}

fn check_request(
    provider: &ResponsesProvider,
    body: &Value,
    count: &mut Count,
) -> Result<ChatRequest, String> {
    let door = ResponsesFrontDoor::new();
    let text = body.to_string();
    let request = door
        .decode_request("", text.as_bytes())
        .map_err(|error| format!("request: {error} {:?}", error.param))?;
    let facts = door.request_facts("", text.as_bytes()).map_err(|error| error.to_string())?;
    assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
    count.requests += 1;
    let target = Target { model: &request.model, card: None };
    let encoded = provider.encode_request(&target, &request).map_err(|error| error.to_string())?;
    let again: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    let (was, is) = (plain_request(body), plain_request(&again));
    let losses: Vec<String> = encoded.losses.iter().map(|loss| loss.to_string()).collect();
    if was != is {
        return Err(format!("request changed, losses {losses:?}\n  {was}\n  {is}"));
    }
    if !losses.is_empty() {
        return Err(format!("losses {losses:?}"));
    }
    let items = body["input"].as_array();
    let replays = items.into_iter().flatten().any(|item| {
        matches!(item["type"].as_str(), Some("function_call" | "reasoning" | "custom_tool_call"))
    });
    count.second_turns += usize::from(replays);
    Ok(request)
}

/// Answers a client of the same format, reads that as a provider's answer, and finds the same: whole and streamed.
fn round_trip(
    provider: &ResponsesProvider,
    request: &ChatRequest,
    response: &ChatResponse,
) -> Result<(), String> {
    let door = ResponsesFrontDoor::new();
    let encoded = door.encode_response(request, response, 1);
    if !encoded.losses.is_empty() {
        return Err(format!("losses of the answer {:?}", encoded.losses));
    }
    let again = provider
        .decode_response(request, http::Response::new(encoded.body))
        .map_err(|error| error.to_string())?;
    let again = settled(again);
    if again != settled(response.clone()) {
        return Err(format!("round trip {response:?}\n   gives {again:?}"));
    }
    let events = response.clone().into_events();
    let streamed = settled(fold(provider, request, &stream(request, &events), usize::MAX)?);
    if streamed != settled(response.clone()) {
        return Err(format!("streamed round trip {response:?}\n   gives {streamed:?}"));
    }
    Ok(())
}

fn stream(request: &ChatRequest, events: &[ChatEvent]) -> String {
    let mut encoder = ResponsesFrontDoor::new().stream_encoder(request, 1);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| encoder.encode(event, &mut out));
    String::from_utf8(out.to_vec()).unwrap()
}

/// Without what an answer repeats of its request, and without what a missing count becomes.
fn settled(mut response: ChatResponse) -> ChatResponse {
    let fields = response.extra.fields(&Format::OPENAI_RESPONSES).cloned().unwrap_or_default();
    let fields = fields.into_iter().filter(|(name, _)| name != "note:settled").collect();
    response.extra = tollgate_model::Extra::new(Format::OPENAI_RESPONSES, fields);
    for part in &mut response.choices[0].parts {
        // An item of Bedrock's has no id of its own, and is given one.
        if part.extra.field(&Format::OPENAI_RESPONSES, "item_id").is_some() {
            part.extra.insert(&Format::OPENAI_RESPONSES, "note:item", json!({"status": "completed"}));
        }
    }
    if let Some(usage) = &mut response.usage {
        usage.input.cache_write = usage.input.cache_write.filter(|count| *count > 0);
        usage.input.cache_read = usage.input.cache_read.filter(|count| *count > 0);
    }
    response
}
