//! Who is simulated.

use std::fmt;

/// One simulated provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// OpenAI, Responses and Chat Completions.
    OpenAi,
    /// Anthropic, Messages.
    Anthropic,
    /// Google Gemini, generateContent.
    Gemini,
    /// xAI, the same with xAI's differences.
    Xai,
    /// A local Ollama, its native API.
    Ollama,
}

impl Vendor {
    /// All of them, in the order that tables show.
    pub const ALL: [Self; 5] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Xai, Self::Ollama];

    /// The name in lower case: `openai`, `anthropic`, `gemini`, `xai`, `ollama`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Xai => "xai",
            Self::Ollama => "ollama",
        }
    }

    /// What the vendor's own SDK expects behind host and port in a base URL.
    pub(crate) const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai => "/v1",
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
