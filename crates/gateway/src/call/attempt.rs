//! One attempt: encode for the target, send, and look whether an answer begins.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use tollgate_model::{Assembler, ChatRequest, ChatResponse, ErrorKind, Losses, ProviderError, RequestError};
use tollgate_provider::{
    Body, Framer, ResponseFacts, StreamReader, Target,
    collect::{CollectError, next_chunk},
};
use tollgate_transport::Timeouts;

use super::{
    event_reader::EventReader,
    inquiry::{Inquiry, Source, Wire},
    redaction::Credentials,
};
use crate::endpoint::Endpoint;

/// The largest answer that is held in memory as a whole. Generated pictures and sound make answers large.
const MAX_ANSWER_BYTES: usize = 128 * 1024 * 1024;
/// The largest error body that is looked at.
const MAX_ERROR_BYTES: usize = 1024 * 1024;

/// The most that is read of a stream before the client sees something of it.
const MAX_FIRST_BYTES: usize = 256 * 1024;

/// An answer that has begun: it is good as far as was seen.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The provider's own bytes for a client that speaks its format.
    RelayedWhole { headers: HeaderMap, body: Bytes, facts: Box<ResponseFacts> },
    /// The same, as a stream whose first chunk has been read.
    RelayedStream { headers: HeaderMap, stream: RelayedParts },
    /// An answer in no vendor's terms, with the request that it answers.
    Translated { request: Arc<ChatRequest>, answer: Translated },
}

/// An answer in no vendor's terms.
#[derive(Debug)]
pub(crate) enum Translated {
    /// All of it.
    Whole(Box<ChatResponse>),
    /// A stream of events that has begun.
    Events(Box<EventReader>),
}

/// What goes on when a stream is relayed.
pub(crate) struct RelayedParts {
    pub(crate) first: Bytes,
    pub(crate) body: Body,
    pub(crate) framer: Framer,
    pub(crate) reader: Box<dyn StreamReader>,
}

impl std::fmt::Debug for RelayedParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayedParts").field("reader", &self.reader).finish_non_exhaustive()
    }
}

/// Why an attempt gave no answer.
#[derive(Debug)]
pub(crate) enum AttemptError {
    /// The caller's fault, found before anything was sent.
    Request(RequestError),
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

impl From<ProviderError> for AttemptError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(Box::new(Refusal { error, own_words: None }))
    }
}

/// Whether the client's bytes can pass to `endpoint` as they are.
pub(crate) fn relays<'a>(inquiry: &'a Inquiry, endpoint: &Endpoint) -> Option<&'a Wire> {
    let Source::Wire(wire) = &inquiry.source else { return None };
    (endpoint.provider.format() == wire.door.format() && endpoint.provider.relay().is_some()).then_some(wire)
}

