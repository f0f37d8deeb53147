//! How servers that copy Chat Completions differ from OpenAI's own, as data.

use tollgate_catalog::card::MaxTokensField;

use crate::embeddings::EmbeddingQuirks;

/// How a server that speaks Chat Completions differs from OpenAI's own service.
///
/// Plain data: `Quirks { documents: false, ..Quirks::COMPATIBLE }`. A card of the catalogue that says more of a model
/// wins over what is said here of the server. Error bodies need no quirk: the decoder reads all the shapes that are
/// known, whoever sent them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// Appended to the base URL unless it ends with it already. `None`: the base URL is taken as it is written.
    pub version_path: Option<&'static str>,
    /// Which field limits the output, where the model's card does not say.
    pub max_tokens_field: MaxTokensField,
    /// The role `developer` is known. If not, such messages are sent as `system`, which means the same there.
    pub developer_role: bool,
    /// Where the reasoning of earlier turns is sent back. `None`: the server has no place for it.
    pub reasoning_field: Option<ReasoningField>,
    /// `reasoning_effort` is known.
    pub reasoning_effort: bool,
    /// `completion_tokens` may leave out the reasoning tokens. They are added exactly when
    /// `total_tokens = prompt_tokens + completion_tokens + reasoning_tokens`, which cannot hold where they are inside.
    pub reasoning_counted_apart: bool,
    /// `presence_penalty` and `frequency_penalty` are taken by reasoning models too.
    pub penalties: bool,
    /// The most stop texts; 0 where there is no such field, `None` where there is no limit.
    pub max_stop: Option<usize>,
    /// `top_k` is taken, which OpenAI does not have.
    pub top_k: bool,
    /// `logit_bias` is obeyed.
    pub logit_bias: bool,
    /// Which pictures are taken.
    pub images: Images,
    /// Files are taken as content parts of type `file`.
    pub documents: bool,
    /// Sound is taken as content parts of type `input_audio`.
    pub audio_input: bool,
    /// What `tool_choice` can do.
    pub tool_choice: ToolChoiceSupport,
    /// `parallel_tool_calls` is obeyed.
    pub parallel_tool_calls: bool,
    /// Tools with free-text input (`type: custom`) are taken.
    pub custom_tools: bool,
    /// The longest id of a tool call. Longer ones are replaced by a digest, in the call and in its result alike.
    pub max_tool_call_id: Option<usize>,
    /// `cache_control` on content parts and tools is understood: a convention of gateways that speak this format.
    pub cache_control: bool,
    /// `prompt_cache_key` is taken.
    pub prompt_cache_key: bool,
    /// `metadata` is taken.
    pub metadata: bool,
    /// The fields that OpenAI's two formats share (`store`, `verbosity`, `safety_identifier` …) are taken from clients of the
    /// other one. They are always taken from clients of this one.
    pub vendor_fields: bool,
    /// `stream_options` is taken. If not, usage in a stream cannot be asked for.
    pub stream_options: bool,
    /// A stream may end without `data: [DONE]`. It then counts as complete if every choice named its finish reason.
    pub may_omit_done: bool,
    /// How the server's `/embeddings` differ. `None`: it has none.
    pub embeddings: Option<EmbeddingQuirks>,
}

/// Where an assistant's message carries reasoning. OpenAI's own format has no place for it; the servers that copy the
/// format have made some. Answers are read in all of these ways, whatever is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningField {
    /// `reasoning_content`: DeepSeek, llama.cpp, older vLLM.
    ReasoningContent,
    /// `reasoning`: vLLM, OpenRouter, Ollama, Groq.
    Reasoning,
    /// Content parts of type `thinking`: Mistral.
    ThinkingParts,
}

/// Which pictures a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Images {
    /// Inline or by address.
    Any,
    /// Inline only: the server fetches nothing.
    InlineOnly,
    /// None.
    None,
}

/// What `tool_choice` can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolChoiceSupport {
    /// All that OpenAI has, `allowed_tools` included.
    Full,
    /// The words and a single name; a set of allowed tools is brought about by sending these tools alone.
    Basic,
    /// The field is taken and not obeyed, so it is left out and named.
    Ignored,
}

impl Quirks {
    /// OpenAI's own service.
    pub const OPENAI: Self = Self {
        version_path: Some("/v1"),
        max_tokens_field: MaxTokensField::MaxCompletionTokens,
        developer_role: true,
        reasoning_field: None,
        reasoning_effort: true,
        reasoning_counted_apart: false,
        penalties: true,
        max_stop: Some(4),
        top_k: false,
        logit_bias: true,
        images: Images::Any,
        documents: true,
        audio_input: true,
        tool_choice: ToolChoiceSupport::Full,
        parallel_tool_calls: true,
        custom_tools: true,
        max_tool_call_id: Some(40),
        cache_control: false,
        prompt_cache_key: true,
        metadata: true,
        vendor_fields: true,
        stream_options: true,
        may_omit_done: false,
        embeddings: Some(EmbeddingQuirks::OPENAI),
    };

    /// The common ground of servers that copy the format: llama.cpp, vLLM, LM Studio and the like. Pictures, sounds and
    /// files are sent, though not all take them: such a server says so itself.
    pub const COMPATIBLE: Self = Self {
        version_path: None,
        max_tokens_field: MaxTokensField::MaxTokens,
        developer_role: false,
        reasoning_field: Some(ReasoningField::ReasoningContent),
        reasoning_effort: true,
        reasoning_counted_apart: true,
        penalties: true,
        max_stop: None,
        top_k: true,
        logit_bias: true,
        images: Images::Any,
        documents: true,
        audio_input: true,
        tool_choice: ToolChoiceSupport::Basic,
        parallel_tool_calls: true,
        custom_tools: false,
        max_tool_call_id: None,
        cache_control: false,
        prompt_cache_key: false,
        metadata: false,
        vendor_fields: false,
        stream_options: true,
        may_omit_done: false,
        embeddings: Some(EmbeddingQuirks::COMPATIBLE),
    };
}

impl Default for Quirks {
    fn default() -> Self {
        Self::OPENAI
    }
}
