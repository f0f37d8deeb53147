//! How an answer begins: relayed or translated, whole or as a stream.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use tollgate_model::{Assembler, ChatRequest, ChatResponse, ProviderError};
use tollgate_provider::{
    Body, Framer, Provider, ResponseFacts, StreamReader,
    collect::{CollectError, next_chunk},
};

use super::{attempt::AttemptError, event_reader::EventReader, inquiry::Inquiry};
use crate::continuity::Listener;

/// The largest answer that is held in memory as a whole. Generated pictures and sound make answers large.
pub(crate) const MAX_ANSWER_BYTES: usize = 128 * 1024 * 1024;
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
    Translated { request: Arc<ChatRequest>, answer: Translated, listener: Option<Box<Listener>> },
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

/// Tells whether a response says that it is a stream.
pub(crate) fn is_stream(response: &http::Response<Body>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        content_type.starts_with("text/event-stream") || content_type.starts_with("application/x-ndjson")
    })
}

/// Passes the provider's bytes on, reading along.
pub(crate) async fn relay(
    provider: &dyn Provider,
    stream: bool,
    response: http::Response<Body>,
) -> Result<Answer, AttemptError> {
    let relay = provider.relay().expect("only adapters with a relay come here");
    let (head, mut body) = response.into_parts();
    if !stream {
        let body = collect(body, MAX_ANSWER_BYTES).await?;
        let facts = Box::new(relay.response_facts(&body)?);
        return Ok(Answer::RelayedWhole { headers: head.headers, body, facts });
    }
    let mut framer = Framer::new(provider.framing());
    let mut reader = relay.stream_reader();
    let first = first_event(&mut body, &mut framer, &mut *reader).await?;
    Ok(Answer::RelayedStream { headers: head.headers, stream: RelayedParts { first, body, framer, reader } })
}

/// Reads a stream up to the end of its first event. What breaks before that can still be tried elsewhere.
pub(crate) async fn first_event(
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
pub(crate) async fn translate(
    inquiry: &Inquiry,
    provider: &dyn Provider,
    response: http::Response<Body>,
) -> Result<Answer, AttemptError> {
    let request = inquiry.request().map_err(AttemptError::Request)?;
    let listener = inquiry.listener(&request, provider.format());
    if is_stream(&response) {
        let mut reader = Box::new(begin_events(provider, &request, response.into_body()).await?);
        let answer = match inquiry.stream() {
            true => Translated::Events(reader),
            false => Translated::Whole(Box::new(fold(&mut reader).await?)),
        };
        return Ok(Answer::Translated { request, answer, listener });
    }
    let (head, body) = response.into_parts();
    let body = collect(body, MAX_ANSWER_BYTES).await?;
    let response = provider.decode_response(&request, http::Response::from_parts(head, body))?;
    Ok(Answer::Translated { request, answer: Translated::Whole(Box::new(response)), listener })
}

async fn begin_events(
    provider: &dyn Provider,
    request: &Arc<ChatRequest>,
    body: Body,
) -> Result<EventReader, ProviderError> {
    let framer = Framer::new(provider.framing());
    let mut reader = EventReader::new(body, framer, provider.stream_decoder(request));
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
pub(crate) async fn collect(body: Body, limit: usize) -> Result<Bytes, ProviderError> {
    tollgate_provider::collect::collect(body, limit).await.map_err(|error| match error {
        CollectError::TooLarge { .. } => {
            ProviderError::protocol("the provider's answer is larger than is taken")
        }
        CollectError::Broken(error) => error.into(),
    })
}
