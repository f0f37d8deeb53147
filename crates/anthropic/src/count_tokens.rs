//! `POST /v1/messages/count_tokens`, in both directions: how many tokens a request would take.
//!
//! Source: `MessageCountTokensParams` in the types of the vendor's Python SDK 2.12.0, and recorded answers (read
//! 2026-11-23).

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use tollgate_model::{CallError, ChatRequest, Format, ModelName, ProviderError, RequestError, TokenCount};
use tollgate_provider::{
    Encoded, RequestFacts, Target, TokenCountFrontDoor, TokenCounter, front_door::unsearchable, json_spans,
    json_writer::Object as Writer,
};

use crate::{error, front_door, provider::MessagesProvider, relay, request, wire::Object};

static FORMAT: Format = Format::ANTHROPIC_MESSAGES;

/// What of a request is counted. The vendor refuses other fields.
const COUNTED: [&str; 13] = [
    "model",
    "system",
    "messages",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed",
    "context_management",
    "mcp_servers",
    "user_profile_id",
    "workspace_id",
];

impl TokenCounter for MessagesProvider {
    fn format(&self) -> &Format {
        &FORMAT
    }

    fn relay(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>> {
        let mut request = self.ask_count(relay::addressed(model, facts, body));
        relay::take_headers(headers, request.headers_mut());
        Some(request)
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(target, request)?;
        let body = json_spans::keep(&body, COUNTED).map_err(unsearchable)?;
        Ok(Encoded { request: self.ask_count(body.into()), losses })
    }

    fn decode_response(&self, response: Response<Bytes>) -> Result<TokenCount, ProviderError> {
        let unreadable = |source| error::unreadable("count of tokens", source);
        let mut answer: Object<'_> = serde_json::from_slice(response.body()).map_err(unreadable)?;
        if answer.take_raw("error").is_some() {
            return Err(error::in_band(response.body()));
        }
        let tokens: Option<u64> = answer.take("input_tokens").map_err(unreadable)?;
        let missing = || ProviderError::protocol("the provider's answer does not say how many tokens");
        Ok(TokenCount::reported(tokens.ok_or_else(missing)?))
    }
}

/// Answers clients that ask `/v1/messages/count_tokens`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CountTokensFrontDoor;

impl CountTokensFrontDoor {
    /// Makes the front door. It holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl TokenCountFrontDoor for CountTokensFrontDoor {
    fn format(&self) -> &Format {
        &FORMAT
    }

    fn request_facts(&self, _path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        RequestFacts::in_body(body)
    }

    fn decode_request(&self, _path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
        front_door::request::decode_count(body)
    }

    fn encode_response(&self, count: &TokenCount) -> Bytes {
        let mut out = BytesMut::with_capacity(32);
        let mut body = Writer::begin(&mut out);
        body.field("input_tokens", &count.input_tokens);
        body.end();
        out.freeze()
    }

    fn encode_error(&self, error: &CallError) -> Response<Bytes> {
        front_door::error::response(error)
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Message, ProviderName};

    use super::*;

    fn provider() -> MessagesProvider {
        MessagesProvider::new(ProviderName::new("anthropic"), crate::DEFAULT_BASE_URL.parse().unwrap())
    }

    #[test]
    fn only_what_is_counted_is_sent() {
        let model = ModelName::new("claude-opus-5-5");
        let mut request =
            ChatRequest::new(model.clone(), vec![Message::system("be terse"), Message::user("hi")]);
        request.stop = vec!["x".to_owned()];
        let encoded =
            TokenCounter::encode_request(&provider(), &Target { model: &model, card: None }, &request);
        let sent = encoded.unwrap().request;
        assert_eq!(sent.uri().path(), "/v1/messages/count_tokens");
        assert_eq!(
            sent.body(),
            r#"{"model":"claude-opus-5-5","system":[{"type":"text","text":"be terse"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}"#
        );
    }

    #[test]
    fn a_client_need_not_limit_what_it_only_counts() {
        let door = CountTokensFrontDoor::new();
        let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"speed":"fast"}"#;
        let read = door.decode_request("/v1/messages/count_tokens", body).unwrap();
        assert_eq!((read.max_output_tokens, read.messages), (None, vec![Message::user("hi")]));
        assert!(door.decode_request("", br#"{"model":"m"}"#).is_err());
    }

    #[test]
    fn a_count_goes_both_ways() {
        let count = TokenCount::reported(31);
        let body = CountTokensFrontDoor::new().encode_response(&count);
        assert_eq!(body, r#"{"input_tokens":31}"#);
        let decoded = |body: Bytes| TokenCounter::decode_response(&provider(), Response::new(body));
        assert_eq!(decoded(body).unwrap(), count);
        for wrong in
            ["", "{}", "[]", r#"{"input_tokens":"x"}"#, r#"{"type":"error","error":{"type":"api_error"}}"#]
        {
            assert!(decoded(Bytes::from_static(wrong.as_bytes())).is_err(), "{wrong}");
        }
    }
}
