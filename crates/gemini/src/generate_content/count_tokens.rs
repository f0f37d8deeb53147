//! `countTokens`, in both directions.
//!
//! Source: <https://ai.google.dev/api/tokens> and `CountTokensRequest` in `generative_service.proto` of `v1beta` (read
//! 2026-11-23).

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use serde_json::value::RawValue;
use tollgate_model::{ChatRequest, ProviderError, RequestError};
use tollgate_provider::{Encoded, Target, json_writer};

use super::{GenerateContentProvider, provider::resource, request};
use crate::{error, read::object};

/// How many tokens a request would take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCount {
    /// All of them, cached ones included.
    pub total_tokens: u64,
    /// Those of cached content, where there is any.
    pub cached_tokens: Option<u64>,
}

impl TokenCount {
    /// Counts tokens, none of them cached.
    #[must_use]
    pub const fn new(total_tokens: u64) -> Self {
        Self { total_tokens, cached_tokens: None }
    }

    /// Writes the answer to a client.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        let mut body = json_writer::Object::begin(&mut out);
        body.field("totalTokens", &self.total_tokens);
        body.optional("cachedContentTokenCount", self.cached_tokens);
        body.end();
        out.freeze()
    }

    /// Reads the vendor's answer.
    ///
    /// # Errors
    /// A body that does not say how many.
    pub fn decode(response: &Response<Bytes>) -> Result<Self, ProviderError> {
        let unreadable = |source| error::unreadable("count of tokens", source);
        let count: CountTokensResponse<'_> = serde_json::from_slice(response.body()).map_err(unreadable)?;
        if count.error.is_some() {
            return Err(error::decode_error_frame(response.body()));
        }
        // A count of zero is left out on the wire; an answer that counts nothing at all is none.
        if count.total_tokens.is_none() && !count.rest.is_empty() {
            return Err(ProviderError::protocol("the provider's answer does not say how many tokens"));
        }
        Ok(Self {
            total_tokens: count.total_tokens.unwrap_or(0),
            cached_tokens: count.cached_content_token_count,
        })
    }
}

object! {
    CountTokensResponse {
        "totalTokens" => total_tokens: u64,
        "cachedContentTokenCount" => cached_content_token_count: u64,
        "totalBillableCharacters" => total_billable_characters: u64,
        "error" => error: &'a RawValue,
    }
}

/// Reads a client's `…:countTokens`: contents alone, or a whole request under `generateContentRequest`.
///
/// # Errors
/// As of any request; the error names the field.
pub fn decode_count_request(path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
    request::decode_count(path, body)
}

impl GenerateContentProvider {
    /// Writes the request that asks how many tokens `request` would take, without credentials.
    ///
    /// # Errors
    /// What cannot be asked at all, even with losses.
    pub fn encode_count_request(
        &self,
        target: &Target<'_>,
        request: &ChatRequest,
    ) -> Result<Encoded, RequestError> {
        let (asked, losses) = request::encode(target, request)?;
        // The request inside repeats the model.
        let (collection, id) = resource(target.model);
        let name = serde_json::Value::from(format!("{collection}/{id}"));
        let mut body = BytesMut::from(format!(r#"{{"generateContentRequest":{{"model":{name},"#).as_bytes());
        body.extend_from_slice(&asked[1..]);
        body.extend_from_slice(b"}");
        let http: Request<Bytes> = self.ask(target.model, ":countTokens", "application/json", body.freeze());
        Ok(Encoded { request: http, losses })
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Message, ModelName, ProviderName};

    use super::*;

    fn decoded(body: &'static str) -> Result<TokenCount, ProviderError> {
        TokenCount::decode(&Response::new(Bytes::from_static(body.as_bytes())))
    }

    #[test]
    fn counts_go_both_ways() {
        let count = TokenCount { total_tokens: 31, cached_tokens: Some(5) };
        assert_eq!(TokenCount::decode(&Response::new(count.encode())).unwrap(), count);
        assert_eq!(decoded(r#"{"totalTokens":7,"promptTokensDetails":[]}"#).unwrap(), TokenCount::new(7));
        assert_eq!(decoded("{}").unwrap(), TokenCount::new(0));
        for body in ["", "[]", r#"{"candidates":[]}"#, r#"{"totalTokens":"x"}"#, r#"{"error":{"code":400}}"#]
        {
            assert!(decoded(body).is_err(), "{body}");
        }
    }

    #[test]
    fn contents_alone_or_a_whole_request_are_counted() {
        let path = "/v1beta/models/m:countTokens";
        let contents = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
        let whole = format!(r#"{{"generateContentRequest":{{"model":"models/m",{}}}"#, &contents[1..]);
        for body in [contents, &whole] {
            let request = decode_count_request(path, body.as_bytes()).unwrap();
            assert_eq!((request.model.as_str(), request.messages), ("m", vec![Message::user("hi")]));
        }
        let wrong = r#"{"generateContentRequest":{"contents":[{"parts":[{"text":7}]}]}}"#;
        let error = decode_count_request(path, wrong.as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("generateContentRequest.contents[0].parts[0].text"));
    }

    #[test]
    fn the_vendor_is_asked_about_the_whole_request() {
        let base_url = crate::DEFAULT_BASE_URL.parse().unwrap();
        let provider = GenerateContentProvider::new(ProviderName::new("gemini"), base_url);
        let model = ModelName::new("gemini-3.8-flash");
        let request = ChatRequest::new(model.clone(), vec![Message::user("hi")]);
        let target = Target { model: &model, card: None };
        let encoded = provider.encode_count_request(&target, &request).unwrap().request;
        assert_eq!(encoded.uri().path(), "/v1beta/models/gemini-3.8-flash:countTokens");
        assert_eq!(
            encoded.body(),
            r#"{"generateContentRequest":{"model":"models/gemini-3.8-flash","contents":[{"role":"user","parts":[{"text":"hi"}]}]}}"#
        );
    }
}
