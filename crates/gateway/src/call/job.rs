//! A call that is no chat: the same gate, the same attempts, the same record.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use tollgate_model::{CallError, Losses, ModelName, ProviderError, RequestError};
use tollgate_provider::{
    Body, Framer, Framing, FrontDoor, Provider, ResponseFacts, StreamReader, Target as EncodingTarget,
};
use tollgate_router::Target;

use super::{
    AnswerBody, CallOptions,
    answer::{MAX_ANSWER_BYTES, RelayedParts, collect, first_event, is_stream},
    attempt::{AttemptError, make_ready, refusal},
    dispatch::{Failure, dispatch, planned},
    errand::{Errand, Place},
    headers::{describe, relayed},
    open_call::{Ending, OpenCall},
    passed_body::PassedBody,
    relayed_stream::RelayedStream,
    serve::{fail, identify, refuse},
};
use crate::{gateway::Gateway, runtime::Runtime};

/// What is asked for, and how an answer is made of what a provider says. Pure.
pub(crate) trait Job: fmt::Debug + Send + Sync {
    /// What is done, as the record names it.
    fn operation(&self) -> &'static str;

    /// The model, as it was asked for.
    fn model(&self) -> &ModelName;

    /// Whether the answer shall come as a stream.
    fn stream(&self) -> bool {
        false
    }

    /// What the call consumes.
    fn billing(&self) -> Billing;

    /// The body for the record. `None`: it is none that a person reads.
    fn recorded_body(&self) -> Option<&Bytes>;

    /// How large the question is.
    fn input_bytes(&self) -> u64;

    /// Where it can go, the best first.
    fn targets(&self, runtime: &Runtime) -> Result<Vec<Target>, Failure> {
        planned(runtime, self.model())
    }

    /// Asks one target. `None`: it has no such API, and another may.
    fn ask<'a>(&'a self, place: Place<'a>) -> Option<Result<Asked<'a>, RequestError>>;
}

/// What a call consumes, as far as the answer says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billing {
    /// Tokens: reported, or else estimated from the bytes.
    Tokens,
    /// What is reported. If nothing is, then nothing is known.
    Reported,
    /// Nothing.
    Free,
}

/// How one target is asked.
pub(crate) enum Asked<'a> {
    /// Over the wire.
    Wire(Box<Question<'a>>),
    /// It is not: the gateway knows the answer itself.
    Known(Box<Done>),
}

/// What is sent to one target, and how what comes back is read.
pub(crate) struct Question<'a> {
    /// Reads failures.
    pub(crate) provider: &'a dyn Provider,
    /// Without credentials.
    pub(crate) request: http::Request<Bytes>,
    /// What the target cannot be told.
    pub(crate) losses: Losses,
    pub(crate) reading: Reading<'a>,
}

/// Reads what a record needs of a document.
type ReadFacts<'a> = Box<dyn FnOnce(&[u8]) -> Result<ResponseFacts, ProviderError> + Send + 'a>;

/// How what comes back is read.
pub(crate) enum Reading<'a> {
    /// As a whole, and written anew.
    Written(Box<dyn FnOnce(Response<Bytes>) -> Result<Done, ProviderError> + Send + 'a>),
    /// It passes as it comes, whatever it is; what a record needs is read along.
    Passed {
        /// Of a document.
        facts: ReadFacts<'a>,
        /// Of a stream of events. `None`: nobody here knows its events.
        reader: Option<Box<dyn StreamReader>>,
    },
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Done {
    /// For the client: its content type at least.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) facts: ResponseFacts,
    /// What the client's format cannot say of it.
    pub(crate) losses: Losses,
}

impl Done {
    /// An answer in JSON.
    pub(crate) fn json(body: Bytes, facts: ResponseFacts, losses: Losses) -> Self {
        let json = header::HeaderValue::from_static("application/json");
        Self { headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]), body, facts, losses }
    }
}

/// How a job begins to be answered.
enum Answer {
    Done(StatusCode, Box<Done>),
    Stream(HeaderMap, RelayedParts),
    Passed(StatusCode, HeaderMap, Body),
}

/// A job, and what its caller asked of the gateway itself.
struct Errant<'j> {
    job: &'j dyn Job,
    strict: bool,
    deadline: Option<Instant>,
}

