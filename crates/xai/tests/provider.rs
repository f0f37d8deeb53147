//! The suite that every adapter passes, and what differs from OpenAI, shown by files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
use tollgate_openai::{ChatProvider, ResponsesFrontDoor, ResponsesProvider};
use tollgate_provider::{
    FrontDoor, Provider, Target,
    conformance::{assert_conforms, golden},
};
use tollgate_xai::{DEFAULT_BASE_URL, NAME, provider, responses_provider};

fn xai() -> ChatProvider {
    provider(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

#[test]
fn the_provider_conforms() {
    assert_conforms(&xai());
}

#[test]
fn cases_are_as_the_files_show() {
    golden::run(&xai(), "tests/golden");
}

fn xai_responses() -> ResponsesProvider {
    responses_provider(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

#[test]
fn the_provider_of_responses_conforms() {
    assert_conforms(&xai_responses());
}

#[test]
fn cases_of_responses_are_as_the_files_show() {
    golden::run(&xai_responses(), "tests/golden_responses");
}

/// What a client of Responses gets to see of an answer of xAI's, and what it sends back.
fn second_turn(provider: &dyn Provider) -> (Value, Vec<String>) {
    let sealed = "iL0+bW+dYHZXJXsZpm/cNgeFdiNi==";
    let answer = json!({
        "id": "a-1", "object": "response", "status": "completed", "model": "grok-4.3", "created_at": 1,
        "output": [
            {"id": "rs_a-1", "type": "reasoning", "status": "completed", "encrypted_content": sealed,
                "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"id": "fc_a-1", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"},
        ],
    });
    let asked = ChatRequest::new(ModelName::new("m"), vec![Message::user("?")]);
    let answer = http::Response::new(Bytes::from(answer.to_string()));
    let answer = xai_responses().decode_response(&asked, answer).unwrap();
    let door = ResponsesFrontDoor::new();
    let seen: Value = serde_json::from_slice(&door.encode_response(&asked, &answer, 1).body).unwrap();
    let mut input = seen["output"].as_array().unwrap().clone();
    assert_ne!(input[0]["encrypted_content"], sealed, "it names its issuer");
    input.push(json!({"type": "function_call_output", "call_id": "c", "output": "r"}));
    let body = json!({"model": "m", "input": input}).to_string();
    let request = door.decode_request("/v1/responses", body.as_bytes()).unwrap();
    let model = ModelName::new("m");
    let encoded = provider.encode_request(&Target { model: &model, card: None }, &request).unwrap();
    let losses = encoded.losses.iter().map(|loss| loss.path.clone()).collect();
    (serde_json::from_slice(encoded.request.body()).unwrap(), losses)
}

#[test]
fn sealed_reasoning_goes_back_to_its_issuer_only() {
    let (body, losses) = second_turn(&xai_responses());
    assert_eq!(losses, Vec::<String>::new());
    let reasoning = &body["input"][0];
    assert_eq!(reasoning["encrypted_content"], "iL0+bW+dYHZXJXsZpm/cNgeFdiNi==");
    assert_eq!((&reasoning["id"], &reasoning["summary"][0]["text"]), (&json!("rs_a-1"), &json!("Hm.")));
    let openai = ResponsesProvider::new(ProviderName::new("openai"), DEFAULT_BASE_URL.parse().unwrap());
    let (body, losses) = second_turn(&openai);
    assert_eq!(losses, ["messages[0].parts[0]"]);
    assert_eq!(body["input"][0]["type"], "function_call");
}
