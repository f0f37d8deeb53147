//! Answers a client in its own format.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header, request::Parts};
use tollgate_model::{CallError, ChatRequest, ErrorKind, RequestError, ResponseId};
use tollgate_policy::{Caller, presented};
use tollgate_provider::FrontDoor;

use super::{
    AnswerBody, CallOptions,
    answer::{Answer, Translated},
    dispatch::{Failure, dispatch},
    encoded_stream::{EncodedStream, EventSource, ToldId},
    headers::{describe, relayed},
    inquiry::{Inquiry, Source, Wire},
    open_call::{Ending, OpenCall},
    relayed_stream::RelayedStream,
};
use crate::{
    continuity::Listener,
    gateway::Gateway,
    responses::{Keeper, KeptFormat, Prepared},
    runtime::Runtime,
};

impl Gateway {
    /// Answers one request of a client that speaks the format of `door`.
    ///
    /// Always gives a response: every failure is written in the client's own format. Dropping the future, or the body
    /// of the response, cancels the call; its record is closed all the same.
    pub async fn serve(&self, door: &Arc<dyn FrontDoor>, head: Parts, body: Bytes) -> Response<AnswerBody> {
        self.serve_prepared(door, head, Prepared { body, for_its_keeper: None, keeper: None }).await
    }

    /// The same, with a conversation that is complete and an answer that may be kept.
    pub(crate) async fn serve_prepared(
        &self,
        door: &Arc<dyn FrontDoor>,
        head: Parts,
        prepared: Prepared,
    ) -> Response<AnswerBody> {
        let Prepared { body, for_its_keeper, keeper } = prepared;
        let runtime = self.runtime();
        let caller = match identify(&runtime, &head.headers) {
            Ok(caller) => caller,
            Err(error) => return refuse(&**door, &error),
        };
        if let Err(error) = self.admit() {
            return refuse(&**door, &error);
        }
        let facts = door.request_facts(head.uri.path(), &body);
        let options = CallOptions::from_headers(&head.headers);
        let mut call = OpenCall::begin(self, &runtime, &caller, Some(door.format()));
        call.capture_request(&body);
        let continuity = self.continuity(&caller);
        let wire = facts.and_then(|facts| {
            let path = head.uri.path().to_owned();
            let wire = Wire::new(door.clone(), path, head.headers, body, facts, continuity);
            wire.with_keeper(for_its_keeper)
        });
        match inquiry(&runtime, wire, options) {
            Ok(inquiry) => answer(&runtime, door, &inquiry, keeper, call).await,
            Err(error) => fail(&**door, call, error.into()),
        }
    }

    /// Refuses a request whose body could not be had: too large, or broken off. Recorded as a call of whoever sent it.
    pub fn refuse(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        error: CallError,
    ) -> Response<AnswerBody> {
        let runtime = self.runtime();
        match identify(&runtime, headers) {
            Ok(caller) => {
                fail(door, OpenCall::begin(self, &runtime, &caller, Some(door.format())), error.into())
            }
            Err(error) => refuse(door, &error),
        }
    }
}

pub(crate) fn identify(runtime: &Runtime, headers: &HeaderMap) -> Result<Arc<Caller>, CallError> {
    let refused = |message: String| {
        let mut error = CallError::new(ErrorKind::Authentication, message);
        error.code = Some("invalid_api_key".to_owned());
        error
    };
    let credential = if runtime.keys.is_open() {
        None
    } else {
        presented(headers).map_err(|error| refused(error.to_string()))?
    };
    runtime.keys.identify(credential).cloned().map_err(|error| refused(error.to_string()))
}

fn inquiry(
    runtime: &Runtime,
    wire: Result<Wire, RequestError>,
    options: Result<CallOptions, RequestError>,
) -> Result<Inquiry, CallError> {
    let (wire, options) = (wire?, options?);
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let strict = options.strict.unwrap_or(runtime.strict);
    Ok(Inquiry { source: Source::Wire(Box::new(wire)), options, strict, deadline })
}

async fn answer(
    runtime: &Arc<Runtime>,
    door: &Arc<dyn FrontDoor>,
    inquiry: &Inquiry,
    keeper: Option<Keeper>,
    mut call: OpenCall,
) -> Response<AnswerBody> {
    call.asked(inquiry);
    match dispatch(runtime, inquiry, &mut call).await {
        Ok(answer) => deliver(door, inquiry.stream(), answer, keeper, call),
        Err(failure) => fail(&**door, call, failure),
    }
}

