//! Folds events into a response.

use std::collections::BTreeMap;

use crate::{
    ChatEvent, ChatResponse, Choice, Content, Delta, Part, PartIndex, PartKind,
    message::{Audio, MediaSource, Reasoning, Text, ToolCall},
};

/// Folds the events of one answer into a [`ChatResponse`].
///
/// Total: events that break the grammar (a delta of a part that never began) are skipped, since a decoder's
/// conformance suite proves the grammar and a record shall hold what there is. [`Assembler::is_finished`] says whether
/// the answer came to its end.
#[derive(Debug, Default)]
pub struct Assembler {
    response: ChatResponse,
    choices: BTreeMap<u32, Choice>,
    /// Where each part stands: its choice, and its place in that choice.
    places: BTreeMap<PartIndex, (u32, usize)>,
    finished: bool,
}

impl Assembler {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Folds all of `events`.
    pub fn fold(events: impl IntoIterator<Item = ChatEvent>) -> ChatResponse {
        let mut assembler = Self::new();
        for event in events {
            assembler.push(event);
        }
        assembler.into_response()
    }

    /// Folds one event.
    pub fn push(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Start { id, model, created } => {
                self.response.id = id;
                self.response.model = model;
                self.response.created = created;
            }
            ChatEvent::PartStart { part, choice, kind } => {
                let parts = &mut self.choice_mut(choice).parts;
                parts.push(Part::new(start(kind)));
                let place = (choice, parts.len() - 1);
                self.places.insert(part, place);
            }
            ChatEvent::Delta { part, delta } => {
                if let Some(part) = self.part(part) {
                    grow(part, delta);
                }
            }
            ChatEvent::PartEnd { .. } => {}
            ChatEvent::Logprobs { choice, tokens } => self.choice_mut(choice).logprobs.extend(tokens),
            ChatEvent::Stop { choice, reason } => self.choice_mut(choice).finish_reason = Some(reason),
            ChatEvent::Usage(usage) => self.response.usage.get_or_insert_default().update(&usage),
            ChatEvent::Extra { service_tier, extra } => {
                if service_tier.is_some() {
                    self.response.service_tier = service_tier;
                }
                if let Some((format, fields)) = extra.any() {
                    for (name, value) in fields {
                        self.response.extra.insert(format, name.clone(), value.clone());
                    }
                }
            }
            ChatEvent::Finish => self.finished = true,
        }
    }

    /// Returns an answer as far as it was folded.
    #[must_use]
    pub fn choice(&self, index: u32) -> Option<&Choice> {
        self.choices.get(&index)
    }

    /// Tells whether [`ChatEvent::Finish`] was seen.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Returns what was folded so far, finished or not.
    #[must_use]
    pub fn into_response(mut self) -> ChatResponse {
        self.response.choices = self.choices.into_values().collect();
        self.response
    }

    fn choice_mut(&mut self, index: u32) -> &mut Choice {
        self.choices.entry(index).or_insert_with(|| Choice::new(index, Vec::new(), None))
    }

    fn part(&mut self, index: PartIndex) -> Option<&mut Part> {
        let (choice, place) = self.places.get(&index)?;
        self.choices.get_mut(choice)?.parts.get_mut(*place)
    }
}

fn start(kind: PartKind) -> Content {
    match kind {
        PartKind::Text => Content::Text(Text::default()),
        PartKind::Reasoning => Content::Reasoning(Reasoning::default()),
        PartKind::Refusal => Content::Refusal(String::new()),
        PartKind::ToolCall { id, name, kind } => {
            Content::ToolCall(ToolCall { id, name, arguments: String::new(), kind })
        }
        PartKind::Audio { media_type } => Content::Audio(Audio {
            source: MediaSource::Base64 { media_type, data: String::new() },
            transcript: None,
            id: None,
            expires_at: None,
        }),
        PartKind::Whole(content) => *content,
    }
}

fn grow(part: &mut Part, delta: Delta) {
    match (delta, &mut part.content) {
        (Delta::Signature(signature), _) => part.signature = Some(signature),
        (Delta::Extra(extra), _) => part.extra = extra,
        (Delta::Text(more), Content::Text(text)) => text.text.push_str(&more),
        (Delta::Text(more), Content::Reasoning(reasoning)) => reasoning.text.push_str(&more),
        (Delta::Text(more), Content::Refusal(text)) => text.push_str(&more),
        (Delta::Text(more), Content::ToolCall(call)) => call.arguments.push_str(&more),
        (Delta::Text(more), Content::Audio(audio)) => {
            audio.transcript.get_or_insert_default().push_str(&more);
        }
        (Delta::Media(more), Content::Audio(Audio { source: MediaSource::Base64 { data, .. }, .. })) => {
            data.push_str(&more);
        }
        (Delta::Citation(citation), Content::Text(text)) => text.citations.push(*citation),
        (Delta::Encrypted(more), Content::Reasoning(reasoning)) => {
            reasoning.encrypted.get_or_insert_default().push_str(&more);
        }
        (Delta::AudioId { id, expires_at }, Content::Audio(audio)) => {
            audio.id = id.or_else(|| audio.id.take());
            audio.expires_at = expires_at.or(audio.expires_at);
        }
        // A delta that its part cannot take: the decoder broke the grammar.
        (
            Delta::Text(_)
            | Delta::Media(_)
            | Delta::Citation(_)
            | Delta::Encrypted(_)
            | Delta::AudioId { .. },
            _,
        ) => {}
    }
}
