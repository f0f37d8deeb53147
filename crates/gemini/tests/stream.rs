//! What an answer becomes, whole and streamed, and the untouched path.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, NAME, credential};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Content, ErrorKind, FinishReason, Format, Message,
    ModelName, Part, ProviderError, ProviderName, Role, Signature,
    message::{MediaSource, Opaque, Text, ToolCallKind, ToolResult},
    request::{CustomTool, Tool, ToolKind},
};
use tollgate_provider::{Authorizer as _, Frame, Framer, Provider, Relay, RequestFacts, Secret, Target};

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;

fn provider() -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn plain() -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), vec![Message::user("hello")])
}

fn body(frames: &[Value]) -> String {
    frames.iter().map(|frame| format!("data: {frame}\r\n\r\n")).collect()
}

fn decode(request: &ChatRequest, text: &str, split: usize) -> (Vec<ChatEvent>, Result<(), ProviderError>) {
    let provider = provider();
    let mut framer = Framer::new(provider.framing());
    let mut decoder = provider.stream_decoder(request);
    let mut events = Vec::new();
    for chunk in text.as_bytes().chunks(split) {
        if let Err(error) = framer.feed(chunk, |frame| decoder.decode(frame, &mut events)) {
            return (events, Err(error));
        }
    }
    let ended = framer.finish(|frame| decoder.decode(frame, &mut events));
    let ended = ended.and_then(|()| decoder.finish(&mut events));
    (events, ended)
}

fn fold(request: &ChatRequest, frames: &[Value]) -> ChatResponse {
    let (events, ended) = decode(request, &body(frames), usize::MAX);
    ended.unwrap();
    assert_eq!(events.last(), Some(&ChatEvent::Finish));
    Assembler::fold(events)
}

fn unary(request: &ChatRequest, answer: &Value) -> ChatResponse {
    provider().decode_response(request, http::Response::new(Bytes::from(answer.to_string()))).unwrap()
}

/// A frame with parts of the first answer.
fn said(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "modelVersion": "gemini-x",
        "responseId": "r1"})
}

fn stopped(mut frame: Value, reason: &str) -> Value {
    frame["candidates"][0]["finishReason"] = json!(reason);
    frame
}

/// A stream that holds everything at once, and the complete answer that says the same.
fn everything() -> (Vec<Value>, Value) {
    let code = json!({"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s0"});
    let call =
        json!({"functionCall": {"name": "f", "args": {"a": [1, 2], "b": "x y"}}, "thoughtSignature": "s2"});
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thoughtSignature": "s3"});
    let grounding = json!({
        "webSearchQueries": ["q one", "q two", ""],
        "groundingChunks": [{"web": {"uri": "https://a.test", "title": "a"}}, {"maps": {"uri": "https://b.test"}}],
        "groundingSupports": [{"segment": {"endIndex": 4}, "groundingChunkIndices": [0, 1, 7]}],
        "searchEntryPoint": {"renderedContent": "<div>"},
    });
    let usage = json!({"promptTokenCount": 10, "toolUsePromptTokenCount": 2, "cachedContentTokenCount": 4,
        "candidatesTokenCount": 6, "thoughtsTokenCount": 5, "totalTokenCount": 23, "serviceTier": "priority",
        "trafficType": "ON_DEMAND"});
    let mut first = said(json!([{"text": "h", "thought": true}]));
    first["createTime"] = json!("2026-11-23T15:04:05.5Z");
    first["usageMetadata"] = json!({"promptTokenCount": 10, "candidatesTokenCount": 9});
    let mut repeated = stopped(said(json!([{"text": "Grü"}])), "STOP");
    repeated["usageMetadata"] = json!({"trafficType": "ON_DEMAND"});
    let mut last = stopped(said(json!([{"text": ""}])), "STOP");
    last["candidates"][0]["groundingMetadata"] = grounding.clone();
    last["candidates"][0]["safetyRatings"] = json!([{"category": "C"}]);
    last["usageMetadata"] = usage.clone();
    let frames = vec![
        first,
        said(json!([{"text": "m…", "thought": true}])),
        said(json!([code])),
        said(json!([call, {"functionCall": {"id": "own", "name": "g"}}])),
        said(json!([picture])),
        said(json!([{"text": "signed", "thoughtSignature": "s4"}])),
        repeated,
        said(json!([{"text": "ße"}])),
        last,
    ];
    let answer = json!({
        "candidates": [{
            "content": {"role": "model", "parts": [
                {"text": "hm…", "thought": true}, code, call, {"functionCall": {"id": "own", "name": "g"}}, picture,
                {"text": "signed", "thoughtSignature": "s4"}, {"text": "Grüße"},
            ]},
            "finishReason": "STOP", "groundingMetadata": grounding, "safetyRatings": [{"category": "C"}],
        }],
        "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r1",
        "createTime": "2026-11-23T15:04:05.5Z",
    });
    (frames, answer)
}

