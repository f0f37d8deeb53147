//! Why an answer ended: `status`.

use tollgate_model::FinishReason;

/// Reads a status. `error` is what the answer says went wrong; a status of `failed` is an error as a whole, and none of
/// these.
pub(super) fn decode(status: &str, error: Option<String>) -> FinishReason {
    match (status, error) {
        ("completed", _) => FinishReason::Stop,
        ("requires_action", _) => FinishReason::ToolCalls,
        ("incomplete", None) => FinishReason::Length,
        ("incomplete", error) => FinishReason::ContentFilter(error),
        ("requires_continuation", _) => FinishReason::PauseTurn,
        (other, _) => FinishReason::Other(other.to_owned()),
    }
}

/// A status, with the error that explains it, and what is lost by it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said<'a> {
    pub(super) status: &'a str,
    pub(super) error: Option<&'a str>,
    pub(super) why: Option<&'static str>,
}

/// Says a reason in the vendor's words.
pub(super) fn encode(reason: Option<&FinishReason>) -> Said<'_> {
    let said = |status, why| Said { status, error: None, why };
    match reason {
        Some(FinishReason::Stop | FinishReason::StopSequence(None)) => said("completed", None),
        Some(FinishReason::StopSequence(Some(_))) => {
            said("completed", Some("the format does not say which stop text was met"))
        }
        Some(FinishReason::ToolCalls) => said("requires_action", None),
        Some(FinishReason::Length) => said("incomplete", None),
        Some(FinishReason::ContextWindow) => {
            said("incomplete", Some("the format has no word for a full context window"))
        }
        Some(FinishReason::ContentFilter(word)) => {
            Said { status: "incomplete", error: Some(word.as_deref().unwrap_or("content_filter")), why: None }
        }
        Some(FinishReason::Refusal(word)) => Said {
            status: "incomplete",
            error: Some(word.as_deref().unwrap_or("refusal")),
            why: Some("the format does not tell a refusal from a filter"),
        },
        Some(FinishReason::PauseTurn) => said("requires_continuation", None),
        Some(FinishReason::MalformedToolCall(_)) => {
            Said { status: "incomplete", error: Some("malformed_function_call"), why: Some(MALFORMED) }
        }
        Some(FinishReason::Other(word)) if is_word(word) => said(word, None),
        Some(_) => said("completed", Some("the format has no word for this reason")),
        None => said("completed", Some("the provider did not say why, but that it was complete")),
    }
}

const MALFORMED: &str = "the format has no word for a malformed tool call";

/// Whether it looks like a word of the vendor's, which may be invented tomorrow.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_words_go_both_ways() {
        for status in [
            "completed",
            "requires_action",
            "incomplete",
            "requires_continuation",
            "cancelled",
            "budget_exceeded",
        ] {
            let reason = decode(status, None);
            assert_eq!(encode(Some(&reason)), Said { status, error: None, why: None });
        }
        let filtered = decode("incomplete", Some("safety".into()));
        assert_eq!(encode(Some(&filtered)), Said { status: "incomplete", error: Some("safety"), why: None });
    }

    #[test]
    fn what_the_format_cannot_say_is_named() {
        for reason in [
            FinishReason::ContextWindow,
            FinishReason::StopSequence(Some("END".into())),
            FinishReason::Refusal(None),
            FinishReason::MalformedToolCall(None),
            FinishReason::Other("EOS!".into()),
        ] {
            assert!(encode(Some(&reason)).why.is_some(), "{reason:?}");
        }
        assert!(encode(None).why.is_some());
    }
}
