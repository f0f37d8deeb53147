//! Who speaks in what order, and which result belongs to which call.

use serde_json::json;
use tollgate_anthropic::DEFAULT_MAX_TOKENS;
use tollgate_model::{
    Content, LossKind, Message, Part, Role,
    message::{CacheHint, Opaque},
    request::Tool,
};

use crate::{FORMAT, asking, calls, card, encode, encode_for, hello, lost, result, text, try_encode};

#[test]
fn a_plain_question_is_written_with_what_is_required_and_nothing_more() {
    let (body, losses) = encode(&hello());
    let messages = json!([{"role": "user", "content": [text("hello")]}]);
    assert_eq!(body, json!({"model": "claude-x", "max_tokens": DEFAULT_MAX_TOKENS, "messages": messages}));
    assert!(losses.is_empty());
}

#[test]
fn leading_system_messages_go_to_the_top_and_later_ones_where_the_model_takes_them() {
    let request = asking(vec![
        Message::system("one"),
        Message::new(Role::Developer, vec![Part::text("two").with_cache(CacheHint::OneHour)]),
        Message::user("hi"),
        Message::assistant("yes"),
        Message::system("three"),
        Message::user("go"),
    ]);
    let (body, losses) = encode(&request);
    assert_eq!(body["system"][1]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(body["system"][2], text("three"));
    assert_eq!(losses, [lost("messages[4]", LossKind::Approximated)]);

    let mut card = card();
    card.rules.mid_conversation_system = Some(true);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["messages"][2], json!({"role": "system", "content": [text("three")]}));
    assert!(losses.is_empty());
}

#[test]
fn neighbours_are_joined_and_results_stand_first() {
    let mut request = asking(vec![
        Message::user("a"),
        Message::user("b"),
        calls(&["c1", "c2"]),
        Message::user("meanwhile"),
        result("c2", "two"),
        result("c1", ""),
        Message::assistant("done"),
        Message::user("ok"),
    ]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    let (body, losses) = encode(&request);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_eq!(body["messages"][0]["content"], json!([text("a"), text("b")]));
    assert_eq!(
        body["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "c2", "content": [text("two")]},
            {"type": "tool_result", "tool_use_id": "c1"},
            text("meanwhile"),
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_system_message_waits_for_the_results() {
    let mut card = card();
    card.rules.mid_conversation_system = Some(true);
    let mut request =
        asking(vec![Message::user("a"), calls(&["c1"]), Message::system("s"), result("c1", "r")]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    let (body, _) = encode_for(&card, &request);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "system"]);
}

#[test]
fn what_cannot_be_in_order_is_refused_with_its_place() {
    let cases = [
        (vec![Message::user("a"), calls(&["c1"])], "messages[1]"),
        (
            vec![Message::user("a"), calls(&["c1"]), Message::user("b"), Message::assistant("c")],
            "messages[1]",
        ),
        (vec![Message::user("a"), result("zzz", "r")], "messages[1].parts[0]"),
        (vec![Message::system("only")], "messages"),
        (vec![Message::user("")], "messages"),
        (vec![], "messages"),
    ];
    for (messages, param) in cases {
        let error = try_encode(None, &asking(messages)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
    }
}

#[test]
fn ids_fit_and_are_unique_and_results_follow_them() {
    let request = asking(vec![
        Message::user("a"),
        calls(&["call:0", "x"]),
        result("call:0", "1"),
        result("x", "2"),
        // An id may come again in another turn, but not twice in one.
        calls(&["call:0", "call:0"]),
        result("call:0", "3"),
        result("call:0", "4"),
    ]);
    let (body, losses) = encode(&request);
    let id = |turn: usize, block: usize, name: &str| body["messages"][turn]["content"][block][name].clone();
    assert_eq!((id(1, 0, "id"), id(2, 0, "tool_use_id")), (json!("call_x3a0"), json!("call_x3a0")));
    assert_eq!((id(3, 0, "id"), id(4, 0, "tool_use_id")), (json!("call_x3a0"), json!("call_x3a0")));
    assert_eq!((id(3, 1, "id"), id(4, 1, "tool_use_id")), (json!("call_x3a0_2"), json!("call_x3a0_2")));
    // The conversation speaks of a tool that is not offered: it is described, and may not be called.
    assert_eq!(body["tools"], json!([{"name": "f", "input_schema": {"type": "object"}}]));
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
    assert_eq!(losses, [lost("tools", LossKind::Emulated)]);
}

#[test]
fn arguments_become_an_object_whatever_they_were() {
    for (arguments, input, lossy) in [
        (r#" {"b":[1, 2.50]} "#, json!({"b": [1, 2.5]}), false),
        ("", json!({}), false),
        ("{\"a\":", json!({"unparsed_arguments": "{\"a\":"}), true),
        ("[1]", json!({"unparsed_arguments": "[1]"}), true),
    ] {
        let call = Message::new(Role::Assistant, vec![Part::tool_call("c", "f", arguments)]);
        let mut request = asking(vec![Message::user("a"), call, result("c", "r")]);
        request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
        let (body, losses) = encode(&request);
        assert_eq!(body["messages"][1]["content"][0]["input"], input);
        assert_eq!(losses.contains(&lost("messages[1].parts[0].arguments", LossKind::Approximated)), lossy);
    }
}

#[test]
fn an_opening_assistant_gets_a_user_before_it_and_says_so() {
    let (body, losses) = encode(&asking(vec![Message::assistant("Hi, I am Bo."), Message::user("hello")]));
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(body["messages"][1]["content"], json!([text("Hi, I am Bo.")]));
    assert_eq!(losses, [lost("messages[0]", LossKind::Emulated)]);
}

#[test]
fn a_prefill_loses_its_last_white_space_and_is_refused_where_the_model_refuses_it() {
    let request = asking(vec![Message::user("a"), Message::assistant("{\n ")]);
    let (body, losses) = encode(&request);
    assert_eq!(body["messages"][1]["content"], json!([text("{")]));
    assert_eq!(losses, [lost("messages", LossKind::Approximated)]);
    let mut card = card();
    card.rules.assistant_prefill = Some(false);
    assert!(try_encode(Some(&card), &request).unwrap_err().message.contains("last message"));
    // A paused server-side loop is resumed, not prefilled.
    let block = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let paused =
        vec![Part::text("searching "), Part::new(Content::Opaque(Opaque { format: FORMAT, value: block }))];
    let request = asking(vec![Message::user("a"), Message::new(Role::Assistant, paused)]);
    assert!(encode_for(&card, &request).1.is_empty());
}

#[test]
fn blank_texts_are_left_out() {
    let parts = vec![Part::text(""), Part::text(" \n"), Part::text("x")];
    let (body, losses) = encode(&asking(vec![Message::new(Role::User, parts)]));
    assert_eq!(body["messages"][0]["content"], json!([text("x")]));
    assert_eq!(losses, [lost("messages[0].parts[1]", LossKind::Dropped)]);
}