#[test]
fn a_stream_folds_to_the_unary_answer_wherever_it_is_cut() {
    let (frames, answer) = everything();
    let whole = unary(&plain(), &answer);
    assert_eq!(fold(&plain(), &frames), whole);
    let text = body(&frames);
    let (expected, _) = decode(&plain(), &text, usize::MAX);
    for split in [1, 2, 3, 5, 64] {
        let (events, ended) = decode(&plain(), &text, split);
        ended.unwrap();
        assert_eq!(events, expected);
    }
    // Indented, as the vendor writes complete answers, arguments included.
    let pretty = Bytes::from(serde_json::to_vec_pretty(&answer).unwrap());
    assert_eq!(provider().decode_response(&plain(), http::Response::new(pretty)).unwrap(), whole);
    assert_eq!(Assembler::fold(whole.clone().into_events()), whole);
}

#[test]
fn each_part_is_what_it_is() {
    let (_, answer) = everything();
    let whole = unary(&plain(), &answer);
    assert_eq!(whole.id.as_ref().unwrap().as_str(), "r1");
    assert_eq!((whole.created, whole.service_tier.as_deref()), (Some(1_795_446_245), Some("priority")));
    let usage = whole.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(12), Some(11)));
    assert_eq!((usage.input.cache_read, usage.output.reasoning), (Some(4), Some(5)));
    assert_eq!((usage.server_tools.web_searches, usage.server_tools.map_lookups), (Some(2), Some(1)));
    let choice = &whole.choices[0];
    assert_eq!(choice.finish_reason, Some(FinishReason::ToolCalls));
    let signed =
        |part: Part, value: &str| part.with_signature(Signature { issuer: FORMAT, value: value.to_owned() });
    let code = json!({"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s0"});
    assert_eq!(choice.parts[0], Part::reasoning("hm…"));
    assert_eq!(choice.parts[1], Part::new(Content::Opaque(Opaque { format: FORMAT, value: code })));
    let call = Part::tool_call("gemini_call_r1_0", "f", r#"{"a":[1,2],"b":"x y"}"#);
    assert_eq!(choice.parts[2], signed(call, "s2"));
    assert_eq!(choice.parts[3], Part::tool_call("own", "g", "{}"));
    assert!(matches!(&choice.parts[4].content, Content::Image(image)
        if matches!(&image.source, MediaSource::Base64 { media_type, .. } if media_type == "image/png")));
    assert_eq!(choice.parts[5], signed(Part::text("signed"), "s4"));
    let Content::Text(Text { text, citations }) = &choice.parts[6].content else { panic!("{choice:?}") };
    assert_eq!(text, "Grüße");
    let cited: Vec<_> = citations.iter().map(|citation| citation.url.as_deref().unwrap()).collect();
    assert_eq!(cited, ["https://a.test", "https://b.test"]);
    assert_eq!((citations[0].start_index, citations[0].end_index), (Some(0), Some(4)));
    let kept = whole.extra.field(&FORMAT, "candidates").unwrap();
    assert_eq!(kept[0]["groundingMetadata"]["searchEntryPoint"], json!({"renderedContent": "<div>"}));
    assert_eq!(kept[0]["safetyRatings"], json!([{"category": "C"}]));
    assert_eq!(whole.extra.field(&FORMAT, "usageMetadata"), Some(&json!({"trafficType": "ON_DEMAND"})));
}

#[test]
fn an_answer_goes_back_as_it_came() {
    let (_, mut answer) = everything();
    let parts = unary(&plain(), &answer).choices.into_iter().next().unwrap().parts;
    // Neither unsigned thoughts nor citations can be sent back. The made-up id joins call and result, and stays here.
    let mut request = plain();
    request.messages.push(Message::new(Role::Assistant, parts[1..6].to_vec()));
    let results =
        ["gemini_call_r1_0", "own"].map(|id| Part::new(Content::ToolResult(ToolResult::text(id, "r"))));
    request.messages.push(Message::new(Role::Tool, results.to_vec()));
    let model = ModelName::new("gemini-x");
    let encoded = provider().encode_request(&Target { model: &model, card: None }, &request).unwrap();
    let body: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    let expected = &mut answer["candidates"][0]["content"]["parts"];
    expected[3]["functionCall"]["args"] = json!({});
    assert_eq!(body["contents"][1]["parts"].as_array().unwrap(), &expected.as_array().unwrap()[1..6]);
    let responses = &body["contents"][2]["parts"];
    assert_eq!(
        (responses[0]["functionResponse"].get("id"), &responses[1]["functionResponse"]["id"]),
        (None, &json!("own"))
    );
    assert_eq!(
        (&responses[0]["functionResponse"]["name"], &responses[1]["functionResponse"]["name"]),
        (&json!("f"), &json!("g"))
    );
    assert!(encoded.losses.is_empty());
}