/// Writes an answer that has begun.
fn deliver(
    door: &Arc<dyn FrontDoor>,
    stream: bool,
    answer: Answer,
    mut keeper: Option<Keeper>,
    mut call: OpenCall,
) -> Response<AnswerBody> {
    match answer {
        Answer::RelayedWhole { headers, body, facts } => {
            if let Some(keeper) = &mut keeper {
                keeper.also_kept_by(call.provider());
                keeper.see_whole(&body);
            }
            call.capture_response(&body);
            call.close(Ending::Completed, &facts);
            respond(relayed(&headers), &call, AnswerBody::whole(body))
        }
        Answer::RelayedStream { headers, stream: parts } => {
            let mut headers = relayed(&headers);
            describe(&call, &mut headers);
            if let Some(keeper) = &mut keeper {
                keeper.also_kept_by(call.provider());
            }
            let body = AnswerBody::relayed(RelayedStream::new(parts, call, door.clone()));
            response_of(headers, body.seen_by(keeper))
        }
        Answer::Translated { request, answer: Translated::Whole(mut response), mut listener } if !stream => {
            let own = told_id(&**door, &call);
            let providers_id = response.id.clone();
            own.tell(&mut response.id);
            let encoded = door.encode_response(&request, &response, call.started_unix());
            response.id = providers_id;
            if let Some(keeper) = &mut keeper {
                keeper.see_whole(&encoded.body);
            }
            let facts = EventSource::unfolded(response.into_events());
            facts.heard_by(&mut listener);
            call.add_answer_losses(&encoded.losses, listener.as_deref());
            call.capture_response(&encoded.body);
            call.close(Ending::Completed, facts.facts());
            let headers = content_type("application/json");
            respond(headers, &call, AnswerBody::whole(encoded.body))
        }
        Answer::Translated { request, answer, listener } => {
            let body = encode_stream(door, &request, answer.into(), listener, call);
            body.map(|body| body.seen_by(keeper))
        }
    }
}

/// An answer that is kept needs an id that no other answer has: the call's own. So does one that came without.
fn told_id(door: &dyn FrontDoor, call: &OpenCall) -> ToldId {
    let id = call.id().as_str();
    if let Some(format) = KeptFormat::of(door.format()) {
        return ToldId::Always(ResponseId::from(format.id(id)));
    }
    ToldId::IfNone(ResponseId::from(id.to_owned()))
}

fn encode_stream(
    door: &Arc<dyn FrontDoor>,
    request: &ChatRequest,
    source: EventSource,
    listener: Option<Box<Listener>>,
    call: OpenCall,
) -> Response<AnswerBody> {
    let encoder = door.stream_encoder(request, call.started_unix());
    let told_id = told_id(&**door, &call);
    let mut headers = content_type(door.stream_content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    describe(&call, &mut headers);
    response_of(headers, AnswerBody::encoded(EncodedStream::new(source, encoder, listener, told_id, call)))
}

/// Writes a failure, in the provider's own words where the client speaks its format.
pub(super) fn fail(door: &dyn FrontDoor, mut call: OpenCall, failure: Failure) -> Response<AnswerBody> {
    let Failure { error, own_words, .. } = failure;
    let (mut head, body) = door.encode_error(&error).into_parts();
    let body = match own_words {
        Some(said) => {
            let (headers, words) = *said;
            head.status = error.status;
            head.headers.extend(relayed(&headers));
            words
        }
        None => body,
    };
    call.capture_response(&body);
    call.close(Ending::Failed(error), &tollgate_provider::ResponseFacts::default());
    describe(&call, &mut head.headers);
    if call.attempts() > 1 {
        // Each try of the SDK would be as many again.
        head.headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    Response::from_parts(head, AnswerBody::whole(body))
}

/// Answers a call that is not accepted, of a client that may not call or while records cannot be written. Nothing is
/// recorded: anybody could fill the disk.
pub(super) fn refuse(door: &dyn FrontDoor, error: &CallError) -> Response<AnswerBody> {
    door.encode_error(error).map(AnswerBody::whole)
}

fn respond(mut headers: HeaderMap, call: &OpenCall, body: AnswerBody) -> Response<AnswerBody> {
    describe(call, &mut headers);
    response_of(headers, body)
}

fn response_of(headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

fn content_type(value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))])
}
