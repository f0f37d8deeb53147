//! `POST /v1/responses/input_tokens`, in both directions: how many tokens a request would take.
//!
//! Source: `TokenCountsBody` of the vendor's OpenAPI description, and recorded answers (read 2026-11-23).

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use serde_json::value::RawValue;
use tollgate_model::{CallError, ChatRequest, Format, ModelName, ProviderError, RequestError, TokenCount};
use tollgate_provider::{
    Encoded, RequestFacts, Target, TokenCountFrontDoor, TokenCounter, front_door::unsearchable, json_spans,
    json_writer::Object,
};

use super::{ResponsesProvider, notes::FORMAT, request};
use crate::{client_error, error, forwarded, wire::wire_object};

/// What of a request is counted. The vendor refuses other fields.
const COUNTED: [&str; 12] = [
    "model",
    "input",
    "previous_response_id",
    "conversation",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "truncation",
    "personality",
];

wire_object! {
    Answer {
        input_tokens: u64,
        error: &'a RawValue,
    }
}

impl TokenCounter for ResponsesProvider {
    fn format(&self) -> &Format {
        static NAME: Format = FORMAT;
        &NAME
    }

    fn relay(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>> {
        let mut request = self.ask_count(forwarded::addressed(model, facts, body));
        forwarded::take_headers(headers, request.headers_mut());
        Some(request)
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(&self.quirks, target, request)?;
        let body = json_spans::keep(&body, COUNTED).map_err(unsearchable)?;
        Ok(Encoded { request: self.ask_count(body.into()), losses })
    }

    fn decode_response(&self, response: Response<Bytes>) -> Result<TokenCount, ProviderError> {
        let answer: Answer<'_> = serde_json::from_slice(response.body())
            .map_err(|error| error::unreadable("count of tokens", error))?;
        if answer.error.is_some() {
            return Err(error::in_band(response.body()));
        }
        let missing = || ProviderError::protocol("the provider's answer does not say how many tokens");
        Ok(TokenCount::reported(answer.input_tokens.ok_or_else(missing)?))
    }
}

/// Answers clients that ask `/v1/responses/input_tokens`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct InputTokensFrontDoor;

impl InputTokensFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl TokenCountFrontDoor for InputTokensFrontDoor {
    fn format(&self) -> &Format {
        static NAME: Format = FORMAT;
        &NAME
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        RequestFacts::in_body(body)
    }

    fn decode_request(&self, _path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
        request::decode(body)
    }

    fn encode_response(&self, count: &TokenCount) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        let mut body = Object::begin(&mut out);
        body.field("object", "response.input_tokens").field("input_tokens", &count.input_tokens);
        body.end();
        out.freeze()
    }

    fn encode_error(&self, error: &CallError) -> Response<Bytes> {
        client_error::response(error)
    }
}
