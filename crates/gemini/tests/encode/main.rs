//! What a request becomes, one rule a test.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

mod messages;
mod parts;
mod reasoning;
mod settings;
mod signatures;
mod tools;

use serde_json::{Value, json};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, NAME};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, LossKind, Message, ModelName, Part, ProviderName, RequestError,
    Role,
    message::ToolResult,
    request::{ReasoningEffort, Tool},
};
use tollgate_provider::{Provider, Target};

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;

type Losses = Vec<(String, LossKind)>;

fn provider(url: &str) -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), url.parse().unwrap())
}

fn try_encode(card: Option<&Model>, request: &ChatRequest) -> Result<(Value, Losses), RequestError> {
    let model = ModelName::new("gemini-x");
    let encoded = provider(DEFAULT_BASE_URL).encode_request(&Target { model: &model, card }, request)?;
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

fn dropped(path: &str) -> (String, LossKind) {
    lost(path, LossKind::Dropped)
}

fn card() -> Model {
    Model::unknown(ProviderName::new(NAME), ModelName::new("gemini-x"))
}

fn styled(style: ReasoningStyle) -> Model {
    let mut card = card();
    card.rules.reasoning = Some(style);
    if style == ReasoningStyle::Level {
        card.rules.efforts = vec![ReasoningEffort::Low, ReasoningEffort::Medium, ReasoningEffort::High];
    }
    card
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), messages)
}

fn hello() -> ChatRequest {
    asking(vec![Message::user("hello")])
}

fn own(field: &str, value: Value) -> Extra {
    let mut extra = Extra::NONE;
    extra.insert(&FORMAT, field, value);
    extra
}

fn result(id: &str, text: &str) -> Message {
    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(ToolResult::text(id, text)))])
}

fn call(id: &str) -> Message {
    Message::new(Role::Assistant, vec![Part::tool_call(id, "f", r#"{"a": 1}"#)])
}

fn function() -> Tool {
    Tool::function("f", "does", json!({"type": "object"}))
}
