//! What was signed goes back to its issuer alone.

use serde_json::{Value, json};
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{Content, Format, LossKind, Message, Part, Role, Signature, message::Reasoning};

use crate::{FORMAT, asking, call, dropped, encode, encode_for, lost, result, styled, try_encode};

/// `skip_thought_signature_validator`, in base64.
const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

fn signature(issuer: Format, value: &str) -> Signature {
    Signature { issuer, value: value.to_owned() }
}

#[test]
fn a_signature_goes_back_on_the_very_same_part() {
    let own = |part: Part, value: &str| part.with_signature(signature(FORMAT, value));
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                own(Part::reasoning("hm"), "s1"),
                Part::text("so"),
                own(Part::text(""), "s2"),
                own(Part::tool_call("c1", "f", "{}"), "s3"),
                Part::tool_call("c2", "f", "{}"),
            ],
        ),
        result("c1", "x"),
        result("c2", "y"),
    ]);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Level), &request);
    let parts = json!([
        {"text": "hm", "thought": true, "thoughtSignature": "s1"},
        {"text": "so"},
        {"text": "", "thoughtSignature": "s2"},
        {"functionCall": {"id": "c1", "name": "f", "args": {}}, "thoughtSignature": "s3"},
        {"functionCall": {"id": "c2", "name": "f", "args": {}}},
    ]);
    assert_eq!(body["contents"][1]["parts"], parts);
    assert_eq!(losses, []);
}

#[test]
fn what_others_signed_is_left_out_and_named() {
    let foreign = |part: Part| part.with_signature(signature(Format::ANTHROPIC_MESSAGES, "x"));
    let sealed = Reasoning { text: String::new(), encrypted: Some("blob".to_owned()) };
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                foreign(Part::reasoning("hm")),
                Part::reasoning("unsigned"),
                Part::new(Content::Reasoning(sealed)),
                foreign(Part::text("so")),
            ],
        ),
        Message::user("on"),
    ]);
    let (body, losses) = encode(&request);
    assert_eq!(body["contents"][1]["parts"], json!([{"text": "so"}]));
    let paths = ["parts[0]", "parts[1]", "parts[2]", "parts[3].signature"];
    assert_eq!(losses, paths.map(|path| dropped(&format!("messages[1].{path}"))));
}

#[test]
fn foreign_calls_of_the_current_turn_bear_the_placeholder_on_the_first_of_each_step() {
    let pair =
        |ids: [&str; 2]| Message::new(Role::Assistant, ids.map(|id| Part::tool_call(id, "f", "{}")).to_vec());
    let request = asking(vec![
        Message::user("before"),
        call("old"),
        result("old", "x"),
        Message::user("now"),
        pair(["c1", "c2"]),
        result("c1", "x"),
        result("c2", "y"),
        Message::new(
            Role::Assistant,
            vec![Part::tool_call("c3", "f", "{}").with_signature(signature(FORMAT, "own"))],
        ),
        result("c3", "x"),
        pair(["c4", "c5"]),
        result("c4", "x"),
        result("c5", "x"),
    ]);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Level), &request);
    let signatures = |turn: usize| -> Vec<Value> {
        let parts = body["contents"][turn]["parts"].as_array().unwrap();
        parts.iter().map(|part| part["thoughtSignature"].clone()).collect()
    };
    assert_eq!(signatures(1), [Value::Null], "earlier turns are not checked");
    assert_eq!(signatures(3), [json!(PLACEHOLDER), Value::Null]);
    assert_eq!(signatures(5), [json!("own")]);
    assert_eq!(signatures(7), [json!(PLACEHOLDER), Value::Null]);
    let expected = ["messages[4].parts[0].signature", "messages[9].parts[0].signature"];
    assert_eq!(losses, expected.map(|path| lost(path, LossKind::Emulated)));
    for card in [None, Some(styled(ReasoningStyle::Budget))] {
        let (body, _) = try_encode(card.as_ref(), &request).unwrap();
        assert!(!body.to_string().contains(PLACEHOLDER));
    }
}
