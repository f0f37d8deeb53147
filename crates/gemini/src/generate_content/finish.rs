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
        filter if FILTERS.contains(&filter) => FinishReason::ContentFilter(own()),
        malformed if MALFORMED.contains(&malformed) => FinishReason::MalformedToolCall(own()),
        "TOO_MANY_TOOL_CALLS" | "CONTINUATION" => FinishReason::PauseTurn,
        _ => FinishReason::Other(word.to_owned()),
    }
}

/// What a filter can be called.
const FILTERS: [&str; 11] = [
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
];

/// What a call that cannot be taken is called.
const MALFORMED: [&str; 4] =
    ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"];

/// Says a reason in the vendor's words, and what is lost by that.
pub(super) fn encode(reason: &FinishReason) -> (Cow<'_, str>, Option<&'static str>) {
    let (word, why) = match reason {
        // Also for calls: only the parts tell.
        FinishReason::Stop | FinishReason::StopSequence(None) | FinishReason::ToolCalls => ("STOP", None),
        FinishReason::StopSequence(Some(_)) => {
            ("STOP", Some("the format does not say which stop text was met"))
        }
        FinishReason::Length => ("MAX_TOKENS", None),
        FinishReason::ContextWindow => {
            ("MAX_TOKENS", Some("the format has no word for a full context window"))
        }
        FinishReason::ContentFilter(Some(word)) if FILTERS.contains(&word.as_str()) => (word.as_str(), None),
        FinishReason::ContentFilter(None) | FinishReason::Refusal(None) => ("SAFETY", None),
        FinishReason::ContentFilter(Some(_)) | FinishReason::Refusal(Some(_)) => {
            ("SAFETY", Some("the format has no word for why it was refused"))
        }
        FinishReason::PauseTurn => {
            ("TOO_MANY_TOOL_CALLS", Some("the format has no word for a turn that is only paused"))
        }
        FinishReason::MalformedToolCall(Some(word)) if MALFORMED.contains(&word.as_str()) => {
            (word.as_str(), None)
        }
        FinishReason::MalformedToolCall(_) => ("MALFORMED_FUNCTION_CALL", None),
        FinishReason::Other(word) if is_word(word) => (word.as_str(), None),
        _ => ("OTHER", Some("the format has no word for this reason")),
    };
    (Cow::Borrowed(word), why)
}

/// Whether it looks like a word of the vendor's, which may be invented tomorrow.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_words_go_both_ways() {
        let words = ["STOP", "MAX_TOKENS", "OTHER", "ESCALATION", "NO_IMAGE", "INVENTED_TOMORROW"];
        for word in words.into_iter().chain(FILTERS).chain(MALFORMED) {
            assert_eq!(encode(&finish_reason(word, false)), (Cow::Borrowed(word), None));
        }
        assert_eq!(encode(&finish_reason("STOP", true)).0, "STOP");
    }

    #[test]
    fn what_the_format_cannot_say_is_named() {
        for (reason, word) in [
            (FinishReason::ContextWindow, "MAX_TOKENS"),
            (FinishReason::StopSequence(Some("END".into())), "STOP"),
            (FinishReason::PauseTurn, "TOO_MANY_TOOL_CALLS"),
            (FinishReason::Refusal(Some("bio".into())), "SAFETY"),
            (FinishReason::ContentFilter(Some("hate".into())), "SAFETY"),
            (FinishReason::Other("eos".into()), "OTHER"),
        ] {
            let (said, loss) = encode(&reason);
            assert_eq!(said, word);
            assert!(loss.is_some(), "{reason:?}");
        }
    }
}