impl Errand for Errant<'_> {
    type Answer = Answer;

    fn targets(&self, runtime: &Runtime) -> Result<Vec<Target>, Failure> {
        self.job.targets(runtime)
    }

    async fn attempt(&self, place: Place<'_>, call: &mut OpenCall) -> Result<Answer, AttemptError> {
        let asked = self.job.ask(place);
        let relays = matches!(&asked, Some(Ok(Asked::Wire(question))) if question.reading.passes());
        call.begin_attempt(place.endpoint, place.target, relays);
        let question = match asked {
            None => return Err(AttemptError::Elsewhere(missing(self.job, &place.target.provider))),
            Some(Err(error)) => return Err(AttemptError::Request(error)),
            Some(Ok(Asked::Known(done))) => return Ok(Answer::Done(StatusCode::OK, done)),
            Some(Ok(Asked::Wire(question))) => *question,
        };
        if self.strict && !question.losses.is_empty() {
            return Err(AttemptError::Lossy(question.losses));
        }
        call.add_losses(&question.losses);
        let Question { provider, mut request, reading, .. } = question;
        let credentials = make_ready(&mut request, place.endpoint, self.deadline).await?;
        let response = place.endpoint.transport.send(request).await.map_err(ProviderError::from)?;
        let passes = reading.passes();
        if !response.status().is_success() {
            return Err(refusal(provider, passes, response).await.without(&credentials));
        }
        read(reading, response).await.map_err(|error| error.without(&credentials))
    }
}

impl Reading<'_> {
    const fn passes(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }
}

async fn read(reading: Reading<'_>, response: Response<Body>) -> Result<Answer, AttemptError> {
    let (facts, reader) = match reading {
        Reading::Written(read) => {
            let (head, body) = response.into_parts();
            let body = collect(body, MAX_ANSWER_BYTES).await?;
            let status = head.status;
            return Ok(Answer::Done(status, Box::new(read(Response::from_parts(head, body))?)));
        }
        Reading::Passed { facts, reader } => (facts, reader),
    };
    let is_stream = is_stream(&response);
    let (head, mut body) = response.into_parts();
    let headers = relayed(&head.headers);
    if let (true, Some(mut reader)) = (is_stream, reader) {
        let mut framer = Framer::new(Framing::Sse);
        let first = first_event(&mut body, &mut framer, &mut *reader).await?;
        return Ok(Answer::Stream(headers, RelayedParts { first, body, framer, reader }));
    }
    if !is_document(&head.headers) {
        return Ok(Answer::Passed(head.status, headers, body));
    }
    let body = collect(body, MAX_ANSWER_BYTES).await?;
    let facts = facts(&body)?;
    let done = Done { headers, body, facts, losses: Losses::new() };
    Ok(Answer::Done(head.status, Box::new(done)))
}

fn is_document(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

fn missing(job: &dyn Job, provider: &tollgate_model::ProviderName) -> RequestError {
    RequestError::invalid(format!("the provider `{provider}` has no API for `{}`", job.operation()))
}

impl Gateway {
    /// Does a job for a client, whose errors are written in the format of `door`. `read` reads the job from the body.
    pub(crate) async fn serve_job(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        read: impl FnOnce() -> Result<Box<dyn Job>, RequestError>,
    ) -> Response<AnswerBody> {
        let runtime = self.runtime();
        let caller = match identify(&runtime, headers) {
            Ok(caller) => caller,
            Err(error) => return refuse(&**door, &error),
        };
        if let Err(error) = self.admit() {
            return refuse(&**door, &error);
        }
        let mut call = OpenCall::begin(self, &runtime, &caller, Some(door.format()));
        let (job, options) = match read().and_then(|job| Ok((job, CallOptions::from_headers(headers)?))) {
            Ok(read) => read,
            Err(error) => return fail(&**door, call, CallError::from(error).into()),
        };
        call.asked_job(&*job, &options);
        let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
        let strict = options.strict.unwrap_or(runtime.strict);
        match dispatch(&runtime, &Errant { job: &*job, strict, deadline }, &mut call).await {
            Ok(answer) => deliver(door, answer, call),
            Err(failure) => fail(&**door, call, failure),
        }
    }
}

/// Writes an answer that has begun.
fn deliver(door: &Arc<dyn FrontDoor>, answer: Answer, mut call: OpenCall) -> Response<AnswerBody> {
    let (status, headers, body) = match answer {
        Answer::Done(status, done) => {
            let Done { mut headers, body, facts, losses } = *done;
            call.add_losses(&losses);
            call.capture_response(&body);
            call.close(Ending::Completed, &facts);
            describe(&call, &mut headers);
            (status, headers, AnswerBody::whole(body))
        }
        Answer::Stream(mut headers, parts) => {
            describe(&call, &mut headers);
            (StatusCode::OK, headers, AnswerBody::relayed(RelayedStream::new(parts, call, door.clone())))
        }
        Answer::Passed(status, mut headers, body) => {
            describe(&call, &mut headers);
            (status, headers, AnswerBody::passed(PassedBody::new(body, call)))
        }
    };
    respond(status, headers, body)
}

fn respond(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The target of an encoding.
pub(crate) fn encoding<'a>(place: Place<'a>) -> EncodingTarget<'a> {
    EncodingTarget { model: &place.target.model, card: place.card }
}
