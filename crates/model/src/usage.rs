//! Tokens by class, in the terms of the OpenTelemetry GenAI conventions.

use serde::{Deserialize, Serialize};

/// What one answer consumed.
///
/// Totals include their parts: `input_tokens` holds cached reads, cache writes and audio, `output_tokens` holds
/// reasoning. Adapters of providers that count apart (Anthropic's cache, Gemini's thoughts) add up. `None` is
/// 'not said', which is not 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// All input tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// All output tokens, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Parts of the input.
    #[serde(skip_serializing_if = "InputDetail::is_empty")]
    pub input: InputDetail,
    /// Parts of the output.
    #[serde(skip_serializing_if = "OutputDetail::is_empty")]
    pub output: OutputDetail,
    /// Server-side tools, billed by the call.
    #[serde(skip_serializing_if = "ServerToolUse::is_empty")]
    pub server_tools: ServerToolUse,
}

/// Parts of [`Usage::input_tokens`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputDetail {
    /// Tokens read from the provider's prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Tokens written to the prompt cache at its standard lifetime (Anthropic 5 minutes, OpenAI 30 minutes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Tokens written to the prompt cache at its long lifetime (Anthropic 1 hour, OpenAI 12 hours); not part of `cache_write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_long: Option<u64>,
    /// Audio tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<u64>,
    /// Image tokens, where the provider counts them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// Audio tokens read from the cache: part of both `audio` and `cache_read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_audio: Option<u64>,
    /// Tokens of server-side tool results that were put into the prompt (Gemini `toolUsePromptTokenCount`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_use: Option<u64>,
}

/// Parts of [`Usage::output_tokens`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputDetail {
    /// Reasoning tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Audio tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<u64>,
    /// Image tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// Predicted tokens that the answer used (OpenAI predicted outputs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_prediction: Option<u64>,
    /// Predicted tokens that it did not use: billed as output all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_prediction: Option<u64>,
}

/// How often the provider ran a tool of its own. Billed by the call, beside tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerToolUse {
    /// Web searches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_searches: Option<u64>,
    /// Pages fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_fetches: Option<u64>,
    /// Map lookups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_lookups: Option<u64>,
    /// File searches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_searches: Option<u64>,
    /// Code executions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_executions: Option<u64>,
}

impl InputDetail {
    /// Tells whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl OutputDetail {
    /// Tells whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ServerToolUse {
    /// Tells whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Usage {
    /// Takes the two totals.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens: Some(input_tokens), output_tokens: Some(output_tokens), ..Self::default() }
    }

    /// Tells whether the provider said nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns input and output together, where both are known.
    #[must_use]
    pub fn total_tokens(&self) -> Option<u64> {
        Some(self.input_tokens? + self.output_tokens?)
    }

    /// Takes from `later` whatever it says; keeps the rest.
    ///
    /// Usage in a stream is a running total that may come in pieces (Anthropic: input first, output at the end).
    pub fn update(&mut self, later: &Self) {
        fn take(kept: &mut Option<u64>, later: Option<u64>) {
            if later.is_some() {
                *kept = later;
            }
        }
        take(&mut self.input_tokens, later.input_tokens);
        take(&mut self.output_tokens, later.output_tokens);
        take(&mut self.input.cache_read, later.input.cache_read);
        take(&mut self.input.cache_write, later.input.cache_write);
        take(&mut self.input.cache_write_long, later.input.cache_write_long);
        take(&mut self.input.audio, later.input.audio);
        take(&mut self.input.image, later.input.image);
        take(&mut self.input.cache_read_audio, later.input.cache_read_audio);
        take(&mut self.input.tool_use, later.input.tool_use);
        take(&mut self.output.reasoning, later.output.reasoning);
        take(&mut self.output.audio, later.output.audio);
        take(&mut self.output.image, later.output.image);
        take(&mut self.output.accepted_prediction, later.output.accepted_prediction);
        take(&mut self.output.rejected_prediction, later.output.rejected_prediction);
        take(&mut self.server_tools.web_searches, later.server_tools.web_searches);
        take(&mut self.server_tools.web_fetches, later.server_tools.web_fetches);
        take(&mut self.server_tools.map_lookups, later.server_tools.map_lookups);
        take(&mut self.server_tools.file_searches, later.server_tools.file_searches);
        take(&mut self.server_tools.code_executions, later.server_tools.code_executions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_report_wins_where_it_speaks_and_only_there() {
        let mut usage = Usage { input_tokens: Some(10), output_tokens: Some(1), ..Usage::default() };
        usage.input.cache_read = Some(4);
        usage.update(&Usage { output_tokens: Some(7), ..Usage::default() });
        assert_eq!(
            (usage.input_tokens, usage.output_tokens, usage.input.cache_read),
            (Some(10), Some(7), Some(4))
        );
    }
}
