//! A stream of a provider that is no call's answer: events of an answer that it keeps. Bytes pass as they came.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use tollgate_model::{CallError, ChatRequest, ErrorKind, ModelName, ProviderError};
use tollgate_provider::{Body, FrontDoor, Provider};

use super::{
    answer::{Answer, RelayedParts, relay},
    attempt::AttemptError,
    whole_events::WholeEvents,
};
use crate::interrupt::{Interrupt, InterruptWatch, interrupted};

/// Such a stream. Dropping it hangs up on the provider.
#[derive(Debug)]
pub(crate) struct KeptStream {
    parts: RelayedParts,
    events: WholeEvents,
    door: Arc<dyn FrontDoor>,
    interrupt: InterruptWatch,
    ended: bool,
}

impl KeptStream {
    /// Reads up to the end of the first event. What breaks before that is an error as a whole.
    pub(crate) async fn begin(
        provider: &dyn Provider,
        response: http::Response<Body>,
        door: Arc<dyn FrontDoor>,
        interrupt: Arc<Interrupt>,
    ) -> Result<Self, ProviderError> {
        let mut parts = match relay(provider, true, response).await {
            Ok(Answer::RelayedStream { stream, .. }) => stream,
            Err(AttemptError::Provider(refusal)) => return Err(refusal.error),
            Ok(_) | Err(_) => return Err(ProviderError::protocol("the provider's stream is none")),
        };
        let mut events = WholeEvents::default();
        events.push(std::mem::take(&mut parts.first), parts.framer.pending_bytes());
        Ok(Self { parts, events, door, interrupt: InterruptWatch::new(interrupt), ended: false })
    }

    /// Returns the next bytes for the client. `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(piece) = self.events.pop() {
                return Poll::Ready(Some(piece));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            if self.interrupt.is_given(cx) {
                self.fail(&interrupted());
                continue;
            }
            match ready!(Pin::new(&mut self.parts.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        self.pass(chunk);
                    }
                }
                Some(Err(error)) => self.fail(&CallError::from(&error.into())),
                None => self.end(),
            }
        }
    }

    fn pass(&mut self, chunk: Bytes) {
        let reader = &mut self.parts.reader;
        match self.parts.framer.feed(&chunk, |frame| reader.read(frame)) {
            Ok(()) => self.events.push(chunk, self.parts.framer.pending_bytes()),
            Err(error) if error.kind() == ErrorKind::Protocol => self.fail(&CallError::from(&error)),
            // The provider's own error event says all there is to say.
            Err(_) => {
                self.events.push(chunk, 0);
                self.ended = true;
            }
        }
    }

    fn end(&mut self) {
        let reader = &mut self.parts.reader;
        let result = self.parts.framer.finish(|frame| reader.read(frame));
        match result.and_then(|()| self.parts.reader.finish()) {
            Ok(()) => {
                self.events.release();
                self.ended = true;
            }
            Err(error) => self.fail(&CallError::from(&error)),
        }
    }

    /// Ends the stream with the format's own error event.
    fn fail(&mut self, error: &CallError) {
        let mut out = BytesMut::new();
        let request = ChatRequest::new(ModelName::new(""), Vec::new());
        self.door.stream_encoder(&request, 0).encode_error(error, &mut out);
        self.events.replace_held(out.freeze());
        self.ended = true;
    }
}
