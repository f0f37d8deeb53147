//! Messages and their parts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Extra, Format, ToolCallId};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions with the highest authority. May stand anywhere; encoders hoist where a format wants that.
    System,
    /// Instructions of the application (OpenAI's newer name for `System`; other formats do not tell them apart).
    Developer,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
    /// Results of tools. Holds [`Content::ToolResult`] parts only.
    Tool,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// A participant's name, where several share a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Message {
    /// Makes a message of a role from its parts.
    #[must_use]
    pub const fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts, name: None, extra: Extra::NONE }
    }

    /// Makes a user's message of one text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Part::text(text)])
    }

    /// Makes a system message of one text.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, vec![Part::text(text)])
    }

    /// Makes an assistant's message of one text.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, vec![Part::text(text)])
    }
}

/// A piece of a message: its content, and what any content may carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// Asks the provider to cache the prompt up to and including this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheHint>,
    /// The issuer's proof that it made this part (Anthropic on thinking, Gemini on any part).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Part {
    /// Makes a part of bare content.
    #[must_use]
    pub const fn new(content: Content) -> Self {
        Self { content, cache: None, signature: None, extra: Extra::NONE }
    }

    /// Makes a text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(Text::new(text)))
    }

    /// Makes a reasoning part without signature.
    pub fn reasoning(text: impl Into<String>) -> Self {
        Self::new(Content::Reasoning(Reasoning::new(text)))
    }

    /// Makes a call of a function tool. `arguments` is JSON text.
    pub fn tool_call(
        id: impl Into<ToolCallId>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self::new(Content::ToolCall(ToolCall::new(id, name, arguments)))
    }

    /// Adds a signature.
    #[must_use]
    pub fn with_signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// Adds a cache hint.
    #[must_use]
    pub fn with_cache(mut self, hint: CacheHint) -> Self {
        self.cache = Some(hint);
        self
    }

    /// Returns the text, if it is a text part.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Content::Text(text) = &self.content { Some(&text.text) } else { None }
    }
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Plain text, with its citations if it is an answer.
    Text(Text),
    /// A picture.
    Image(Image),
    /// Sound.
    Audio(Audio),
    /// A file to read: PDF, plain text and so on.
    Document(Document),
    /// The model asks for a tool to be run.
    ToolCall(ToolCall),
    /// What the tool said.
    ToolResult(ToolResult),
    /// The model's reasoning, or a summary of it.
    Reasoning(Reasoning),
    /// The model declines, in its own words (OpenAI's `refusal`).
    Refusal(String),
    /// A block that only one format has (server-side tools and the like), exactly as it stood there.
    Opaque(Opaque),
}

/// Plain text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// What it is based on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
}

impl Text {
    /// Makes a text without citations.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), citations: Vec::new() }
    }
}

/// What a stretch of text is based on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Citation {
    /// Where the source is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the source is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The words of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cited_text: Option<String>,
    /// Where the supported stretch begins in the answer, in the counting of the format that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_index: Option<u64>,
    /// Where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_index: Option<u64>,
    /// Fields that only one format has: document and page numbers, encrypted indices.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// Where the bytes of a picture, a sound or a file are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MediaSource {
    /// Here, as standard base64 with padding, exactly as received.
    Base64 {
        /// The MIME type, for example `image/png`.
        media_type: String,
        /// The bytes.
        data: String,
    },
    /// At an address.
    Url {
        /// The address.
        url: String,
        /// The MIME type, where it was said.
        media_type: Option<String>,
    },
    /// In the issuer's own file store.
    File {
        /// The issuer's id.
        id: String,
        /// The format whose vendor knows the id.
        issuer: Format,
    },
    /// Here, as text: a plain-text document.
    Text {
        /// The text.
        text: String,
    },
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where it is.
    pub source: MediaSource,
    /// How closely to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<ImageDetail>,
}

/// How closely a picture is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageDetail {
    /// The model chooses.
    Auto,
    /// Few tokens.
    Low,
    /// Many tokens.
    High,
    /// Another word that one vendor has.
    Other(String),
}

/// Sound, asked or answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// Where it is.
    pub source: MediaSource,
    /// The words, where the provider writes them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// The provider's id for an answer in sound, by which a later turn refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Until when that id is known, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Where it is.
    pub source: MediaSource,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// What to know about it (Anthropic's `context`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the answer shall cite it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citations: Option<bool>,
}

/// The model asks for a tool to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Joins it with its result.
    pub id: ToolCallId,
    /// The tool.
    pub name: String,
    /// The input, exactly as the model wrote it: JSON text for [`ToolCallKind::Function`] (it may be broken or empty),
    /// free text for [`ToolCallKind::Custom`].
    pub arguments: String,
    /// What the input is.
    #[serde(default)]
    pub kind: ToolCallKind,
}

impl ToolCall {
    /// Makes a call of a function tool.
    pub fn new(id: impl Into<ToolCallId>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into(), kind: ToolCallKind::Function }
    }

    /// Reads the arguments as a JSON object. Empty arguments are an empty object; anything else is `None`.
    #[must_use]
    pub fn arguments_object(&self) -> Option<serde_json::Map<String, Value>> {
        if self.arguments.trim().is_empty() {
            return Some(serde_json::Map::new());
        }
        serde_json::from_str(&self.arguments).ok()
    }
}

/// What a tool call's input is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolCallKind {
    /// A JSON object after the tool's schema.
    #[default]
    Function,
    /// Free text (OpenAI custom tools).
    Custom,
}

/// What a tool said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call it answers.
    pub id: ToolCallId,
    /// The tool, where the format says it (Gemini matches by name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text, images and documents.
    pub parts: Vec<Part>,
    /// Whether the tool failed. `None` where the format has no such flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
}

impl ToolResult {
    /// Makes a result of one text.
    pub fn text(id: impl Into<ToolCallId>, text: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, parts: vec![Part::text(text)], is_error: None }
    }
}

/// The model's reasoning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The words. Empty when the provider shows none.
    pub text: String,
    /// The reasoning as only its issuer can read it (Anthropic `redacted_thinking`, OpenAI `encrypted_content`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
}

impl Reasoning {
    /// Makes readable reasoning.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), encrypted: None }
    }
}

/// The issuer's proof that it made a part. Meaningless, and refused, anywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The format whose vendor made it.
    pub issuer: Format,
    /// The bytes, exactly as received.
    pub value: String,
}

/// A block of one format, exactly as it stood there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// The format that has it.
    pub format: Format,
    /// The block.
    pub value: Value,
}

/// Asks for the prompt to be cached up to here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheHint {
    /// For the provider's usual time.
    #[default]
    Standard,
    /// For five minutes, said so.
    FiveMinutes,
    /// For an hour.
    OneHour,
}
