//! One attempt: encode for the target, send, and look whether an answer begins.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tollgate_model::{ErrorKind, Losses, ProviderError, RequestError};
use tollgate_provider::{Body, Encoded, Provider, Target};
use tollgate_transport::Timeouts;

use super::{
    answer::{Answer, collect, is_stream, relay, translate},
    dispatch::{Failure, planned},
    errand::{Errand, Place},
    inquiry::{Inquiry, Source, Wire},
    open_call::OpenCall,
    redaction::Credentials,
};
use crate::{endpoint::Endpoint, runtime::Runtime};

/// The largest error body that is looked at.
const MAX_ERROR_BYTES: usize = 1024 * 1024;

/// Why an attempt gave no answer.
#[derive(Debug)]
pub(crate) enum AttemptError {
    /// The caller's fault, found before anything was sent.
    Request(RequestError),
    /// The target has no such thing; another may.
    Elsewhere(RequestError),
    /// The target cannot say all of it, and the caller wants nothing lost.
    Lossy(Losses),
    /// The provider's fault, or what it says is ours.
    Provider(Box<Refusal>),
}

/// What a provider's failure leaves.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: ProviderError,
    /// The provider's own words, fit to be handed to a client of its format.
    pub(crate) own_words: Option<(HeaderMap, Bytes)>,
}

impl Refusal {
    /// Takes our credential out of it, which some providers repeat.
    fn without(self, credentials: &Credentials) -> Self {
        let own_words = self.own_words.filter(|(_, words)| !credentials.show_in(words));
        Self { error: credentials.redact(self.error), own_words }
    }
}

impl AttemptError {
    /// Takes our credential out of it.
    pub(crate) fn without(self, credentials: &Credentials) -> Self {
        match self {
            Self::Provider(refusal) => Self::Provider(Box::new(refusal.without(credentials))),
            Self::Request(_) | Self::Elsewhere(_) | Self::Lossy(_) => self,
        }
    }
}

impl From<ProviderError> for AttemptError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(Box::new(Refusal { error, own_words: None }))
    }
}

/// Whether the client's bytes can pass to `provider` as they are.
pub(crate) fn relays<'a>(inquiry: &'a Inquiry, provider: &dyn Provider) -> Option<&'a Wire> {
    let Source::Wire(wire) = &inquiry.source else { return None };
    let same = provider.format() == wire.door.format() && provider.relay().is_some();
    // What other vendors made of the conversation goes to this one only as it can read it.
    (same && !wire.carries_others()).then_some(wire)
}

impl Errand for Inquiry {
    type Answer = Answer;

    fn targets(&self, runtime: &Runtime) -> Result<Vec<tollgate_router::Target>, Failure> {
        planned(runtime, self.model())
    }

    async fn attempt(&self, place: Place<'_>, call: &mut OpenCall) -> Result<Answer, AttemptError> {
        let target = Target { model: &place.target.model, card: place.card };
        let providers = place.endpoint.serving(self, place.card);
        call.begin_attempt(place.endpoint, place.target, relays(self, &**providers[0]).is_some());
        let mut losses = Losses::new();
        let answer = ask(self, place.endpoint, &providers, &target, &mut losses).await?;
        call.add_losses(&losses);
        Ok(answer)
    }
}

