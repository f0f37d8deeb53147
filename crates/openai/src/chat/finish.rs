//! Why an answer ended, in the vendor's words and in ours.

use std::borrow::Cow;

use serde_json::Value;
use tollgate_model::{FinishReason, LossKind};

/// Reads `finish_reason`. `stop_reason` is vLLM's: which stop text was met.
pub(super) fn decode(word: &str, stop_reason: Option<&Value>) -> FinishReason {
    match word {
        "stop" => match stop_reason {
            Some(Value::String(text)) => FinishReason::StopSequence(Some(text.clone())),
            _ => FinishReason::Stop,
        },
        // Together's older servers.
        "eos" | "eos_token" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        // Mistral.
        "model_length" => FinishReason::ContextWindow,
        // `function_call` answers the deprecated `functions`.
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter(None),
        other => FinishReason::Other(other.to_owned()),
    }
}

/// Says a reason in the vendor's words.
///
/// `refused` says whether the answer holds a refusal, which OpenAI ends with `stop`; `legacy` whether the client asks by
/// the deprecated `functions`. A provider's word that we do not know passes as it is: any of the vendor's would be a guess.
pub(super) fn encode(
    reason: &FinishReason,
    refused: bool,
    legacy: bool,
) -> (Cow<'_, str>, Option<(LossKind, &'static str)>) {
    let (word, why) = match reason {
        FinishReason::Stop | FinishReason::StopSequence(None) => ("stop", None),
        FinishReason::StopSequence(Some(_)) => {
            ("stop", Some("the format does not say which stop text was met"))
        }
        FinishReason::Length => ("length", None),
        FinishReason::ContextWindow => ("length", Some("the format has no word for a full context window")),
        FinishReason::ToolCalls if legacy => ("function_call", None),
        FinishReason::ToolCalls => ("tool_calls", None),
        FinishReason::ContentFilter(None) => ("content_filter", None),
        FinishReason::ContentFilter(Some(_)) => {
            ("content_filter", Some("the format does not say why the filter cut"))
        }
        FinishReason::Refusal(_) if refused => ("stop", None),
        FinishReason::Refusal(_) => {
            ("content_filter", Some("the format has no word for a refusal without text"))
        }
        FinishReason::PauseTurn => ("stop", Some("the format has no word for a turn that is only paused")),
        FinishReason::MalformedToolCall(_) => {
            ("stop", Some("the format has no word for a malformed tool call"))
        }
        FinishReason::Other(word) => return (Cow::Borrowed(word), None),
        _ => ("stop", Some("the format has no word for this reason")),
    };
    (Cow::Borrowed(word), why.map(|why| (LossKind::Approximated, why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_own_words_go_both_ways() {
        for word in ["stop", "length", "tool_calls", "content_filter", "invented_tomorrow"] {
            let reason = decode(word, None);
            assert_eq!(encode(&reason, false, false), (Cow::Borrowed(word), None));
        }
        assert_eq!(encode(&decode("function_call", None), false, true).0, "function_call");
        assert_eq!(decode("stop", Some(&Value::from("END"))), FinishReason::StopSequence(Some("END".into())));
        assert_eq!(decode("stop", Some(&Value::from(2))), FinishReason::Stop);
    }

    #[test]
    fn what_the_format_cannot_say_is_named() {
        for (reason, word) in [
            (FinishReason::ContextWindow, "length"),
            (FinishReason::PauseTurn, "stop"),
            (FinishReason::MalformedToolCall(None), "stop"),
            (FinishReason::Refusal(None), "content_filter"),
        ] {
            let (said, loss) = encode(&reason, false, false);
            assert_eq!(said, word);
            assert!(loss.is_some(), "{reason:?}");
        }
        assert_eq!(encode(&FinishReason::Refusal(None), true, false), (Cow::Borrowed("stop"), None));
    }
}
