//! A streaming answer → canonical events. A complete answer is a stream of one frame.
//!
//! Source: <https://ai.google.dev/api/generate-content> and <https://ai.google.dev/gemini-api/docs/thought-signatures>
//! (read 2026-11-23).

use serde_json::{Map, Value};
use tollgate_model::{
    ChatEvent, Delta, Extra, ModelName, PartIndex, PartKind, ProviderError, ResponseId, Usage,
};
use tollgate_provider::{Frame, StreamDecoder};

use super::{
    FORMAT, grounding,
    response::{parse, unreadable},
    usage::Counters,
    wire::response::{GenerateContentResponse, PromptFeedback},
};
use crate::{
    names::{Restore, made_call_id},
    time::unix_seconds,
};

mod candidate;
mod part;

use candidate::CandidateState;

/// Translates one stream of `GenerateContentResponse`s.
#[derive(Debug)]
pub(in crate::generate_content) struct GenerateContentDecoder {
    /// What encoding did to the request.
    restore: Restore,
    /// Whether a frame came.
    started: bool,
    /// The answers so far, in order of appearance.
    candidates: Vec<CandidateState>,
    /// Why the prompt was refused. Such an answer has no candidates.
    block_reason: Option<String>,
    /// The model that answers: what is billed beside tokens depends on it.
    model: Option<String>,
    counters: Counters,
    /// The usage that was told last: frames repeat it.
    told: Option<Usage>,
    numbers: Numbers,
    /// Fields of the answer that the canonical model has no place for.
    rest: Map<String, Value>,
}

/// Gives out the numbers of parts, and ids of calls that came without one.
#[derive(Debug, Default)]
pub(in crate::generate_content) struct Numbers {
    next_part: u32,
    next_call: usize,
    response_id: Option<String>,
}

impl Numbers {
    /// Begins a part.
    pub(in crate::generate_content) fn part(
        &mut self,
        choice: u32,
        kind: PartKind,
        events: &mut Vec<ChatEvent>,
    ) -> PartIndex {
        let part = PartIndex(self.next_part);
        self.next_part += 1;
        events.push(ChatEvent::PartStart { part, choice, kind });
        part
    }

    /// Makes an id for a call that came without.
    pub(in crate::generate_content) fn call_id(&mut self) -> String {
        let number = self.next_call;
        self.next_call += 1;
        made_call_id(self.response_id.as_deref(), number)
    }
}

impl StreamDecoder for GenerateContentDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        // The vendor sends no such mark, but servers that imitate it do.
        if frame.data == b"[DONE]" {
            return Ok(());
        }
        self.read(parse(frame.data)?, events).map_err(unreadable)
    }

    fn finish(&mut self, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.is_complete() {
            self.close(events);
            Ok(())
        } else {
            Err(ProviderError::truncated())
        }
    }
}

impl GenerateContentDecoder {
    pub(in crate::generate_content) fn new(restore: Restore) -> Self {
        Self {
            restore,
            started: false,
            candidates: Vec::new(),
            block_reason: None,
            model: None,
            counters: Counters::default(),
            told: None,
            numbers: Numbers::default(),
            rest: Map::new(),
        }
    }

    /// Reads one frame.
    pub(in crate::generate_content) fn read(
        &mut self,
        response: GenerateContentResponse<'_>,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        self.start(&response, events);
        if let Some(feedback) = response.prompt_feedback {
            self.read_feedback(&feedback)?;
        }
        let candidates = response.candidates.unwrap_or_default();
        // An index of 0 is left out on the wire; so are those of answers that are numbered by place.
        let numbered = candidates.iter().any(|candidate| candidate.index.is_some());
        for (place, candidate) in (0..).zip(candidates) {
            let index = candidate.index.unwrap_or(if numbered { 0 } else { place });
            let known = self.candidates.iter().position(|known| known.index == index);
            let state = match known {
                Some(known) => &mut self.candidates[known],
                None => self.candidates.push_mut(CandidateState::new(index)),
            };
            state.read(candidate, &self.restore, &mut self.numbers, events)?;
        }
        if let Some(report) = response.usage_metadata {
            self.counters.update(&report)?;
            self.tell_usage(events);
        }
        if !response.rest.is_empty() {
            self.rest.extend(response.rest.parse()?);
        }
        Ok(())
    }

