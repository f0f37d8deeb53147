//! A provider's own stream for a client that speaks its format: bytes pass as they came, facts are read along.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use tollgate_model::{CallError, ChatRequest, ErrorKind, ModelName};
use tollgate_provider::FrontDoor;

use super::{
    answer::RelayedParts,
    open_call::{Ending, OpenCall},
    whole_events::WholeEvents,
};
use crate::interrupt::interrupted;

/// The body of a relayed stream. Dropping it cancels the provider's answer and closes the record.
#[derive(Debug)]
pub(crate) struct RelayedStream {
    parts: RelayedParts,
    events: WholeEvents,
    call: OpenCall,
    door: Arc<dyn FrontDoor>,
    ended: bool,
}

impl RelayedStream {
    pub(crate) fn new(mut parts: RelayedParts, mut call: OpenCall, door: Arc<dyn FrontDoor>) -> Self {
        let mut events = WholeEvents::default();
        events.push(std::mem::take(&mut parts.first), parts.framer.pending_bytes());
        call.seen(parts.reader.facts());
        Self { parts, events, call, door, ended: false }
    }

    /// Returns the next bytes for the client. `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(piece) = self.events.pop() {
                self.call.capture(&piece);
                return Poll::Ready(Some(piece));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            if self.call.is_interrupted(cx) {
                self.end_with(interrupted());
                continue;
            }
            match ready!(Pin::new(&mut self.parts.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        self.pass(chunk);
                    }
                }
                Some(Err(error)) => self.end_with(CallError::from(&error.into())),
                None => self.end(),
            }
        }
    }

    /// Passes a chunk on, unless the reader cannot make sense of it: what is broken does not reach the client.
    fn pass(&mut self, chunk: Bytes) {
        let reader = &mut self.parts.reader;
        let result = self.parts.framer.feed(&chunk, |frame| reader.read(frame));
        self.call.seen(self.parts.reader.facts());
        match result {
            Ok(()) => self.events.push(chunk, self.parts.framer.pending_bytes()),
            Err(error) if error.kind() == ErrorKind::Protocol => self.fail(CallError::from(&error)),
            // The provider's own error event: the client's format is the provider's, so it says all there is to say.
            Err(error) => {
                self.events.push(chunk, 0);
                self.close(Ending::Failed(CallError::from(&error)));
            }
        }
    }

    fn end(&mut self) {
        let reader = &mut self.parts.reader;
        let result =
            self.parts.framer.finish(|frame| reader.read(frame)).and_then(|()| self.parts.reader.finish());
        match result {
            Ok(()) => {
                self.events.release();
                self.close(Ending::Completed);
            }
            Err(error) => self.fail(CallError::from(&error)),
        }
    }

    /// Ends what nothing more comes of. After the provider's own terminator nothing can spoil the answer any more.
    fn end_with(&mut self, error: CallError) {
        match self.parts.reader.finish() {
            Ok(()) => self.end(),
            Err(_) => self.fail(error),
        }
    }

    /// Ends the stream with the format's own error event.
    fn fail(&mut self, error: CallError) {
        let mut out = BytesMut::new();
        let request = ChatRequest::new(ModelName::new(""), Vec::new());
        self.door.stream_encoder(&request, self.call.started_unix()).encode_error(&error, &mut out);
        self.events.replace_held(out.freeze());
        self.close(Ending::Failed(error));
    }

    /// Closes the record, with what is still to be passed on.
    fn close(&mut self, ending: Ending) {
        self.ended = true;
        for piece in self.events.ready() {
            self.call.capture(piece);
        }
        self.call.close(ending, self.parts.reader.facts());
    }
}

impl Drop for RelayedStream {
    /// The client left. If the provider had said all, that is a finished call: many clients leave at the last event.
    fn drop(&mut self) {
        if !self.ended {
            let ending =
                if self.parts.reader.finish().is_ok() { Ending::Completed } else { Ending::Cancelled };
            self.call.close(ending, self.parts.reader.facts());
        }
    }
}
