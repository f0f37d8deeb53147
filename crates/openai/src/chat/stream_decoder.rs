//! A streaming answer → canonical events.
//!
//! Source: the vendor's guide to streaming and `CreateChatCompletionStreamResponse` in its OpenAPI description; the ways of
//! other servers from recorded streams (read 2026-11-23).
//!
//! A finish reason is held until the stream is known to be complete: some servers send more of a choice after it, and a
//! stream that breaks off must not look finished.

use std::sync::Arc;

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{ChatEvent, ChatRequest, Extra, Format, ModelName, ProviderError, ResponseId, Usage};
use tollgate_provider::{Frame, StreamDecoder};

use super::{
    Quirks, error, finish, logprobs, media,
    names::Restore,
    response::ChoiceExtras,
    usage,
    wire::{self, Text, unix_seconds},
};

mod choice;

use choice::ChoiceState;

/// Translates one stream of chunks.
#[derive(Debug)]
pub(super) struct ChunkDecoder {
    quirks: Arc<Quirks>,
    /// What encoding did to the request.
    restore: Restore,
    /// The encoding of sound that was asked for: chunks do not say it.
    audio_type: String,
    /// The answer's id, from which missing ids of calls are made.
    id: String,
    started: bool,
    done: bool,
    /// The number of the next part.
    next_part: u32,
    choices: Vec<ChoiceState>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    /// What chunks say that the canonical model has no place for.
    extra: Map<String, Value>,
    choice_extras: ChoiceExtras,
}

impl StreamDecoder for ChunkDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.done {
            return Ok(());
        }
        let data = frame.data.trim_ascii();
        if data == b"[DONE]" {
            return self.close(events);
        }
        let chunk: wire::Body<'_> = serde_json::from_slice(data).map_err(unreadable)?;
        if chunk.error.is_some() || (frame.event == Some(b"error") && chunk.choices.is_none()) {
            return Err(error::in_band(data));
        }
        self.chunk(chunk, events)
    }

    fn finish(&mut self, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let complete = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.reason.is_some());
        if self.done {
            Ok(())
        } else if self.quirks.may_omit_done && complete {
            self.close(events)
        } else {
            Err(ProviderError::truncated())
        }
    }
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("stream", source)
}

impl ChunkDecoder {
    pub(super) fn new(quirks: Arc<Quirks>, request: &ChatRequest) -> Self {
        let format = request.audio.as_ref().and_then(|audio| audio.format.as_deref());
        Self {
            quirks,
            restore: Restore::new(request),
            audio_type: media::audio_media_type(format.unwrap_or("wav")),
            id: String::new(),
            started: false,
            done: false,
            next_part: 0,
            choices: Vec::new(),
            usage: None,
            service_tier: None,
            extra: Map::new(),
            choice_extras: ChoiceExtras::default(),
        }
    }

    fn chunk(&mut self, chunk: wire::Body<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let choices = chunk.choices.unwrap_or_default().0;
        if !self.started {
            let speaks = !choices.is_empty() || chunk.usage.is_some();
            self.start(chunk.id, chunk.model, chunk.created, speaks, events);
        }
        if let Some(tier) = chunk.service_tier.filter(|tier| !tier.is_empty())
            && self.service_tier.as_deref() != Some(&*tier)
        {
            self.service_tier = Some(tier.into_owned());
        }
        if !chunk.rest.is_empty() {
            // Said anew with each chunk, so the last counts.
            self.extra.extend(chunk.rest.into_map());
        }
        for (place, choice) in choices.into_iter().enumerate() {
            self.choice(place, choice, events)?;
        }
        if let Some(usage) = chunk.usage {
            self.usage(usage, events);
        }
        Ok(())
    }

    /// Begins with the first chunk that says who answers: Azure sends one before that only tells of its filters.
    fn start(
        &mut self,
        id: Option<Text<'_>>,
        model: Option<Text<'_>>,
        created: Option<&RawValue>,
        speaks: bool,
        events: &mut Vec<ChatEvent>,
    ) {
        let id = id.filter(|id| !id.is_empty());
        if id.is_none() && !speaks {
            return;
        }
        self.started = true;
        self.id = id.as_deref().unwrap_or_default().to_owned();
        events.push(ChatEvent::Start {
            id: id.map(|id| ResponseId::new(&*id)),
            model: model.filter(|model| !model.is_empty()).map(|model| ModelName::new(&*model)),
            created: created.and_then(unix_seconds),
        });
    }

    fn choice(
        &mut self,
        place: usize,
        choice: wire::Choice<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> Result<(), ProviderError> {
        if let Some(error) = choice.error {
            return Err(error::nested(error.get()));
        }
        let index = choice.index.unwrap_or_else(|| u32::try_from(place).unwrap_or(u32::MAX));
        let known = self.choices.iter().position(|state| state.index == index);
        let known = known.unwrap_or_else(|| {
            self.choices.push(ChoiceState::new(index));
            self.choices.len() - 1
        });
        let state = &mut self.choices[known];
        let mut context = choice::Context {
            restore: &self.restore,
            audio_type: &self.audio_type,
            response: &self.id,
            next_part: &mut self.next_part,
            events,
        };
        let mut unknown = Map::new();
        if let Some(delta) = choice.delta {
            unknown = state.delta(delta, &mut context).map_err(unreadable)?;
        }
        if let Some(word) = choice.finish_reason.filter(|word| !word.is_empty()) {
            state.reason = Some(finish::decode(&word, choice.stop_reason.as_ref()));
        }
        let tokens = choice.logprobs.map(logprobs::decode).unwrap_or_default();
        if !tokens.is_empty() {
            events.push(ChatEvent::Logprobs { choice: index, tokens });
        }
        if !choice.rest.is_empty() || !unknown.is_empty() {
            self.choice_extras.add(index, choice.rest.into_map(), unknown);
        }
        Ok(())
    }

    /// Tells the usage so far, once for each change: some servers repeat it on every chunk.
    fn usage(&mut self, wire: wire::Usage<'_>, events: &mut Vec<ChatEvent>) {
        let (usage, rest) = usage::decode(wire, self.quirks.reasoning_counted_apart);
        if !rest.is_empty() {
            self.extra.insert("usage".to_owned(), Value::Object(rest));
        }
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
    }

    fn close(&mut self, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if !self.started {
            // An end without a beginning is no answer.
            return Err(ProviderError::truncated());
        }
        self.done = true;
        let mut context = choice::Context {
            restore: &self.restore,
            audio_type: &self.audio_type,
            response: &self.id,
            next_part: &mut self.next_part,
            events,
        };
        for state in &mut self.choices {
            state.close(&mut context);
        }
        let mut extra = std::mem::take(&mut self.extra);
        std::mem::take(&mut self.choice_extras).write_into(&mut extra);
        let service_tier = self.service_tier.take();
        if service_tier.is_some() || !extra.is_empty() {
            events.push(ChatEvent::Extra { service_tier, extra: Extra::new(Format::OPENAI_CHAT, extra) });
        }
        for state in &mut self.choices {
            if let Some(reason) = state.reason.take() {
                events.push(ChatEvent::Stop { choice: state.index, reason });
            }
        }
        events.push(ChatEvent::Finish);
        Ok(())
    }
}
