//! The format's words for finish reasons and efforts.

use tollgate_model::{FinishReason, request::ReasoningEffort};

/// Reads a `finish_reason`.
pub(crate) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter(None),
        other => FinishReason::Other(other.to_owned()),
    }
}

/// Writes a `finish_reason`, and whether it says all that there is to say.
pub(crate) const fn finish_word(reason: &FinishReason) -> (&'static str, bool) {
    match reason {
        FinishReason::Stop => ("stop", true),
        FinishReason::StopSequence(text) => ("stop", text.is_none()),
        FinishReason::Length => ("length", true),
        FinishReason::ContextWindow => ("length", false),
        FinishReason::ToolCalls => ("tool_calls", true),
        FinishReason::ContentFilter(detail) => ("content_filter", detail.is_none()),
        FinishReason::Refusal(_) => ("content_filter", false),
        _ => ("stop", false),
    }
}

/// Returns the effort among `taken` (least first) that is nearest to the one asked for; of two, the lesser.
pub(crate) fn nearest_effort(asked: ReasoningEffort, taken: &[ReasoningEffort]) -> ReasoningEffort {
    let distance = |effort: &ReasoningEffort| (*effort as i8 - asked as i8).abs();
    taken.iter().copied().min_by_key(distance).unwrap_or(asked)
}

/// Returns the effort that spends about as much as a budget of reasoning tokens. The steps are those at which vendors' own
/// effort words are usually rendered as budgets: 1,024, 8,192 and 24,576 tokens.
pub(crate) const fn effort_of_budget(tokens: u64) -> ReasoningEffort {
    match tokens {
        0 => ReasoningEffort::None,
        1..=1_024 => ReasoningEffort::Low,
        1_025..=8_192 => ReasoningEffort::Medium,
        _ => ReasoningEffort::High,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_that_is_not_taken_becomes_the_nearest() {
        use ReasoningEffort::{High, Low, Max, Medium, Minimal};
        assert_eq!(nearest_effort(Minimal, &[Low, Medium, High]), Low);
        assert_eq!(nearest_effort(Max, &[Low, Medium, High]), High);
        assert_eq!(nearest_effort(Medium, &[Low, High]), Low);
        assert_eq!(nearest_effort(Medium, &[]), Medium);
    }
}
