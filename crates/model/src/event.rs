//! Stream events: the one grammar that every decoder emits and every encoder reads.
//!
//! ```text
//! Start ( PartStart | Delta | PartEnd | Logprobs | Stop | Usage | Extra )* Finish
//! ```
//!
//! Parts may interleave. A [`PartIndex`] is used once, from its `PartStart` to its `PartEnd`. `Usage` is a running total:
//! a later one updates an earlier one. Each choice has at most one `Stop`. `Finish` comes last, and only if the provider's
//! own terminator was seen; a stream that breaks ends without it.

use serde::{Deserialize, Serialize};

use crate::{
    Extra, FinishReason, ModelName, PartIndex, ResponseId, ToolCallId, Usage,
    message::{Citation, Content, Signature, ToolCallKind},
    response::TokenLogprob,
};

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ChatEvent {
    /// The provider took the request and begins.
    Start {
        /// Its id for the answer.
        id: Option<ResponseId>,
        /// The model that answers, which can be more exact than the one asked for.
        model: Option<ModelName>,
        /// When, in Unix seconds, where the provider says so.
        created: Option<i64>,
    },
    /// A part begins.
    PartStart {
        /// Its number.
        part: PartIndex,
        /// The answer it belongs to; 0 unless several were asked for.
        choice: u32,
        /// What it is.
        kind: PartKind,
    },
    /// A part grows.
    Delta {
        /// Its number.
        part: PartIndex,
        /// By what.
        delta: Delta,
    },
    /// A part is complete.
    PartEnd {
        /// Its number.
        part: PartIndex,
    },
    /// How likely the tokens of a choice were, in order, continuing what was said before.
    Logprobs {
        /// The answer.
        choice: u32,
        /// Its next tokens.
        tokens: Vec<TokenLogprob>,
    },
    /// A choice is complete.
    Stop {
        /// The answer.
        choice: u32,
        /// Why it ended.
        reason: FinishReason,
    },
    /// What was consumed so far.
    Usage(Box<Usage>),
    /// Something about the whole answer: the service tier that was used, or a field that only one format has.
    Extra {
        /// The class of service that was used, in the provider's word.
        service_tier: Option<String>,
        /// Fields that only one format has.
        extra: Extra,
    },
    /// The answer is complete.
    Finish,
}

/// What a part is, as far as its beginning says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum PartKind {
    /// Text; grows by [`Delta::Text`] and [`Delta::Citation`].
    Text,
    /// Reasoning; grows by [`Delta::Text`] and [`Delta::Encrypted`].
    Reasoning,
    /// A refusal; grows by [`Delta::Text`].
    Refusal,
    /// A tool call; grows by [`Delta::Text`], which continues its arguments.
    ToolCall {
        /// Joins it with its result.
        id: ToolCallId,
        /// The tool.
        name: String,
        /// What the input is.
        kind: ToolCallKind,
    },
    /// Sound; grows by [`Delta::Media`] (base64) and [`Delta::Text`] (transcript).
    Audio {
        /// The MIME type.
        media_type: String,
    },
    /// Something that arrives whole: a picture, a document, an opaque block. Does not grow but by its attributes.
    Whole(Box<Content>),
}

/// By what a part grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Delta {
    /// More text: of the answer, the reasoning, the refusal, the arguments or the transcript.
    Text(String),
    /// More base64 of sound. Pieces are joined as text, so each but the last holds whole groups of four characters.
    Media(String),
    /// What the text is based on.
    Citation(Box<Citation>),
    /// The reasoning as only its issuer can read it.
    Encrypted(String),
    /// The part's signature, whole; a second one replaces the first.
    Signature(Signature),
    /// The sound's id and until when it is known, in Unix seconds.
    AudioId {
        /// The id.
        id: Option<String>,
        /// Until when, in Unix seconds.
        expires_at: Option<i64>,
    },
    /// Fields that only one format has; replaces what was said before.
    Extra(Extra),
}
