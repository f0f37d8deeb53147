//! Requests made like real conversations: a long history that stays, and a fresh question in every call.

use std::ops::Range;

use crate::text::Writer;

/// The length of one message of the history, as in chats about code and documents.
const TURN_BYTES: usize = 1_500;

/// What follows the messages.
const WHOLE: &str = "],\"temperature\":0.7,\"max_completion_tokens\":4096}";
const STREAMED: &str = "],\"temperature\":0.7,\"max_completion_tokens\":4096,\"stream\":true,\
    \"stream_options\":{\"include_usage\":true}}";

/// How much of a call has never been said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The last message: a conversation that goes on.
    LastMessage,
    /// Every message: the worst case for whoever keeps prompts.
    Everything,
}

/// What a conversation's requests look like.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// The `host` header.
    pub host: &'a str,
    /// The bearer token.
    pub key: &'a str,
    /// The model asked for.
    pub model: &'a str,
    /// Whether the answer shall be streamed.
    pub stream: bool,
    /// The length of each body, head not counted.
    pub body_bytes: usize,
    /// How much of each request is new.
    pub freshness: Freshness,
}

/// One client's conversation: the bytes of a whole HTTP request, in which each call replaces only texts.
#[derive(Debug)]
pub struct Conversation {
    request: Vec<u8>,
    fresh: Vec<Range<usize>>,
    writer: Writer,
}

impl Conversation {
    /// A conversation whose texts depend on `seed`.
    ///
    /// Its requests have bodies of exactly `body_bytes`, or of the smallest possible length.
    #[must_use]
    pub fn new(settings: &Settings<'_>, seed: u64) -> Self {
        let Settings { host, key, model, stream, body_bytes, freshness } = *settings;
        let mut writer = Writer::new(seed);
        let start = format!("{{\"model\":\"{model}\",\"messages\":[");
        let end = if stream { STREAMED } else { WHOLE };
        let (mut messages, mut texts) = messages(body_bytes.saturating_sub(start.len() + end.len()));
        writer.fill_all(&mut messages, &texts);
        let length = start.len() + messages.len() + end.len();
        let mut request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\n\
             content-type: application/json\r\nuser-agent: OpenAI/Python 3.1.0\r\nauthorization: Bearer {key}\r\n\
             x-stainless-lang: python\r\nx-stainless-os: Linux\r\nx-stainless-retry-count: 0\r\ncontent-length: {length}\r\n\r\n{start}"
        )
        .into_bytes();
        texts.iter_mut().for_each(|text| *text = text.start + request.len()..text.end + request.len());
        request.extend_from_slice(&messages);
        request.extend_from_slice(end.as_bytes());
        if freshness == Freshness::LastMessage {
            texts.drain(..texts.len() - 1);
        }
        Self { request, fresh: texts, writer }
    }

    /// The next call's bytes, which have never been sent before.
    pub fn next_request(&mut self) -> &[u8] {
        self.writer.fill_all(&mut self.request, &self.fresh);
        &self.request
    }
}

/// Messages of `bytes` in all, and where their texts are: the system's, then the user's and the model's in turn.
fn messages(bytes: usize) -> (Vec<u8>, Vec<Range<usize>>) {
    let frame = "{\"role\":\"assistant\",\"content\":\"\"},".len();
    // An odd number after the system's: the user speaks last.
    let turns = (bytes / (TURN_BYTES + frame)).max(1) / 2 * 2 + 1;
    let (mut out, mut texts) = (Vec::with_capacity(bytes), Vec::new());
    for turn in 0..=turns {
        let role = match turn {
            0 => "system",
            turn if turn % 2 == 1 => "user",
            _ => "assistant",
        };
        let comma = if turn == 0 { "" } else { "," };
        out.extend_from_slice(format!("{comma}{{\"role\":\"{role}\",\"content\":\"").as_bytes());
        let left = bytes.saturating_sub(out.len());
        // What is left is shared by the messages to come, so that the last is as long as the others.
        let text = (left / (turns + 1 - turn)).saturating_sub(frame);
        let text = if turn == turns { left.saturating_sub(2) } else { text };
        texts.push(out.len()..out.len() + text);
        out.resize(out.len() + text, b'.');
        out.extend_from_slice(b"\"}");
    }
    (out, texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(request: &[u8]) -> serde_json::Value {
        let start = memchr::memmem::find(request, b"\r\n\r\n").unwrap() + 4;
        serde_json::from_slice(&request[start..]).unwrap()
    }

    #[test]
    fn bodies_have_the_length_asked_for_and_are_never_equal() {
        for (bytes, freshness) in [(1_024, Freshness::LastMessage), (200 * 1_024, Freshness::Everything)] {
            let settings = Settings {
                host: "h",
                key: "k",
                model: "openai/m",
                stream: true,
                body_bytes: bytes,
                freshness,
            };
            let mut conversation = Conversation::new(&settings, 1);
            let first = conversation.next_request().to_vec();
            let second = conversation.next_request().to_vec();
            assert!(
                first.windows(25).any(|w| w.starts_with(format!("content-length: {bytes}\r\n").as_bytes()))
            );
            let (first, second) = (body(&first), body(&second));
            let (first, second) =
                (first["messages"].as_array().unwrap(), second["messages"].as_array().unwrap());
            assert_ne!(first.last(), second.last());
            assert_eq!(first[0] == second[0], freshness == Freshness::LastMessage);
            assert_eq!(first.last().unwrap()["role"], "user");
        }
    }
}
