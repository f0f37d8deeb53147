//! A provider's own stream for a client that speaks its format: bytes pass as they came, facts are read along.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use tollgate_model::{CallError, ChatRequest, ErrorKind, ModelName, ProviderError};
use tollgate_provider::FrontDoor;

use super::{
    attempt::RelayedParts,
    open_call::{Ending, OpenCall},
};

/// The body of a relayed stream. Dropping it cancels the provider's answer and closes the record.
#[derive(Debug)]
pub(crate) struct RelayedStream {
    parts: RelayedParts,
    call: OpenCall,
    door: Arc<dyn FrontDoor>,
    ended: bool,
}

impl RelayedStream {
    pub(crate) fn new(parts: RelayedParts, mut call: OpenCall, door: Arc<dyn FrontDoor>) -> Self {
        call.capture(&parts.first);
        if parts.reader.facts().content_bytes > 0 {
            call.first_content();
        }
        Self { parts, call, door, ended: false }
    }

    /// Returns the next bytes for the client. `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.parts.first.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.parts.first)));
        }
        while !self.ended {
            let step = match ready!(Pin::new(&mut self.parts.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => self.pass(chunk),
                    Err(_trailers) => None,
                },
                // After the provider's own terminator nothing can spoil the answer any more.
                Some(Err(_)) if self.parts.reader.finish().is_ok() => self.end(),
                Some(Err(error)) => Some(self.fail(&error.into())),
                None => self.end(),
            };
            if step.is_some() {
                return Poll::Ready(step);
            }
        }
        Poll::Ready(None)
    }

    /// Passes a chunk on, unless the reader cannot make sense of it: what is broken does not reach the client.
    fn pass(&mut self, chunk: Bytes) -> Option<Bytes> {
        let reader = &mut self.parts.reader;
        let result = self.parts.framer.feed(&chunk, |frame| reader.read(frame));
        if self.parts.reader.facts().content_bytes > 0 {
            self.call.first_content();
        }
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Protocol => return Some(self.fail(&error)),
            // The provider's own error event: the client's format is the provider's, so it says all there is to say.
            Err(error) => {
                self.ended = true;
                self.call.close(Ending::Failed(CallError::from(&error)), self.parts.reader.facts());
            }
        }
        self.call.capture(&chunk);
        (!chunk.is_empty()).then_some(chunk)
    }

    fn end(&mut self) -> Option<Bytes> {
        let reader = &mut self.parts.reader;
        let result =
            self.parts.framer.finish(|frame| reader.read(frame)).and_then(|()| self.parts.reader.finish());
        match result {
            Ok(()) => {
                self.ended = true;
                self.call.close(Ending::Completed, self.parts.reader.facts());
                None
            }
            Err(error) => Some(self.fail(&error)),
        }
    }

    /// Ends the stream with the format's own error event.
    fn fail(&mut self, error: &ProviderError) -> Bytes {
        self.ended = true;
        let error = CallError::from(error);
        let mut out = BytesMut::new();
        let request = ChatRequest::new(ModelName::new(""), Vec::new());
        self.door.stream_encoder(&request, self.call.started_unix()).encode_error(&error, &mut out);
        self.call.capture(&out);
        self.call.close(Ending::Failed(error), self.parts.reader.facts());
        out.freeze()
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
