//! Who speaks in what order, and which result belongs to which call.

use serde_json::json;
use tollgate_catalog::card::ReasoningStyle;
use tollgate_gemini::DEFAULT_BASE_URL;
use tollgate_model::{
    Content, LossKind, Message, ModelName, Part, Role,
    message::{Image, MediaSource, ToolResult},
};
use tollgate_provider::{Provider, Target};

use crate::{asking, call, card, encode, encode_for, hello, lost, provider, result, styled, try_encode};

#[test]
fn the_model_stands_in_the_path() {
    let cases = [
        ("https://h.test", "gemini-x", "https://h.test/v1beta/models/gemini-x:generateContent"),
        (
            "https://h.test/v1beta/",
            "models/gemini-x",
            "https://h.test/v1beta/models/gemini-x:generateContent",
        ),
        ("https://h.test/v1", "tunedModels/t 1", "https://h.test/v1/tunedModels/t%201:generateContent"),
        (
            "https://h.test/v1/projects/p/publishers/google",
            "g",
            "https://h.test/v1/projects/p/publishers/google/models/g:generateContent",
        ),
        ("https://h.test/gemini", "../x", "https://h.test/gemini/v1beta/models/..%2Fx:generateContent"),
    ];
    for (url, model, expected) in cases {
        let model = ModelName::new(model);
        let target = Target { model: &model, card: None };
        let request = provider(url).encode_request(&target, &hello()).unwrap().request;
        assert_eq!(request.uri(), expected);
        assert_eq!(request.headers()["accept"], "application/json");
        let streamed = provider(url).encode_request(&target, &hello().streamed()).unwrap().request;
        let expected = expected.replace(":generateContent", ":streamGenerateContent?alt=sse");
        assert_eq!(streamed.uri(), expected.as_str());
        assert_eq!(streamed.headers()["accept"], "text/event-stream");
        assert_eq!(streamed.body(), request.body());
    }
}

#[test]
fn system_messages_go_to_the_top_and_neighbours_are_joined() {
    let request = asking(vec![
        Message::system("one"),
        Message::new(Role::Developer, vec![Part::text("two"), Part::text("")]),
        Message::user("a"),
        Message::user("b"),
        Message::assistant("c"),
        Message::system("three"),
        Message::assistant("d"),
        Message::user("e"),
    ]);
    let (body, losses) = encode(&request);
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "one"}, {"text": "two"}, {"text": "three"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
            {"role": "user", "parts": [{"text": "e"}]},
        ],
    });
    assert_eq!(body, expected);
    assert_eq!(losses, [lost("messages[5]", LossKind::Approximated)]);
}

#[test]
fn a_conversation_needs_a_beginning_and_an_end_that_can_be_answered() {
    let error = try_encode(None, &asking(vec![Message::system("only")])).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages"));
    let (body, losses) = encode(&asking(vec![Message::assistant("hi"), Message::user("x")]));
    assert_eq!(body["contents"][0]["role"], "user");
    assert_eq!(losses, [lost("messages[0]", LossKind::Emulated)]);
    let prefill = asking(vec![Message::user("x"), Message::assistant("{")]);
    assert!(try_encode(None, &prefill).is_ok());
    let mut card = card();
    card.rules.assistant_prefill = Some(false);
    assert!(try_encode(Some(&card), &prefill).is_err());
}

#[test]
fn calls_and_results_are_matched_by_id_and_named() {
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                Part::text("so"),
                Part::tool_call("c1", "f", r#" {"a": 1.0} "#),
                Part::tool_call("c2", "g", ""),
                Part::tool_call("c3", "h", "[1]"),
            ],
        ),
        result("c3", r#"{"deep": {"x": 1}}"#),
        result("c1", "fine"),
        Message::new(
            Role::Tool,
            vec![Part::new(Content::ToolResult(ToolResult {
                is_error: Some(true),
                ..ToolResult::text("c2", "{}")
            }))],
        ),
        Message::user("and?"),
    ]);
    let (body, losses) = encode(&request);
    let calls = json!([
        {"text": "so"},
        {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1.0}}},
        {"functionCall": {"id": "c2", "name": "g", "args": {}}},
        {"functionCall": {"id": "c3", "name": "h", "args": {"unparsed_arguments": "[1]"}}},
    ]);
    let results = json!([
        {"functionResponse": {"id": "c3", "name": "h", "response": {"deep": {"x": 1}}}},
        {"functionResponse": {"id": "c1", "name": "f", "response": {"result": "fine"}}},
        {"functionResponse": {"id": "c2", "name": "g", "response": {"error": "{}"}}},
        {"text": "and?"},
    ]);
    assert_eq!(body["contents"][1]["parts"], calls);
    assert_eq!(body["contents"][2], json!({"role": "user", "parts": results}));
    assert_eq!(losses, [lost("messages[1].parts[3].arguments", LossKind::Approximated)]);
    let raw = String::from_utf8(
        provider(DEFAULT_BASE_URL)
            .encode_request(&Target { model: &ModelName::new("m"), card: None }, &request)
            .unwrap()
            .request
            .body()
            .to_vec(),
    );
    assert!(raw.unwrap().contains(r#""args":{"a": 1.0}"#), "arguments pass exactly as they were written");

    let orphan = asking(vec![Message::user("go"), result("nobody", "x")]);
    let error = try_encode(None, &orphan).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages[1].parts[0]"));
    let mut named = ToolResult::text("nobody", "x");
    named.name = Some("f".to_owned());
    let named = Message::new(Role::Tool, vec![Part::new(Content::ToolResult(named))]);
    let (body, _) = encode(&asking(vec![Message::user("go"), named]));
    assert_eq!(body["contents"][0]["parts"][0]["functionResponse"]["name"], "f");
}

#[test]
fn an_id_that_returns_means_the_last_call() {
    let first = Message::new(Role::Assistant, vec![Part::tool_call("call_0", "old", "{}")]);
    let second = Message::new(Role::Assistant, vec![Part::tool_call("call_0", "new", "{}")]);
    let messages = vec![
        Message::user("go"),
        first,
        result("call_0", "x"),
        Message::user("on"),
        second,
        result("call_0", "y"),
    ];
    let (body, _) = encode(&asking(messages));
    assert_eq!(body["contents"][2]["parts"][0]["functionResponse"]["name"], "old");
    assert_eq!(body["contents"][4]["parts"][0]["functionResponse"]["name"], "new");
}

#[test]
fn pictures_in_results_follow_them_or_stand_in_them() {
    let picture = Image {
        source: MediaSource::Base64 { media_type: "image/png".to_owned(), data: "AAAA".to_owned() },
        detail: None,
    };
    let mut answer = ToolResult::text("c1", "see");
    answer.parts.push(Part::new(Content::Image(picture)));
    answer.parts.push(Part::text("there"));
    let answer = Message::new(Role::Tool, vec![Part::new(Content::ToolResult(answer))]);
    let request = asking(vec![Message::user("go"), call("c1"), answer]);
    let (body, losses) = encode(&request);
    let parts = json!([
        {"functionResponse": {"id": "c1", "name": "f", "response": {"result": "see\nthere"}}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    ]);
    assert_eq!(body["contents"][2]["parts"], parts);
    let expected = [
        lost("messages[2].parts[0].parts[1]", LossKind::Emulated),
        lost("messages[2].parts[0]", LossKind::Approximated),
    ];
    assert_eq!(losses, expected);
    let (body, _) = encode_for(&styled(ReasoningStyle::Level), &request);
    let response = &body["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(response["parts"], json!([{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]));
    assert_eq!(body["contents"][2]["parts"].as_array().unwrap().len(), 1);
}
