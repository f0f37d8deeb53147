//! Names and ids. Each is its own type, so that two of them cannot be swapped.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_newtype! {
    /// A model as its provider names it (`claude-opus-5-5`), or as a client asks for it (`anthropic/claude-opus-5-5`).
    ModelName
}
text_newtype! {
    /// A provider's name in the configuration and in the `gen_ai.provider.name` label, for example `anthropic`.
    ProviderName
}
text_newtype! {
    /// One place a call can be sent to: a provider, a model and a credential.
    EndpointId
}
text_newtype! {
    /// A gateway key's public name. Never the secret.
    KeyId
}
text_newtype! {
    /// One client request and its one record.
    CallId
}
text_newtype! {
    /// The id a provider gave to its answer.
    ResponseId
}
text_newtype! {
    /// Joins a tool call with its result.
    ToolCallId
}

/// A wire format, for example `openai.chat`. Two ends that speak the same one exchange bytes untouched.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Format(Cow<'static, str>);

impl Format {
    /// OpenAI Chat Completions, spoken by most other vendors too.
    pub const OPENAI_CHAT: Self = Self(Cow::Borrowed("openai.chat"));
    /// OpenAI Responses.
    pub const OPENAI_RESPONSES: Self = Self(Cow::Borrowed("openai.responses"));
    /// Anthropic Messages.
    pub const ANTHROPIC_MESSAGES: Self = Self(Cow::Borrowed("anthropic.messages"));
    /// Gemini `generateContent` and `streamGenerateContent`.
    pub const GEMINI_GENERATE_CONTENT: Self = Self(Cow::Borrowed("gemini.generate_content"));
    /// Gemini Interactions.
    pub const GEMINI_INTERACTIONS: Self = Self(Cow::Borrowed("gemini.interactions"));
    /// Ollama's native `/api/chat`.
    pub const OLLAMA_CHAT: Self = Self(Cow::Borrowed("ollama.chat"));
    /// OpenAI's `/v1/embeddings`, spoken by most other vendors too.
    pub const OPENAI_EMBEDDINGS: Self = Self(Cow::Borrowed("openai.embeddings"));
    /// Gemini `embedContent`: one vector.
    pub const GEMINI_EMBED_CONTENT: Self = Self(Cow::Borrowed("gemini.embed_content"));
    /// Gemini `batchEmbedContents`: several vectors.
    pub const GEMINI_BATCH_EMBED_CONTENTS: Self = Self(Cow::Borrowed("gemini.batch_embed_contents"));
    /// Ollama's native `/api/embed`.
    pub const OLLAMA_EMBED: Self = Self(Cow::Borrowed("ollama.embed"));

    /// Names a format that Tollgate does not ship.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// A part's place among all parts of one answer, over all its choices. Given out by the decoder in order of appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartIndex(pub u32);
