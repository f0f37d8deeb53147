//! The suite passes a tiny adapter, and finds each fault that is put into it.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tollgate_model::{
    ChatEvent, ChatRequest, ChatResponse, ErrorKind, Format, Losses, ProviderError, ProviderName,
    RequestError,
};

use super::{assert_conforms, check};
use crate::{
    EmbeddingProvider, Encoded, Frame, Framing, Provider, Relay, StreamDecoder, Target, TokenCounter,
    retry_after,
};

/// Speaks the canonical model itself, as JSON lines. It needs no loss, so that whatever is found is the fault.
#[derive(Debug)]
pub(super) struct Tiny {
    name: ProviderName,
    format: Format,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    PanicsOnSound,
    BearsCredential,
    RelativeUrl,
    DropsTopK,
    DropsSystem,
    SaysWhatWasAskedFor,
    NamelessLoss,
    RefusesAll,
    TellsPages,
    ForgetsStatus,
    BlamesItself,
    TakesAnyAnswer,
    TakesAnyFrame,
    FinishesAnyStream,
    ForgetsStart,
}

impl Tiny {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self { name: ProviderName::new("tiny"), format: Format::new("tiny.chat"), fault }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

impl Provider for Tiny {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn relay(&self) -> Option<&dyn Relay> {
        None
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        None
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        None
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let mut request = request.clone();
        let mut losses = Losses::new();
        match self.fault {
            Some(Fault::PanicsOnSound) => assert!(request.audio.is_none(), "sound is too much"),
            Some(Fault::DropsTopK) => request.sampling.top_k = None,
            Some(Fault::DropsSystem) => {
                request.messages.retain(|message| message.role != tollgate_model::Role::System)
            }
            Some(Fault::NamelessLoss) => losses.dropped("", "no reason"),
            Some(Fault::RefusesAll) => return Err(RequestError::invalid("not today")),
            _ => {}
        }
        let model = if self.has(Fault::SaysWhatWasAskedFor) { &request.model } else { target.model };
        let body = json!({"model": model, "request": request});
        let url = if self.has(Fault::RelativeUrl) { "/chat" } else { "http://127.0.0.1:1/chat" };
        let mut builder = Request::post(url).header("content-type", "application/json");
        if self.has(Fault::BearsCredential) {
            builder = builder.header("x-api-key", "sk-1");
        }
        let request = builder.body(Bytes::from(body.to_string())).unwrap();
        Ok(Encoded { request, losses })
    }

    fn decode_response(
        &self,
        _: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        if self.has(Fault::TakesAnyAnswer) {
            return Ok(serde_json::from_slice(response.body()).unwrap_or_default());
        }
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|_| ProviderError::protocol("no JSON"))?;
        if body["choices"].as_array().is_none_or(Vec::is_empty) {
            return Err(ProviderError::protocol("no choices"));
        }
        serde_json::from_value(body).map_err(|_| ProviderError::protocol("no answer"))
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        let status = response.status();
        let kind = match status.as_u16() {
            _ if self.has(Fault::BlamesItself) => ErrorKind::Internal,
            401 => ErrorKind::Authentication,
            402 => ErrorKind::QuotaExhausted,
            403 => ErrorKind::PermissionDenied,
            404 => ErrorKind::ModelNotFound,
            408 | 504 => ErrorKind::Timeout,
            413 => ErrorKind::RequestTooLarge,
            429 => ErrorKind::RateLimited,
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::InvalidRequest,
        };
        let body = String::from_utf8_lossy(response.body());
        let message = if self.has(Fault::TellsPages) { &body } else { "it failed" };
        let error =
            ProviderError::new(kind, message).with_retry_after(retry_after::from_headers(response.headers()));
        if self.has(Fault::ForgetsStatus) { error } else { error.with_status(status) }
    }

    fn framing(&self) -> Framing {
        Framing::JsonLines
    }

    fn stream_decoder(&self, _: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(TinyDecoder { fault: self.fault, finished: false })
    }
}

#[derive(Debug)]
struct TinyDecoder {
    fault: Option<Fault>,
    finished: bool,
}

impl StreamDecoder for TinyDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let event = match serde_json::from_slice(frame.data) {
            Ok(ChatEvent::Start { .. }) if self.fault == Some(Fault::ForgetsStart) => return Ok(()),
            Ok(event) => event,
            Err(_) if self.fault == Some(Fault::TakesAnyFrame) => ChatEvent::Finish,
            Err(_) => return Err(ProviderError::protocol("no event")),
        };
        self.finished |= event == ChatEvent::Finish;
        events.push(event);
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.fault == Some(Fault::FinishesAnyStream) && !self.finished {
            events.push(ChatEvent::Finish);
            return Ok(());
        }
        if self.finished { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

#[test]
fn an_adapter_without_fault_passes() {
    assert_conforms(&Tiny::new(None));
}

#[test]
fn each_fault_is_found_and_named() {
    let faults = [
        (Fault::PanicsOnSound, "it panics: sound is too much"),
        (Fault::BearsCredential, "the credential header \"x-api-key\""),
        (Fault::RelativeUrl, "the URL is not absolute"),
        (Fault::DropsTopK, "encoding sampling.top_k: it was asked for and vanished"),
        (Fault::DropsSystem, "\"Answer in rhymes.\" vanished"),
        (Fault::SaysWhatWasAskedFor, "the target's name is neither"),
        (Fault::NamelessLoss, "a loss lacks its path"),
        (Fault::RefusesAll, "every adapter can ask this"),
        (Fault::TellsPages, "its message holds HTML"),
        (Fault::ForgetsStatus, "its status 301 Moved Permanently became None"),
        (Fault::BlamesItself, "an error 401 with the body \"\": the kind of 401 Unauthorized is internal"),
        (Fault::TakesAnyAnswer, "an answer \"OK\": it is taken for an answer"),
        (Fault::TakesAnyFrame, "the first event is not Start"),
        (Fault::FinishesAnyStream, "a stream \"\": it is taken for a whole answer"),
    ];
    for (fault, expected) in faults {
        let violations = check(&Tiny::new(Some(fault))).unwrap_err();
        let found = violations.iter().any(|violation| violation.to_string().contains(expected));
        assert!(found, "{fault:?} is not found: {violations:#?}");
    }
}