/// Asks `target` at `endpoint` and waits until its answer begins.
///
/// What the target's format cannot say is added to `losses`.
pub(crate) async fn attempt(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Answer, AttemptError> {
    let wire = relays(inquiry, endpoint);
    let mut request = match wire.and_then(|wire| Some((wire, endpoint.provider.relay()?))) {
        Some((wire, relay)) => relay.request(target.model, &wire.facts, &wire.headers, &wire.body),
        None => encode(inquiry, endpoint, target, losses)?,
    };
    let credential = endpoint.authorize(&mut request).await;
    credential.map_err(|error| {
        ProviderError::new(ErrorKind::Authentication, error.to_string()).with_source(error)
    })?;
    request.extensions_mut().insert(timeouts(endpoint, inquiry.deadline)?);
    let credentials = Credentials::of(&request);
    exchange(inquiry, endpoint, wire, request).await.map_err(|error| match error {
        AttemptError::Provider(refusal) => AttemptError::Provider(Box::new(refusal.without(&credentials))),
        AttemptError::Request(_) | AttemptError::Lossy(_) => error,
    })
}

/// Sends the request and waits until its answer begins.
async fn exchange(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    wire: Option<&Wire>,
    request: http::Request<Bytes>,
) -> Result<Answer, AttemptError> {
    let response = endpoint.transport.send(request).await.map_err(ProviderError::from)?;
    if !response.status().is_success() {
        return Err(refusal(endpoint, wire.is_some(), response).await);
    }
    match wire {
        Some(_) if is_stream(&response) == inquiry.stream() => {
            relay(endpoint, inquiry.stream(), response).await
        }
        _ => translate(inquiry, endpoint, response).await,
    }
}

fn encode(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<http::Request<Bytes>, AttemptError> {
    let request = inquiry.request().map_err(AttemptError::Request)?;
    let encoded = endpoint.provider.encode_request(target, &request).map_err(AttemptError::Request)?;
    if inquiry.options.strict && !encoded.losses.is_empty() {
        return Err(AttemptError::Lossy(encoded.losses));
    }
    losses.extend(encoded.losses);
    Ok(encoded.request)
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

fn is_stream(response: &http::Response<Body>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        content_type.starts_with("text/event-stream") || content_type.starts_with("application/x-ndjson")
    })
}

/// Reads an answer that is no success.
async fn refusal(endpoint: &Endpoint, same_format: bool, response: http::Response<Body>) -> AttemptError {
    let (head, body) = response.into_parts();
    let status = head.status;
    let Ok(body) = collect(body, MAX_ERROR_BYTES).await else {
        let error = endpoint.provider.decode_error(response_of(status, head.headers, Bytes::new()));
        return AttemptError::from(error);
    };
    let error = endpoint.provider.decode_error(response_of(status, head.headers.clone(), body.clone()));
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

/// Passes the provider's bytes on, reading along.
async fn relay(
    endpoint: &Endpoint,
    stream: bool,
    response: http::Response<Body>,
) -> Result<Answer, AttemptError> {
    let relay = endpoint.provider.relay().expect("only endpoints with a relay come here");
    let (head, mut body) = response.into_parts();
    if !stream {
        let body = collect(body, MAX_ANSWER_BYTES).await?;
        let facts = Box::new(relay.response_facts(&body)?);
        return Ok(Answer::RelayedWhole { headers: head.headers, body, facts });
    }
    let mut framer = Framer::new(endpoint.provider.framing());
    let mut reader = relay.stream_reader();
    let first = first_event(&mut body, &mut framer, &mut *reader).await?;
    Ok(Answer::RelayedStream { headers: head.headers, stream: RelayedParts { first, body, framer, reader } })
}

/// Reads a stream up to the end of its first event. What breaks before that can still be tried elsewhere.
async fn first_event(
    body: &mut Body,
    framer: &mut Framer,
    reader: &mut dyn StreamReader,
) -> Result<Bytes, ProviderError> {
    let mut first = BytesMut::new();
    loop {
        let Some(chunk) = next_chunk(body).await? else {
            framer.finish(|frame| reader.read(frame))?;
            reader.finish()?;
            return Ok(first.freeze());
        };
        framer.feed(&chunk, |frame| reader.read(frame))?;
        let begins_with_a_whole_one = framer.pending_bytes() < first.len() + chunk.len();
        if first.is_empty() && begins_with_a_whole_one {
            return Ok(chunk);
        }
        first.extend_from_slice(&chunk);
        if begins_with_a_whole_one || first.len() > MAX_FIRST_BYTES {
            return Ok(first.freeze());
        }
    }
}

/// Reads the answer into canonical terms, whole or as a stream, whichever way the provider sends it.
async fn translate(
    inquiry: &Inquiry,
    endpoint: &Endpoint,
    response: http::Response<Body>,
) -> Result<Answer, AttemptError> {
    let request = inquiry.request().map_err(AttemptError::Request)?;
    if is_stream(&response) {
        let mut reader = Box::new(begin_events(endpoint, &request, response.into_body()).await?);
        let answer = match inquiry.stream() {
            true => Translated::Events(reader),
            false => Translated::Whole(Box::new(fold(&mut reader).await?)),
        };
        return Ok(Answer::Translated { request, answer });
    }
    let (head, body) = response.into_parts();
    let body = collect(body, MAX_ANSWER_BYTES).await?;
    let response =
        endpoint.provider.decode_response(&request, response_of(head.status, head.headers, body))?;
    Ok(Answer::Translated { request, answer: Translated::Whole(Box::new(response)) })
}

async fn begin_events(
    endpoint: &Endpoint,
    request: &Arc<ChatRequest>,
    body: Body,
) -> Result<EventReader, ProviderError> {
    let framer = Framer::new(endpoint.provider.framing());
    let mut reader = EventReader::new(body, framer, endpoint.provider.stream_decoder(request));
    reader.prime().await?;
    Ok(reader)
}

/// A non-streamed answer is a stream that was folded.
async fn fold(reader: &mut EventReader) -> Result<ChatResponse, ProviderError> {
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    while !reader.is_ended() {
        std::future::poll_fn(|cx| reader.poll_events(cx, &mut events)).await?;
        for event in events.drain(..) {
            assembler.push(event);
        }
    }
    Ok(assembler.into_response())
}

/// Reads a provider's whole body.
async fn collect(body: Body, limit: usize) -> Result<Bytes, ProviderError> {
    tollgate_provider::collect::collect(body, limit).await.map_err(|error| match error {
        CollectError::TooLarge { .. } => {
            ProviderError::protocol("the provider's answer is larger than is taken")
        }
        CollectError::Broken(error) => error.into(),
    })
}
