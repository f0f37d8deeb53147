//! How many tokens a request would take: counted by the provider, or estimated.

use serde::{Deserialize, Serialize};

use crate::{
    ChatRequest, Content, Message, Part,
    message::MediaSource,
    request::{Tool, ToolKind},
};

/// How many bytes make a token where nobody counted: English text has about four, JSON and code about three.
/// An estimate is labelled as one wherever it shows.
pub const ESTIMATED_BYTES_PER_TOKEN: u64 = 4;

/// What the frame of a message costs, as the vendors' own guides to counting say: role, and marks around it.
const MESSAGE_TOKENS: u64 = 4;
/// A picture whose size is not known. Vendors count between 85 and 1,600 tokens for one that fills a screen.
const IMAGE_TOKENS: u64 = 1_000;
/// One page of a document: its text, and its picture beside it.
const PAGE_TOKENS: u64 = 2_000;
/// How large a page of a PDF is, roughly.
const PAGE_BYTES: u64 = 50_000;
/// How much compressed sound makes a token: 16 kB a second, at 32 tokens a second.
const SOUND_BYTES_PER_TOKEN: u64 = 500;

/// How many tokens a request would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// All of them, cached ones included.
    pub input_tokens: u64,
    /// Those of cached content, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// How the number is known.
    pub source: CountSource,
}

/// How a number of tokens is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountSource {
    /// The provider counted.
    Reported,
    /// Nobody counted: it follows from sizes.
    Estimated,
}

impl TokenCount {
    /// Says what a provider counted.
    #[must_use]
    pub const fn reported(input_tokens: u64) -> Self {
        Self { input_tokens, cached_tokens: None, source: CountSource::Reported }
    }

    /// Estimates what `request` would take, from the sizes of what it holds.
    #[must_use]
    pub fn estimate(request: &ChatRequest) -> Self {
        let messages: u64 = request.messages.iter().map(message_tokens).sum();
        let tools: u64 = request.tools.iter().map(tool_tokens).sum();
        Self { input_tokens: messages + tools, cached_tokens: None, source: CountSource::Estimated }
    }
}

fn text_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(ESTIMATED_BYTES_PER_TOKEN)
}

fn message_tokens(message: &Message) -> u64 {
    MESSAGE_TOKENS + parts_tokens(&message.parts)
}

fn parts_tokens(parts: &[Part]) -> u64 {
    parts.iter().map(|part| content_tokens(&part.content)).sum()
}

fn content_tokens(content: &Content) -> u64 {
    match content {
        Content::Text(text) => text_tokens(text.text.len()),
        Content::Refusal(text) => text_tokens(text.len()),
        // What is encrypted is about as long as what it stands for, once decoded.
        Content::Reasoning(reasoning) => {
            let sealed = reasoning.encrypted.as_ref().map_or(0, |sealed| sealed.len() / 4 * 3);
            text_tokens(reasoning.text.len().max(sealed))
        }
        Content::ToolCall(call) => text_tokens(call.name.len() + call.arguments.len()) + MESSAGE_TOKENS,
        Content::ToolResult(result) => parts_tokens(&result.parts) + MESSAGE_TOKENS,
        Content::Image(_) => IMAGE_TOKENS,
        Content::Audio(audio) => match inline_bytes(&audio.source) {
            Some(bytes) => bytes.div_ceil(SOUND_BYTES_PER_TOKEN),
            None => PAGE_TOKENS,
        },
        Content::Document(document) => match &document.source {
            MediaSource::Text { text } => text_tokens(text.len()),
            source => PAGE_TOKENS * inline_bytes(source).unwrap_or(PAGE_BYTES).div_ceil(PAGE_BYTES).max(1),
        },
        Content::Opaque(opaque) => text_tokens(opaque.value.to_string().len()),
    }
}

/// How many bytes a medium has that is sent along.
fn inline_bytes(source: &MediaSource) -> Option<u64> {
    match source {
        MediaSource::Base64 { data, .. } => Some(data.len() as u64 / 4 * 3),
        MediaSource::Url { .. } | MediaSource::File { .. } | MediaSource::Text { .. } => None,
    }
}

fn tool_tokens(tool: &Tool) -> u64 {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let json = |value: &Option<serde_json::Value>| value.as_ref().map_or(0, |value| value.to_string().len());
    let bytes = match &tool.kind {
        ToolKind::Function(tool) => tool.name.len() + text(&tool.description) + json(&tool.parameters),
        ToolKind::Custom(tool) => tool.name.len() + text(&tool.description) + json(&tool.format),
        ToolKind::Opaque(tool) => tool.value.to_string().len(),
    };
    MESSAGE_TOKENS + text_tokens(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ModelName,
        message::{Document, Image},
    };

    fn estimated(parts: Vec<Part>) -> u64 {
        let message = Message::new(crate::Role::User, parts);
        let count = TokenCount::estimate(&ChatRequest::new(ModelName::new("m"), vec![message]));
        assert_eq!(count.source, CountSource::Estimated);
        count.input_tokens
    }

    #[test]
    fn a_text_counts_by_its_bytes_and_a_message_by_its_frame() {
        assert_eq!(estimated(vec![]), 4);
        assert_eq!(estimated(vec![Part::text("x".repeat(400))]), 104);
    }

    #[test]
    fn a_picture_does_not_count_by_its_base64() {
        let data = "A".repeat(4_000_000);
        let source = MediaSource::Base64 { media_type: "image/png".to_owned(), data };
        let image = Part::new(Content::Image(Image { source: source.clone(), detail: None }));
        assert_eq!(estimated(vec![image]), 1_004);
        let document = Document { source, filename: None, context: None, citations: None };
        // Three megabytes are about sixty pages.
        assert_eq!(estimated(vec![Part::new(Content::Document(document))]), 120_004);
    }

    #[test]
    fn tools_count_with_their_schemas() {
        let request = ChatRequest::new(ModelName::new("m"), vec![Message::user("hi")]);
        let plain = TokenCount::estimate(&request).input_tokens;
        let tool = Tool::function("get_weather", "Gets the weather", json!({"type": "object"}));
        let with_tool = TokenCount::estimate(&request.with_tools(vec![tool])).input_tokens;
        assert!(with_tool > plain + 10, "{plain} {with_tool}");
    }
}
