//! What clients ask, shown by files: `body.json` as they send it, `request.json` as it is understood.

use serde_json::json;
use tollgate_openai::ResponsesFrontDoor;
use tollgate_provider::FrontDoor;

use super::{PATH, files, folders};

#[test]
fn requests_are_understood_as_the_files_show() {
    for folder in folders("tests/golden_responses_requests", 6) {
        let body = files::read(&folder, "body.json").unwrap();
        let door = ResponsesFrontDoor::new();
        let request = door.decode_request(PATH, body.as_bytes()).unwrap();
        let facts = door.request_facts(PATH, body.as_bytes()).unwrap();
        assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
        assert!(facts.stream_usage, "usage always comes");
        let understood = files::pretty(&serde_json::to_value(&request).unwrap());
        files::compare(&folder, "request.json", Some(&understood));
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let user =
        |content: serde_json::Value| json!({"model": "m", "input": [{"role": "user", "content": content}]});
    for (body, param) in [
        (json!([]), None),
        (json!({"input": "hi"}), Some("model")),
        (json!({"model": "", "input": "hi"}), Some("model")),
        (json!({"model": "m"}), Some("input")),
        (json!({"model": "m", "input": 7}), Some("input")),
        (json!({"model": "m", "input": [7]}), Some("input[0]")),
        (json!({"model": "m", "input": [{"role": "robot", "content": "x"}]}), Some("input[0].role")),
        (user(json!(7)), Some("input[0].content")),
        (user(json!([{"type": "input_text"}])), Some("input[0].content[0]")),
        (user(json!([{"type": "input_image", "image_url": 7}])), Some("input[0].content[0].image_url")),
        (
            json!({"model": "m", "input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}),
            Some("input[0]"),
        ),
        (json!({"model": "m", "input": [{"type": "function_call_output", "output": "x"}]}), Some("input[0]")),
        (json!({"model": "m", "input": [{"type": "reasoning", "summary": "x"}]}), Some("input[0].summary")),
        (json!({"model": "m", "input": "i", "tools": [{"type": "function"}]}), Some("tools[0]")),
        (json!({"model": "m", "input": "i", "tools": [7]}), Some("tools[0]")),
        (json!({"model": "m", "input": "i", "tool_choice": 7}), Some("tool_choice")),
        (json!({"model": "m", "input": "i", "temperature": "hot"}), Some("temperature")),
        (json!({"model": "m", "input": "i", "reasoning": {"effort": 3}}), Some("reasoning.effort")),
        (json!({"model": "m", "input": "i", "text": {"format": []}}), Some("text.format")),
    ] {
        let error = ResponsesFrontDoor::new().decode_request(PATH, body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), param, "{body}: {error}");
    }
    let twice = br#"{"model":"m","input":"a","input":"b"}"#;
    let error = ResponsesFrontDoor::new().decode_request(PATH, twice).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("input"));
}
