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

impl Capabilities {
    /// Takes from `other` whatever it says; keeps the rest.
    pub(crate) fn update(&mut self, other: &Self) {
        fn take(kept: &mut Option<bool>, other: Option<bool>) {
            *kept = other.or(*kept);
        }
        take(&mut self.tools, other.tools);
        take(&mut self.parallel_tools, other.parallel_tools);
        take(&mut self.vision, other.vision);
        take(&mut self.pdf, other.pdf);
        take(&mut self.audio_in, other.audio_in);
        take(&mut self.audio_out, other.audio_out);
        take(&mut self.structured_output, other.structured_output);
        take(&mut self.reasoning, other.reasoning);
        take(&mut self.system, other.system);
        take(&mut self.prompt_caching, other.prompt_caching);
        take(&mut self.web_search, other.web_search);
        take(&mut self.streaming, other.streaming);
    }
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
    /// Where `sampling` is refused: it is taken all the same as long as the effort is `none` (OpenAI from GPT-5.1 on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling_without_reasoning: Option<bool>,
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
    /// A budget in tokens is taken. `Some(false)`: it is refused (Anthropic from Opus 4.7 on, Gemini 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_budget: Option<bool>,
    /// The efforts that are taken, least first. Empty: not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub efforts: Vec<ReasoningEffort>,
    /// The effort that holds when none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_effort: Option<ReasoningEffort>,
    /// Which field limits the output (OpenAI chat).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_field: Option<MaxTokensField>,
    /// Function tools are taken together with reasoning on Chat Completions. `Some(false)`: refused unless the effort is
    /// `none` (OpenAI from GPT-5.4 on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_with_reasoning: Option<bool>,
    /// `Some(true)`: served through the Responses API only; Chat Completions does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responses_only: Option<bool>,
    /// `Some(true)`: served through the Interactions API only; generateContent does not know it (Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactions_only: Option<bool>,
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