#[test]
fn a_signature_at_the_end_is_a_part_of_its_own() {
    let frames = [
        said(json!([{"text": "a"}])),
        said(json!([{"text": "b"}])),
        stopped(said(json!([{"text": "", "thoughtSignature": "s"}])), "STOP"),
    ];
    let parts = &fold(&plain(), &frames).choices[0].parts;
    assert_eq!(parts[0], Part::text("ab"));
    assert_eq!(parts[1].signature.as_ref().unwrap().value, "s");
    assert_eq!((parts.len(), parts[1].as_text()), (2, Some("")));
}

#[test]
fn several_answers_are_told_apart() {
    let piece = |index: u32, text: &str| json!({"index": index, "content": {"parts": [{"text": text}]}});
    let frames = [
        json!({"candidates": [piece(0, "a"), piece(1, "x")]}),
        json!({"candidates": [piece(1, "y")]}),
        json!({"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS"},
            {"index": 1, "content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}]}),
    ];
    let choices = fold(&plain(), &frames).choices;
    assert_eq!(choices[0].parts, [Part::text("ab")]);
    assert_eq!(choices[0].finish_reason, Some(FinishReason::Length));
    assert_eq!(choices[1].parts, [Part::text("xy"), Part::tool_call("gemini_call_0", "f", "{}")]);
    assert_eq!(choices[1].finish_reason, Some(FinishReason::ToolCalls));
    let unnumbered = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"},
        {"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]});
    let choices = unary(&plain(), &unnumbered).choices;
    assert_eq!((choices.len(), choices[1].index, &choices[1].parts[0]), (2, 1, &Part::text("b")));
}

#[test]
fn sound_in_pieces_is_one_sound() {
    let piece =
        |data: &str| said(json!([{"inlineData": {"mimeType": "audio/L16;rate=24000", "data": data}}]));
    // "ab" + "cde" + "f", each padded on its own.
    let frames = [piece("YWI="), piece("Y2Rl"), stopped(piece("Zg=="), "STOP")];
    let parts = &fold(&plain(), &frames).choices[0].parts;
    let Content::Audio(audio) = &parts[0].content else { panic!("{parts:?}") };
    let MediaSource::Base64 { media_type, data } = &audio.source else { panic!("{audio:?}") };
    assert_eq!((parts.len(), media_type.as_str(), data.as_str()), (1, "audio/L16;rate=24000", "YWJjZGVm"));
}

#[test]
fn likelihoods_are_read_in_order() {
    let mut frame = stopped(said(json!([{"text": "ab"}])), "STOP");
    frame["candidates"][0]["logprobsResult"] = json!({
        "chosenCandidates": [{"token": "a", "tokenId": 1, "logProbability": -0.5}, {"token": "b"}],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -0.5}, {"token": "c", "logProbability": -1.5}]}],
    });
    let tokens = fold(&plain(), &[frame]).choices.remove(0).logprobs;
    assert_eq!((tokens[0].token.as_str(), tokens[0].logprob, tokens[0].top.len()), ("a", -0.5, 2));
    assert_eq!((tokens[1].token.as_str(), tokens[1].logprob, tokens[1].top.len()), ("b", 0.0, 0));
}

#[test]
fn each_finish_reason_has_its_meaning() {
    let filtered = |word: &str| FinishReason::ContentFilter(Some(word.to_owned()));
    let malformed = |word: &str| FinishReason::MalformedToolCall(Some(word.to_owned()));
    let mut cases = vec![
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("TOO_MANY_TOOL_CALLS", FinishReason::PauseTurn),
        ("CONTINUATION", FinishReason::PauseTurn),
    ];
    for word in [
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
    ] {
        cases.push((word, filtered(word)));
    }
    for word in
        ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"]
    {
        cases.push((word, malformed(word)));
    }
    for word in ["OTHER", "NO_IMAGE", "ESCALATION", "BORED"] {
        cases.push((word, FinishReason::Other(word.to_owned())));
    }
    for (word, expected) in cases {
        let frame = stopped(said(json!([{"text": "x"}])), word);
        assert_eq!(
            fold(&plain(), std::slice::from_ref(&frame)).choices[0].finish_reason,
            Some(expected.clone())
        );
        assert_eq!(unary(&plain(), &frame).choices[0].finish_reason, Some(expected.clone()));
        let facts = provider().response_facts(frame.to_string().as_bytes()).unwrap();
        assert_eq!(facts.finish_reason, Some(expected));
    }
}