    fn tell_usage(&mut self, events: &mut Vec<ChatEvent>) {
        let usage = self.counters.usage();
        if self.told.replace(usage) != Some(usage) {
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
    }

    fn start(&mut self, response: &GenerateContentResponse<'_>, events: &mut Vec<ChatEvent>) {
        if self.numbers.response_id.is_none() {
            self.numbers.response_id = response.response_id.as_ref().map(|id| id.0.to_string());
        }
        if self.model.is_none() {
            self.model = response.model_version.as_ref().map(|model| model.0.to_string());
        }
        if self.started {
            return;
        }
        self.started = true;
        events.push(ChatEvent::Start {
            id: response.response_id.as_ref().map(|id| ResponseId::new(&*id.0)),
            model: response.model_version.as_ref().map(|model| ModelName::new(&*model.0)),
            created: response.create_time.as_ref().and_then(|time| unix_seconds(&time.0)),
        });
    }

    fn read_feedback(&mut self, feedback: &PromptFeedback<'_>) -> serde_json::Result<()> {
        let mut kept = feedback.rest.parse()?;
        if let Some(reason) = &feedback.block_reason {
            let reason = reason.among(&[]).into_owned();
            kept.insert("blockReason".to_owned(), Value::from(reason.as_str()));
            self.block_reason = Some(reason);
        }
        if !kept.is_empty() {
            self.rest.insert("promptFeedback".to_owned(), Value::Object(kept));
        }
        Ok(())
    }

    /// Tells whether an answer came.
    pub(in crate::generate_content) const fn has_answer(&self) -> bool {
        !self.candidates.is_empty() || self.block_reason.is_some()
    }

    /// Tells whether an answer came to its end. The body's end is the only other mark.
    fn is_complete(&self) -> bool {
        self.block_reason.is_some()
            || self.candidates.iter().any(|candidate| candidate.finish_reason.is_some())
    }

    /// Ends all parts and says why each answer ended: only the body's end tells that no more is to come.
    pub(in crate::generate_content) fn close(&mut self, events: &mut Vec<ChatEvent>) {
        if self.candidates.is_empty() && self.block_reason.is_some() {
            self.candidates.push(CandidateState::new(0));
        }
        let mut kept = Vec::new();
        for mut candidate in std::mem::take(&mut self.candidates) {
            candidate.close(self.block_reason.as_deref(), events);
            if let Some(grounding) = candidate.rest.get("groundingMetadata") {
                grounding::count(grounding, self.model.as_deref(), &mut self.counters);
            }
            kept.extend(candidate.into_rest());
        }
        if self.counters.web_searches.is_some() || self.counters.map_lookups.is_some() {
            self.tell_usage(events);
        }
        let counters = std::mem::take(&mut self.counters);
        let service_tier = counters.service_tier.clone();
        let mut rest = std::mem::take(&mut self.rest);
        if !kept.is_empty() {
            rest.insert("candidates".to_owned(), Value::Array(kept));
        }
        if let Some(usage) = counters.into_rest() {
            rest.insert("usageMetadata".to_owned(), usage);
        }
        if service_tier.is_some() || !rest.is_empty() {
            events.push(ChatEvent::Extra { service_tier, extra: Extra::new(FORMAT, rest) });
        }
        events.push(ChatEvent::Finish);
    }
}

/// Ends a part after its attributes.
pub(in crate::generate_content) fn end_part(
    part: PartIndex,
    deltas: impl IntoIterator<Item = Delta>,
    events: &mut Vec<ChatEvent>,
) {
    events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta { part, delta }));
    events.push(ChatEvent::PartEnd { part });
}
