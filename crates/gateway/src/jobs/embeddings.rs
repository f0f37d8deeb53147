//! Embeddings: from a client of any format to a provider of any.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, request::Parts};
use tollgate_model::{
    EmbeddingRequest, ModelName, ProviderError, RequestError, Usage, token_count::ESTIMATED_BYTES_PER_TOKEN,
};
use tollgate_provider::{EmbeddingFrontDoor, EmbeddingProvider, FrontDoor, RequestFacts, ResponseFacts};

use super::{ESTIMATED, USAGE};
use crate::{
    AnswerBody, Gateway,
    call::{Asked, Billing, Done, Job, Place, Question, Reading, encoding},
};

/// What a client asked, and its own bytes.
#[derive(Debug)]
struct EmbeddingJob {
    door: Arc<dyn EmbeddingFrontDoor>,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    facts: RequestFacts,
}

impl Gateway {
    /// Answers one request for vectors. `door` writes what is told before and besides: errors.
    pub async fn serve_embeddings(
        &self,
        door: &Arc<dyn FrontDoor>,
        embeddings: &Arc<dyn EmbeddingFrontDoor>,
        head: Parts,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let headers = head.headers.clone();
        self.serve_job(door, &headers, || {
            let path = head.uri.path().to_owned();
            let facts = embeddings.request_facts(&path, &body)?;
            Ok(Box::new(EmbeddingJob { door: embeddings.clone(), path, headers: head.headers, body, facts }))
        })
        .await
    }
}

impl Job for EmbeddingJob {
    fn operation(&self) -> &'static str {
        "embeddings"
    }

    fn model(&self) -> &ModelName {
        &self.facts.model
    }

    fn billing(&self) -> Billing {
        Billing::Tokens
    }

    fn recorded_body(&self) -> Option<&Bytes> {
        Some(&self.body)
    }

    fn input_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    fn ask<'a>(&'a self, place: Place<'a>) -> Option<Result<Asked<'a>, RequestError>> {
        let mut adapters = place.endpoint.adapters();
        let (provider, embeddings) = adapters.find_map(|it| Some((it, it.embeddings()?)))?;
        let model = &place.target.model;
        let format = self.door.format();
        let relayed = embeddings.relay(format, model, &self.facts, &self.headers, &self.body);
        if let Some(request) = relayed {
            let facts = Box::new(move |body: &[u8]| embeddings.response_facts(format, body));
            let reading = Reading::Passed { facts, reader: None };
            let losses = tollgate_model::Losses::new();
            return Some(Ok(Asked::Wire(Box::new(Question { provider, request, losses, reading }))));
        }
        let asked = self.door.decode_request(&self.path, &self.body).and_then(|request| {
            let encoded = embeddings.encode_request(&encoding(place), &request)?;
            let reading =
                Reading::Written(Box::new(move |response| self.answer(embeddings, &request, response)));
            let (request, losses) = (encoded.request, encoded.losses);
            Ok(Asked::Wire(Box::new(Question { provider, request, losses, reading })))
        });
        Some(asked)
    }
}

impl EmbeddingJob {
    /// Writes the provider's answer in the client's format. Where the provider does not say what it counted, the client is
    /// told what the record holds: an estimate, and that it is one.
    fn answer(
        &self,
        embeddings: &dyn EmbeddingProvider,
        request: &EmbeddingRequest,
        response: Response<Bytes>,
    ) -> Result<Done, ProviderError> {
        let mut answer = embeddings.decode_response(request, response)?;
        let reported = answer.usage;
        let estimate = || Usage::new(self.input_bytes().div_ceil(ESTIMATED_BYTES_PER_TOKEN), 0);
        answer.usage = Some(reported.unwrap_or_else(estimate));
        let encoded = self.door.encode_response(request, &answer);
        let facts = ResponseFacts {
            id: answer.id,
            model: answer.model,
            usage: reported.unwrap_or_default(),
            ..ResponseFacts::default()
        };
        let mut done = Done::json(encoded.body, facts, encoded.losses);
        if reported.is_none() {
            done.headers.insert(USAGE, HeaderValue::from_static(ESTIMATED));
        }
        Ok(done)
    }
}