#[test]
fn a_refused_prompt_is_a_filtered_answer() {
    let frame = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []},
        "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}, "modelVersion": "gemini-x"});
    let folded = fold(&plain(), std::slice::from_ref(&frame));
    assert_eq!(folded, unary(&plain(), &frame));
    let reason = FinishReason::ContentFilter(Some("PROHIBITED_CONTENT".to_owned()));
    assert_eq!(folded.choices.len(), 1);
    assert_eq!((folded.choices[0].parts.len(), &folded.choices[0].finish_reason), (0, &Some(reason.clone())));
    assert_eq!(folded.usage.unwrap().total_tokens(), Some(7));
    assert_eq!(folded.extra.field(&FORMAT, "promptFeedback").unwrap()["blockReason"], "PROHIBITED_CONTENT");
    let facts = provider().response_facts(frame.to_string().as_bytes()).unwrap();
    assert_eq!(facts.finish_reason, Some(reason));
}

#[test]
fn a_cut_stream_is_truncated_not_finished() {
    let open = [said(json!([{"text": "a"}])), said(json!([{"functionCall": {"name": "f"}}]))];
    for end in 0..=open.len() {
        let (events, ended) = decode(&plain(), &body(&open[..end]), usize::MAX);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Truncated);
        assert!(!events.iter().any(|event| matches!(event, ChatEvent::Finish | ChatEvent::Stop { .. })));
        let mut reader = provider().stream_reader();
        for frame in &open[..end] {
            let data = frame.to_string();
            reader.read(Frame { event: None, data: data.as_bytes() }).unwrap();
        }
        assert_eq!(reader.finish().unwrap_err().kind(), ErrorKind::Truncated);
    }
}

