//! The body of an answer: a list of steps, and the receipt that is written when it ends, however it ends.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::{
    meter::{Ending, Metered, MeteredUsage},
    state::Shared,
};

/// One step of sending.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sends these bytes, which hold so many output tokens.
    Send(Bytes, u64),
    /// Waits.
    Wait(Duration),
    /// Lets hyper flush what was sent: it would throw that away when the body breaks.
    Flush,
    /// Never goes on.
    Stall,
    /// Breaks the connection.
    Break,
}

/// Writes the entry of the meter when it is dropped, so that no way of ending goes unmetered.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) shared: Arc<Shared>,
    pub(crate) entry: Metered,
    /// The usage once everything is sent. Until then only input counts, and the output that was sent.
    pub(crate) whole: MeteredUsage,
    /// Whether this was a call of a model; lists and counts are not metered.
    pub(crate) counts: bool,
}

impl Receipt {
    fn sent(&mut self, tokens: u64) {
        self.entry.chunks += 1;
        self.entry.usage.output += tokens;
    }

    pub(crate) fn finish(&mut self, ending: Ending) {
        self.entry.ending = ending;
        if ending == Ending::Completed {
            self.entry.usage = self.whole;
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.counts {
            return;
        }
        let usage = &mut self.entry.usage;
        // Small pieces are each rounded up.
        usage.output = usage.output.min(self.whole.output);
        usage.reasoning = self.whole.reasoning.min(usage.output);
        self.shared.meter.add(self.entry.clone());
    }
}

/// The body.
#[derive(Debug)]
pub(crate) struct Playback {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) sleep: Option<Pin<Box<Sleep>>>,
    /// The length to announce, of a body that is not a stream.
    pub(crate) announced: Option<u64>,
    /// How this ends when the last step is done.
    pub(crate) ending: Ending,
    pub(crate) receipt: Receipt,
}

impl Playback {
    /// Called after each step: hyper need not ask again once the announced length is reached.
    fn note_end(&mut self) {
        if self.steps.is_empty() {
            self.receipt.finish(self.ending);
        }
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.steps.pop_front() {
                None => {
                    self.note_end();
                    return Poll::Ready(None);
                }
                Some(Step::Wait(wait)) => self.sleep = Some(Box::pin(tokio::time::sleep(wait))),
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Stall) => {
                    self.steps.push_front(Step::Stall);
                    return Poll::Pending;
                }
                Some(Step::Break) => {
                    self.receipt.finish(Ending::Broken);
                    self.steps.clear();
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
                Some(Step::Send(bytes, tokens)) => {
                    self.receipt.sent(tokens);
                    self.note_end();
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.announced.is_some()
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map(SizeHint::with_exact).unwrap_or_default()
    }
}
