//! An answer, whole or in chunks, as it is read. A chunk is an answer whose choices hold a `delta` in place of a `message`.
//!
//! Source: `CreateChatCompletionResponse` and `CreateChatCompletionStreamResponse` in the vendor's OpenAPI description;
//! the fields of other servers from recorded answers (read 2026-11-23).

use std::borrow::Cow;

use serde_json::{Value, value::RawValue};

use super::{List, OneOrMany, Text, request::ContentPart};
use crate::{logprobs::Token, wire::wire_object};

wire_object! {
    /// A `chat.completion` or a `chat.completion.chunk`.
    Body {
        id: Text<'a>,
        object: Text<'a>,
        /// A number; some servers write a fraction or a text.
        created: &'a RawValue,
        model: Text<'a>,
        choices: List<Choice<'a>>,
        usage: Usage<'a>,
        service_tier: Text<'a>,
        error: &'a RawValue,
        /// Random padding that hides the length of tokens. Means nothing.
        obfuscation: &'a RawValue,
    }
}

wire_object! {
    Choice {
        index: u32,
        message: Message<'a>,
        delta: Message<'a>,
        finish_reason: Text<'a>,
        /// vLLM: the stop text that was met, or the number of a stop token.
        stop_reason: Value,
        logprobs: Logprobs<'a>,
        error: &'a RawValue,
        obfuscation: &'a RawValue,
    }
}

wire_object! {
    /// `message` or `delta`.
    Message {
        role: Text<'a>,
        content: OneOrMany<'a, ContentPart<'a>>,
        refusal: Text<'a>,
        reasoning_content: &'a RawValue,
        reasoning: &'a RawValue,
        annotations: &'a RawValue,
        audio: Audio<'a>,
        /// Pictures, as OpenRouter and Google's copy of the format answer them.
        images: List<ContentPart<'a>>,
        function_call: FunctionCall<'a>,
        tool_calls: List<ToolCall<'a>>,
    }
}

wire_object! {
    Audio {
        id: Text<'a>,
        data: Text<'a>,
        transcript: Text<'a>,
        expires_at: i64,
    }
}

wire_object! {
    ToolCall {
        index: u32,
        id: Text<'a>,
        kind = "type": Text<'a>,
        function: FunctionCall<'a>,
        custom: CustomCall<'a>,
    }
}

wire_object! {
    FunctionCall {
        name: Text<'a>,
        /// A string; some servers write the object itself.
        arguments: &'a RawValue,
    }
}

wire_object! {
    CustomCall {
        name: Text<'a>,
        input: Text<'a>,
    }
}

/// Some servers fill fields that do not apply with empty values.
fn is_empty(text: Option<&Text<'_>>) -> bool {
    text.is_none_or(|text| text.is_empty())
}

impl Audio<'_> {
    pub(crate) fn says_something(&self) -> bool {
        ![&self.id, &self.data, &self.transcript].into_iter().all(|text| is_empty(text.as_ref()))
    }
}

impl FunctionCall<'_> {
    pub(crate) fn says_something(&self) -> bool {
        !is_empty(self.name.as_ref()) || self.arguments.is_some_and(|arguments| arguments.get() != "\"\"")
    }
}

/// Reads `arguments`: the text of a string, or the JSON text of anything else.
pub(crate) fn arguments_text(raw: Option<&RawValue>) -> serde_json::Result<Cow<'_, str>> {
    let Some(raw) = raw else { return Ok(Cow::Borrowed("")) };
    if raw.get().starts_with('"') {
        return Ok(serde_json::from_str::<Text<'_>>(raw.get())?.0);
    }
    Ok(Cow::Borrowed(raw.get()))
}

wire_object! {
    Logprobs {
        content: List<Token<'a>>,
        refusal: List<Token<'a>>,
    }
}

wire_object! {
    /// `usage`.
    Usage {
        prompt_tokens: u64,
        completion_tokens: u64,
        total_tokens: u64,
        prompt_tokens_details: PromptTokensDetails<'a>,
        completion_tokens_details: CompletionTokensDetails<'a>,
        /// DeepSeek's name for what was read from the cache.
        prompt_cache_hit_tokens: u64,
        /// Mistral's.
        num_cached_tokens: u64,
        /// Together's and Moonshot's.
        cached_tokens: u64,
    }
}

wire_object! {
    PromptTokensDetails {
        cached_tokens: u64,
        cache_write_tokens: u64,
        audio_tokens: u64,
        image_tokens: u64,
    }
}

wire_object! {
    CompletionTokensDetails {
        reasoning_tokens: u64,
        audio_tokens: u64,
        image_tokens: u64,
        accepted_prediction_tokens: u64,
        rejected_prediction_tokens: u64,
    }
}
