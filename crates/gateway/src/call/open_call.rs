//! One accepted call, from its beginning to its one record. Whatever happens in between, the record is closed.

use std::{
    sync::Arc,
    task::Context,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tollgate_catalog::cost::{Missing, Unpriced};
use tollgate_model::{CallError, CallId, ErrorKind, Format, Losses, ModelName, NanoUsd, ProviderName};
use tollgate_policy::Caller;
use tollgate_provider::ResponseFacts;
use tollgate_router::Target;
use tollgate_telemetry::{
    Attempt, CallCost, CallFailure, CallRecord, CallerRecord, Outcome, Recorder, new_call_id,
};

use super::{
    CallOptions,
    accounting::{self, Exchange},
    inquiry::Inquiry,
    job::{Billing, Job},
};
use crate::{
    continuity::Listener, endpoint::Endpoint, gateway::Gateway, interrupt::InterruptWatch, runtime::Runtime,
};

/// A stream is kept in pieces of so many bytes. One buffer that doubles would be half empty, and there may be thousands of
/// streams.
const CAPTURED_BYTES: usize = 1024;

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client got the whole answer.
    Completed,
    /// The client got an error.
    Failed(CallError),
    /// The client left.
    Cancelled,
}

/// A call whose record is not closed yet.
///
/// Dropping it closes the record as cancelled: a client that leaves drops whatever is being awaited, and nothing after
/// that runs.
#[derive(Debug)]
pub(crate) struct OpenCall {
    /// Gone once it is closed.
    record: Option<Box<CallRecord>>,
    id: CallId,
    started_at_us: i64,
    attempts: usize,
    losses: Losses,
    cost: Option<NanoUsd>,
    recorder: Arc<Recorder>,
    runtime: Arc<Runtime>,
    interrupt: InterruptWatch,
    started: Instant,
    attempt_started: Instant,
    target: Option<Target>,
    region: Option<String>,
    input_bytes: u64,
    billing: Billing,
    /// Whether a provider began to answer: then something was consumed.
    answered: bool,
    capture: bool,
    captured: BytesMut,
}

impl OpenCall {
    pub(crate) fn begin(
        gateway: &Gateway,
        runtime: &Arc<Runtime>,
        caller: &Caller,
        door: Option<&Format>,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at_us = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let id = new_call_id();
        let mut record = Box::new(CallRecord::new(id.clone(), started_at_us, ModelName::new("")));
        record.front_door = door.cloned();
        record.caller = CallerRecord {
            key: caller.key.clone(),
            team: caller.team.clone(),
            user: caller.user.clone(),
            tags: caller.tags.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        };
        let started = Instant::now();
        Self {
            record: Some(record),
            id,
            started_at_us,
            attempts: 0,
            losses: Losses::new(),
            cost: None,
            recorder: gateway.recorder.clone(),
            runtime: runtime.clone(),
            interrupt: InterruptWatch::new(gateway.interrupt.clone()),
            started,
            attempt_started: started,
            target: None,
            region: None,
            input_bytes: 0,
            billing: Billing::Tokens,
            answered: false,
            capture: gateway.capture_content,
            captured: BytesMut::new(),
        }
    }

    /// The provider of the current attempt.
    pub(crate) fn provider(&self) -> ProviderName {
        self.target.as_ref().map_or_else(|| ProviderName::new(""), |target| target.provider.clone())
    }

    /// Notes what is asked for.
    pub(crate) fn asked(&mut self, inquiry: &Inquiry) {
        self.input_bytes = inquiry.input_bytes();
        let Some(record) = &mut self.record else { return };
        record.model_asked = inquiry.model().clone();
        record.streamed = inquiry.stream();
        record.front_door = inquiry.format().cloned();
        record.caller.tags.extend(inquiry.options.tags.iter().cloned());
    }

    /// Notes a job that is asked for.
    pub(crate) fn asked_job(&mut self, job: &dyn Job, options: &CallOptions) {
        self.input_bytes = job.input_bytes();
        self.billing = job.billing();
        if let Some(body) = job.recorded_body() {
            self.capture_request(body);
        }
        let Some(record) = &mut self.record else { return };
        record.operation = job.operation();
        record.model_asked = job.model().clone();
        record.streamed = job.stream();
        record.caller.tags.extend(options.tags.iter().cloned());
    }

    pub(crate) fn capture_request(&mut self, body: &Bytes) {
        if let (true, Some(record)) = (self.capture, &mut self.record) {
            record.request = body.clone();
        }
    }

    pub(crate) fn begin_attempt(&mut self, endpoint: &Endpoint, target: &Target, relayed: bool) {
        self.attempt_started = Instant::now();
        self.region.clone_from(&endpoint.region);
        self.target = Some(target.clone());
        if let Some(record) = &mut self.record {
            record.relayed = relayed;
        }
    }

    /// Notes that the target of the current attempt begins to answer.
    pub(crate) fn attempt_answered(&mut self) {
        self.answered = true;
        self.push_attempt(Some(StatusCode::OK), None);
    }

    /// Notes that the current attempt gave no answer.
    pub(crate) fn attempt_failed(&mut self, kind: ErrorKind, status: Option<StatusCode>, message: &str) {
        self.push_attempt(status, Some(CallFailure { kind, message: message.to_owned() }));
    }

    /// Notes that the current attempt, if one is under way, was given up.
    pub(crate) fn attempt_given_up(&mut self, message: &str) {
        if self.target.is_some() && !self.answered {
            self.attempt_failed(ErrorKind::Cancelled, None, message);
        }
    }

