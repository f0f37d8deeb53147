//! Streams, answers in emulated shapes, and the untouched path.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME, credential};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Content, ErrorKind, FinishReason, Message, ModelName,
    Part, ProviderError, ProviderName,
    message::ToolCallKind,
    request::{CustomTool, JsonSchema, ResponseFormat, Tool, ToolKind},
};
use tollgate_provider::{Authorizer, Frame, Framer, Provider, Relay, RequestFacts, Secret};

fn provider() -> MessagesProvider {
    MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn plain() -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), vec![Message::user("hi")])
}

fn body(events: &[Value]) -> String {
    let frame = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(frame).collect()
}

fn decode(request: &ChatRequest, body: &str, split: usize) -> (Vec<ChatEvent>, Result<(), ProviderError>) {
    let provider = provider();
    let mut framer = Framer::new(provider.framing());
    let mut decoder = provider.stream_decoder(request);
    let mut events = Vec::new();
    let mut read = || {
        for chunk in body.as_bytes().chunks(split) {
            framer.feed(chunk, |frame| decoder.decode(frame, &mut events))?;
        }
        framer.finish(|frame| decoder.decode(frame, &mut events))?;
        decoder.finish(&mut events)
    };
    let ended = read();
    (events, ended)
}

fn fold(request: &ChatRequest, events: &[Value]) -> ChatResponse {
    let (events, ended) = decode(request, &body(events), usize::MAX);
    ended.unwrap();
    Assembler::fold(events)
}

fn unary(request: &ChatRequest, message: &Value) -> ChatResponse {
    provider().decode_response(request, http::Response::new(Bytes::from(message.to_string()))).unwrap()
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-x", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 5,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 1, "service_tier": "standard", "inference_geo": "us"}}})
}

fn block(index: u32, block: Value, deltas: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    let grown =
        deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
    events.extend(grown);
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn ending(reason: &str) -> Vec<Value> {
    vec![
        json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": 40, "cache_creation_input_tokens": 10, "input_tokens": 3,
                "server_tool_use": {"web_search_requests": 2}}}),
        json!({"type": "message_stop"}),
    ]
}

