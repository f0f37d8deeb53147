//! The text of a case's files: HTTP as people read it, JSON as people read it, and what differs.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tollgate_model::{ChatEvent, ProviderError, RequestError};

/// Writes a value as JSON, indented, with a newline at its end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    match serde_json::to_string_pretty(value) {
        Ok(text) => text + "\n",
        Err(error) => format!("cannot be written as JSON: {error}\n"),
    }
}

/// Writes a request: method and URL, headers by name, an empty line, the body.
pub(super) fn upstream(request: &Request<Bytes>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let mut headers: Vec<_> = request.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(body) => text.push_str(&pretty(&body)),
        Err(_) => text.push_str(&String::from_utf8_lossy(request.body())),
    }
    text
}

/// Reads a response: status line, headers, an empty line, the body as it stands.
pub(super) fn response(bytes: &[u8]) -> Result<Response<Bytes>, String> {
    let (head, body) = split_head(bytes).ok_or("there is no empty line after the headers")?;
    let head = std::str::from_utf8(head).map_err(|error| format!("the head is no text: {error}"))?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    let code = status.split(' ').nth(1).unwrap_or_default();
    let code: StatusCode =
        code.parse().map_err(|_| format!("{status:?} is no status line such as `HTTP/1.1 200 OK`"))?;
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = code;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is no header"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("{name:?} is no header's name"))?;
        let value =
            HeaderValue::from_str(value.trim()).map_err(|_| format!("{line:?} has no header's value"))?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ends = |separator: &[u8]| bytes.windows(separator.len()).position(|window| window == separator);
    let (end, length) = match (ends(b"\n\n"), ends(b"\r\n\r\n")) {
        (Some(plain), Some(crlf)) if crlf < plain => (crlf, 4),
        (Some(plain), _) => (plain, 2),
        (None, Some(crlf)) => (crlf, 4),
        (None, None) => return None,
    };
    Some((&bytes[..end], &bytes[end + length..]))
}

/// Writes why a request cannot be asked.
pub(super) fn refusal(error: &RequestError) -> String {
    pretty(&json!({"kind": error.kind, "message": error.message, "param": error.param}))
}

/// Writes a provider's error.
pub(super) fn provider_error(error: &ProviderError) -> Value {
    json!({"error": {
        "kind": error.kind(),
        "status": error.status.map(|status| status.as_u16()),
        "retry_after_seconds": error.retry_after.map(|wait| wait.as_secs_f64()),
        "message": error.message,
        "code": error.code,
        "param": error.param,
    }})
}

/// Writes a stream's events, one a line, and its error if it has one.
pub(super) fn events(events: &[ChatEvent], error: Option<&ProviderError>) -> String {
    let mut text = String::new();
    for event in events {
        let line = serde_json::to_string(event)
            .unwrap_or_else(|error| format!("cannot be written as JSON: {error}"));
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(error) = error {
        text.push_str(&provider_error(error).to_string());
        text.push('\n');
    }
    text
}

/// Says where two texts differ: the lines between their common beginning and end, with three lines around.
pub(super) fn difference(expected: &str, actual: &str) -> String {
    const AROUND: usize = 3;
    const MOST: usize = 40;
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let shorter = old.len().min(new.len()) - start;
    let same_end =
        old.iter().rev().zip(new.iter().rev()).take(shorter).take_while(|(old, new)| old == new).count();
    let mut text = String::new();
    let mut put = |mark: char, lines: &[&str]| {
        for line in lines.iter().take(MOST) {
            let _ = writeln!(text, "    {mark} {line}");
        }
        if lines.len() > MOST {
            let _ = writeln!(text, "    {mark} … {} more lines", lines.len() - MOST);
        }
    };
    put(' ', &old[start.saturating_sub(AROUND)..start]);
    put('-', &old[start..old.len() - same_end]);
    put('+', &new[start..new.len() - same_end]);
    let end = old.len() - same_end;
    put(' ', &old[end..(end + AROUND).min(old.len())]);
    if old == new {
        text.push_str("    the texts differ only in the line break at their end\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_with_its_body_as_it_stands() {
        let read =
            response(b"HTTP/1.1 429 Too Many\nRetry-After: 2\nx-a: b:c\n\n{\"a\": 1}\n\nrest").unwrap();
        assert_eq!(read.status(), 429);
        assert_eq!(
            (&read.headers()["retry-after"], &read.headers()["x-a"]),
            (&"2".parse().unwrap(), &"b:c".parse().unwrap())
        );
        assert_eq!(&read.body()[..], b"{\"a\": 1}\n\nrest");
        assert_eq!(&response(b"HTTP/1.1 200 OK\r\n\r\nx\n\ny").unwrap().body()[..], b"x\n\ny");
        for broken in ["", "HTTP/1.1 200 OK", "HTTP/1.1 fine\n\n", "HTTP/1.1 200 OK\nno header\n\n"] {
            assert!(response(broken.as_bytes()).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_difference_shows_the_lines_around_it() {
        let shown = difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n");
        assert_eq!(shown, "      a\n      b\n      c\n    - d\n    + X\n      e\n      f\n");
        assert!(difference("a\n", "a").contains("line break"));
        assert_eq!(difference("", "a\n"), "    + a\n");
    }
}
