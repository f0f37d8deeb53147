//! A streaming answer → canonical events.

use serde_json::value::RawValue;
use tollgate_model::{
    ChatEvent, Delta as PartDelta, Extra, ModelName, PartIndex, PartKind, ProviderError, ResponseId, Usage,
};
use tollgate_provider::{Frame, StreamDecoder};

use super::{
    FORMAT, error,
    response::{Ending, unreadable},
    usage,
    wire::{Event, Interaction},
};
use crate::{names::Restore, read::Text, time::unix_seconds};

mod open_step;

use open_step::OpenStep;

/// Translates one stream of events.
#[derive(Debug)]
pub(super) struct InteractionDecoder {
    /// What encoding did to the request.
    restore: Restore,
    started: bool,
    /// The steps that began and did not end, by their numbers.
    open: Vec<(u32, OpenStep)>,
    parts: Parts,
    /// The usage that was told last: running totals are repeated.
    told: Option<Usage>,
    finished: bool,
}

/// Gives out the numbers of parts.
#[derive(Debug, Default)]
struct Parts {
    next: u32,
}

impl Parts {
    /// Begins a part.
    fn begin(&mut self, kind: PartKind, events: &mut Vec<ChatEvent>) -> PartIndex {
        let part = PartIndex(self.next);
        self.next += 1;
        events.push(ChatEvent::PartStart { part, choice: 0, kind });
        part
    }
}

impl StreamDecoder for InteractionDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if frame.data == b"[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(frame.data).map_err(unreadable)?;
        if let Some(error) = event.error {
            return Err(error::in_stream(Some(error.get())));
        }
        let kind = event.event_type.as_ref().map(|kind| kind.0.to_string()).unwrap_or_default();
        match kind.as_str() {
            "error" => return Err(error::in_stream(None)),
            "interaction.created" | "interaction.start" => {
                if let Some(interaction) = &event.interaction {
                    self.start(interaction, events);
                }
            }
            // The older revision has contents where there are steps now.
            "step.start" | "content.start" => {
                let step = event.step.or(event.content);
                self.begin(event.index, step, events).map_err(unreadable)?;
            }
            "step.delta" | "content.delta" => {
                self.grow(event.index, event.delta, events).map_err(unreadable)?;
            }
            "step.stop" | "content.stop" => self.end_step(event.index, events).map_err(unreadable)?,
            "interaction.completed" | "interaction.complete" => {
                if let Some(interaction) = event.interaction {
                    self.finish_with(interaction, events)?;
                }
                return Ok(());
            }
            // `interaction.status_update`, which the end repeats, and what is invented tomorrow.
            _ => {}
        }
        let metadata = event.metadata.unwrap_or_default();
        if let Some(running) = metadata.total_usage.or(metadata.usage).or(event.usage) {
            self.tell(usage::read(&running).map_err(unreadable)?.0, events);
        }
        Ok(())
    }

    fn finish(&mut self, _events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.finished { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

impl InteractionDecoder {
    pub(super) fn new(restore: Restore) -> Self {
        Self {
            restore,
            started: false,
            open: Vec::new(),
            parts: Parts::default(),
            told: None,
            finished: false,
        }
    }

    fn start(&mut self, interaction: &Interaction<'_>, events: &mut Vec<ChatEvent>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let model = interaction.model.as_ref().or(interaction.agent.as_ref());
        events.push(ChatEvent::Start {
            id: interaction.id.as_ref().map(|id| ResponseId::new(&*id.0)),
            model: model.map(|model| ModelName::new(&*model.0)),
            created: interaction.created.as_ref().and_then(|Text(time)| unix_seconds(time)),
        });
    }

    /// A stream that does not say that it begins.
    fn start_unnamed(&mut self, events: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.started, true) {
            events.push(ChatEvent::Start { id: None, model: None, created: None });
        }
    }

    fn begin(
        &mut self,
        index: Option<u32>,
        step: Option<&RawValue>,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        self.start_unnamed(events);
        let Some(step) = step else { return Ok(()) };
        // A number that returns: what it was before is over.
        self.end_step(index, events)?;
        let open = OpenStep::begin(step, &self.restore, &mut self.parts, events)?;
        self.open.push((index.unwrap_or(0), open));
        Ok(())
    }

    /// Finds the step that a delta is for. The arguments of a call were seen under the number of the thought before it.
    fn find(&mut self, index: Option<u32>, arguments: bool) -> Option<&mut OpenStep> {
        let index = index.unwrap_or(0);
        let fits = |(number, open): &(u32, OpenStep)| *number == index && (!arguments || open.is_call());
        let place = self.open.iter().rposition(fits).or_else(|| {
            if arguments { self.open.iter().rposition(|(_, open)| open.is_call()) } else { None }
        })?;
        self.open.get_mut(place).map(|(_, open)| open)
    }

    fn grow(
        &mut self,
        index: Option<u32>,
        delta: Option<&RawValue>,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        let Some(delta) = delta else { return Ok(()) };
        let read = serde_json::from_str::<super::wire::Delta<'_>>(delta.get())?;
        let arguments =
            read.kind.as_ref().is_some_and(|kind| matches!(&*kind.0, "arguments_delta" | "arguments"));
        let mut parts = std::mem::take(&mut self.parts);
        let grown = match self.find(index, arguments) {
            Some(open) => open.grow(read, delta, &mut parts, events),
            None => Ok(()),
        };
        self.parts = parts;
        grown
    }

    fn end_step(&mut self, index: Option<u32>, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        let index = index.unwrap_or(0);
        if let Some(place) = self.open.iter().rposition(|(number, _)| *number == index) {
            let (_, open) = self.open.remove(place);
            open.end(&mut self.parts, events)?;
        }
        Ok(())
    }

    fn tell(&mut self, usage: Usage, events: &mut Vec<ChatEvent>) {
        self.start_unnamed(events);
        if self.told.replace(usage) != Some(usage) {
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
    }

    fn finish_with(
        &mut self,
        interaction: Interaction<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        self.start(&interaction, events);
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        for (_, open) in std::mem::take(&mut self.open) {
            open.end(&mut self.parts, events).map_err(unreadable)?;
        }
        let ending = match Ending::read(interaction) {
            Ok(ending) => ending,
            Err(error) => {
                self.finished = false;
                return Err(error);
            }
        };
        events.push(ChatEvent::Stop { choice: 0, reason: ending.reason });
        if let Some(usage) = ending.usage {
            self.tell(usage, events);
        }
        let extra = Extra::new(FORMAT, ending.extra);
        if ending.service_tier.is_some() || !extra.is_empty() {
            events.push(ChatEvent::Extra { service_tier: ending.service_tier, extra });
        }
        events.push(ChatEvent::Finish);
        Ok(())
    }
}

/// Ends a part after what it grows by last.
fn end_part(part: PartIndex, deltas: impl IntoIterator<Item = PartDelta>, events: &mut Vec<ChatEvent>) {
    events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta { part, delta }));
    events.push(ChatEvent::PartEnd { part });
}
