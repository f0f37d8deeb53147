//! The formats that are spoken in both directions.

use std::fmt;

use serde_json::Value;
use tollgate_model::{ChatRequest, ChatResponse, Format, Losses, ModelName, ProviderName, RequestError};
use tollgate_provider::{FrontDoor, Provider, RequestFacts, Target};

/// A format, with both of its sides.
pub(crate) struct Pair {
    pub(crate) door: Box<dyn FrontDoor>,
    pub(crate) provider: Box<dyn Provider>,
    path: &'static str,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.door.format().fmt(f)
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Pair> {
    let name = || ProviderName::new("any");
    let url = |url: &str| url.parse().unwrap();
    vec![
        Pair {
            door: Box::new(tollgate_openai::ChatFrontDoor::new()),
            provider: Box::new(tollgate_openai::ChatProvider::new(name(), url("http://127.0.0.1/v1"))),
            path: "/v1/chat/completions",
        },
        Pair {
            door: Box::new(tollgate_anthropic::MessagesFrontDoor::new()),
            provider: Box::new(tollgate_anthropic::MessagesProvider::new(name(), url("http://127.0.0.1"))),
            path: "/v1/messages",
        },
        Pair {
            door: Box::new(tollgate_openai::ResponsesFrontDoor::new()),
            provider: Box::new(tollgate_openai::ResponsesProvider::new(name(), url("http://127.0.0.1/v1"))),
            path: "/v1/responses",
        },
        Pair {
            door: Box::new(tollgate_gemini::GenerateContentFrontDoor::server_sent_events()),
            provider: Box::new(tollgate_gemini::GenerateContentProvider::new(
                name(),
                url("http://127.0.0.1"),
            )),
            path: "/v1beta/models/m:generateContent",
        },
        Pair {
            door: Box::new(tollgate_gemini::InteractionsFrontDoor::new()),
            provider: Box::new(tollgate_gemini::InteractionsProvider::new(name(), url("http://127.0.0.1"))),
            path: "/v1beta/interactions",
        },
    ]
}

impl Pair {
    pub(crate) fn format(&self) -> &Format {
        self.door.format()
    }

    /// Reads of a client's bytes what passing them on needs.
    pub(crate) fn facts(&self, body: &[u8]) -> RequestFacts {
        self.door.request_facts(self.path, body).unwrap()
    }

    /// Writes a request, as it is sent to this format's vendor.
    pub(crate) fn write(&self, request: &ChatRequest) -> Result<(Vec<u8>, Losses), RequestError> {
        let model = ModelName::new("m");
        let encoded = self.provider.encode_request(&Target { model: &model, card: None }, request)?;
        Ok((encoded.request.body().to_vec(), encoded.losses))
    }

    /// Reads a request, as this format's clients send it.
    pub(crate) fn read(&self, body: &[u8]) -> Result<ChatRequest, RequestError> {
        let mut request = self.door.decode_request(self.path, body)?;
        // Keeping answers is the gateway's own affair.
        tollgate_openai::StoredState::take_from(&mut request);
        Ok(request)
    }

    /// Writes an answer for a client of this format.
    pub(crate) fn answer(&self, request: &ChatRequest, response: &ChatResponse) -> (Value, Losses) {
        let encoded = self.door.encode_response(request, response, 1_763_900_000);
        (serde_json::from_slice(&encoded.body).unwrap(), encoded.losses)
    }

    /// Reads an answer as a client of this format does.
    pub(crate) fn read_answer(&self, request: &ChatRequest, body: &Value) -> ChatResponse {
        let response = http::Response::new(bytes::Bytes::from(body.to_string()));
        self.provider.decode_response(request, response).unwrap()
    }
}
