//! The provider of vectors.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tollgate_model::{EmbeddingRequest, EmbeddingResponse, Format, ModelName, ProviderError, RequestError};
use tollgate_provider::{EmbeddingProvider, Encoded, RequestFacts, ResponseFacts, Target};

use super::{BATCH, ONE, in_requests, request, response};
use crate::generate_content::{GenerateContentProvider, renamed, resource, take_headers};

const JSON: &str = "application/json";

impl EmbeddingProvider for GenerateContentProvider {
    fn relay(
        &self,
        door: &Format,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Request<Bytes>> {
        let body = renamed(model, facts, body);
        let mut request = if *door == ONE {
            self.ask(model, ":embedContent", JSON, body)
        } else if *door == BATCH {
            let (collection, id) = resource(model);
            let same = facts.model == *model;
            let body = if same { body } else { in_requests(&body, &format!("{collection}/{id}")) };
            self.ask(model, ":batchEmbedContents", JSON, body)
        } else {
            return None;
        };
        take_headers(headers, request.headers_mut());
        Some(request)
    }

    fn response_facts(&self, door: &Format, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        response::facts(door, body)
    }

    fn encode_request(
        &self,
        target: &Target<'_>,
        request: &EmbeddingRequest,
    ) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(target, request)?;
        Ok(Encoded { request: self.ask(target.model, ":batchEmbedContents", JSON, body), losses })
    }

    fn decode_response(
        &self,
        request: &EmbeddingRequest,
        response: Response<Bytes>,
    ) -> Result<EmbeddingResponse, ProviderError> {
        response::decode(request, &response)
    }
}
