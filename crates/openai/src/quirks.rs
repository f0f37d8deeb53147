//! How servers that copy OpenAI's format differ from it: as data, so that nobody asks for a name.

use tollgate_catalog::MaxTokensField;

/// What a server makes different. The default is OpenAI itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// The field that limits the output, where the catalogue says nothing of the model.
    pub max_tokens_field: MaxTokensField,
    /// Whether `developer` is a role. If not, it becomes `system`.
    pub developer_role: bool,
    /// The field of messages that holds reasoning, if requests may carry it.
    pub reasoning_field: Option<&'static str>,
    /// Whether `completion_tokens` leaves reasoning out (xAI). Then it does exactly when the total says so.
    pub reasoning_apart: bool,
    /// Whether a stream may end without `[DONE]` once every choice has its finish reason.
    pub done_is_optional: bool,
    /// Whether `top_k` is taken (vLLM, llama.cpp).
    pub top_k: bool,
    /// Whether `tool_choice` is more than a wish. If not, a forced choice is named as a loss.
    pub tool_choice_holds: bool,
}

impl Quirks {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        max_tokens_field: MaxTokensField::MaxCompletionTokens,
        developer_role: true,
        reasoning_field: None,
        reasoning_apart: false,
        done_is_optional: false,
        top_k: false,
        tool_choice_holds: true,
    };

    /// Any server that copies the format, of which nothing else is known: the older words, which all of them understand.
    ///
    /// Source: the vLLM and llama.cpp server documentation (read 2026-11-23).
    pub const COMPATIBLE: Self = Self {
        max_tokens_field: MaxTokensField::MaxTokens,
        developer_role: false,
        reasoning_field: Some("reasoning_content"),
        reasoning_apart: false,
        done_is_optional: true,
        top_k: true,
        tool_choice_holds: false,
    };

    /// Sets the field that limits the output.
    #[must_use]
    pub const fn with_max_tokens_field(mut self, field: MaxTokensField) -> Self {
        self.max_tokens_field = field;
        self
    }

    /// Sets whether reasoning is counted apart from `completion_tokens`.
    #[must_use]
    pub const fn with_reasoning_apart(mut self, apart: bool) -> Self {
        self.reasoning_apart = apart;
        self
    }

    /// Sets the field of messages that holds reasoning.
    #[must_use]
    pub const fn with_reasoning_field(mut self, field: Option<&'static str>) -> Self {
        self.reasoning_field = field;
        self
    }
}

impl Default for Quirks {
    fn default() -> Self {
        Self::OPENAI
    }
}
