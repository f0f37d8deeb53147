//! Usage, both ways.
//!
//! `prompt_tokens` holds cached ones; `completion_tokens` holds reasoning, except at xAI.

use serde::{Deserialize, Serialize};
use tollgate_model::Usage;

/// `usage`, as it is read. Fields of all servers that copy the format.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Counters {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's name for cached reads.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct PromptDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_prediction_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_prediction_tokens: Option<u64>,
}

impl Counters {
    /// Reads the counters. `reasoning_apart`: see [`crate::Quirks`].
    pub(crate) fn to_usage(self, reasoning_apart: bool) -> Usage {
        let prompt = self.prompt_tokens_details.unwrap_or_default();
        let completion = self.completion_tokens_details.unwrap_or_default();
        let mut usage = Usage { input_tokens: self.prompt_tokens, output_tokens: self.completion_tokens, ..Usage::default() };
        if let (true, Some(reasoning), Some(output)) = (reasoning_apart, completion.reasoning_tokens, usage.output_tokens) {
            let apart = self.prompt_tokens.unwrap_or(0).saturating_add(output).saturating_add(reasoning);
            if self.total_tokens == Some(apart) {
                usage.output_tokens = Some(output.saturating_add(reasoning));
            }
        }
        usage.input.cache_read = prompt.cached_tokens.or(self.prompt_cache_hit_tokens);
        usage.input.cache_write = prompt.cache_write_tokens;
        usage.input.audio = prompt.audio_tokens;
        usage.input.image = prompt.image_tokens;
        usage.output.reasoning = completion.reasoning_tokens;
        usage.output.audio = completion.audio_tokens;
        usage.output.image = completion.image_tokens;
        usage.output.accepted_prediction = completion.accepted_prediction_tokens;
        usage.output.rejected_prediction = completion.rejected_prediction_tokens;
        usage
    }
}

/// `usage`, as the front door writes it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct UsageOut {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

impl From<&Usage> for UsageOut {
    /// Cache writes of both lifetimes are one number here. What is not known is 0 where SDKs require a number.
    fn from(usage: &Usage) -> Self {
        let prompt_tokens = usage.input_tokens.unwrap_or(0);
        let completion_tokens = usage.output_tokens.unwrap_or(0);
        let writes = [usage.input.cache_write, usage.input.cache_write_long].into_iter().flatten().reduce(u64::saturating_add);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: PromptDetails {
                cached_tokens: Some(usage.input.cache_read.unwrap_or(0)),
                cache_write_tokens: writes,
                audio_tokens: usage.input.audio,
                image_tokens: usage.input.image,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: Some(usage.output.reasoning.unwrap_or(0)),
                audio_tokens: usage.output.audio,
                image_tokens: usage.output.image,
                accepted_prediction_tokens: usage.output.accepted_prediction,
                rejected_prediction_tokens: usage.output.rejected_prediction,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, apart: bool) -> Usage {
        serde_json::from_str::<Counters>(json).unwrap().to_usage(apart)
    }

    #[test]
    fn reasoning_is_added_exactly_when_the_total_says_that_it_is_apart() {
        let apart = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#;
        let inside = r#"{"prompt_tokens":10,"completion_tokens":105,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#;
        assert_eq!(read(apart, true).output_tokens, Some(105));
        assert_eq!(read(inside, true).output_tokens, Some(105));
        assert_eq!(read(apart, false).output_tokens, Some(5));
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        let usage = read(r#"{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"x":{}}"#, false);
        assert_eq!(usage, Usage::new(1, 2));
        assert_eq!(read(r#"{"prompt_tokens":9,"completion_tokens":2,"prompt_cache_hit_tokens":4}"#, false).input.cache_read, Some(4));
    }
}
