//! One request and its answer over one HTTP/1.1 connection.
//!
//! The connection is driven by whoever waits for the answer, in the same task: no task a connection, no channel a chunk, no
//! wake-up from one to the other. An idle connection is driven by nobody; [`Connection::is_usable`] looks at it before it is
//! used again.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use ::http::{Request, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep};
use tollgate_provider::{TransportError, transport::TransportErrorKind};

use crate::{connect::Stream, pool::Lease};

/// A connection and the handle that sends on it.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<Stream>, Full<Bytes>>,
    /// Requests name the whole URL and carry this credential, since a proxy forwards them.
    pub(crate) absolute_form: Option<Option<::http::HeaderValue>>,
}

/// A request that did not get an answer.
pub(crate) struct Unsent {
    /// The request, if not a byte of it was written.
    pub(crate) request: Option<Request<Full<Bytes>>>,
    pub(crate) error: TransportError,
}

impl Connection {
    pub(crate) async fn handshake(
        stream: Stream,
        absolute_form: Option<Option<::http::HeaderValue>>,
    ) -> Result<Self, TransportError> {
        let handshake = http1::Builder::new().handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(|error| failed(error, false))?;
        Ok(Self { sender, driver, absolute_form })
    }

    /// Tells whether the other side has neither closed nor said anything while the connection was idle.
    pub(crate) fn is_usable(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.driver).poll(&mut cx).is_pending() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(
        mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Self), Unsent> {
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        let mut closed = false;
        let result = std::future::poll_fn(|cx| {
            // The driver first: it writes the request and reads the answer.
            if !closed {
                closed = Pin::new(&mut *driver).poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        });
        match result.await {
            Ok(response) => Ok((response, self)),
            Err(error) => Err(unsent(error)),
        }
    }
}

fn unsent(mut error: TrySendError<Request<Full<Bytes>>>) -> Unsent {
    let request = error.take_message();
    let sent = request.is_none();
    Unsent { request, error: failed(error.into_error(), sent) }
}

pub(crate) fn failed(error: hyper::Error, sent: bool) -> TransportError {
    let kind = if error.is_parse() { TransportErrorKind::Protocol } else { TransportErrorKind::Closed };
    TransportError::new(kind, sent).with_source(error)
}

/// What an answer is read from: a connection of our own, or a stream of a shared one.
pub(crate) enum Source {
    /// HTTP/1.1. Goes back to the pool when the answer is complete; dropped before that, the connection is closed.
    Own { connection: Box<Connection>, lease: Lease },
    /// HTTP/2. The connection is driven elsewhere.
    Shared { _lease: Lease },
    /// The answer is complete.
    Done,
}

/// The body of an answer, with its time limits.
pub(crate) struct AnswerBody {
    incoming: Incoming,
    source: Source,
    idle: Duration,
    deadline: Option<Instant>,
    last_activity: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl AnswerBody {
    pub(crate) const fn new(
        incoming: Incoming,
        source: Source,
        idle: Duration,
        deadline: Option<Instant>,
    ) -> Self {
        Self { incoming, source, idle, deadline, last_activity: None, sleep: None }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        loop {
            // Asking for the next piece first tells the driver that it is wanted.
            if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            let Source::Own { connection, .. } = &mut self.source else { return Poll::Pending };
            let ended = Pin::new(&mut connection.driver).poll(cx).is_ready();
            // What the driver has just read is there now; if it read nothing, it has noted who waits.
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Pending if ended => self.source = Source::Done,
                polled => return polled,
            }
        }
    }

    /// Looks whether it has taken too long. Sets the alarm where none is set.
    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let last = *self.last_activity.get_or_insert_with(Instant::now);
        let idle_until = last + self.idle;
        let (until, kind) = match self.deadline {
            Some(deadline) if deadline < idle_until => (deadline, TransportErrorKind::TotalTimeout),
            Some(_) | None => (idle_until, TransportErrorKind::IdleTimeout),
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        // The alarm is left as it was when pieces come; only when it rings is it set to where it should be.
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= until {
                return Poll::Ready(TransportError::new(kind, true));
            }
            sleep.as_mut().reset(until);
        }
        // A deadline that is nearer than the alarm.
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
            let _ = sleep.as_mut().poll(cx);
        }
        Poll::Pending
    }

    /// Gives the connection back, now that the answer is complete.
    fn complete(&mut self) {
        if let Source::Own { connection, lease } = std::mem::replace(&mut self.source, Source::Done) {
            lease.give_back(*connection);
        }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match self.poll_incoming(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.last_activity = None;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.source = Source::Done;
                Poll::Ready(Some(Err(failed(error, true))))
            }
            Poll::Ready(None) => {
                self.complete();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let error = ready!(self.poll_timeout(cx));
                self.source = Source::Done;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // Only once the connection has been given back: whoever stops reading at this keeps it from its pool.
        matches!(self.source, Source::Done) && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
