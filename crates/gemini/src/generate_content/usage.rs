//! The vendor's counters, and how they add up.

use serde_json::{Map, Value};
use tollgate_model::{
    Usage,
    usage::{InputDetail, OutputDetail},
};

use super::wire::response::{MODALITIES, ModalityTokenCount, UsageMetadata};

/// The counters of one answer, as the vendor names them. A stream repeats them: running totals, of which the last that
/// count tokens hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::generate_content) struct Counters {
    /// Holds the cached tokens, not those of server-side tools.
    prompt: Option<u64>,
    cached: Option<u64>,
    /// Without the thoughts.
    candidates: Option<u64>,
    thoughts: Option<u64>,
    tool_use: Option<u64>,
    total: Option<u64>,
    input_audio: Option<u64>,
    input_image: Option<u64>,
    cached_audio: Option<u64>,
    output_audio: Option<u64>,
    output_image: Option<u64>,
    /// The class of service that was used.
    pub(in crate::generate_content) service_tier: Option<String>,
    /// Grounding queries that are billed.
    pub(in crate::generate_content) web_searches: Option<u64>,
    /// Grounding with maps that is billed.
    pub(in crate::generate_content) map_lookups: Option<u64>,
    /// What the canonical usage has no place for: `trafficType` …
    rest: Map<String, Value>,
}

impl Counters {
    /// Takes a report. One that counts tokens says all anew; others leave the counts as they are.
    pub(in crate::generate_content) fn update(
        &mut self,
        report: &UsageMetadata<'_>,
    ) -> serde_json::Result<()> {
        if report.counts_tokens() {
            self.count(report);
        }
        if let Some(tier) = &report.service_tier {
            self.service_tier = Some(tier.among(&[]).into_owned());
        }
        if !report.rest.is_empty() {
            self.rest.extend(report.rest.parse()?);
        }
        Ok(())
    }

    fn count(&mut self, report: &UsageMetadata<'_>) {
        renew(&mut self.prompt, report.prompt_token_count);
        renew(&mut self.cached, report.cached_content_token_count);
        renew(&mut self.candidates, report.candidates_token_count);
        renew(&mut self.thoughts, report.thoughts_token_count);
        renew(&mut self.tool_use, report.tool_use_prompt_token_count);
        renew(&mut self.total, report.total_token_count);
        let prompt = [&report.prompt_tokens_details, &report.tool_use_prompt_tokens_details];
        renew(&mut self.input_audio, sum(&prompt, "AUDIO"));
        renew(&mut self.input_image, sum(&prompt, "IMAGE"));
        renew(&mut self.cached_audio, sum(&[&report.cache_tokens_details], "AUDIO"));
        renew(&mut self.output_audio, sum(&[&report.candidates_tokens_details], "AUDIO"));
        renew(&mut self.output_image, sum(&[&report.candidates_tokens_details], "IMAGE"));
    }

    /// Returns the canonical usage: totals that include their parts.
    pub(in crate::generate_content) fn usage(&self) -> Usage {
        let input = self.prompt.map(|prompt| prompt.saturating_add(self.tool_use.unwrap_or(0)));
        // A counter of zero is left out on the wire: the total tells it from one that is not known.
        let output = match (self.candidates, self.thoughts) {
            (None, None) => self.total.zip(input).and_then(|(total, input)| total.checked_sub(input)),
            (candidates, thoughts) => Some(candidates.unwrap_or(0).saturating_add(thoughts.unwrap_or(0))),
        };
        let mut usage = Usage {
            input_tokens: input,
            output_tokens: output,
            input: InputDetail {
                cache_read: self.cached,
                audio: self.input_audio,
                image: self.input_image,
                cache_read_audio: self.cached_audio,
                tool_use: self.tool_use,
                ..InputDetail::default()
            },
            output: OutputDetail {
                reasoning: self.thoughts,
                audio: self.output_audio,
                image: self.output_image,
                ..OutputDetail::default()
            },
            ..Usage::default()
        };
        usage.server_tools.web_searches = self.web_searches;
        usage.server_tools.map_lookups = self.map_lookups;
        usage
    }

    /// What the canonical usage has no place for, as a `usageMetadata` object.
    pub(in crate::generate_content) fn into_rest(self) -> Option<Value> {
        (!self.rest.is_empty()).then_some(Value::Object(self.rest))
    }
}

/// Takes what a later report says. A counter that it leaves out is 0 now, as far as it was known before.
fn renew(kept: &mut Option<u64>, later: Option<u64>) {
    *kept = later.or_else(|| kept.map(|_| 0));
}

/// Adds up what the lists say of one modality. `None` where they do not name it.
fn sum(lists: &[&Option<Vec<ModalityTokenCount<'_>>>], modality: &str) -> Option<u64> {
    let named = lists.iter().filter_map(|list| list.as_ref()).flatten();
    let counts =
        named.filter(|count| count.modality.as_ref().is_some_and(|word| word.among(&MODALITIES) == modality));
    counts.map(|count| count.token_count.unwrap_or(0)).reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(reports: &[&str]) -> Counters {
        let mut counters = Counters::default();
        for report in reports {
            counters.update(&serde_json::from_str(report).unwrap()).unwrap();
        }
        counters
    }

    #[test]
    fn thoughts_and_tool_prompts_are_added_and_the_cache_is_inside() {
        let usage =
            counters(&[r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":7,
            "thoughtsTokenCount":5,"toolUsePromptTokenCount":30,"totalTokenCount":142,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":80},{"modality":"AUDIO","tokenCount":20}],
            "toolUsePromptTokensDetails":[{"modality":"AUDIO","tokenCount":2}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":11}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":6}]}"#])
            .usage();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(130), Some(12)));
        assert_eq!((usage.input.cache_read, usage.input.tool_use), (Some(60), Some(30)));
        assert_eq!((usage.input.audio, usage.input.image), (Some(22), None));
        assert_eq!((usage.input.cache_read_audio, usage.output.image), (Some(11), Some(6)));
        assert_eq!(usage.output.reasoning, Some(5));
    }

    #[test]
    fn the_last_report_that_counts_wins() {
        let counters = counters(&[
            r#"{"promptTokenCount":9,"thoughtsTokenCount":3,"candidatesTokenCount":2,"serviceTier":"flex"}"#,
            r#"{"promptTokenCount":87,"thoughtsTokenCount":78,"totalTokenCount":165}"#,
            r#"{"trafficType":"ON_DEMAND","promptTokenCount":null}"#,
            "{}",
        ]);
        let usage = counters.usage();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(87), Some(78)));
        assert_eq!(counters.service_tier.as_deref(), Some("flex"));
        assert_eq!(counters.into_rest(), Some(serde_json::json!({"trafficType": "ON_DEMAND"})));
    }

    #[test]
    fn zero_is_left_out_on_the_wire_and_unknown_is_not_zero() {
        let empty = counters(&[r#"{"promptTokenCount":10,"totalTokenCount":10}"#]).usage();
        assert_eq!(empty, Usage::new(10, 0));
        assert_eq!(counters(&[r#"{"promptTokenCount":10}"#]).usage().output_tokens, None);
        assert!(counters(&["{}"]).usage().is_empty());
    }
}
