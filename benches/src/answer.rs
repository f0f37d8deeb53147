//! What the upstream answers: prepared once a connection and shape, so that a call costs it only fresh text and writes.

use std::ops::Range;

use memchr::memmem;

use crate::{shape::Shape, text::Writer};

/// Whose format is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

impl Format {
    /// The format that is asked for at a path.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/messages" => Some(Self::Anthropic),
            _ => None,
        }
    }
}

/// One answer's bytes, head and all, in which each call replaces only texts.
#[derive(Debug)]
pub struct Answer {
    bytes: Vec<u8>,
    texts: Vec<Range<usize>>,
    /// Where each piece of a stream ends: what is written at once.
    pieces: Vec<usize>,
}

impl Answer {
    /// An answer in `format` and `shape`.
    #[must_use]
    pub fn new(format: Format, shape: Shape) -> Self {
        match shape.chunks {
            None => Self::whole(format, shape),
            Some(chunks) => Self::stream(format, shape, chunks.max(1)),
        }
    }

    /// The next answer's bytes, in the pieces to write them in; no two answers are equal.
    pub fn next_pieces(&mut self, writer: &mut Writer) -> impl Iterator<Item = &[u8]> {
        writer.fill_all(&mut self.bytes, &self.texts);
        let starts = std::iter::once(0).chain(self.pieces.iter().copied());
        starts.zip(&self.pieces).map(|(start, end)| &self.bytes[start..*end])
    }

    fn whole(format: Format, shape: Shape) -> Self {
        let text = ".".repeat(shape.answer_bytes);
        let body = match format {
            Format::OpenAi => format!(
                "{{\"id\":\"chatcmpl-{ID}\",\"object\":\"chat.completion\",\"created\":1795000000,\"model\":\"{shape}\",\
                 \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null,\
                 \"annotations\":[]}},\"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{OPENAI_USAGE},\
                 \"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\"}}"
            ),
            Format::Anthropic => format!(
                "{{\"model\":\"{shape}\",\"id\":\"msg_{ID}\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{{\"type\":\
                 \"text\",\"text\":\"{text}\"}}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{ANTHROPIC_USAGE}}}"
            ),
        };
        let mut bytes = head("application/json", &format!("content-length: {}", body.len()));
        let start = bytes.len() + body.find(&text).unwrap_or_default();
        bytes.extend_from_slice(body.as_bytes());
        let end = bytes.len();
        Self { bytes, texts: std::iter::once(start..start + text.len()).collect(), pieces: vec![end] }
    }

    fn stream(format: Format, shape: Shape, chunks: usize) -> Self {
        let mut answer = Self {
            bytes: head("text/event-stream; charset=utf-8", "transfer-encoding: chunked"),
            texts: Vec::with_capacity(chunks),
            pieces: Vec::with_capacity(chunks + 4),
        };
        let opening = match format {
            Format::OpenAi => {
                openai_frame(shape, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null")
            }
            Format::Anthropic => anthropic_opening(shape),
        };
        answer.piece(&opening, 0);
        for chunk in 0..chunks {
            // The first ones take what does not divide.
            let text = shape.answer_bytes / chunks + usize::from(chunk < shape.answer_bytes % chunks);
            let text_frame = match format {
                Format::OpenAi => {
                    openai_frame(shape, &format!("{{\"content\":\"{}\"}}", ".".repeat(text)), "null")
                }
                Format::Anthropic => anthropic_delta(&".".repeat(text)),
            };
            answer.piece(&text_frame, text);
        }
        match format {
            Format::OpenAi => {
                answer.piece(&openai_frame(shape, "{}", "\"stop\""), 0);
                answer.piece(&openai_usage_frame(shape), 0);
                answer.piece("data: [DONE]\n\n", 0);
            }
            Format::Anthropic => {
                answer.piece(ANTHROPIC_CLOSING, 0);
            }
        }
        answer.bytes.extend_from_slice(b"0\r\n\r\n");
        if let Some(last) = answer.pieces.last_mut() {
            *last = answer.bytes.len();
        }
        if shape.gap.is_zero() {
            answer.pieces.drain(..answer.pieces.len() - 1);
        }
        answer
    }

    /// Appends one piece of a stream as one chunk, whose text of that length is renewed in every answer.
    fn piece(&mut self, frame: &str, text: usize) {
        self.bytes.extend_from_slice(format!("{:x}\r\n", frame.len()).as_bytes());
        if text > 0 {
            let place = memmem::find(frame.as_bytes(), ".".repeat(text).as_bytes()).unwrap_or_default();
            let start = self.bytes.len() + place;
            self.texts.push(start..start + text);
        }
        self.bytes.extend_from_slice(frame.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
        self.pieces.push(self.bytes.len());
    }
}

/// As long as the vendors' own.
const ID: &str = "01234567890123456789abcd";

const OPENAI_USAGE: &str = "{\"prompt_tokens\":240,\"completion_tokens\":180,\"total_tokens\":420,\
    \"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\
    \"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";

const ANTHROPIC_USAGE: &str = "{\"input_tokens\":240,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\
    \"cache_creation\":{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":0},\"output_tokens\":180,\
    \"service_tier\":\"standard\"}";

/// Three events, as they come at the end of a message; written at once, as the vendor does.
const ANTHROPIC_CLOSING: &str = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\
    \"usage\":{\"input_tokens\":240,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":180}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// About as many headers as the vendors send.
