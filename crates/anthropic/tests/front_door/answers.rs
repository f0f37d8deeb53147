//! What clients are answered.

use serde_json::{Value, json};
use tollgate_model::{
    CallError, ChatEvent, ChatResponse, Choice, Content, Delta, ErrorKind, FinishReason, Part, PartIndex,
    PartKind, Usage,
    message::{Citation, ToolCall, ToolCallKind},
};

use super::{joined, stream, whole};

fn answer(parts: Vec<Part>, reason: FinishReason) -> ChatResponse {
    ChatResponse {
        id: Some("resp_1".into()),
        choices: vec![Choice::new(0, parts, Some(reason))],
        usage: Some(Usage::new(10, 5)),
        ..ChatResponse::default()
    }
}

fn lost(losses: &tollgate_model::Losses) -> Vec<&str> {
    losses.iter().map(|loss| loss.path.as_str()).collect()
}

#[test]
fn each_end_has_its_word() {
    let call = || Part::tool_call("c", "f", "{}");
    for (parts, reason, word) in [
        (vec![Part::text("a")], FinishReason::Stop, "end_turn"),
        (vec![call()], FinishReason::Stop, "tool_use"),
        (vec![call()], FinishReason::ToolCalls, "tool_use"),
        (vec![], FinishReason::Length, "max_tokens"),
        (vec![], FinishReason::StopSequence(Some("x".into())), "stop_sequence"),
        (vec![], FinishReason::ContextWindow, "model_context_window_exceeded"),
        (vec![], FinishReason::ContentFilter(Some("SAFETY".into())), "refusal"),
        (vec![Part::new(Content::Refusal("no".into()))], FinishReason::Stop, "refusal"),
        (vec![], FinishReason::PauseTurn, "pause_turn"),
    ] {
        let answer = answer(parts, reason.clone());
        let (message, losses) = whole(&answer);
        assert_eq!(message["stop_reason"], word, "{reason:?}");
        let (body, streamed) = stream(&answer.into_events(), None);
        assert_eq!(joined::join(&body)["stop_reason"], word, "{reason:?}");
        assert_eq!(lost(&losses), lost(&streamed));
    }
}

#[test]
fn usage_counts_apart_what_the_totals_include() {
    let mut usage = Usage::new(100, 20);
    usage.input.cache_read = Some(60);
    usage.input.cache_write = Some(10);
    usage.output.reasoning = Some(8);
    usage.input.audio = Some(3);
    let answer = ChatResponse { usage: Some(usage), ..answer(vec![Part::text("a")], FinishReason::Stop) };
    let expected = json!({"input_tokens": 30, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 60,
        "output_tokens": 20, "output_tokens_details": {"thinking_tokens": 8}});
    let (message, losses) = whole(&answer);
    assert_eq!((&message["usage"], lost(&losses)), (&expected, vec!["usage.input.audio"]));
    let (body, losses) = stream(&answer.into_events(), None);
    assert_eq!((&joined::join(&body)["usage"], lost(&losses)), (&expected, vec!["usage.input.audio"]));
    let unknown = ChatResponse { usage: None, ..ChatResponse::default() };
    let (message, losses) = whole(&unknown);
    assert_eq!((&message["usage"]["input_tokens"], lost(&losses)), (&json!(0), vec!["usage"]));
}

#[test]
fn blocks_come_one_after_the_other_whatever_order_they_grow_in() {
    let text =
        |part: u32, text: &str| ChatEvent::Delta { part: PartIndex(part), delta: Delta::Text(text.into()) };
    let call = |part: u32, id: &str| ChatEvent::PartStart {
        part: PartIndex(part),
        choice: 0,
        kind: PartKind::ToolCall { id: id.into(), name: "f".into(), kind: ToolCallKind::Function },
    };
    let end = |part: u32| ChatEvent::PartEnd { part: PartIndex(part) };
    let events = [
        ChatEvent::Start { id: None, model: None, created: None },
        call(0, "a"),
        call(1, "b"),
        text(1, "{\"n\":"),
        text(0, "{\"m\":"),
        call(2, "c"),
        text(0, "1}"),
        text(1, "2}"),
        end(2),
        end(1),
        end(0),
        ChatEvent::Stop { choice: 0, reason: FinishReason::ToolCalls },
        ChatEvent::Finish,
    ];
    let (body, _) = stream(&events, None);
    let content = joined::join(&body)["content"].clone();
    let said: Vec<_> =
        content.as_array().unwrap().iter().map(|block| (&block["id"], &block["input"])).collect();
    assert_eq!(
        said,
        [(&json!("a"), &json!({"m": 1})), (&json!("b"), &json!({"n": 2})), (&json!("c"), &json!({}))]
    );
    assert!(body.starts_with("event: message_start\n"));
}

#[test]
fn what_the_format_has_no_block_for_is_named() {
    let citation = Citation { url: Some("https://a.example".into()), ..Citation::default() };
    let mut cited = Part::text("so");
    if let Content::Text(text) = &mut cited.content {
        text.citations.push(citation);
    }
    let custom = ToolCall { kind: ToolCallKind::Custom, ..ToolCall::new("c", "shell", "ls \"x\"") };
    let parts = vec![cited, Part::tool_call("d", "f", "not json"), Part::new(Content::ToolCall(custom))];
    let (message, losses) = whole(&answer(parts, FinishReason::ToolCalls));
    assert_eq!(message["content"][0]["citations"][0]["url"], "https://a.example");
    assert_eq!(message["content"][1]["input"], json!({"unparsed_arguments": "not json"}));
    assert_eq!(message["content"][2]["input"], json!({"input": "ls \"x\""}));
    assert_eq!(
        lost(&losses),
        ["choices[0].parts[0].citations[0]", "choices[0].parts[1].arguments", "choices[0].parts[2]"]
    );
}

#[test]
fn a_stream_that_breaks_says_so_and_nothing_follows() {
    let mut events = answer(vec![Part::text("half")], FinishReason::Stop).into_events();
    events.truncate(3);
    let error = CallError::new(ErrorKind::Overloaded, "too busy");
    let (body, _) = stream(&events, Some(&error));
    let last = body.trim_end().rsplit("\n\n").next().unwrap();
    let data: Value = serde_json::from_str(last.strip_prefix("event: error\ndata: ").unwrap()).unwrap();
    assert_eq!(data["error"], json!({"type": "overloaded_error", "message": "too busy"}));
    assert!(body.contains("half") && !body.contains("message_stop"));
    let (body, _) = stream(&[], Some(&error));
    assert!(body.starts_with("event: error\n"));
}
