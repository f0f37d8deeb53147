//! A stream as the vendor's SDKs read it: its rules.
//!
//! Source: `_iter_response_stream` and `request_streamed` of the vendor's Python SDK 3.4.0, `processStreamResponse` and
//! `isValidContent` of its JavaScript SDK 2.32.0 (read 2026-11-23).

use serde_json::Value;

/// Reads a stream of events, and returns its chunks.
pub(crate) fn events(text: &str, broken: bool) -> Vec<Value> {
    let frames = text.strip_suffix("\r\n\r\n").unwrap().split("\r\n\r\n");
    let data = frames.map(|frame| {
        assert!(!frame.contains(['\n', '\r']), "one line a frame: {frame}");
        let data = frame.strip_prefix("data: ").unwrap();
        assert!(
            !data.contains("\"error\"") || data.starts_with(r#"{"error":"#),
            "Python looks no further: {data}"
        );
        serde_json::from_str(data).unwrap()
    });
    checked(data.collect(), broken)
}

/// Reads a stream that is an array, and returns its elements. One that broke is not closed.
pub(crate) fn array(text: &str, broken: bool) -> Vec<Value> {
    assert_eq!(serde_json::from_str::<Value>(text).is_err(), broken, "{text}");
    let elements = text.strip_prefix('[').unwrap();
    let elements = if broken { elements } else { elements.strip_suffix("\n]\n").unwrap() };
    checked(elements.split("\n,\r\n").map(|element| serde_json::from_str(element).unwrap()).collect(), broken)
}

fn checked(mut chunks: Vec<Value>, broken: bool) -> Vec<Value> {
    if broken {
        let error = chunks.pop().unwrap();
        let code = error["error"]["code"].as_u64().unwrap();
        assert!((400..600).contains(&code), "JavaScript takes nothing else for an error: {error}");
        assert!(error["error"]["status"].is_string() && error["error"]["message"].is_string());
    }
    let last = chunks.len() - usize::from(!broken && !chunks.is_empty());
    for (place, chunk) in chunks.iter().enumerate() {
        assert!(chunk.get("error").is_none());
        assert_eq!(chunk["modelVersion"], chunks[0]["modelVersion"]);
        assert!(place == last || chunk.get("usageMetadata").is_none(), "usage comes last: {chunk}");
        for candidate in chunk["candidates"].as_array().into_iter().flatten() {
            let parts = candidate["content"]["parts"].as_array().unwrap();
            // Chats leave out an answer of which one chunk has no part, or an empty one.
            assert!(
                !parts.is_empty()
                    && parts.iter().all(|part| part.as_object().is_some_and(|it| !it.is_empty()))
            );
            assert_eq!(candidate["content"]["role"], "model");
            assert_eq!(candidate.get("finishReason").is_some(), place == last, "{chunk}");
        }
    }
    chunks
}
