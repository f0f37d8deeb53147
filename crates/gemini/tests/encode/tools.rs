//! Tools, their calls and the choice among them.

use serde_json::{Value, json};
use tollgate_model::{
    Content, Format, LossKind, Message, Part, Role,
    message::{Opaque, ToolCall, ToolCallKind},
    request::{CustomTool, FunctionTool, Tool, ToolChoice, ToolKind},
};

use crate::{
    FORMAT, asking, card, dropped, encode, encode_for, function, hello, lost, own, result, try_encode,
};

#[test]
fn tools_are_declared_with_their_schema_and_names_that_are_taken() {
    let mut request = hello();
    request.tools = vec![
        Tool::function("mcp.files:read", "reads", json!({"type": "object", "$defs": {}})),
        Tool::new(ToolKind::Function(FunctionTool {
            name: "now".to_owned(),
            description: None,
            parameters: None,
            strict: None,
        })),
        Tool::new(ToolKind::Opaque(Opaque { format: FORMAT, value: json!({"googleSearch": {}}) })),
        Tool::new(ToolKind::Opaque(Opaque { format: Format::OPENAI_RESPONSES, value: json!({}) })),
        Tool::new(ToolKind::Custom(CustomTool {
            name: "sh".to_owned(),
            description: Some("runs".to_owned()),
            format: Some(json!({"type": "text"})),
        })),
    ];
    request.tools[1].extra = own("behavior", json!("NON_BLOCKING"));
    let (body, losses) = encode(&request);
    let tools = &body["tools"];
    let declared = &tools[0]["functionDeclarations"];
    let name = declared[0]["name"].as_str().unwrap();
    assert!(name.starts_with("mcp_files_read_") && name.len() <= 64, "{name}");
    assert_eq!(declared[0]["parametersJsonSchema"], json!({"type": "object", "$defs": {}}));
    assert_eq!(declared[1], json!({"name": "now", "behavior": "NON_BLOCKING"}));
    assert_eq!(declared[2]["parametersJsonSchema"]["required"], json!(["input"]));
    assert_eq!(declared[2]["description"], "runs\n\nThe input follows this format: {\"type\":\"text\"}");
    assert_eq!(tools[1], json!({"googleSearch": {}}));
    let expected = [
        lost("tools[0].name", LossKind::Emulated),
        dropped("tools[3]"),
        lost("tools[4]", LossKind::Emulated),
    ];
    assert_eq!(losses, expected);
    request.tools.push(Tool::function("now", "again", json!({})));
    assert_eq!(try_encode(None, &request).unwrap_err().param.as_deref(), Some("tools[5].name"));
}

#[test]
fn a_custom_call_goes_back_as_its_one_text() {
    let custom = ToolCall {
        id: "c1".into(),
        name: "sh".to_owned(),
        arguments: "ls \"x\"".to_owned(),
        kind: ToolCallKind::Custom,
    };
    let messages = vec![
        Message::user("go"),
        Message::new(Role::Assistant, vec![Part::new(Content::ToolCall(custom))]),
        result("c1", "x"),
    ];
    let (body, _) = encode(&asking(messages));
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"]["args"], json!({"input": "ls \"x\""}));
}

#[test]
fn the_choice_of_tools_becomes_a_mode() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cases = [
        (None, Value::Null),
        (Some(ToolChoice::Auto), json!({"mode": "AUTO"})),
        (Some(ToolChoice::None), json!({"mode": "NONE"})),
        (Some(ToolChoice::Required), json!({"mode": "ANY"})),
        (Some(ToolChoice::Named("f".to_owned())), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        (
            Some(ToolChoice::Allowed { required: true, names: names(&["f"]) }),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
        (
            Some(ToolChoice::Allowed { required: false, names: names(&["f"]) }),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
    ];
    for (choice, expected) in cases {
        let mut request = hello().with_tools(vec![function()]);
        request.tool_choice = choice;
        let (body, losses) = encode(&request);
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected);
        assert_eq!(losses, []);
    }
    let mut strict = function();
    if let ToolKind::Function(function) = &mut strict.kind {
        function.strict = Some(true);
    }
    let mut request = hello().with_tools(vec![strict]);
    request.parallel_tool_calls = Some(false);
    let (body, losses) = encode(&request);
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "VALIDATED"}));
    assert_eq!(losses, [dropped("parallel_tool_calls")]);

    let mut card = card();
    card.rules.forced_tool_choice = Some(false);
    let mut request = hello().with_tools(vec![function()]);
    request.tool_choice = Some(ToolChoice::Required);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "AUTO"}));
    assert_eq!(losses, [lost("tool_choice", LossKind::Approximated)]);
    request.tools.clear();
    let (body, losses) = encode(&request);
    assert_eq!((body.get("toolConfig"), losses), (None, vec![dropped("tool_choice")]));
}
