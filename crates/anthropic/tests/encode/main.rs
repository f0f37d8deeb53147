//! What a request becomes, one rule a test.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

mod media;
mod messages;
mod reasoning;
mod settings;
mod tools;

use serde_json::{Value, json};
use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_model::{
    ChatRequest, Content, Format, LossKind, Message, ModelName, Part, ProviderName, RequestError, Role,
    message::ToolResult,
};
use tollgate_provider::{Provider, Target};

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

type Losses = Vec<(String, LossKind)>;

fn try_encode(card: Option<&Model>, request: &ChatRequest) -> Result<(Value, Losses), RequestError> {
    let provider = MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    let model = ModelName::new("claude-x");
    let encoded = provider.encode_request(&Target { model: &model, card }, request)?;
    assert_eq!(encoded.request.headers()["anthropic-version"], "2023-06-01");
    let losses = encoded.losses.iter().map(|loss| (loss.path.clone(), loss.kind)).collect();
    Ok((serde_json::from_slice(encoded.request.body()).unwrap(), losses))
}

fn encode(request: &ChatRequest) -> (Value, Losses) {
    try_encode(None, request).unwrap()
}

fn encode_for(card: &Model, request: &ChatRequest) -> (Value, Losses) {
    try_encode(Some(card), request).unwrap()
}

fn lost(path: &str, kind: LossKind) -> (String, LossKind) {
    (path.to_owned(), kind)
}

fn card() -> Model {
    Model::unknown(ProviderName::new(NAME), ModelName::new("claude-x"))
}

fn styled(style: ReasoningStyle) -> Model {
    let mut card = card();
    card.rules.reasoning = Some(style);
    card
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), messages)
}

fn hello() -> ChatRequest {
    asking(vec![Message::user("hello")])
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn result(id: &str, text: &str) -> Message {
    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(ToolResult::text(id, text)))])
}

fn calls(ids: &[&str]) -> Message {
    Message::new(Role::Assistant, ids.iter().map(|id| Part::tool_call(*id, "f", r#"{"a": 1}"#)).collect())
}
