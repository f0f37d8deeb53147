//! `countTokens`, in both directions.
//!
//! Source: <https://ai.google.dev/api/tokens> and `CountTokensRequest` in `generative_service.proto` of `v1beta` (read
//! 2026-11-23).

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use serde_json::value::RawValue;
use tollgate_model::{CallError, ChatRequest, Format, ModelName, ProviderError, RequestError, TokenCount};
use tollgate_provider::{Encoded, RequestFacts, Target, TokenCountFrontDoor, TokenCounter, json_writer};

use super::{
    FORMAT, GenerateContentProvider, front_door, provider::resource, relay::renamed, relay::take_headers,
    request,
};
use crate::{client_error, embeddings::in_object, error, read::object};

/// The spellings under which a whole request is counted.
const WHOLE_REQUEST: [&str; 2] = ["generateContentRequest", "generate_content_request"];

object! {
    CountTokensResponse {
        "totalTokens" => total_tokens: u64,
        "cachedContentTokenCount" => cached_content_token_count: u64,
        "totalBillableCharacters" => total_billable_characters: u64,
        "error" => error: &'a RawValue,
    }
}

impl TokenCounter for GenerateContentProvider {
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
        let mut body = renamed(model, facts, body);
        if facts.model != *model {
            let (collection, id) = resource(model);
            body = in_object(&body, WHOLE_REQUEST, &format!("{collection}/{id}"));
        }
        let mut request = self.ask(model, ":countTokens", "application/json", body);
        take_headers(headers, request.headers_mut());
        Some(request)
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (asked, losses) = request::encode(target, request)?;
        // The request inside repeats the model.
        let (collection, id) = resource(target.model);
        let name = serde_json::Value::from(format!("{collection}/{id}"));
        let mut body = BytesMut::from(format!(r#"{{"generateContentRequest":{{"model":{name},"#).as_bytes());
        body.extend_from_slice(&asked[1..]);
        body.extend_from_slice(b"}");
        let http = self.ask(target.model, ":countTokens", "application/json", body.freeze());
        Ok(Encoded { request: http, losses })
    }

    fn decode_response(&self, response: Response<Bytes>) -> Result<TokenCount, ProviderError> {
        let unreadable = |source| error::unreadable("count of tokens", source);
        let count: CountTokensResponse<'_> = serde_json::from_slice(response.body()).map_err(unreadable)?;
        if count.error.is_some() {
            return Err(error::decode_error_frame(response.body()));
        }
        // A count of zero is left out on the wire; an answer that counts nothing at all is none.
        if count.total_tokens.is_none() && !count.rest.is_empty() {
            return Err(ProviderError::protocol("the provider's answer does not say how many tokens"));
        }
        let cached_tokens = count.cached_content_token_count;
        Ok(TokenCount { cached_tokens, ..TokenCount::reported(count.total_tokens.unwrap_or(0)) })
    }
}

/// Answers clients that ask `:countTokens`: contents alone, or a whole request under `generateContentRequest`.
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
        static NAME: Format = FORMAT;
        &NAME
    }

    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        front_door::facts(path, body)
    }

    fn decode_request(&self, path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
        request::decode_count(path, body)
    }

    fn encode_response(&self, count: &TokenCount) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        let mut body = json_writer::Object::begin(&mut out);
        body.field("totalTokens", &count.input_tokens);
        body.optional("cachedContentTokenCount", count.cached_tokens);
        body.end();
        out.freeze()
    }

    fn encode_error(&self, error: &CallError) -> Response<Bytes> {
        client_error::response(error)
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Message, ProviderName};

    use super::*;

    fn provider() -> GenerateContentProvider {
        let base_url = crate::DEFAULT_BASE_URL.parse().unwrap();
        GenerateContentProvider::new(ProviderName::new("gemini"), base_url)
    }

    fn decoded(body: impl Into<Bytes>) -> Result<TokenCount, ProviderError> {
        TokenCounter::decode_response(&provider(), Response::new(body.into()))
    }

    #[test]
    fn counts_go_both_ways() {
        let count = TokenCount { cached_tokens: Some(5), ..TokenCount::reported(31) };
        assert_eq!(decoded(CountTokensFrontDoor::new().encode_response(&count)).unwrap(), count);
        let more = r#"{"totalTokens":7,"promptTokensDetails":[]}"#;
        assert_eq!(decoded(more).unwrap(), TokenCount::reported(7));
        assert_eq!(decoded("{}").unwrap(), TokenCount::reported(0));
        for body in ["", "[]", r#"{"candidates":[]}"#, r#"{"totalTokens":"x"}"#, r#"{"error":{"code":400}}"#]
        {
            assert!(decoded(body).is_err(), "{body}");
        }
    }

    #[test]
    fn contents_alone_or_a_whole_request_are_counted() {
        let path = "/v1beta/models/m:countTokens";
        let door = CountTokensFrontDoor::new();
        let contents = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
        let whole = format!(r#"{{"generateContentRequest":{{"model":"models/m",{}}}"#, &contents[1..]);
        for body in [contents, &whole] {
            let request = door.decode_request(path, body.as_bytes()).unwrap();
            assert_eq!((request.model.as_str(), request.messages), ("m", vec![Message::user("hi")]));
        }
        let wrong = r#"{"generateContentRequest":{"contents":[{"parts":[{"text":7}]}]}}"#;
        let error = door.decode_request(path, wrong.as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("generateContentRequest.contents[0].parts[0].text"));
    }

    #[test]
    fn the_vendor_is_asked_about_the_whole_request() {
        let model = ModelName::new("gemini-3.8-flash");
        let request = ChatRequest::new(model.clone(), vec![Message::user("hi")]);
        let target = Target { model: &model, card: None };
        let encoded = TokenCounter::encode_request(&provider(), &target, &request).unwrap().request;
        assert_eq!(encoded.uri().path(), "/v1beta/models/gemini-3.8-flash:countTokens");
        assert_eq!(
            encoded.body(),
            r#"{"generateContentRequest":{"model":"models/gemini-3.8-flash","contents":[{"role":"user","parts":[{"text":"hi"}]}]}}"#
        );
    }

    #[test]
    fn the_untouched_path_changes_the_model_wherever_it_stands() {
        let path = "/v1beta/models/gemini%2Fg:countTokens";
        let body = Bytes::from_static(br#"{"generateContentRequest":{"model":"models/gemini/g","x":1}}"#);
        let facts = CountTokensFrontDoor::new().request_facts(path, &body).unwrap();
        let model = ModelName::new("g");
        let sent = TokenCounter::relay(&provider(), &model, &facts, &HeaderMap::new(), &body).unwrap();
        assert_eq!(sent.uri().path(), "/v1beta/models/g:countTokens");
        assert_eq!(sent.body(), r#"{"generateContentRequest":{"model":"models/g","x":1}}"#);
    }
}
