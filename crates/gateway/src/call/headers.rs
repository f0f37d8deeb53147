//! What the gateway says in the headers of an answer.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tollgate_model::Losses;

use super::open_call::OpenCall;

/// Headers of a provider's answer that a client of its format may see. Everything else stays here: cookies, server names,
/// organisation ids, and rate limits that are ours and not the client's.
static RELAYED: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    header::RETRY_AFTER,
    HeaderName::from_static("retry-after-ms"),
    HeaderName::from_static("x-should-retry"),
];

const CALL_ID: HeaderName = HeaderName::from_static("x-tollgate-call-id");
const PROVIDER: HeaderName = HeaderName::from_static("x-tollgate-provider");
const MODEL: HeaderName = HeaderName::from_static("x-tollgate-model");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-tollgate-attempts");
const COST_USD: HeaderName = HeaderName::from_static("x-tollgate-cost-usd");
const LOSSY: HeaderName = HeaderName::from_static("x-tollgate-lossy");

/// Longer lists are cut: many servers refuse large headers. The record holds all.
const MAX_LOSSY_BYTES: usize = 2048;

/// Returns the headers of a provider's answer that a client may see.
pub(crate) fn relayed(headers: &HeaderMap) -> HeaderMap {
    RELAYED.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

/// Adds `x-tollgate-*`.
pub(crate) fn describe(call: &OpenCall, headers: &mut HeaderMap) {
    headers.reserve(6);
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(CALL_ID, call.id().as_str());
    if let Some(target) = call.target() {
        put(PROVIDER, target.provider.as_str());
        put(MODEL, target.model.as_str());
    }
    match call.attempts() {
        1 => put(ATTEMPTS, "1"),
        more => put(ATTEMPTS, &more.to_string()),
    }
    if let Some(cost) = call.cost() {
        put(COST_USD, &cost.to_string());
    }
    if !call.losses().is_empty() {
        put(LOSSY, &lossy(call.losses()));
    }
}

/// Writes `path=kind, path=kind`.
fn lossy(losses: &Losses) -> String {
    let mut text = String::new();
    for loss in losses {
        let path =
            loss.path.bytes().map(|byte| if (0x21..0x7f).contains(&byte) { char::from(byte) } else { '?' });
        let entry = format!("{}={}", path.collect::<String>(), loss.kind.as_str());
        if text.len() + entry.len() + 5 > MAX_LOSSY_BYTES {
            text.push_str(", ...");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&entry);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_listed_and_the_list_is_bounded() {
        let mut losses = Losses::new();
        losses.dropped("sampling.seed", "x");
        losses.approximated("métadata", "y");
        assert_eq!(lossy(&losses), "sampling.seed=dropped, m??tadata=approximated");
        for index in 0..1000 {
            losses.dropped(format!("messages[{index}].name"), "z");
        }
        let text = lossy(&losses);
        assert!(text.len() <= MAX_LOSSY_BYTES && text.ends_with(", ..."));
    }

    #[test]
    fn only_listed_headers_pass() {
        let all: HeaderMap = [
            "content-type",
            "set-cookie",
            "openai-organization",
            "x-ratelimit-limit-requests",
            "x-request-id",
        ]
        .into_iter()
        .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("v")))
        .collect();
        let kept = relayed(&all);
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["content-type", "x-request-id"]);
    }
}
