//! A model's card: what it can do, and what its vendor refuses for it.

use serde::{Deserialize, Serialize};
use tollgate_model::{ModelName, ProviderName, request::ReasoningEffort};

/// What is known of one model at one kind of provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Model {
    /// The kind of provider (`openai`, `anthropic`, `gemini`, `xai` …) that serves it.
    pub provider: ProviderName,
    /// Its name there.
    pub id: ModelName,
    /// The most tokens of prompt and answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// The most tokens of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// What must be observed when it is asked.
    #[serde(default)]
    pub rules: Rules,
}

impl Model {
    /// Makes the card of a model of which nothing is known: everything is allowed.
    #[must_use]
    pub fn unknown(provider: ProviderName, id: ModelName) -> Self {
        Self {
            provider,
            id,
            context_window: None,
            max_output_tokens: None,
            capabilities: Capabilities::default(),
            rules: Rules::default(),
        }
    }
}

/// What a model can do. `None` is 'not known', which is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Function tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Several tool calls at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tools: Option<bool>,
    /// Pictures in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// PDF files in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdf: Option<bool>,
    /// Sound in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_in: Option<bool>,
    /// Sound in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_out: Option<bool>,
    /// Answers after a JSON Schema, by the vendor's own means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured_output: Option<bool>,
    /// Reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// System messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
    /// Prompt caching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_caching: Option<bool>,
    /// Web search on the vendor's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_search: Option<bool>,
    /// Answers as a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming: Option<bool>,
}

/// What must be observed when a model is asked. The defaults hold for a model of which nothing is known.
///
/// Encoders read these instead of looking at names. Each refusal that a vendor answers with a 400 is here as data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// `temperature`, `top_p` and `top_k` are taken. `Some(false)`: they are refused, so they are left out and named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<bool>,
    /// Presence and frequency penalties are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalties: Option<bool>,
    /// Stop texts are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<bool>,
    /// Several answers are given when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_choices: Option<bool>,
    /// The last message may be the assistant's, to be continued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_prefill: Option<bool>,
    /// A tool may be forced (`required`, or one by name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced_tool_choice: Option<bool>,
    /// System messages may stand inside the conversation (Anthropic); elsewhere they are hoisted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid_conversation_system: Option<bool>,
    /// How reasoning is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ReasoningStyle>,
    /// The efforts that are taken, least first. Empty: not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub efforts: Vec<ReasoningEffort>,
    /// Which field limits the output (OpenAI chat).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_field: Option<MaxTokensField>,
    /// Function tools together with reasoning are refused on Chat Completions (OpenAI from GPT-5.4 on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_with_reasoning: Option<bool>,
    /// The shortest prompt that is cached, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_cache_min_tokens: Option<u64>,
}

/// How a model is asked to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasoningStyle {
    /// It does not reason, and refuses to be asked.
    None,
    /// By an effort word (OpenAI, xAI).
    Effort,
    /// By a budget in tokens (Anthropic up to 4.5, Gemini 2.5).
    Budget,
    /// By a budget in tokens or adaptively, with an effort word (Anthropic 4.6 to 5).
    Adaptive,
    /// Always on and adaptive; only an effort word is taken (Anthropic Opus 5.5, Sonnet 5.5, Fable, Mythos).
    AlwaysOn,
    /// By a level word (Gemini 3 and later).
    Level,
}

/// Which field limits the output on Chat Completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_tokens`: older models, and servers that only copy the format.
    MaxTokens,
    /// `max_completion_tokens`: OpenAI's reasoning models refuse the older field.
    MaxCompletionTokens,
}
