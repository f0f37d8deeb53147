//! An answer that is neither a document nor a stream of events: sound, pictures, files. It passes as it comes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Body as _;
use tollgate_model::{CallError, ProviderError};
use tollgate_provider::{Body, ResponseFacts};

use super::{
    answer_body::Cut,
    open_call::{Ending, OpenCall},
};
use crate::interrupt::interrupted;

/// The body of such an answer. Dropping it cancels the provider's answer and closes the record.
pub(crate) struct PassedBody {
    body: Body,
    call: OpenCall,
    facts: ResponseFacts,
    ended: bool,
}

impl PassedBody {
    pub(crate) fn new(body: Body, call: OpenCall) -> Self {
        Self { body, call, facts: ResponseFacts::default(), ended: false }
    }

    /// Returns the next bytes for the client. `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        while !self.ended {
            if self.call.is_interrupted(cx) {
                return Poll::Ready(Some(Err(self.cut(interrupted()))));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        self.facts.content_bytes += chunk.len() as u64;
                        self.call.seen(&self.facts);
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
                Some(Err(error)) => {
                    let error = CallError::from(&ProviderError::from(error));
                    return Poll::Ready(Some(Err(self.cut(error))));
                }
                None => self.close(Ending::Completed),
            }
        }
        Poll::Ready(None)
    }

    /// Such a body has no place for an error: the connection is broken off, so that nobody takes it for complete.
    fn cut(&mut self, error: CallError) -> Cut {
        self.close(Ending::Failed(error));
        Cut
    }

    fn close(&mut self, ending: Ending) {
        self.ended = true;
        self.call.close(ending, &self.facts);
    }
}

impl Drop for PassedBody {
    fn drop(&mut self) {
        if !self.ended {
            self.close(Ending::Cancelled);
        }
    }
}

impl std::fmt::Debug for PassedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassedBody").field("call", &self.call).finish_non_exhaustive()
    }
}
