//! Calls of an embedding program: canonical requests in, canonical answers out.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Instant};

use tollgate_model::{Assembler, CallError, CallId, ChatEvent, ChatRequest, ChatResponse, ErrorKind};
use tollgate_policy::Caller;
use tollgate_provider::ResponseFacts;

use super::{
    CallOptions,
    answer::Answer,
    dispatch::{Failure, dispatch},
    encoded_stream::EventSource,
    inquiry::{Inquiry, Source},
    open_call::{Ending, OpenCall},
};
use crate::{gateway::Gateway, interrupt::interrupted};

impl Gateway {
    /// Answers one request as a whole. The call is recorded like any other.
    ///
    /// # Errors
    /// No target could answer.
    pub async fn chat(&self, request: ChatRequest, options: CallOptions) -> Result<ChatResponse, CallError> {
        let mut stream = self.stream(request, options).await?;
        let mut assembler = Assembler::new();
        while let Some(event) = stream.next().await {
            assembler.push(event?);
        }
        Ok(assembler.into_response())
    }

    /// Answers one request event by event. The call is recorded like any other; dropping the stream cancels it.
    ///
    /// # Errors
    /// No target began to answer.
    pub async fn stream(&self, request: ChatRequest, options: CallOptions) -> Result<ChatStream, CallError> {
        self.admit()?;
        let runtime = self.runtime();
        let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
        let strict = options.strict.unwrap_or(runtime.strict);
        let inquiry = Inquiry { source: Source::Canonical(Arc::new(request)), options, strict, deadline };
        let mut call = OpenCall::begin(self, &runtime, &Caller::default(), None);
        call.asked(&inquiry);
        let error = match dispatch(&runtime, &inquiry, &mut call).await {
            Ok(Answer::Translated { answer, .. }) => return Ok(ChatStream::new(answer.into(), call)),
            Ok(Answer::RelayedWhole { .. } | Answer::RelayedStream { .. }) => {
                CallError::new(ErrorKind::Internal, "an embedding program's call cannot be relayed")
            }
            Err(Failure { error, .. }) => error,
        };
        call.close(Ending::Failed(error.clone()), &ResponseFacts::default());
        Err(error)
    }
}

/// The events of one answer.
#[derive(Debug)]
pub struct ChatStream {
    source: EventSource,
    call: OpenCall,
    ready: std::collections::VecDeque<ChatEvent>,
    failure: Option<CallError>,
    finished: bool,
}

impl ChatStream {
    fn new(source: EventSource, call: OpenCall) -> Self {
        Self { source, call, ready: std::collections::VecDeque::new(), failure: None, finished: false }
    }

    /// The id under which the call is recorded.
    #[must_use]
    pub fn call_id(&self) -> &CallId {
        self.call.id()
    }

    /// Waits for the next event. `None` after the last.
    pub async fn next(&mut self) -> Option<Result<ChatEvent, CallError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(error));
            }
            if self.call.is_closed() {
                return None;
            }
            let mut events = Vec::new();
            let result = poll_fn(|cx| match self.call.is_interrupted(cx) && !self.finished {
                true => Poll::Ready(Err(interrupted())),
                false => self.source.poll_events(cx, &mut events).map_err(|error| CallError::from(&error)),
            });
            let result = result.await;
            self.finished |= events.last() == Some(&ChatEvent::Finish);
            self.ready.extend(events);
            self.call.seen(self.source.facts());
            if let Err(error) = result {
                self.call.close(Ending::Failed(error.clone()), self.source.facts());
                self.failure = Some(error);
            } else if self.source.is_ended() {
                self.call.close(Ending::Completed, self.source.facts());
            }
        }
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        let ending = if self.finished { Ending::Completed } else { Ending::Cancelled };
        self.call.close(ending, self.source.facts());
    }
}
