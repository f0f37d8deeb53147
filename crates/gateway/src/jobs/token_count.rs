//! Counts of tokens: by the provider where it counts, else estimated and said so.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, request::Parts};
use tollgate_model::{
    CallError, ChatRequest, CountSource, Format, Losses, ModelName, RequestError, TokenCount,
};
use tollgate_provider::{FrontDoor, RequestFacts, ResponseFacts, TokenCountFrontDoor, TokenCounter, carried};

use super::{ESTIMATED, USAGE};
use crate::{
    AnswerBody, Gateway,
    call::{Asked, Billing, Done, Job, Place, Question, Reading, encoding, identify},
    continuity::Continuity,
};

/// What a client wants counted, and its own bytes.
#[derive(Debug)]
struct CountJob {
    door: Arc<dyn TokenCountFrontDoor>,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    facts: RequestFacts,
    continuity: Continuity,
}

impl Gateway {
    /// Tells a client how many tokens a request would take. `door` writes what is told before and besides: errors.
    pub async fn serve_token_count(
        &self,
        door: &Arc<dyn FrontDoor>,
        counts: &Arc<dyn TokenCountFrontDoor>,
        head: Parts,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let runtime = self.runtime();
        let caller = match identify(&runtime, &head.headers) {
            Ok(caller) => caller,
            Err(error) => return door.encode_error(&error).map(AnswerBody::whole),
        };
        // What is kept of the conversation counts as well.
        let body = match *counts.format() == Format::OPENAI_RESPONSES {
            true => self.counted_conversation(&runtime, &caller, &body),
            false => Ok(body),
        };
        let body = match body {
            Ok(body) => body,
            Err(error) => return self.refuse(&**door, &head.headers, CallError::from(error)),
        };
        let continuity = self.continuity(&caller);
        let headers = head.headers.clone();
        self.serve_job(door, &headers, || {
            let path = head.uri.path().to_owned();
            let facts = counts.request_facts(&path, &body)?;
            let (door, headers) = (counts.clone(), head.headers);
            Ok(Box::new(CountJob { door, path, headers, body, facts, continuity }))
        })
        .await
    }
}

impl Job for CountJob {
    fn operation(&self) -> &'static str {
        "count_tokens"
    }

    fn model(&self) -> &ModelName {
        &self.facts.model
    }

    /// No provider bills a count.
    fn billing(&self) -> Billing {
        Billing::Free
    }

    fn recorded_body(&self) -> Option<&Bytes> {
        Some(&self.body)
    }

    fn input_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    fn ask<'a>(&'a self, place: Place<'a>) -> Option<Result<Asked<'a>, RequestError>> {
        let mut adapters = place.endpoint.adapters();
        let Some((provider, counter)) = adapters.find_map(|it| Some((it, it.token_counter()?))) else {
            let estimate = |request: &ChatRequest| self.done(&TokenCount::estimate(request));
            return Some(self.request().map(|request| Asked::Known(Box::new(estimate(&request)))));
        };
        if let Some(request) = self.relayed(counter, &place.target.model) {
            let read = move |body: &[u8]| {
                counter.decode_response(Response::new(Bytes::copy_from_slice(body)))?;
                Ok(ResponseFacts::default())
            };
            let reading = Reading::Passed { facts: Box::new(read), reader: None };
            let losses = Losses::new();
            return Some(Ok(Asked::Wire(Box::new(Question { provider, request, losses, reading }))));
        }
        let asked = self.request().and_then(|request| {
            let encoded = counter.encode_request(&encoding(place), &request)?;
            let read = move |response| Ok(self.done(&counter.decode_response(response)?));
            let (request, losses) = (encoded.request, encoded.losses);
            let reading = Reading::Written(Box::new(read));
            Ok(Asked::Wire(Box::new(Question { provider, request, losses, reading })))
        });
        Some(asked)
    }
}

impl CountJob {
    /// The client's own body, where the provider counts such. What other vendors made of the conversation goes to this one
    /// only as it can read it.
    fn relayed(&self, counter: &dyn TokenCounter, model: &ModelName) -> Option<http::Request<Bytes>> {
        if counter.format() != self.door.format() || carried::is_in(&self.body) {
            return None;
        }
        counter.relay(model, &self.facts, &self.headers, &self.body)
    }

    fn request(&self) -> Result<ChatRequest, RequestError> {
        let mut request = self.door.decode_request(&self.path, &self.body)?;
        if *self.door.format() == Format::OPENAI_RESPONSES {
            // Keeping answers is the gateway's own affair.
            tollgate_openai::StoredState::take_from(&mut request);
        }
        self.continuity.restore(&mut request);
        Ok(request)
    }

    fn done(&self, count: &TokenCount) -> Done {
        let body = self.door.encode_response(count);
        let mut done = Done::json(body, ResponseFacts::default(), Losses::new());
        if count.source == CountSource::Estimated {
            done.headers.insert(USAGE, HeaderValue::from_static(ESTIMATED));
        }
        done
    }
}
