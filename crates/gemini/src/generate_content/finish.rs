//! Why an answer ended.

use std::borrow::Cow;

use tollgate_model::FinishReason;

use super::wire::response::{Candidate, FINISH_REASONS};

/// Returns the reason that a piece of an answer gives, unless it says that the answer goes on.
pub(in crate::generate_content) fn said_reason<'a>(candidate: &Candidate<'a>) -> Option<Cow<'a, str>> {
    let word = candidate.finish_reason.as_ref()?.among(&FINISH_REASONS);
    (word != FINISH_REASONS[0]).then_some(word)
}

/// Says what a reason means.
pub(in crate::generate_content) fn finish_reason(word: &str, called: bool) -> FinishReason {
    let own = || Some(word.to_owned());
    match word {
        // Also for calls: only the parts tell.
        "STOP" if called => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "IMAGE_OTHER" => FinishReason::ContentFilter(own()),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => FinishReason::MalformedToolCall(own()),
        "TOO_MANY_TOOL_CALLS" | "CONTINUATION" => FinishReason::PauseTurn,
        _ => FinishReason::Other(word.to_owned()),
    }
}
