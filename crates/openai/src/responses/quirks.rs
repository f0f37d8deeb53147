//! How servers that copy Responses differ from OpenAI's own, as data.

use tollgate_model::Format;

use crate::{Images, ToolChoiceSupport};

/// How a server that speaks Responses differs from OpenAI's own service.
///
/// Plain data: `ResponsesQuirks { metadata: false, ..ResponsesQuirks::COMPATIBLE }`. A card of the catalogue that says more
/// of a model wins over what is said here of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponsesQuirks {
    /// Appended to the base URL unless it ends with it already. `None`: the base URL is taken as it is written.
    pub version_path: Option<&'static str>,
    /// Who issues the encrypted reasoning: named on what is read, and looked for on what is sent back. What names no vendor
    /// but the format, since a client sent it back as it came, is taken for the server's own.
    pub issuer: Format,
    /// The ids of items are checked: those that the vendor cannot have given are left out.
    pub checked_item_ids: bool,
    /// Reasoning that is not encrypted is taken back too. If not, it could only be referred to where the server keeps it.
    pub plain_reasoning: bool,
    /// The role `developer` is known. If not, such messages are sent as `system`, which means the same there.
    pub developer_role: bool,
    /// `reasoning.effort` is known.
    pub reasoning_effort: bool,
    /// `reasoning.summary` is obeyed. If not, the server shows its reasoning or not, as it does by itself.
    pub reasoning_summary: bool,
    /// Which pictures are taken.
    pub images: Images,
    /// Files are taken as `input_file`.
    pub documents: bool,
    /// Sound is taken as `input_audio`.
    pub audio_input: bool,
    /// What `tool_choice` can do.
    pub tool_choice: ToolChoiceSupport,
    /// `parallel_tool_calls` is obeyed.
    pub parallel_tool_calls: bool,
    /// Tools with free-text input (`type: custom`) are taken.
    pub custom_tools: bool,
    /// The result of a call may name its tool.
    pub named_results: bool,
    /// The longest id of a tool call. Longer ones are replaced by a digest, in the call and in its result alike.
    pub max_tool_call_id: Option<usize>,
    /// The least `max_output_tokens` that is taken.
    pub min_output_tokens: u64,
    /// `prompt_cache_key` is taken.
    pub prompt_cache_key: bool,
    /// `metadata` is taken.
    pub metadata: bool,
    /// `store` is taken, and its default is to keep answers.
    pub store: bool,
    /// Tokens are counted at `/responses/input_tokens`.
    pub input_tokens: bool,
}

impl ResponsesQuirks {
    /// OpenAI's own service.
    pub const OPENAI: Self = Self {
        version_path: Some("/v1"),
        issuer: Format::OPENAI_RESPONSES,
        checked_item_ids: true,
        plain_reasoning: false,
        developer_role: true,
        reasoning_effort: true,
        reasoning_summary: true,
        images: Images::Any,
        documents: true,
        audio_input: true,
        tool_choice: ToolChoiceSupport::Full,
        parallel_tool_calls: true,
        custom_tools: true,
        named_results: true,
        max_tool_call_id: Some(64),
        min_output_tokens: 16,
        prompt_cache_key: true,
        metadata: true,
        store: true,
        input_tokens: true,
    };

    /// The common ground of servers that copy the format: vLLM, DeepSeek, OpenRouter and the like.
    pub const COMPATIBLE: Self = Self {
        version_path: None,
        issuer: Format::OPENAI_RESPONSES,
        checked_item_ids: false,
        plain_reasoning: true,
        developer_role: true,
        reasoning_effort: true,
        reasoning_summary: true,
        images: Images::Any,
        documents: true,
        audio_input: true,
        tool_choice: ToolChoiceSupport::Basic,
        parallel_tool_calls: true,
        custom_tools: false,
        named_results: false,
        max_tool_call_id: None,
        min_output_tokens: 1,
        prompt_cache_key: false,
        metadata: false,
        store: true,
        input_tokens: false,
    };
}

impl Default for ResponsesQuirks {
    fn default() -> Self {
        Self::OPENAI
    }
}