/// A stream with every kind of block, and the message that says the same.
fn everything() -> (Vec<Value>, Value) {
    let citation = json!({"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "t",
        "start_char_index": 1, "end_char_index": 2});
    let search = json!({"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []});
    let parts = [
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            &[
                json!({"type": "thinking_delta", "thinking": "hm"}),
                json!({"type": "thinking_delta", "thinking": "…"}),
                json!({"type": "signature_delta", "signature": "sig"}),
            ],
        ),
        block(1, json!({"type": "redacted_thinking", "data": "blob"}), &[]),
        block(
            2,
            json!({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
            &[
                json!({"type": "input_json_delta", "partial_json": "{\"query\":"}),
                json!({"type": "input_json_delta", "partial_json": "\"x\"}"}),
            ],
        ),
        block(3, search.clone(), &[]),
        block(
            4,
            json!({"type": "text", "text": ""}),
            &[
                json!({"type": "text_delta", "text": "Grü"}),
                json!({"type": "citations_delta", "citation": citation}),
                json!({"type": "text_delta", "text": "ße"}),
                json!({"type": "invented_delta", "text": {"deep": 1}}),
            ],
        ),
        block(
            5,
            json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": {"type": "direct"}}),
            &[
                json!({"type": "input_json_delta", "partial_json": ""}),
                json!({"type": "input_json_delta", "partial_json": "{\"a\":1}"}),
            ],
        ),
        block(6, json!({"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}}), &[]),
        block(
            7,
            json!({"type": "compaction", "content": null}),
            &[
                json!({"type": "compaction_delta", "content": "long "}),
                json!({"type": "x", "content": "ago"}),
            ],
        ),
    ];
    let mut events = vec![start(), json!({"type": "ping"}), json!({"type": "invented", "index": "?!"})];
    events.push(json!({"type": "invented_event", "body": {}}));
    events.extend(parts.concat());
    events.extend(ending("tool_use"));
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
    "stop_reason": "tool_use", "stop_sequence": null,
    "usage": {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
        "output_tokens": 40, "service_tier": "standard", "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 2}},
    "content": [
        {"type": "thinking", "thinking": "hm…", "signature": "sig"},
        {"type": "redacted_thinking", "data": "blob"},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}},
        search,
        {"type": "text", "text": "Grüße", "citations": [citation]},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
        {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
        {"type": "compaction", "content": "long ago"},
    ]});
    (events, message)
}

#[test]
fn a_stream_folds_to_the_unary_answer_wherever_it_is_cut() {
    let (events, message) = everything();
    let whole = unary(&plain(), &message);
    assert_eq!(fold(&plain(), &events), whole);
    let text = body(&events);
    let (expected, _) = decode(&plain(), &text, usize::MAX);
    for split in [1, 2, 3, 5, 64] {
        let (events, ended) = decode(&plain(), &text, split);
        ended.unwrap();
        assert_eq!(events, expected);
    }
    let usage = whole.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(18), Some(40)));
    assert_eq!((usage.input.cache_write, usage.input.cache_write_long), (Some(4), Some(6)));
    assert_eq!(usage.server_tools.web_searches, Some(2));
    assert_eq!(whole.service_tier.as_deref(), Some("standard"));
}

#[test]
fn an_answer_goes_back_as_it_came() {
    let (_, message) = everything();
    let answer = unary(&plain(), &message);
    let parts = answer.choices.into_iter().next().unwrap().parts;
    let results = ["toolu_1", "toolu_2"]
        .map(|id| Part::new(Content::ToolResult(tollgate_model::message::ToolResult::text(id, "r"))));
    let mut request = plain();
    request.messages.push(Message::new(tollgate_model::Role::Assistant, parts));
    request.messages.push(Message::new(tollgate_model::Role::Tool, results.to_vec()));
    request.tools = ["f", "g"].map(|name| Tool::function(name, "does", json!({"type": "object"}))).to_vec();
    let model = ModelName::new("claude-x");
    let target = tollgate_provider::Target { model: &model, card: None };
    let encoded = provider().encode_request(&target, &request).unwrap();
    let body: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    assert_eq!(body["messages"][1]["content"], message["content"]);
    assert!(encoded.losses.is_empty());
}

#[test]
fn a_cut_stream_is_truncated_not_finished() {
    let (events, _) = everything();
    for end in 0..events.len() {
        let (seen, ended) = decode(&plain(), &body(&events[..end]), usize::MAX);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Truncated);
        assert!(!seen.iter().any(|event| matches!(event, ChatEvent::Finish | ChatEvent::Stop { .. })));
    }
    // What was consumed is known from the first frame on.
    let (seen, _) = decode(&plain(), &body(&events[..1]), usize::MAX);
    assert_eq!(Assembler::fold(seen).usage.unwrap().input_tokens, Some(18));
}

#[test]
fn an_error_in_the_middle_has_its_kind() {
    for (kind, expected) in [
        ("overloaded_error", ErrorKind::Overloaded),
        ("rate_limit_error", ErrorKind::RateLimited),
        ("api_error", ErrorKind::Unavailable),
        ("invented_error", ErrorKind::Unavailable),
    ] {
        let failure =
            json!({"type": "error", "error": {"type": kind, "message": "words"}, "request_id": "r"});
        let (_, ended) = decode(&plain(), &body(&[start(), failure.clone()]), usize::MAX);
        let error = ended.unwrap_err();
        assert_eq!((error.kind(), error.message.as_str(), error.status), (expected, "words", None));
        let response = http::Response::new(Bytes::from(failure.to_string()));
        assert_eq!(provider().decode_response(&plain(), response).unwrap_err().kind(), expected);
        let mut reader = provider().stream_reader();
        let data = failure.to_string();
        let error = reader.read(Frame { event: None, data: data.as_bytes() }).unwrap_err();
        assert_eq!(error.kind(), expected);
    }
}

#[test]
fn a_known_frame_that_cannot_be_read_is_an_error() {
    let cases = [
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}),
        json!({"type": "content_block_start", "content_block": {"type": "text"}}),
    ];
    for frame in cases {
        let (_, ended) = decode(&plain(), &body(&[start(), frame]), usize::MAX);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Protocol);
    }
    let broken = block(0, json!({"type": "text", "text": ""}), &[json!({"type": "text_delta", "text": 7})]);
    let (_, ended) = decode(&plain(), &body(&[vec![start()], broken].concat()), usize::MAX);
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Protocol);
    for body in ["", "<html>", "[]", "{}", r#"{"content": 1}"#] {
        let error = provider().decode_response(&plain(), http::Response::new(Bytes::from(body))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
        assert_eq!(provider().response_facts(body.as_bytes()).unwrap_err().kind(), ErrorKind::Protocol);
    }
}

