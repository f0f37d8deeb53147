//! The front door: what clients ask is read, and what they are answered is what the vendor's SDKs can read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod joined;
mod recorded;
mod requests;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesFrontDoor, MessagesProvider, NAME};
use tollgate_model::{
    Assembler, CallError, ChatEvent, ChatRequest, ChatResponse, Losses, Message, ModelName, ProviderName,
    RequestError,
};
use tollgate_provider::{FrontDoor, Provider, Target, conformance::replay};

const PATH: &str = "/v1/messages";
const NOW: i64 = 1_763_900_000;

fn provider() -> MessagesProvider {
    MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn plain() -> ChatRequest {
    ChatRequest::new(ModelName::new("asked"), vec![Message::user("hello")])
}

fn decode(body: &Value) -> Result<ChatRequest, RequestError> {
    MessagesFrontDoor::new().decode_request(PATH, body.to_string().as_bytes())
}

/// Encodes for the vendor itself.
fn try_encode(request: &ChatRequest) -> Result<(Value, Losses), RequestError> {
    let encoded = provider().encode_request(&Target { model: &request.model, card: None }, request)?;
    Ok((serde_json::from_slice(encoded.request.body()).unwrap(), encoded.losses))
}

fn whole(response: &ChatResponse) -> (Value, Losses) {
    let encoded = MessagesFrontDoor::new().encode_response(&plain(), response, NOW);
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses)
}

fn stream(events: &[ChatEvent], error: Option<&CallError>) -> (String, Losses) {
    let mut encoder = MessagesFrontDoor::new().stream_encoder(&plain(), NOW);
    let mut bytes = BytesMut::new();
    for event in events {
        encoder.encode(event, &mut bytes);
    }
    if let Some(error) = error {
        encoder.encode_error(error, &mut bytes);
        let length = bytes.len();
        encoder.encode(&ChatEvent::Finish, &mut bytes);
        assert_eq!(bytes.len(), length, "something follows the error");
    }
    (String::from_utf8(bytes.to_vec()).unwrap(), encoder.losses().clone())
}

/// Reads an answer of this format with the provider's side of the crate.
fn read_whole(message: &Value) -> ChatResponse {
    provider().decode_response(&plain(), http::Response::new(Bytes::from(message.to_string()))).unwrap()
}

fn read_stream(body: &str) -> ChatResponse {
    let read = replay::stream(&provider(), &plain(), [body.as_bytes()]);
    assert!(read.error.is_none() && read.is_finished(), "{:?}: {body}", read.error);
    Assembler::fold(read.events)
}
