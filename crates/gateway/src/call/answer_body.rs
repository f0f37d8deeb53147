//! The body of an answer, whichever way it comes about.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{encoded_stream::EncodedStream, passed_body::PassedBody, relayed_stream::RelayedStream};
use crate::responses::{Keeper, RunReader};

/// An answer broke off whose format has no way to say so: the connection has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off")]
pub struct Cut;

/// The body of an answer. Pulled by the server; dropping it cancels what is still coming and closes the record.
#[derive(Debug)]
pub struct AnswerBody {
    kind: Kind,
    /// Sees what passes, to keep it.
    keeper: Option<Box<Keeper>>,
}

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Relayed(Box<RelayedStream>),
    Encoded(Box<EncodedStream>),
    Run(RunReader),
    Passed(Box<PassedBody>),
}

impl AnswerBody {
    /// Makes a body of bytes that are there.
    #[must_use]
    pub const fn whole(bytes: Bytes) -> Self {
        Self::of(Kind::Whole(bytes))
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, keeper: None }
    }

    /// Lets a keeper see what passes.
    pub(crate) fn seen_by(mut self, keeper: Option<Keeper>) -> Self {
        self.keeper = keeper.map(Box::new);
        self
    }

    pub(crate) fn relayed(stream: RelayedStream) -> Self {
        Self::of(Kind::Relayed(Box::new(stream)))
    }

    pub(crate) fn passed(body: PassedBody) -> Self {
        Self::of(Kind::Passed(Box::new(body)))
    }

    /// Reads along an answer that is made in the background.
    pub(crate) const fn run(reader: RunReader) -> Self {
        Self::of(Kind::Run(reader))
    }

    pub(crate) fn encoded(stream: EncodedStream) -> Self {
        Self::of(Kind::Encoded(Box::new(stream)))
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let chunk = match &mut self.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(std::mem::take(bytes))),
            Kind::Relayed(stream) => stream.poll_chunk(cx),
            Kind::Encoded(stream) => stream.poll_chunk(cx),
            Kind::Run(reader) => reader.poll_chunk(cx),
            Kind::Passed(body) => {
                return body.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)));
            }
        };
        // Kept before the client can ask for it.
        if let (Poll::Ready(Some(chunk)), Some(keeper)) = (&chunk, &mut self.keeper) {
            keeper.see(chunk);
        }
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.kind, Kind::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Relayed(_) | Kind::Encoded(_) | Kind::Run(_) | Kind::Passed(_) => SizeHint::default(),
        }
    }
}
