//! What is no answer is never taken for one.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tollgate_model::{ChatEvent, ErrorKind};

use super::{Report, excerpt, grammar::check_grammar_so_far, replay, requests};
use crate::{Framing, Provider};

/// Bodies of a 200 that are no answer in any format.
pub(super) const NO_ANSWERS: [&[u8]; 16] = [
    b"",
    b"\n",
    b"OK",
    b"<!DOCTYPE html><html><body>Please log in</body></html>",
    b"null",
    b"true",
    b"0",
    b"\"text\"",
    b"[]",
    b"{}",
    b"{\"hello\":\"world\"}",
    b"{\"error\":\"it failed after all\"}",
    b"{\"error\":{\"message\":\"it failed after all\",\"type\":\"server_error\",\"code\":500,\"status\":\"INTERNAL\"}}",
    b"{\"id\":\"x\",\"choices\":[{\"ind",
    b"{\"text\":\"caf\xe9\"}",
    b"\xff\xfe\x00\x00",
];

pub(super) fn check(provider: &dyn Provider, report: &mut Report) {
    for body in NO_ANSWERS {
        check_response(provider, body, report);
        check_stream(provider, body, report);
    }
    let deep = "[".repeat(20_000);
    check_response(provider, deep.as_bytes(), report);
    check_stream(provider, deep.as_bytes(), report);
}

fn check_response(provider: &dyn Provider, body: &[u8], report: &mut Report) {
    let subject = format!("an answer \"{}\"", excerpt(body));
    let mut response = Response::new(Bytes::copy_from_slice(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    match report.run(&subject, || provider.decode_response(&requests::plain(), response)) {
        Some(Ok(_)) => report.add(subject, "it is taken for an answer"),
        Some(Err(error)) => check_kind(error.kind(), body, &subject, report),
        None => {}
    }
}

fn check_stream(provider: &dyn Provider, body: &[u8], report: &mut Report) {
    let subject = format!("a stream \"{}\"", excerpt(body));
    let request = requests::plain().streamed();
    let framed = frame(provider.framing(), body);
    let Some(replayed) = report.run(&subject, || replay::stream(provider, &request, [&framed[..]])) else {
        return;
    };
    if let Err(violation) = check_grammar_so_far(&replayed.events) {
        report.add(&subject, violation.to_string());
    }
    match replayed.error {
        None => report.add(subject, "it is taken for a whole answer"),
        Some(error) if body.is_empty() => {
            let truncated = error.kind() == ErrorKind::Truncated;
            report.expect(truncated, &subject, || {
                format!("a stream that ends at once is {}, not truncated", error.kind())
            });
            let silent = !replayed.events.iter().any(|event| !matches!(event, ChatEvent::Start { .. }));
            report.expect(silent, &subject, || "events come of nothing".to_owned());
        }
        Some(error) => check_kind(error.kind(), body, &subject, report),
    }
}

/// An error in the body has the kind it says; all else cannot be read, or is not complete.
fn check_kind(kind: ErrorKind, body: &[u8], subject: &str, report: &mut Report) {
    let right = match kind {
        ErrorKind::Protocol | ErrorKind::Truncated => true,
        ErrorKind::Cancelled | ErrorKind::Internal => false,
        _ => body.starts_with(b"{\"error\""),
    };
    report.expect(right, subject, || format!("its kind is {kind}, neither protocol nor truncated"));
}

/// Writes data as one frame.
pub(super) fn frame(framing: Framing, data: &[u8]) -> Vec<u8> {
    if data.is_empty() {
        return Vec::new();
    }
    match framing {
        Framing::Sse => [b"data: ", data, b"\n\n"].concat(),
        Framing::JsonLines => [data, b"\n"].concat(),
    }
}
