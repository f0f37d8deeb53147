//! What clients ask.

use serde_json::{Value, json};
use tollgate_model::{
    Content, Format, Role,
    message::{CacheHint, MediaSource},
    request::{ReasoningEffort, ReasoningMode, ResponseFormat, ToolChoice, ToolKind},
};

use super::{decode, read_whole, try_encode, whole};

fn asking(fields: &Value) -> Value {
    let mut body =
        json!({"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn settings_have_their_places() {
    let request = decode(&asking(&json!({
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tools": [
            {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": true, "type": "custom"},
            {"type": "web_search_20250305", "name": "web_search"},
        ],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}, "new": 1},
        "temperature": 0.5, "top_p": 0.9, "top_k": 5, "stop_sequences": ["a"], "stream": true,
        "metadata": {"user_id": "u"}, "service_tier": "standard_only", "cache_control": {"type": "ephemeral"},
        "container": "c",
    })))
    .unwrap();
    assert_eq!(request.messages[0].role, Role::System);
    assert_eq!(request.messages[0].parts[0].cache, Some(CacheHint::OneHour));
    assert!(matches!(&request.tools[0].kind, ToolKind::Function(f) if f.strict == Some(true)));
    assert!(matches!(&request.tools[1].kind, ToolKind::Opaque(tool) if tool.value["name"] == "web_search"));
    assert_eq!((request.tool_choice, request.parallel_tool_calls), (Some(ToolChoice::Required), Some(false)));
    let reasoning = request.reasoning;
    assert_eq!((reasoning.mode, reasoning.budget_tokens), (Some(ReasoningMode::Enabled), Some(2000)));
    assert_eq!((reasoning.effort, reasoning.visible), (Some(ReasoningEffort::High), Some(false)));
    assert!(matches!(request.response_format, Some(ResponseFormat::JsonSchema(_))));
    assert_eq!(
        (request.sampling.temperature, request.sampling.top_p, request.sampling.top_k),
        (Some(0.5), Some(0.9), Some(5))
    );
    assert_eq!(
        (request.stop, request.stream, request.user.as_deref()),
        (vec!["a".to_owned()], true, Some("u"))
    );
    assert_eq!(
        (request.service_tier.as_deref(), request.cache.automatic),
        (Some("default"), Some(CacheHint::Standard))
    );
    let own = request.extra.fields(&Format::ANTHROPIC_MESSAGES).unwrap();
    assert_eq!(Value::Object(own.clone()), json!({"output_config": {"new": 1}, "container": "c"}));
}

#[test]
fn results_stand_apart_and_hold_pictures_and_failures() {
    let request = decode(&asking(&json!({"messages": [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig+/="},
            {"type": "redacted_thinking", "data": "sealed"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"b": 1, "a": 2}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                {"type": "text", "text": "see"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ]},
            {"type": "text", "text": "and?"},
        ]},
    ]})))
    .unwrap();
    let roles: Vec<_> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::User]);
    let Content::ToolResult(result) = &request.messages[2].parts[0].content else { panic!("no result") };
    assert_eq!((result.is_error, result.parts.len()), (Some(true), 2));
    assert!(matches!(&result.parts[1].content, Content::Image(image)
        if matches!(&image.source, MediaSource::Base64 { media_type, .. } if media_type == "image/png")));
    let (again, losses) = try_encode(&request).unwrap();
    assert!(losses.iter().all(|loss| loss.path == "tools"), "{losses:?}");
    assert_eq!(again["messages"][1]["content"][0]["signature"], "sig+/=");
    assert_eq!(again["messages"][1]["content"][1], json!({"type": "redacted_thinking", "data": "sealed"}));
    assert_eq!(again["messages"][1]["content"][2]["input"].to_string(), r#"{"b":1,"a":2}"#);
    assert_eq!(again["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn another_vendors_proof_travels_through_a_client_and_goes_to_its_issuer_only() {
    use tollgate_model::{
        Extra, FinishReason, Message, Part, Signature, message::Reasoning, response::Choice,
    };
    let reasoning = Reasoning { text: "because".to_owned(), encrypted: Some("gAAAA".to_owned()) };
    let mut part = Part::new(Content::Reasoning(reasoning));
    let id = serde_json::Map::from_iter([("id".to_owned(), json!("rs_1"))]);
    part.extra = Extra::new(Format::OPENAI_RESPONSES, id);
    part.signature = Some(Signature { issuer: Format::OPENAI_RESPONSES, value: String::new() });
    let answer = tollgate_model::ChatResponse {
        choices: vec![Choice::new(0, vec![part.clone(), Part::text("so")], Some(FinishReason::Stop))],
        ..Default::default()
    };
    let (message, _) = whole(&answer);
    assert_eq!(message["content"][0]["type"], "thinking");
    assert_eq!(message["content"][0]["thinking"], "because");
    let request = decode(&asking(&json!({"messages": [
        {"role": "user", "content": "why"}, {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": "go on"},
    ]})))
    .unwrap();
    assert_eq!(request.messages[1].parts[0], part);
    let (own, losses) = try_encode(&request).unwrap();
    assert_eq!(own["messages"][1]["content"], json!([{"type": "text", "text": "so"}]));
    assert_eq!(losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["messages[1].parts[0]"]);
    // The vendor's own answers carry none of it.
    let native = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "thinking", "thinking": "x", "signature": "EqQ"}],
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    assert_eq!(whole(&read_whole(&native)).0["content"][0]["signature"], "EqQ");
    assert_eq!(decode(&asking(&json!({}))).unwrap().messages, [Message::user("hello")]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let block = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    for (fields, param) in [
        (json!({"max_tokens": null}), "max_tokens"),
        (json!({"max_tokens": "many"}), "max_tokens"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "robot", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": 7}]}), "messages[0].content"),
        (block(json!({"text": "x"})), "messages[0].content[0].type"),
        (block(json!({"type": "text"})), "messages[0].content[0].text"),
        (
            block(json!({"type": "tool_use", "id": "a", "name": "f", "input": {}})),
            "messages[0].content[0].type",
        ),
        (
            block(json!({"type": "image", "source": {"type": "base64", "data": "x"}})),
            "messages[0].content[0].source.media_type",
        ),
        (
            block(json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "9h"}})),
            "messages[0].content[0].cache_control.ttl",
        ),
        (json!({"tools": [{"name": "f"}]}), "tools[0].input_schema"),
        (json!({"tool_choice": {"type": "maybe"}}), "tool_choice.type"),
        (json!({"thinking": {"type": "enabled"}}), "thinking.budget_tokens"),
        (json!({"metadata": {"user_id": 7}}), "metadata.user_id"),
    ] {
        let error = decode(&asking(&fields)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{fields}");
    }
    let bytes = |body: &[u8]| {
        use tollgate_provider::FrontDoor;
        tollgate_anthropic::MessagesFrontDoor::new().decode_request(super::PATH, body)
    };
    assert!(bytes(b"{").is_err() && bytes(b"[]").is_err());
    let doubled = br#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a","content":"b"}]}"#;
    assert_eq!(bytes(doubled).unwrap_err().param.as_deref(), Some("messages[0].content"));
    let deep = format!(
        r#"{{"model":"m","max_tokens":1,"messages":[{}{}]}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(bytes(deep.as_bytes()).is_err());
}
