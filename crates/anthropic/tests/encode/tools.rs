//! Tools, their calls, the choice among them, and answers after a schema.

use serde_json::{Value, json};
use tollgate_model::{
    Content, Format, LossKind, Message, Part, Role,
    message::{Opaque, ToolCall, ToolCallKind},
    request::{CustomTool, JsonSchema, ResponseFormat, Tool, ToolChoice, ToolKind},
};

use crate::{FORMAT, asking, card, encode, encode_for, hello, lost, result, try_encode};

#[test]
fn tools_and_choices_have_their_own_words() {
    let mut request = hello();
    request.tools = vec![
        Tool::function("a.b", "does", json!({"properties": {"x": {"type": "string"}}})),
        Tool::new(ToolKind::Custom(CustomTool { name: "c".to_owned(), description: None, format: None })),
        Tool::new(ToolKind::Opaque(Opaque {
            format: FORMAT,
            value: json!({"type": "web_search_20260318", "name": "web_search"}),
        })),
        Tool::new(ToolKind::Opaque(Opaque {
            format: Format::OPENAI_RESPONSES,
            value: json!({"type": "file_search"}),
        })),
    ];
    request.tool_choice = Some(ToolChoice::Named("a.b".to_owned()));
    request.parallel_tool_calls = Some(false);
    let (body, losses) = encode(&request);
    assert_eq!(body["tools"][0]["name"], "a_b");
    assert_eq!(
        body["tools"][0]["input_schema"],
        json!({"type": "object", "properties": {"x": {"type": "string"}}})
    );
    assert_eq!(body["tools"][1]["input_schema"]["required"], json!(["input"]));
    assert_eq!(body["tools"][2]["type"], "web_search_20260318");
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "a_b", "disable_parallel_tool_use": true})
    );
    assert_eq!(
        losses,
        [
            lost("tools[0].name", LossKind::Emulated),
            lost("tools[1]", LossKind::Emulated),
            lost("tools[3]", LossKind::Dropped)
        ]
    );
    let mut card = card();
    card.rules.forced_tool_choice = Some(false);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert!(losses.contains(&lost("tool_choice", LossKind::Approximated)));
    request.tool_choice = Some(ToolChoice::Allowed { required: true, names: vec!["c".to_owned()] });
    let (body, losses) = encode(&request);
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["tool_choice"]["type"], "any");
    assert!(losses.contains(&lost("tool_choice", LossKind::Emulated)));
    request.tools.push(Tool::function("a_b", "again", json!({"type": "object"})));
    request.tool_choice = None;
    assert!(try_encode(None, &request).is_err(), "two tools of one wire name cannot be told apart");
    request.tools = vec![Tool::function("s", "does", json!({"type": "string"}))];
    assert!(try_encode(None, &request).is_err(), "the input of a tool is an object");
}

#[test]
fn a_custom_call_of_the_past_is_wrapped_as_its_tool_is() {
    let call = ToolCall { kind: ToolCallKind::Custom, ..ToolCall::new("c", "f", "free { text") };
    let call = Message::new(Role::Assistant, vec![Part::new(Content::ToolCall(call))]);
    let (body, _) = encode(&asking(vec![Message::user("a"), call, result("c", "r")]));
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({"input": "free { text"}));
}

#[test]
fn a_structured_answer_is_native_a_tool_or_an_instruction() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let asked = |schema: Value| {
        let mut request = hello();
        request.response_format = Some(ResponseFormat::JsonSchema(JsonSchema {
            name: None,
            description: None,
            schema,
            strict: Some(true),
        }));
        request
    };
    let (body, losses) = encode(&asked(schema.clone()));
    let format = &body["output_config"]["format"];
    assert_eq!(
        (&format["type"], &format["schema"]["additionalProperties"]),
        (&json!("json_schema"), &json!(false))
    );
    assert_eq!(losses, [lost("response_format.schema", LossKind::Approximated)]);

    let mut card = card();
    card.capabilities.structured_output = Some(false);
    let (body, losses) = encode_for(&card, &asked(schema.clone()));
    assert_eq!(body["tools"][0]["input_schema"], schema);
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "tollgate_json_answer"}));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
    let (body, losses) = encode_for(&card, &asked(json!({"type": "array"})));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("array"));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);

    let mut request = hello();
    request.response_format = Some(ResponseFormat::JsonObject);
    let (body, losses) = encode(&request);
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
}
