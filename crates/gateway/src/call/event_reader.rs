//! Pulls canonical events out of a provider's streaming body.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::Body as _;
use tollgate_model::{ChatEvent, ProviderError};
use tollgate_provider::{Body, Framer, ResponseFacts, StreamDecoder};

use super::facts::tally;

/// Reads events as the provider sends them. Nothing is read ahead of what is pulled.
#[derive(Debug)]
pub(crate) struct EventReader {
    body: Pinned,
    framer: Framer,
    decoder: Box<dyn StreamDecoder>,
    /// Read while looking whether the answer begins at all, and not pulled yet.
    primed: Vec<ChatEvent>,
    facts: ResponseFacts,
    /// Whether the provider's own terminator was seen. What follows it is read to the end, so that the connection can be
    /// used again, but cannot spoil the answer any more.
    finished: bool,
    ended: bool,
}

/// A body has no `Debug` of its own.
struct Pinned(Body);

impl std::fmt::Debug for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl EventReader {
    pub(crate) fn new(body: Body, framer: Framer, decoder: Box<dyn StreamDecoder>) -> Self {
        Self {
            body: Pinned(body),
            framer,
            decoder,
            primed: Vec::new(),
            facts: ResponseFacts::default(),
            finished: false,
            ended: false,
        }
    }

    /// Waits until the answer begins. What fails before that can still be tried elsewhere.
    pub(crate) async fn prime(&mut self) -> Result<(), ProviderError> {
        let mut primed = Vec::new();
        while primed.is_empty() && !self.ended {
            poll_fn(|cx| self.poll_events(cx, &mut primed)).await?;
        }
        self.primed = primed;
        Ok(())
    }

    /// Appends the next events. Appends none, with [`EventReader::is_ended`], after the last.
    pub(crate) fn poll_events(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Poll<Result<(), ProviderError>> {
        if !self.primed.is_empty() {
            events.append(&mut self.primed);
            return Poll::Ready(Ok(()));
        }
        while !self.ended {
            let seen = events.len();
            let result = match ready!(Pin::new(&mut self.body.0).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => {
                        let decoder = &mut self.decoder;
                        self.framer.feed(&chunk, |frame| decoder.decode(frame, events))
                    }
                    Err(_trailers) => Ok(()),
                },
                Some(Err(error)) => Err(error.into()),
                None => {
                    self.ended = true;
                    let decoder = &mut self.decoder;
                    let last = self.framer.finish(|frame| decoder.decode(frame, events));
                    last.and_then(|()| decoder.finish(events))
                }
            };
            for event in &events[seen..] {
                tally(&mut self.facts, event);
            }
            self.finished |= matches!(events.last(), Some(ChatEvent::Finish));
            self.ended |= result.is_err();
            match result {
                Err(_) if self.finished => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(()) if events.len() > seen => return Poll::Ready(Ok(())),
                Ok(()) => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Tells whether nothing more comes.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended && self.primed.is_empty()
    }

    /// What was seen so far.
    pub(crate) const fn facts(&self) -> &ResponseFacts {
        &self.facts
    }
}