#[test]
fn each_stop_reason_has_its_meaning() {
    let cases = [
        (json!({"stop_reason": "end_turn"}), Some(FinishReason::Stop)),
        (json!({"stop_reason": "max_tokens"}), Some(FinishReason::Length)),
        (
            json!({"stop_reason": "stop_sequence", "stop_sequence": "END"}),
            Some(FinishReason::StopSequence(Some("END".to_owned()))),
        ),
        (json!({"stop_reason": "tool_use"}), Some(FinishReason::ToolCalls)),
        (json!({"stop_reason": "pause_turn"}), Some(FinishReason::PauseTurn)),
        (
            json!({"stop_reason": "refusal", "stop_details": {"type": "refusal", "category": "cyber"}}),
            Some(FinishReason::Refusal(Some("cyber".to_owned()))),
        ),
        (json!({"stop_reason": "model_context_window_exceeded"}), Some(FinishReason::ContextWindow)),
        (json!({"stop_reason": "bored"}), Some(FinishReason::Other("bored".to_owned()))),
        (json!({"stop_reason": null}), None),
    ];
    for (delta, expected) in cases {
        let mut message = delta.clone();
        message["content"] = json!([{"type": "text", "text": "x"}]);
        assert_eq!(unary(&plain(), &message).choices[0].finish_reason, expected);
        let mut events = vec![start()];
        events.extend(block(0, json!({"type": "text", "text": "x"}), &[]));
        events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}));
        events.push(json!({"type": "message_stop"}));
        assert_eq!(fold(&plain(), &events).choices[0].finish_reason, expected);
    }
}

#[test]
fn what_encoding_did_is_undone() {
    let mut request = plain();
    let schema =
        JsonSchema { name: None, description: None, schema: json!({"type": "object"}), strict: None };
    request.response_format = Some(ResponseFormat::JsonSchema(schema));
    request.tools = vec![
        Tool::function("files.read", "reads", json!({"type": "object"})),
        Tool::new(ToolKind::Custom(CustomTool { name: "sh".to_owned(), description: None, format: None })),
    ];
    let piece = |json: &str| json!({"type": "input_json_delta", "partial_json": json});
    let tool = |id: &str, name: &str| json!({"type": "tool_use", "id": id, "name": name, "input": {}});

    let answer = block(0, tool("t0", "tollgate_json_answer"), &[piece("{\"a\""), piece(":1}")]);
    let folded = fold(&request, &[vec![start()], answer, ending("tool_use")].concat());
    assert_eq!(folded.choices[0].parts, [Part::text("{\"a\":1}")]);
    assert_eq!(folded.choices[0].finish_reason, Some(FinishReason::Stop));
    let message = json!({"stop_reason": "tool_use", "content": [
        {"type": "tool_use", "id": "t0", "name": "tollgate_json_answer", "input": {"a": 1}}]});
    let whole = unary(&request, &message);
    assert_eq!(whole.choices, folded.choices);

    let calls = [
        block(0, tool("t1", "files_read"), &[]),
        block(1, tool("t2", "sh"), &[piece("{\"input\": \"ls"), piece(" -l\\n\"}")]),
    ];
    let folded = fold(&request, &[vec![start()], calls.concat(), ending("tool_use")].concat());
    let parts = &folded.choices[0].parts;
    assert_eq!(parts[0], Part::tool_call("t1", "files.read", "{}"));
    let Content::ToolCall(custom) = &parts[1].content else { panic!("no call: {parts:?}") };
    assert_eq!((custom.kind, custom.arguments.as_str()), (ToolCallKind::Custom, "ls -l\n"));
    assert_eq!(folded.choices[0].finish_reason, Some(FinishReason::ToolCalls));
    let message = json!({"stop_reason": "tool_use", "content": [
        {"type": "tool_use", "id": "t1", "name": "files_read", "input": {}},
        {"type": "tool_use", "id": "t2", "name": "sh", "input": {"input": "ls -l\n"}}]});
    assert_eq!(unary(&request, &message).choices, folded.choices);
}

