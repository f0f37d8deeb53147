//! A stream of events, written in the client's format.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tollgate_model::{CallError, ChatEvent, ProviderError, ResponseId};
use tollgate_provider::{ResponseFacts, StreamEncoder};

use super::{
    answer::Translated,
    event_reader::EventReader,
    facts::tally,
    open_call::{Ending, OpenCall},
};
use crate::{continuity::Listener, interrupt::interrupted};

/// Where events come from.
#[derive(Debug)]
pub(crate) enum EventSource {
    /// From the provider, as they come.
    Reader(Box<EventReader>),
    /// From an answer that is there as a whole.
    Unfolded { events: Vec<ChatEvent>, facts: Box<ResponseFacts> },
}

impl From<Translated> for EventSource {
    fn from(answer: Translated) -> Self {
        match answer {
            Translated::Whole(response) => Self::unfolded(response.into_events()),
            Translated::Events(reader) => Self::Reader(reader),
        }
    }
}

impl EventSource {
    pub(crate) fn unfolded(events: Vec<ChatEvent>) -> Self {
        let mut facts = ResponseFacts::default();
        for event in &events {
            tally(&mut facts, event);
        }
        Self::Unfolded { events, facts: Box::new(facts) }
    }

    /// Appends the next events; those that came before an error are appended too.
    pub(crate) fn poll_events(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Poll<Result<(), ProviderError>> {
        match self {
            Self::Reader(reader) => reader.poll_events(cx, events),
            Self::Unfolded { events: all, .. } => {
                events.append(all);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Lets a listener hear an answer that is there as a whole.
    pub(crate) fn heard_by(&self, listener: &mut Option<Box<Listener>>) {
        if let (Self::Unfolded { events, .. }, Some(listener)) = (self, listener) {
            events.iter().for_each(|event| listener.hear(event));
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        match self {
            Self::Reader(reader) => reader.is_ended(),
            Self::Unfolded { events, .. } => events.is_empty(),
        }
    }

    pub(crate) fn facts(&self) -> &ResponseFacts {
        match self {
            Self::Reader(reader) => reader.facts(),
            Self::Unfolded { facts, .. } => facts,
        }
    }
}

/// What the client is told the answer's id to be.
#[derive(Debug)]
pub(crate) enum ToldId {
    /// This, in place of the provider's.
    Always(ResponseId),
    /// This, where the provider gave none.
    IfNone(ResponseId),
}

impl ToldId {
    /// Puts it in place of the provider's id.
    pub(crate) fn tell(&self, id: &mut Option<ResponseId>) {
        match self {
            Self::Always(own) => *id = Some(own.clone()),
            Self::IfNone(own) => {
                id.get_or_insert_with(|| own.clone());
            }
        }
    }
}

/// The body of a translated stream. Dropping it cancels the provider's answer and closes the record.
#[derive(Debug)]
pub(crate) struct EncodedStream {
    source: EventSource,
    encoder: Box<dyn StreamEncoder>,
    listener: Option<Box<Listener>>,
    told_id: ToldId,
    call: OpenCall,
    events: Vec<ChatEvent>,
    finished: bool,
    ended: bool,
}

impl EncodedStream {
    pub(crate) const fn new(
        source: EventSource,
        encoder: Box<dyn StreamEncoder>,
        listener: Option<Box<Listener>>,
        told_id: ToldId,
        call: OpenCall,
    ) -> Self {
        Self { source, encoder, listener, told_id, call, events: Vec::new(), finished: false, ended: false }
    }

    /// Returns the next bytes for the client. `None` after the last.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while !self.ended {
            if self.call.is_interrupted(cx) {
                return Poll::Ready(self.interrupt());
            }
            let result = ready!(self.source.poll_events(cx, &mut self.events));
            let mut out = BytesMut::new();
            for mut event in self.events.drain(..) {
                if let ChatEvent::Start { id, .. } = &mut event {
                    self.told_id.tell(id);
                }
                self.finished |= event == ChatEvent::Finish;
                self.encoder.encode(&event, &mut out);
                if let Some(listener) = &mut self.listener {
                    listener.hear(&event);
                }
            }
            self.call.seen(self.source.facts());
            if let Err(error) = result {
                self.fail(CallError::from(&error), &mut out);
            } else if self.source.is_ended() {
                self.close(&out, Ending::Completed);
            } else {
                self.call.capture(&out);
            }
            if !out.is_empty() {
                return Poll::Ready(Some(out.freeze()));
            }
        }
        Poll::Ready(None)
    }

    /// Ends a stream that nobody waits for: with the format's own error event, unless all of it was said.
    fn interrupt(&mut self) -> Option<Bytes> {
        let mut out = BytesMut::new();
        match self.finished {
            true => self.close(&[], Ending::Completed),
            false => self.fail(interrupted(), &mut out),
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    /// Ends the stream with the format's own error event, behind what `out` holds already.
    fn fail(&mut self, error: CallError, out: &mut BytesMut) {
        self.encoder.encode_error(&error, out);
        self.close(out, Ending::Failed(error));
    }

    fn close(&mut self, last: &[u8], ending: Ending) {
        self.ended = true;
        self.call.capture(last);
        self.call.add_answer_losses(self.encoder.losses(), self.listener.as_deref());
        self.call.close(ending, self.source.facts());
    }
}

impl Drop for EncodedStream {
    fn drop(&mut self) {
        if !self.ended {
            let ending = if self.finished { Ending::Completed } else { Ending::Cancelled };
            self.close(&[], ending);
        }
    }
}
