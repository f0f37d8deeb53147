//! What a client asks for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Extra, Message, ModelName, message::CacheHint};

/// One request for an answer of a model, in no vendor's terms.
///
/// `None` is 'not said': the provider's default holds. Encoders never write a default that was not asked for, unless
/// the format requires the field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The model, as the client asked for it.
    pub model: ModelName,
    /// The conversation so far, system messages included, in the order they were given.
    pub messages: Vec<Message>,
    /// Tools the model may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Whether it may, must or must not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may ask for several at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The shape of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// How much to reason.
    #[serde(default)]
    pub reasoning: ReasoningSettings,
    /// How the next token is drawn.
    #[serde(default)]
    pub sampling: Sampling,
    /// The most output tokens, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How many answers. `None` is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<u32>,
    /// Whether to say how likely the tokens were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs>,
    /// What the answer may be made of, where it is not text alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modalities: Option<Vec<Modality>>,
    /// The voice and encoding of an answer in sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioOutput>,
    /// Which class of service (`auto`, `default`, `flex`, `priority` …), in the client's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The end user, as a stable opaque id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Labels that the provider keeps with the call.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Where a prompt cache may be found.
    #[serde(default)]
    pub cache: CacheSettings,
    /// Whether the answer shall come as a stream.
    #[serde(default)]
    pub stream: bool,
    /// Whether the client wants usage at the end of a stream (`stream_options.include_usage`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_usage: Option<bool>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl ChatRequest {
    /// Makes a request with nothing but a model and a conversation.
    #[must_use]
    pub fn new(model: ModelName, messages: Vec<Message>) -> Self {
        Self {
            model,
            messages,
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            response_format: None,
            reasoning: ReasoningSettings::default(),
            sampling: Sampling::default(),
            max_output_tokens: None,
            stop: Vec::new(),
            choices: None,
            logprobs: None,
            modalities: None,
            audio: None,
            service_tier: None,
            user: None,
            metadata: Map::new(),
            cache: CacheSettings::default(),
            stream: false,
            stream_usage: None,
            extra: Extra::NONE,
        }
    }

    /// Adds tools.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<Tool>) -> Self {
        self.tools = tools;
        self
    }

    /// Limits the output.
    #[must_use]
    pub fn with_max_output_tokens(mut self, tokens: u64) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Asks for a stream.
    #[must_use]
    pub fn streamed(mut self) -> Self {
        self.stream = true;
        self
    }
}

/// A tool the model may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// What it is.
    pub kind: ToolKind,
    /// Asks for the prompt to be cached up to and including this tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheHint>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// What a tool is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolKind {
    /// A function that the client runs, with JSON input.
    Function(FunctionTool),
    /// A tool that the client runs, with free-text input after an optional grammar (OpenAI custom tools).
    Custom(CustomTool),
    /// A tool of one format (server-side search, code execution …), exactly as it stood there.
    Opaque(crate::message::Opaque),
}

/// A function that the client runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// When and how to use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its input, exactly as given. `None` is 'no input'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether the input must follow the schema to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// A tool with free-text input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomTool {
    /// Its name.
    pub name: String,
    /// When and how to use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// OpenAI's `format` object (text or a grammar), exactly as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Value>,
}

impl Tool {
    /// Makes a function tool.
    pub fn function(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self::new(ToolKind::Function(FunctionTool {
            name: name.into(),
            description: Some(description.into()),
            parameters: Some(parameters),
            strict: None,
        }))
    }

    /// Makes a tool of a kind.
    #[must_use]
    pub const fn new(kind: ToolKind) -> Self {
        Self { kind, cache: None, extra: Extra::NONE }
    }
}

/// Whether the model may, must or must not ask for a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// It must not.
    None,
    /// It may.
    Auto,
    /// It must, any of them.
    Required,
    /// It must, this one.
    Named(String),
    /// It may or must, among these only (OpenAI `allowed_tools`, Gemini `allowedFunctionNames`).
    Allowed {
        /// Whether it must.
        required: bool,
        /// The tools' names.
        names: Vec<String>,
    },
}

/// The shape of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseFormat {
    /// Any text.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON after a schema.
    JsonSchema(JsonSchema),
}

/// The schema of a structured answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonSchema {
    /// Its name (OpenAI requires one; encoders make one where it is missing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema, exactly as given.
    pub schema: Value,
    /// Whether the answer must follow it to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// How much to reason. At most one of `effort` and `budget_tokens` is usually given; encoders use what their format has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReasoningSettings {
    /// How hard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<ReasoningEffort>,
    /// The most reasoning tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u64>,
    /// Reasoning on or off, or left to the model, where that is asked for apart from the effort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<ReasoningMode>,
    /// Whether the answer shall show the reasoning or a summary of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
}

impl ReasoningSettings {
    /// Tells whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How hard to reason. The order is the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasoningEffort {
    /// Not at all.
    None,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// Moderately.
    Medium,
    /// Hard.
    High,
    /// Harder.
    Xhigh,
    /// As hard as the model can.
    Max,
}

impl ReasoningEffort {
    /// All of them, least first.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    /// Returns the word that the vendors share.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.as_str() == word)
    }
}

/// Reasoning on, off or left to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningMode {
    /// The model decides how much (Anthropic `adaptive`, Gemini budget -1).
    Adaptive,
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// How the next token is drawn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 (always the likeliest) to 2; Anthropic takes up to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus: the share of probability that is considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many tokens are considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// -2 to 2: against repeating at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// -2 to 2: against repeating often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// For answers that can be repeated, as far as the provider can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Token id → bias, as OpenAI has it. Token ids mean nothing to another vendor.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub logit_bias: Map<String, Value>,
}

/// Whether to say how likely the tokens were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logprobs {
    /// How many alternatives for each token; 0 is none.
    pub top: Option<u32>,
}

/// What an answer may be made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Modality {
    /// Text.
    Text,
    /// Sound.
    Audio,
    /// Pictures.
    Image,
}

/// The voice and encoding of an answer in sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioOutput {
    /// The voice, as the vendor names it (a name, or OpenAI's `{"id": …}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Value>,
    /// The encoding: `wav`, `mp3`, `pcm16` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// Where a prompt cache may be found. Hints on parts stand at the parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheSettings {
    /// Calls with the same key share a prefix (OpenAI and xAI `prompt_cache_key`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Cache the longest prefix that can be cached (Anthropic's top-level `cache_control`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic: Option<CacheHint>,
    /// Cached content made beforehand (Gemini `cachedContent`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}
