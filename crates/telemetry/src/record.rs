//! One call, as it is remembered.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tollgate_catalog::{Cost, Unpriced};
use tollgate_model::{
    CallId, ErrorKind, FinishReason, Format, KeyId, Losses, ModelName, NanoUsd, ProviderName, ResponseId,
    Usage,
};

/// All that is known of one call when it is over. Durations are in microseconds.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// Its id: a UUID of version 7, so ids sort by time.
    pub id: CallId,
    /// When it came, in Unix microseconds.
    pub started_at_us: i64,
    /// Who called.
    pub caller: CallerRecord,
    /// The format the client spoke. `None`: a program that embeds the gateway.
    pub front_door: Option<Format>,
    /// What was done, as OpenTelemetry names it: `chat`.
    pub operation: &'static str,
    /// The model, as the client asked for it.
    pub model_asked: ModelName,
    /// The provider that answered, or was tried last.
    pub provider: Option<ProviderName>,
    /// The model that was asked there.
    pub model: Option<ModelName>,
    /// The model that the answer names.
    pub response_model: Option<ModelName>,
    /// The provider's id for the answer.
    pub response_id: Option<ResponseId>,
    /// Whether the client asked for a stream.
    pub streamed: bool,
    /// Whether the bytes passed untouched but for the model's name.
    pub relayed: bool,
    /// Every try, in order.
    pub attempts: Vec<Attempt>,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, unless it completed.
    pub error: Option<CallFailure>,
    /// The status that the client saw.
    pub http_status: u16,
    /// Why the answer ended.
    pub finish_reason: Option<FinishReason>,
    /// What was consumed.
    pub usage: Usage,
    /// How that is known.
    pub usage_source: UsageSource,
    /// What it cost.
    pub cost: CallCost,
    /// The class of service that the provider used.
    pub service_tier: Option<String>,
    /// From the call's beginning to the first content.
    pub time_to_first_token_us: Option<i64>,
    /// From the call's beginning to its end.
    pub duration_us: i64,
    /// What could not be expressed.
    pub losses: Losses,
    /// The client's body. Empty where content is not captured.
    pub request: Bytes,
    /// The answer's body, in pieces.
    pub response: Vec<Bytes>,
}

/// Who called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallerRecord {
    /// The key's name.
    pub key: Option<KeyId>,
    /// The team.
    pub team: Option<Arc<str>>,
    /// The user.
    pub user: Option<Arc<str>>,
    /// Labels of the key and of the call.
    pub tags: Vec<(String, String)>,
}

impl CallRecord {
    /// Begins the record of a call that has ended in nothing yet.
    #[must_use]
    pub fn new(id: CallId, started_at_us: i64, model_asked: ModelName) -> Self {
        Self {
            id,
            started_at_us,
            caller: CallerRecord::default(),
            front_door: None,
            operation: "chat",
            model_asked,
            provider: None,
            model: None,
            response_model: None,
            response_id: None,
            streamed: false,
            relayed: false,
            attempts: Vec::new(),
            outcome: Outcome::Cancelled,
            error: None,
            http_status: 0,
            finish_reason: None,
            usage: Usage::default(),
            usage_source: UsageSource::Unknown,
            cost: CallCost::Nothing,
            service_tier: None,
            time_to_first_token_us: None,
            duration_us: 0,
            losses: Losses::new(),
            request: Bytes::new(),
            response: Vec::new(),
        }
    }

    /// Roughly how much memory it holds.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.request.len() + self.response.iter().map(Bytes::len).sum::<usize>()
    }
}

/// One try at one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The provider.
    pub provider: ProviderName,
    /// The model there.
    pub model: ModelName,
    /// When it began, counted from the call's beginning.
    pub started_after_us: i64,
    /// Until an answer began, or it failed.
    pub duration_us: i64,
    /// The provider's status, if it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong. `None`: it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<CallFailure>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailure {
    /// The kind, which is the `error.type` label.
    pub kind: ErrorKind,
    /// The words, for people.
    pub message: String,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The client got the whole answer.
    Completed,
    /// It got an error, before or within the answer.
    Failed,
    /// It left before the end.
    Cancelled,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Cancelled];

    /// Returns the word that tables and filters use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// How it is known what was consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider said so.
    Reported,
    /// The gateway reckoned it from the bytes, at least in part.
    Estimated,
    /// It is not known.
    Unknown,
}

impl UsageSource {
    /// Returns the word that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }

    /// Reads that word; what is not one is unknown.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Reported, Self::Estimated]
            .into_iter()
            .find(|source| source.as_str() == word)
            .unwrap_or(Self::Unknown)
    }
}

/// What a call cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallCost {
    /// Nothing was consumed: no provider answered.
    Nothing,
    /// It is known, as far as the usage is.
    Priced(Box<Cost>),
    /// Something was consumed, and its price is not known. Never counted as 0.
    Unpriced(Unpriced),
}

impl CallCost {
    /// Returns the amount, where it is known.
    #[must_use]
    pub fn total(&self) -> Option<NanoUsd> {
        match self {
            Self::Nothing => Some(NanoUsd::ZERO),
            Self::Priced(cost) => Some(cost.total),
            Self::Unpriced(_) => None,
        }
    }
}

/// One line of a cost, as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// The class: `input`, `cache_read`, `output` …
    pub class: String,
    /// Tokens, or calls.
    pub quantity: u64,
    /// The rate in US dollars, for a million tokens or a thousand calls.
    pub rate_usd: String,
    /// The amount in US dollars, exactly.
    pub amount_usd: String,
}

/// Makes a new call id: a UUID of version 7.
#[must_use]
pub fn new_call_id() -> CallId {
    let mut buffer = uuid::Uuid::encode_buffer();
    CallId::new(&*uuid::Uuid::now_v7().hyphenated().encode_lower(&mut buffer))
}