#[test]
fn an_error_in_the_middle_has_its_kind() {
    let failure = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    for failure in [failure.clone(), json!([failure])] {
        let frames = [said(json!([{"text": "a"}])), failure.clone()];
        let (events, ended) = decode(&plain(), &body(&frames), usize::MAX);
        let error = ended.unwrap_err();
        assert_eq!((error.kind(), error.message.as_str()), (ErrorKind::Overloaded, "busy"));
        assert!(!events.contains(&ChatEvent::Finish));
        let data = failure.to_string();
        let mut reader = provider().stream_reader();
        let error = reader.read(Frame { event: None, data: data.as_bytes() }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        let response = http::Response::new(Bytes::from(data.clone()));
        assert_eq!(provider().decode_response(&plain(), response).unwrap_err().kind(), ErrorKind::Overloaded);
        assert_eq!(provider().response_facts(data.as_bytes()).unwrap_err().kind(), ErrorKind::Overloaded);
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_what_is_new_is_kept() {
    for body in ["", "<html>", "[]", "{}", "7", r#"{"candidates": 1}"#, r#"{"candidates": []}"#] {
        let error = provider().decode_response(&plain(), http::Response::new(Bytes::from(body))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
        assert_eq!(provider().response_facts(body.as_bytes()).unwrap_err().kind(), ErrorKind::Protocol);
    }
    let silent = http::Response::new(Bytes::from(r#"{"candidates": [{"index": 0}]}"#));
    assert_eq!(provider().decode_response(&plain(), silent).unwrap_err().kind(), ErrorKind::Protocol);
    let broken = said(json!([{"text": 7}]));
    let (_, ended) = decode(&plain(), &body(&[broken]), usize::MAX);
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Protocol);

    let new = json!({"inventedPart": {"x": 1}, "partMetadata": {"y": 2}});
    let mut frame = stopped(said(json!([new, {}, {"text": "t", "partMetadata": {"z": 3}}])), "STOP");
    frame["inventedField"] = json!([1]);
    frame["candidates"][0]["inventedToo"] = json!(null);
    let folded = fold(&plain(), &[frame, json!({"candidates": null})]);
    let parts = &folded.choices[0].parts;
    assert_eq!(parts[0], Part::new(Content::Opaque(Opaque { format: FORMAT, value: new })));
    assert_eq!(parts[1].extra.field(&FORMAT, "partMetadata"), Some(&json!({"z": 3})));
    assert_eq!(parts.len(), 2);
    assert_eq!(folded.extra.field(&FORMAT, "inventedField"), Some(&json!([1])));
}

#[test]
fn what_encoding_did_is_undone() {
    let mut request = plain();
    request.tools = vec![
        Tool::function("files.read", "reads", json!({"type": "object"})),
        Tool::new(ToolKind::Custom(CustomTool { name: "sh".to_owned(), description: None, format: None })),
    ];
    let model = ModelName::new("m");
    let encoded = provider().encode_request(&Target { model: &model, card: None }, &request).unwrap();
    let sent: Value = serde_json::from_slice(encoded.request.body()).unwrap();
    let declared = &sent["tools"][0]["functionDeclarations"];
    let frame = stopped(
        said(json!([
            {"functionCall": {"name": declared[0]["name"], "args": {}}},
            {"functionCall": {"name": declared[1]["name"], "args": {"input": "ls -l\n"}}},
        ])),
        "STOP",
    );
    let parts = fold(&request, std::slice::from_ref(&frame)).choices.remove(0).parts;
    assert_eq!(unary(&request, &frame).choices[0].parts, parts);
    assert_eq!(parts[0], Part::tool_call("gemini_call_r1_0", "files.read", "{}"));
    let Content::ToolCall(custom) = &parts[1].content else { panic!("no call: {parts:?}") };
    assert_eq!((custom.name.as_str(), custom.kind), ("sh", ToolCallKind::Custom));
    assert_eq!((custom.id.as_str(), custom.arguments.as_str()), ("gemini_call_r1_1", "ls -l\n"));
}

#[test]
fn a_grounded_prompt_is_billed_by_query_or_once() {
    let mut frame = stopped(said(json!([{"text": "x"}])), "STOP");
    frame["candidates"][0]["groundingMetadata"] = json!({"webSearchQueries": ["a", "b"]});
    for (model, expected) in [("gemini-3-flash", 2), ("gemini-2.5-pro", 1)] {
        frame["modelVersion"] = json!(model);
        let usage = unary(&plain(), &frame).usage.unwrap();
        assert_eq!(usage.server_tools.web_searches, Some(expected));
        let facts = provider().response_facts(frame.to_string().as_bytes()).unwrap();
        assert_eq!(facts.usage, usage);
    }
}

#[test]
fn the_untouched_path_changes_no_byte() {
    let body = Bytes::from(r#"{ "contents" : [], "invented": 1.0 }"#);
    let facts = |stream| RequestFacts {
        model: ModelName::new("mine"),
        model_span: None,
        stream,
        stream_usage: false,
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-goog-api-client", "genai/1".parse().unwrap());
    headers.insert("x-goog-api-key", "client's own".parse().unwrap());
    let request = provider().request(&ModelName::new("gemini-x"), &facts(true), &headers, &body);
    let url =
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent?alt=sse";
    assert_eq!(request.uri(), url);
    assert_eq!(request.body().as_ptr(), body.as_ptr(), "nothing is copied");
    assert_eq!(request.headers()["x-goog-api-client"], "genai/1");
    assert!(!request.headers().contains_key("x-goog-api-key"));
    let request = provider().request(&ModelName::new("models/gemini-x"), &facts(false), &headers, &body);
    assert!(request.uri().path().ends_with("/models/gemini-x:generateContent"));
}

#[test]
fn the_reader_along_the_untouched_path_sees_what_the_decoder_sees() {
    let (frames, answer) = everything();
    let decoded = fold(&plain(), &frames);
    let mut reader = provider().stream_reader();
    for frame in &frames {
        let data = frame.to_string();
        reader.read(Frame { event: None, data: data.as_bytes() }).unwrap();
    }
    reader.read(Frame { event: None, data: b"[DONE]" }).unwrap();
    reader.finish().unwrap();
    let along = reader.facts();
    assert_eq!(Some(along.usage), decoded.usage);
    assert_eq!((&along.id, &along.model), (&decoded.id, &decoded.model));
    assert_eq!(
        (&along.finish_reason, &along.service_tier),
        (&decoded.choices[0].finish_reason, &decoded.service_tier)
    );
    // hm…, signed, Grüße, and the arguments.
    assert_eq!(along.content_bytes, 5 + 6 + 7 + 21);
    assert_eq!(&provider().response_facts(answer.to_string().as_bytes()).unwrap(), along);
}

#[test]
fn the_key_is_a_header_that_does_not_show() {
    let credential = credential(&Secret::new("AIza-1".to_owned())).unwrap();
    let mut request = http::Request::new(Bytes::new());
    let mut future = credential.authorize(&mut request);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
    drop(future);
    assert_eq!(request.headers()["x-goog-api-key"], "AIza-1");
    assert!(!format!("{request:?}").contains("AIza-1"));
}
