//! The vendor's counters, and how they add up.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Usage,
    usage::{InputDetail, OutputDetail, ServerToolUse},
};

use crate::wire::Object;

/// The counters of one answer, as the vendor names them. In a stream they come in two reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counters {
    /// The uncached rest of the prompt only.
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    /// The split of `cache_creation_input_tokens`; only `message_start` and complete answers have it.
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
    /// Holds the thinking tokens.
    output_tokens: Option<u64>,
    thinking_tokens: Option<u64>,
    web_search_requests: Option<u64>,
    web_fetch_requests: Option<u64>,
    service_tier: Option<String>,
    /// What the canonical usage has no place for: `inference_geo`, `speed`, `iterations` …
    rest: Map<String, Value>,
}

impl Counters {
    /// Takes from a `usage` object whatever it says; keeps the rest. Reports are running totals.
    pub(crate) fn update(&mut self, usage: &RawValue) -> serde_json::Result<()> {
        let mut usage = Object::parse(usage)?;
        take(&mut self.input_tokens, usage.take("input_tokens")?);
        take(&mut self.output_tokens, usage.take("output_tokens")?);
        take(&mut self.cache_read_input_tokens, usage.take("cache_read_input_tokens")?);
        take(&mut self.cache_creation_input_tokens, usage.take("cache_creation_input_tokens")?);
        take(&mut self.service_tier, usage.take("service_tier")?);
        if let Some(mut split) = usage.take::<Object<'_>>("cache_creation")? {
            take(&mut self.ephemeral_5m_input_tokens, split.take("ephemeral_5m_input_tokens")?);
            take(&mut self.ephemeral_1h_input_tokens, split.take("ephemeral_1h_input_tokens")?);
            self.keep("cache_creation", split.rest());
        }
        if let Some(mut details) = usage.take::<Object<'_>>("output_tokens_details")? {
            take(&mut self.thinking_tokens, details.take("thinking_tokens")?);
            self.keep("output_tokens_details", details.rest());
        }
        if let Some(mut tools) = usage.take::<Object<'_>>("server_tool_use")? {
            take(&mut self.web_search_requests, tools.take("web_search_requests")?);
            take(&mut self.web_fetch_requests, tools.take("web_fetch_requests")?);
            self.keep("server_tool_use", tools.rest());
        }
        for (name, value) in usage.rest() {
            self.rest.insert(name, value);
        }
        Ok(())
    }

    fn keep(&mut self, name: &str, rest: Map<String, Value>) {
        if !rest.is_empty() {
            self.rest.insert(name.to_owned(), Value::Object(rest));
        }
    }

    /// Returns the canonical usage: totals that include their parts.
    pub(crate) fn usage(&self) -> Usage {
        let (written, written_long) = self.cache_writes();
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let writes = written.unwrap_or(0).saturating_add(written_long.unwrap_or(0));
        Usage {
            input_tokens: self.input_tokens.map(|rest| rest.saturating_add(cached).saturating_add(writes)),
            output_tokens: self.output_tokens,
            input: InputDetail {
                cache_read: self.cache_read_input_tokens,
                cache_write: written,
                cache_write_long: written_long,
                ..InputDetail::default()
            },
            output: OutputDetail { reasoning: self.thinking_tokens, ..OutputDetail::default() },
            server_tools: ServerToolUse {
                web_searches: self.web_search_requests,
                web_fetches: self.web_fetch_requests,
                ..ServerToolUse::default()
            },
        }
    }

    /// Splits the cache writes into those for 5 minutes and those for an hour.
    ///
    /// The total of a later report can have outgrown the split of the first: what it adds is counted at the default
    /// lifetime.
    fn cache_writes(&self) -> (Option<u64>, Option<u64>) {
        match (self.cache_creation_input_tokens, self.ephemeral_1h_input_tokens) {
            (Some(total), Some(long)) => {
                let long = long.min(total);
                (Some(total - long), Some(long))
            }
            (Some(total), None) => (Some(total), None),
            (None, long) => (self.ephemeral_5m_input_tokens, long),
        }
    }

    /// The class of service that was used.
    pub(crate) fn service_tier(&self) -> Option<String> {
        self.service_tier.clone()
    }

    /// What the canonical usage has no place for, as a `usage` object.
    pub(crate) fn rest(&self) -> Option<Value> {
        (!self.rest.is_empty()).then(|| Value::Object(self.rest.clone()))
    }
}

fn take<T>(kept: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *kept = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(reports: &[&str]) -> Counters {
        let mut counters = Counters::default();
        for report in reports {
            counters.update(serde_json::from_str(report).unwrap()).unwrap();
        }
        counters
    }

    #[test]
    fn the_prompt_is_the_rest_and_what_the_cache_read_and_wrote() {
        let usage = counters(&[r#"{"input_tokens":10,"cache_read_input_tokens":200,"cache_creation_input_tokens":30,
            "cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":5,
            "output_tokens_details":{"thinking_tokens":3}}"#])
        .usage();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(240), Some(5)));
        assert_eq!((usage.input.cache_write, usage.input.cache_write_long), (Some(20), Some(10)));
        assert_eq!((usage.input.cache_read, usage.output.reasoning), (Some(200), Some(3)));
    }

    #[test]
    fn the_split_survives_a_report_that_lacks_it() {
        let counters = counters(&[
            r#"{"input_tokens":10,"cache_creation_input_tokens":30,"output_tokens":1,"inference_geo":"us",
                "cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":30}}"#,
            r#"{"input_tokens":12,"cache_creation_input_tokens":35,"output_tokens":9,"server_tool_use":null}"#,
        ]);
        let usage = counters.usage();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(47), Some(9)));
        assert_eq!((usage.input.cache_write, usage.input.cache_write_long), (Some(5), Some(30)));
        assert_eq!(counters.rest(), Some(serde_json::json!({"inference_geo": "us"})));
    }

    #[test]
    fn unknown_is_not_zero() {
        let usage = counters(&[r#"{"output_tokens":4}"#]).usage();
        assert_eq!(usage, Usage { output_tokens: Some(4), ..Usage::default() });
    }
}