    /// Tells whether nobody waits for this call any longer. If somebody does, the task is woken when that changes.
    pub(crate) fn is_interrupted(&mut self, cx: &Context<'_>) -> bool {
        self.interrupt.is_given(cx)
    }

    /// Returns a watcher for the same, for while the call is lent.
    pub(crate) fn interrupt_watch(&self) -> InterruptWatch {
        self.interrupt.another()
    }

    fn push_attempt(&mut self, status: Option<StatusCode>, error: Option<CallFailure>) {
        let (Some(target), Some(record)) = (&self.target, &mut self.record) else { return };
        self.attempts += 1;
        record.attempts.push(Attempt {
            provider: target.provider.clone(),
            model: target.model.clone(),
            started_after_us: micros(self.attempt_started.duration_since(self.started)),
            duration_us: micros(self.attempt_started.elapsed()),
            status: status.map(|status| status.as_u16()),
            error,
        });
    }

    /// Notes the moment of the first content, once what was seen so far has any.
    pub(crate) fn seen(&mut self, facts: &ResponseFacts) {
        if facts.content_bytes > 0
            && let Some(record) = &mut self.record
            && record.time_to_first_token_us.is_none()
        {
            record.time_to_first_token_us = Some(micros(self.started.elapsed()));
        }
    }

    /// Keeps a whole answer. Costs nothing: the bytes are shared.
    pub(crate) fn capture_response(&mut self, body: &Bytes) {
        if let (true, Some(record)) = (self.capture && !body.is_empty(), &mut self.record) {
            record.response.push(body.clone());
        }
    }

    /// Keeps a piece of a stream. Copied, since a small piece would pin the whole buffer it was read into.
    pub(crate) fn capture(&mut self, piece: &[u8]) {
        if !self.capture {
            return;
        }
        if self.captured.capacity() - self.captured.len() < piece.len() {
            self.keep_captured();
            self.captured = BytesMut::with_capacity(piece.len().max(CAPTURED_BYTES));
        }
        self.captured.extend_from_slice(piece);
    }

    fn keep_captured(&mut self) {
        if let (false, Some(record)) = (self.captured.is_empty(), &mut self.record) {
            record.response.push(std::mem::take(&mut self.captured).freeze());
        }
    }

    pub(crate) fn add_losses(&mut self, losses: &Losses) {
        for loss in losses {
            self.losses.push(loss.clone());
        }
    }

    /// Adds what the client's format could not say of the answer, but for what `listener` keeps until it comes back.
    pub(crate) fn add_answer_losses(&mut self, losses: &Losses, listener: Option<&Listener>) {
        for loss in losses.iter().filter(|loss| !listener.is_some_and(|listener| listener.keeps(loss))) {
            self.losses.push(loss.clone());
        }
    }

    /// Closes the record: settles what was consumed and hands it to the recorder. A second time does nothing.
    pub(crate) fn close(&mut self, ending: Ending, facts: &ResponseFacts) {
        self.keep_captured();
        let Some(mut record) = self.record.take() else { return };
        if self.answered {
            self.settle(&mut record, facts, matches!(ending, Ending::Completed));
        }
        record.duration_us = micros(self.started.elapsed());
        record.response_id.clone_from(&facts.id);
        record.response_model.clone_from(&facts.model);
        record.finish_reason.clone_from(&facts.finish_reason);
        record.service_tier.clone_from(&facts.service_tier);
        record.losses.clone_from(&self.losses);
        if let Some(target) = &self.target {
            record.provider = Some(target.provider.clone());
            record.model = Some(target.model.clone());
        }
        (record.outcome, record.http_status, record.error) = match ending {
            Ending::Completed => (Outcome::Completed, 200, None),
            Ending::Cancelled => (Outcome::Cancelled, if self.answered { 200 } else { 499 }, None),
            Ending::Failed(error) => {
                let status = if self.answered && record.streamed { 200 } else { error.status.as_u16() };
                (Outcome::Failed, status, Some(CallFailure { kind: error.kind, message: error.message }))
            }
        };
        self.recorder.record(record);
    }

    fn settle(&mut self, record: &mut CallRecord, facts: &ResponseFacts, complete: bool) {
        match self.billing {
            Billing::Free => return,
            Billing::Reported if facts.usage.input_tokens.is_none() => {
                record.cost = CallCost::Unpriced(Unpriced::new(Missing::Usage));
                return;
            }
            Billing::Reported | Billing::Tokens => {}
        }
        let exchange = Exchange { input_bytes: self.input_bytes, complete };
        (record.usage, record.usage_source) = accounting::usage(facts, exchange);
        if let Some(target) = &self.target {
            let (catalog, region) = (&self.runtime.catalog, self.region.as_deref());
            record.cost =
                accounting::cost(catalog, target, region, facts, &record.usage, self.started_unix());
        }
        self.cost = record.cost.total();
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.record.is_none()
    }

    pub(crate) const fn id(&self) -> &CallId {
        &self.id
    }

    pub(crate) const fn started_unix(&self) -> i64 {
        self.started_at_us / 1_000_000
    }

    pub(crate) const fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    pub(crate) const fn attempts(&self) -> usize {
        self.attempts
    }

    pub(crate) const fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Returns the cost, once the call is closed and if it is known.
    pub(crate) const fn cost(&self) -> Option<NanoUsd> {
        self.cost
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.is_closed() {
            return;
        }
        // Dropped while an attempt was under way: that attempt is part of the story.
        self.attempt_given_up("the client left");
        self.close(Ending::Cancelled, &ResponseFacts::default());
    }
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
