//! How servers that copy the format differ, as data.

/// How a server that speaks `/v1/embeddings` differs from OpenAI's own service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingQuirks {
    /// `dimensions` is taken.
    pub dimensions: bool,
    /// Inputs may be tokens.
    pub tokens: bool,
    /// `input_type` (`query`, `document`) is understood or passed over: Voyage, NVIDIA and others added it.
    pub input_type: bool,
}

impl EmbeddingQuirks {
    /// OpenAI's own service. It refuses fields that it does not know.
    pub const OPENAI: Self = Self { dimensions: true, tokens: true, input_type: false };

    /// Servers that copy the format.
    pub const COMPATIBLE: Self = Self { input_type: true, ..Self::OPENAI };
}
