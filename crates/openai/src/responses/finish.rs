//! Why an answer ended: the vendor's status and its details, and our reasons.

use tollgate_model::{Content, FinishReason, LossKind, Part};

/// An end in the vendor's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End<'r> {
    /// `status`.
    pub(super) status: &'r str,
    /// `incomplete_details.reason`.
    pub(super) reason: Option<&'r str>,
    /// What the words do not say.
    pub(super) loss: Option<(LossKind, &'static str)>,
}

/// States of an answer that goes on in the background, or that was given up.
const UNFINISHED: [&str; 3] = ["queued", "in_progress", "cancelled"];

/// Reads a status. `waits` says whether the client has to answer a call, which is no end of its own here.
pub(super) fn decode(status: Option<&str>, reason: Option<&str>, waits: bool) -> FinishReason {
    match (status, reason) {
        (Some("incomplete"), Some("max_output_tokens")) => FinishReason::Length,
        (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter(None),
        (Some("incomplete"), reason) => FinishReason::Other(reason.unwrap_or("incomplete").to_owned()),
        (Some(status), _) if UNFINISHED.contains(&status) => FinishReason::Other(status.to_owned()),
        _ if waits => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// Says a reason in the vendor's words. A provider's word that we do not know passes as it is.
pub(super) fn encode<'r>(reason: Option<&'r FinishReason>, parts: &[Part]) -> End<'r> {
    let completed = |why| End { status: "completed", reason: None, loss: loss(why) };
    let incomplete = |reason, why| End { status: "incomplete", reason: Some(reason), loss: loss(why) };
    let refused = || parts.iter().any(|part| matches!(part.content, Content::Refusal(_)));
    match reason {
        None | Some(FinishReason::Stop | FinishReason::StopSequence(None) | FinishReason::ToolCalls) => {
            completed(None)
        }
        Some(FinishReason::StopSequence(Some(_))) => {
            completed(Some("the format does not say which stop text was met"))
        }
        Some(FinishReason::Length) => incomplete("max_output_tokens", None),
        Some(FinishReason::ContextWindow) => {
            incomplete("max_output_tokens", Some("the format has no word for a full context window"))
        }
        Some(FinishReason::ContentFilter(None)) => incomplete("content_filter", None),
        Some(FinishReason::ContentFilter(Some(_))) => {
            incomplete("content_filter", Some("the format does not say why the filter cut"))
        }
        Some(FinishReason::Refusal(_)) if refused() => completed(None),
        Some(FinishReason::Refusal(_)) => {
            incomplete("content_filter", Some("the format has no word for a refusal without text"))
        }
        Some(FinishReason::PauseTurn) => {
            completed(Some("the format has no word for a turn that is only paused"))
        }
        Some(FinishReason::MalformedToolCall(_)) => {
            completed(Some("the format has no word for a malformed tool call"))
        }
        Some(FinishReason::Other(word)) if UNFINISHED.contains(&word.as_str()) => {
            End { status: word, reason: None, loss: None }
        }
        Some(FinishReason::Other(word)) => incomplete(word, None),
        Some(_) => completed(Some("the format has no word for this reason")),
    }
}

fn loss(why: Option<&'static str>) -> Option<(LossKind, &'static str)> {
    why.map(|why| (LossKind::Approximated, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_words_go_both_ways() {
        for (status, reason) in [
            ("completed", None),
            ("incomplete", Some("max_output_tokens")),
            ("incomplete", Some("content_filter")),
            ("incomplete", Some("max_messages")),
            ("queued", None),
            ("in_progress", None),
            ("cancelled", None),
        ] {
            let read = decode(Some(status), reason, false);
            let said = encode(Some(&read), &[]);
            assert_eq!((said.status, said.reason, said.loss), (status, reason, None));
        }
    }

    #[test]
    fn a_call_is_seen_in_the_parts() {
        let call = [Part::tool_call("c", "f", "{}")];
        assert_eq!(decode(Some("completed"), None, true), FinishReason::ToolCalls);
        assert_eq!(decode(None, None, false), FinishReason::Stop);
        assert_eq!(decode(Some("incomplete"), Some("max_output_tokens"), true), FinishReason::Length);
        assert_eq!(encode(Some(&FinishReason::ToolCalls), &call).status, "completed");
    }

    #[test]
    fn what_the_format_cannot_say_is_named() {
        for reason in [
            FinishReason::ContextWindow,
            FinishReason::PauseTurn,
            FinishReason::MalformedToolCall(None),
            FinishReason::StopSequence(Some("END".into())),
            FinishReason::ContentFilter(Some("SPII".into())),
            FinishReason::Refusal(None),
        ] {
            assert!(encode(Some(&reason), &[Part::text("t")]).loss.is_some(), "{reason:?}");
        }
        let refusal = [Part::new(Content::Refusal("no".into()))];
        assert_eq!(encode(Some(&FinishReason::Refusal(None)), &refusal).status, "completed");
    }
}
