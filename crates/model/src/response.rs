//! A finished answer, and its unfolding into events.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    ChatEvent, Content, Delta, Extra, ModelName, Part, PartIndex, PartKind, ResponseId, Usage,
    message::{MediaSource, Text},
};

/// A finished answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatResponse {
    /// The provider's id.
    pub id: Option<ResponseId>,
    /// The model that answered.
    pub model: Option<ModelName>,
    /// When, in Unix seconds.
    pub created: Option<i64>,
    /// The answers, in the order of their indices.
    pub choices: Vec<Choice>,
    /// What was consumed. `None` where the provider says nothing.
    pub usage: Option<Usage>,
    /// The class of service that was used, in the provider's word.
    pub service_tier: Option<String>,
    /// Fields that only one format has.
    pub extra: Extra,
}

/// One of the answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its number.
    pub index: u32,
    /// What it says.
    pub parts: Vec<Part>,
    /// Why it ended. `None` where the provider does not say.
    pub finish_reason: Option<FinishReason>,
    /// How likely its tokens were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenLogprob>,
}

impl Choice {
    /// Makes an answer.
    #[must_use]
    pub const fn new(index: u32, parts: Vec<Part>, finish_reason: Option<FinishReason>) -> Self {
        Self { index, parts, finish_reason, logprobs: Vec::new() }
    }
}

/// How likely a token was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token.
    pub token: String,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Its UTF-8 bytes, where it is not a whole character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Self>,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// It wrote one of the stop texts; which one, where the provider says so.
    StopSequence(Option<String>),
    /// It used up the output tokens.
    Length,
    /// It filled the model's context window.
    ContextWindow,
    /// It waits for tools.
    ToolCalls,
    /// A filter cut it; the provider's own word for why.
    ContentFilter(Option<String>),
    /// The model declined; the provider's category.
    Refusal(Option<String>),
    /// A server-side tool loop paused; sending the conversation back goes on.
    PauseTurn,
    /// The model wrote a tool call that cannot be read; the provider's own word.
    MalformedToolCall(Option<String>),
    /// Another reason, in the provider's word.
    Other(String),
}

impl FinishReason {
    /// Returns a label for records and metrics.
    #[must_use]
    pub fn as_str(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Stop => "stop",
            Self::StopSequence(_) => "stop_sequence",
            Self::Length => "length",
            Self::ContextWindow => "context_window",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter(_) => "content_filter",
            Self::Refusal(_) => "refusal",
            Self::PauseTurn => "pause_turn",
            Self::MalformedToolCall(_) => "malformed_tool_call",
            Self::Other(reason) => return Cow::Owned(reason.clone()),
        })
    }
}

impl ChatResponse {
    /// Unfolds the answer into the events of a stream that says the same.
    ///
    /// [`crate::Assembler`] folds them back into an equal answer.
    #[must_use]
    pub fn into_events(self) -> Vec<ChatEvent> {
        let mut events = vec![ChatEvent::Start { id: self.id, model: self.model, created: self.created }];
        let mut next = 0;
        for choice in self.choices {
            for part in choice.parts {
                unfold_part(PartIndex(next), choice.index, part, &mut events);
                next += 1;
            }
            if !choice.logprobs.is_empty() {
                events.push(ChatEvent::Logprobs { choice: choice.index, tokens: choice.logprobs });
            }
            if let Some(reason) = choice.finish_reason {
                events.push(ChatEvent::Stop { choice: choice.index, reason });
            }
        }
        if let Some(usage) = self.usage {
            events.push(ChatEvent::Usage(Box::new(usage)));
        }
        if self.service_tier.is_some() || !self.extra.is_empty() {
            events.push(ChatEvent::Extra { service_tier: self.service_tier, extra: self.extra });
        }
        events.push(ChatEvent::Finish);
        events
    }
}

fn unfold_part(index: PartIndex, choice: u32, part: Part, events: &mut Vec<ChatEvent>) {
    let mut deltas = Vec::new();
    let mut grow = |text: String| {
        if !text.is_empty() {
            deltas.push(Delta::Text(text));
        }
    };
    let kind = match part.content {
        Content::Text(Text { text, citations }) => {
            grow(text);
            deltas.extend(citations.into_iter().map(|citation| Delta::Citation(Box::new(citation))));
            PartKind::Text
        }
        Content::Reasoning(reasoning) => {
            grow(reasoning.text);
            deltas.extend(reasoning.encrypted.map(Delta::Encrypted));
            PartKind::Reasoning
        }
        Content::Refusal(text) => {
            grow(text);
            PartKind::Refusal
        }
        Content::ToolCall(call) => {
            grow(call.arguments);
            PartKind::ToolCall { id: call.id, name: call.name, kind: call.kind }
        }
        Content::Audio(audio) if matches!(audio.source, MediaSource::Base64 { .. }) => {
            let MediaSource::Base64 { media_type, data } = audio.source else {
                unreachable!("the guard has just seen base64")
            };
            deltas.push(Delta::Media(data));
            deltas.extend(audio.transcript.map(Delta::Text));
            if audio.id.is_some() || audio.expires_at.is_some() {
                deltas.push(Delta::AudioId { id: audio.id, expires_at: audio.expires_at });
            }
            PartKind::Audio { media_type }
        }
        whole @ (Content::Audio(_)
        | Content::Image(_)
        | Content::Document(_)
        | Content::ToolResult(_)
        | Content::Opaque(_)) => PartKind::Whole(Box::new(whole)),
    };
    deltas.extend(part.signature.map(Delta::Signature));
    if !part.extra.is_empty() {
        // First, since a stream can say most of it only where the part begins.
        deltas.insert(0, Delta::Extra(part.extra));
    }
    events.push(ChatEvent::PartStart { part: index, choice, kind });
    events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta { part: index, delta }));
    events.push(ChatEvent::PartEnd { part: index });
}