/// Asks `target` at `endpoint` and waits until its answer begins. `providers` are the adapters that can serve the call, the
/// best first.
///
/// What the target's format cannot say is added to `losses`.
async fn ask(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    providers: &[&Arc<dyn Provider>],
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Answer, AttemptError> {
    let wire = relays(inquiry, &**providers[0]);
    let (provider, mut request) = match wire.and_then(|wire| Some((wire, providers[0].relay()?))) {
        Some((wire, relay)) => {
            let (facts, body) = wire.body_for(providers[0].name());
            (providers[0], relay.request(target.model, facts, &wire.headers, body))
        }
        None => encode(inquiry, providers, target, losses)?,
    };
    let credentials = make_ready(&mut request, endpoint, inquiry.deadline).await?;
    exchange(inquiry, endpoint, &**provider, wire, request).await.map_err(|error| error.without(&credentials))
}

/// Adds the credential and how long to wait. Returns what must not be repeated to anybody.
pub(crate) async fn make_ready(
    request: &mut http::Request<Bytes>,
    endpoint: &Endpoint,
    deadline: Option<Instant>,
) -> Result<Credentials, AttemptError> {
    let credential = endpoint.authorize(request).await;
    credential.map_err(|error| {
        ProviderError::new(ErrorKind::Authentication, error.to_string()).with_source(error)
    })?;
    request.extensions_mut().insert(timeouts(endpoint, deadline)?);
    Ok(Credentials::of(request))
}

/// Sends the request and waits until its answer begins.
async fn exchange(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    provider: &dyn Provider,
    wire: Option<&Wire>,
    request: http::Request<Bytes>,
) -> Result<Answer, AttemptError> {
    let response = endpoint.transport.send(request).await.map_err(ProviderError::from)?;
    if !response.status().is_success() {
        return Err(refusal(provider, wire.is_some(), response).await);
    }
    match wire {
        Some(_) if is_stream(&response) == inquiry.stream() => {
            relay(provider, inquiry.stream(), response).await
        }
        _ => translate(inquiry, provider, response).await,
    }
}

/// Writes the request in the format that loses least of it; among equals, in the first.
fn encode<'p>(
    inquiry: &Inquiry,
    providers: &[&'p Arc<dyn Provider>],
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<(&'p Arc<dyn Provider>, http::Request<Bytes>), AttemptError> {
    let request = inquiry.request().map_err(AttemptError::Request)?;
    let mut best: Option<(&Arc<dyn Provider>, Encoded)> = None;
    let mut refused = None;
    for &provider in providers {
        let encoded = match provider.encode_request(target, &request) {
            Ok(encoded) => encoded,
            Err(error) => {
                refused.get_or_insert(error);
                continue;
            }
        };
        let lost = encoded.losses.iter().count();
        if best.as_ref().is_none_or(|(_, known)| lost < known.losses.iter().count()) {
            best = Some((provider, encoded));
        }
        if lost == 0 {
            break;
        }
    }
    let Some((provider, encoded)) = best else {
        let none = || RequestError::invalid("the endpoint speaks no format");
        return Err(AttemptError::Request(refused.unwrap_or_else(none)));
    };
    if inquiry.strict && !encoded.losses.is_empty() {
        return Err(AttemptError::Lossy(encoded.losses));
    }
    losses.extend(encoded.losses);
    Ok((provider, encoded.request))
}

/// The endpoint's timeouts, cut to what is left of the caller's time.
fn timeouts(endpoint: &Endpoint, deadline: Option<Instant>) -> Result<Timeouts, ProviderError> {
    let mut timeouts = endpoint.timeouts;
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(ProviderError::new(ErrorKind::Timeout, "the call's own time limit has passed"));
        }
        timeouts.total = Some(timeouts.total.map_or(left, |total| total.min(left)));
    }
    Ok(timeouts)
}

/// Reads an answer that is no success.
pub(crate) async fn refusal(
    provider: &dyn Provider,
    same_format: bool,
    response: http::Response<Body>,
) -> AttemptError {
    let (head, body) = response.into_parts();
    let status = head.status;
    let Ok(body) = collect(body, MAX_ERROR_BYTES).await else {
        let error = provider.decode_error(response_of(status, head.headers, Bytes::new()));
        return AttemptError::from(error);
    };
    let error = provider.decode_error(response_of(status, head.headers.clone(), body.clone()));
    // Only what is the format's own kind of document may reach a client: never a proxy's HTML page.
    let is_document = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body)
        .is_ok_and(|document| document.get("error").is_some_and(serde_json::Value::is_object));
    let own_words = (same_format && is_document).then_some((head.headers, body));
    AttemptError::Provider(Box::new(Refusal { error, own_words }))
}

fn response_of(status: StatusCode, headers: HeaderMap, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