#[test]
fn the_untouched_path_changes_the_models_name_and_nothing_else() {
    let text = r#"{ "invented" : [1.0, 2], "model":"mine", "max_tokens":1,"messages":[],"stream":true }"#;
    let body = Bytes::from(text);
    let span = text.find("\"mine\"").unwrap();
    let facts = RequestFacts {
        model: ModelName::new("mine"),
        model_span: Some(span..span + 6),
        stream: true,
        stream_usage: false,
    };
    let mut headers = HeaderMap::new();
    headers.append("anthropic-beta", "a-1,b-2".parse().unwrap());
    headers.append("anthropic-beta", "invented-2030".parse().unwrap());
    headers.append("anthropic-version", "2030-01-01".parse().unwrap());
    headers.append("x-api-key", "client's own".parse().unwrap());
    let request = provider().request(&ModelName::new("claude \"x\""), &facts, &headers, &body);
    assert_eq!(request.uri(), "https://api.anthropic.com/v1/messages");
    assert_eq!(request.body(), &text.replace("\"mine\"", r#""claude \"x\"""#));
    let betas: Vec<_> = request.headers().get_all("anthropic-beta").iter().collect();
    assert_eq!(betas, ["a-1,b-2", "invented-2030"]);
    assert_eq!(request.headers().get_all("anthropic-version").iter().count(), 1);
    assert_eq!(request.headers()["anthropic-version"], "2030-01-01");
    assert!(!request.headers().contains_key("x-api-key"));
    let same = provider().request(&ModelName::new("mine"), &facts, &HeaderMap::new(), &body);
    assert_eq!(same.body().as_ptr(), body.as_ptr(), "an equal name copies nothing");
    assert_eq!(same.headers()["anthropic-version"], "2023-06-01");
}

#[test]
fn the_reader_along_the_untouched_path_measures_and_knows_the_end() {
    let (events, message) = everything();
    let provider = provider();
    let mut reader = provider.stream_reader();
    for (count, event) in events.iter().enumerate() {
        assert_eq!(reader.finish().unwrap_err().kind(), ErrorKind::Truncated, "after {count} frames");
        let data = event.to_string();
        reader.read(Frame { event: None, data: data.as_bytes() }).unwrap();
    }
    reader.finish().unwrap();
    let whole = provider.response_facts(message.to_string().as_bytes()).unwrap();
    let along = reader.facts();
    assert_eq!((along.usage, &along.finish_reason), (whole.usage, &whole.finish_reason));
    assert_eq!(along.usage.output_tokens, Some(40));
    // hm… and Grüße, and the arguments and the query.
    assert_eq!(along.content_bytes, 5 + 7 + 7 + 13);
    assert_eq!(whole.content_bytes, 5 + 7 + 7 + 13 + 2);
}

#[test]
fn a_base_url_is_taken_with_and_without_its_version() {
    for url in ["http://127.0.0.1:9", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/"] {
        let provider = MessagesProvider::new(ProviderName::new("edge"), url.parse().unwrap());
        let model = ModelName::new("m");
        let target = tollgate_provider::Target { model: &model, card: None };
        let request = provider.encode_request(&target, &plain().streamed()).unwrap().request;
        assert_eq!(request.uri(), "http://127.0.0.1:9/v1/messages");
        assert_eq!(request.headers()["accept"], "text/event-stream");
    }
}

#[test]
fn the_key_is_a_header_that_does_not_show() {
    let credential = credential(&Secret::new("sk-ant-1".to_owned())).unwrap();
    let mut request = http::Request::new(Bytes::new());
    let mut future = credential.authorize(&mut request);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    drop(future);
    assert_eq!(request.headers()["x-api-key"], "sk-ant-1");
    assert!(!format!("{request:?}").contains("sk-ant-1"));
}