fn head(content_type: &str, length: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\ncontent-type: {content_type}\r\n{length}\r\n\
         x-request-id: req_{ID}\r\nx-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n\
         x-ratelimit-limit-tokens: 30000000\r\nx-ratelimit-remaining-tokens: 29999975\r\nopenai-processing-ms: 412\r\n\
         strict-transport-security: max-age=31536000; includeSubDomains\r\nx-content-type-options: nosniff\r\n\
         cf-cache-status: DYNAMIC\r\nserver: cloudflare\r\n\r\n"
    )
    .into_bytes()
}

fn openai_frame(shape: Shape, delta: &str, finish_reason: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-{ID}\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":\"{shape}\",\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"logprobs\":null,\"finish_reason\":{finish_reason}}}],\"usage\":null}}\n\n"
    )
}

fn openai_usage_frame(shape: Shape) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-{ID}\",\"object\":\"chat.completion.chunk\",\"created\":1795000000,\"model\":\"{shape}\",\
         \"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[],\"usage\":{OPENAI_USAGE}}}\n\n"
    )
}

fn anthropic_opening(shape: Shape) -> String {
    format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"model\":\"{shape}\",\"id\":\"msg_{ID}\",\
         \"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\
         \"usage\":{ANTHROPIC_USAGE}}}}}\n\nevent: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\
         \"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\nevent: ping\ndata: {{\"type\":\"ping\"}}\n\n"
    )
}

fn anthropic_delta(text: &str) -> String {
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\
         \"text\":\"{text}\"}}}}\n\n"
    )
}

/// Why an answer in OpenAI's format is not the one that the shape names, or `None` if it is.
///
/// Its text must have the very length asked for, and it must have ended as such answers end.
#[must_use]
pub fn fault(shape: Shape, body: &[u8]) -> Option<String> {
    let mut bytes = 0;
    let mut pieces = 0;
    for start in memmem::find_iter(body, b"\"content\":\"") {
        let text = &body[start + "\"content\":\"".len()..];
        let Some(end) = memchr::memchr(b'"', text) else {
            return Some("a text that does not end".to_owned());
        };
        bytes += end;
        pieces += usize::from(end > 0);
    }
    if bytes != shape.answer_bytes {
        return Some(format!("{bytes} bytes of text instead of {}", shape.answer_bytes));
    }
    if memmem::find(body, b"\"finish_reason\":\"stop\"").is_none() {
        return Some("no finish reason".to_owned());
    }
    match shape.chunks {
        Some(chunks) if pieces != chunks => Some(format!("{pieces} chunks instead of {chunks}")),
        Some(_) if !body.ends_with(b"data: [DONE]\n\n") => Some("no terminator".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The bytes after the head, chunk framing taken off.
    fn body(answer: &mut Answer) -> (Vec<u8>, usize) {
        let pieces: Vec<_> = answer.next_pieces(&mut Writer::new(1)).map(<[u8]>::to_vec).collect();
        let (count, bytes) = (pieces.len(), pieces.concat());
        let start = memmem::find(&bytes, b"\r\n\r\n").unwrap() + 4;
        let mut rest = &bytes[start..];
        if memmem::find(&bytes[..start], b"chunked").is_none() {
            return (rest.to_vec(), count);
        }
        let mut body = Vec::new();
        loop {
            let line = memmem::find(rest, b"\r\n").unwrap();
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            body.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 4 + size..];
            if size == 0 {
                assert!(rest.is_empty());
                return (body, count);
            }
        }
    }

    #[test]
    fn answers_are_json_of_the_shape_asked_for() {
        let shape = Shape::whole(1_000);
        for format in [Format::OpenAi, Format::Anthropic] {
            let (body, pieces) = body(&mut Answer::new(format, shape));
            assert_eq!(pieces, 1);
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json["model"], shape.to_string());
            assert_eq!(fault(shape, &body).is_none(), format == Format::OpenAi);
        }
    }

    #[test]
    fn streams_are_events_of_the_shape_asked_for() {
        for gap in [Duration::ZERO, Duration::from_millis(5)] {
            let shape = Shape::stream(1_003, 100, gap);
            for format in [Format::OpenAi, Format::Anthropic] {
                let (body, pieces) = body(&mut Answer::new(format, shape));
                assert_eq!(pieces == 1, gap.is_zero());
                let text = String::from_utf8(body).unwrap();
                let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
                for data in data.filter(|data| *data != "[DONE]") {
                    serde_json::from_str::<serde_json::Value>(data).unwrap();
                }
                if format == Format::OpenAi {
                    assert_eq!(fault(shape, text.as_bytes()), None);
                }
            }
        }
    }

    #[test]
    fn what_is_not_the_answer_is_told() {
        let shape = Shape::stream(1_000, 10, Duration::ZERO);
        let (body, _) = body(&mut Answer::new(Format::OpenAi, shape));
        assert_eq!(fault(shape, &body), None);
        assert_eq!(
            fault(Shape::stream(999, 10, Duration::ZERO), &body).unwrap(),
            "1000 bytes of text instead of 999"
        );
        assert_eq!(
            fault(Shape::stream(1_000, 11, Duration::ZERO), &body).unwrap(),
            "10 chunks instead of 11"
        );
        assert_eq!(fault(shape, &body[..body.len() - 14]).unwrap(), "no terminator");
        assert!(fault(shape, &body[..body.len() / 2]).is_some());
    }
}
