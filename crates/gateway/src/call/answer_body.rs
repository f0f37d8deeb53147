//! The body of an answer, whichever way it comes about.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{encoded_stream::EncodedStream, relayed_stream::RelayedStream};

/// The body of an answer. Pulled by the server; dropping it cancels what is still coming and closes the record.
#[derive(Debug)]
pub struct AnswerBody(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Relayed(Box<RelayedStream>),
    Encoded(Box<EncodedStream>),
}

impl AnswerBody {
    /// Makes a body of bytes that are there.
    #[must_use]
    pub const fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes))
    }

    pub(crate) fn relayed(stream: RelayedStream) -> Self {
        Self(Kind::Relayed(Box::new(stream)))
    }

    pub(crate) fn encoded(stream: EncodedStream) -> Self {
        Self(Kind::Encoded(Box::new(stream)))
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut self.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(std::mem::take(bytes))),
            Kind::Relayed(stream) => stream.poll_chunk(cx),
            Kind::Encoded(stream) => stream.poll_chunk(cx),
        };
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Relayed(_) | Kind::Encoded(_) => SizeHint::default(),
        }
    }
}
