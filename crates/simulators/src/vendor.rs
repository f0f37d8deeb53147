//! Who is simulated.

use std::fmt;

/// One simulated provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// OpenAI, Responses and Chat Completions.
    OpenAi,
    /// Anthropic, Messages.
    Anthropic,
    /// Google Gemini, generateContent and interactions.
    Gemini,
    /// xAI, the same with xAI's differences.
    Xai,
    /// A local Ollama, its native API.
    Ollama,
    /// A local server that copies OpenAI's API, as vLLM does.
    Compatible,
}

impl Vendor {
    /// All that are known by their own name, in the order that tables show.
    pub const ALL: [Self; 5] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Xai, Self::Ollama];

    /// Those, and the local server, whose name its operator gives.
    pub const SERVED: [Self; 6] =
        [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Xai, Self::Ollama, Self::Compatible];

    /// The name in lower case: `openai`, `anthropic`, `gemini`, `xai`, `ollama`, `compatible`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Xai => "xai",
            Self::Ollama => "ollama",
            Self::Compatible => "compatible",
        }
    }

    /// What the vendor's own SDK expects behind host and port in a base URL.
    pub(crate) const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai | Self::Compatible => "/v1",
            Self::Anthropic | Self::Gemini | Self::Ollama => "",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
