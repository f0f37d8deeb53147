//! Errors have the right kind, whatever their body.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use tollgate_model::ErrorKind::{
    self, Authentication, ContextLengthExceeded, InvalidRequest, ModelNotFound, Overloaded, PermissionDenied,
    QuotaExhausted, RateLimited, RequestTooLarge, Timeout, Unavailable,
};

use super::{Report, excerpt};
use crate::Provider;

/// The longest message that is passed on. Vendors' own texts are shorter; pages of proxies are not.
const MAX_MESSAGE_BYTES: usize = 4096;

/// Statuses, and the kinds that are right for them when the body says nothing. No kinds: any.
const STATUSES: [(u16, &[ErrorKind]); 28] = [
    (301, &[]),
    (307, &[]),
    (400, &[InvalidRequest]),
    (401, &[Authentication]),
    (402, &[QuotaExhausted, PermissionDenied]),
    (403, &[PermissionDenied, Authentication]),
    (404, &[ModelNotFound, InvalidRequest]),
    (405, &[InvalidRequest, ModelNotFound]),
    (408, &[Timeout, Unavailable]),
    (409, &[InvalidRequest, Unavailable, Overloaded]),
    (413, &[RequestTooLarge, ContextLengthExceeded]),
    (415, &[InvalidRequest]),
    (418, &[InvalidRequest]),
    (422, &[InvalidRequest]),
    (424, &[]),
    (429, &[RateLimited, QuotaExhausted]),
    (431, &[InvalidRequest, RequestTooLarge]),
    (500, &[Unavailable, Overloaded]),
    (501, &[]),
    (502, &[Unavailable, Overloaded]),
    (503, &[Overloaded, Unavailable]),
    (504, &[Timeout, Unavailable]),
    (520, &[Unavailable, Overloaded]),
    (522, &[Unavailable, Timeout, Overloaded]),
    (524, &[Unavailable, Timeout, Overloaded]),
    (529, &[Overloaded, Unavailable]),
    (530, &[Unavailable, Overloaded]),
    (599, &[Unavailable, Timeout, Overloaded]),
];

pub(super) fn check(provider: &dyn Provider, report: &mut Report) {
    // What a status alone or a body alone decides is said once, not once for each pair of them.
    let mut said = BTreeSet::new();
    for (code, kinds) in STATUSES {
        let Ok(status) = StatusCode::from_u16(code) else { continue };
        for body in bodies() {
            let mut found = Report::default();
            check_one(provider, status, kinds, &body, &mut found);
            report.0.extend(found.0.into_iter().filter(|violation| said.insert(violation.what.clone())));
        }
    }
}

/// Bodies that say nothing of what went wrong.
fn bodies() -> Vec<Bytes> {
    let page =
        "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Sorry</h1></body></html>";
    let long = "x".repeat(1 << 20);
    let texts = [
        String::new(),
        " \r\n ".to_owned(),
        page.to_owned(),
        format!("<html><body>{long}</body></html>"),
        "upstream connect error or disconnect/reset before headers".to_owned(),
        "{\"error\":{\"mess".to_owned(),
        "null".to_owned(),
        "17".to_owned(),
        "[]".to_owned(),
        "[{}]".to_owned(),
        "{}".to_owned(),
        "{\"error\":null}".to_owned(),
        "{\"error\":{}}".to_owned(),
        "{\"error\":[]}".to_owned(),
        "{\"error\":{\"message\":17,\"type\":[],\"code\":{},\"param\":false,\"status\":1,\"details\":7}}"
            .to_owned(),
        "{\"type\":\"error\",\"error\":{\"type\":\"never_heard_of\",\"message\":\"strange\"}}".to_owned(),
        "{\"error\":\"\"}".to_owned(),
        format!("{{\"error\":\"{long}\"}}"),
        format!("{{\"error\":{{\"message\":\"{long}\"}}}}"),
        format!("{{\"error\":{{\"message\":{}}}}}", serde_json::Value::from(page)),
        long,
        "[".repeat(20_000),
        "{\"error\":".repeat(20_000),
    ];
    let mut bodies: Vec<_> = texts.into_iter().map(Bytes::from).collect();
    bodies.push(Bytes::from_static(b"\xff\xfe\x00\x80{\"error\""));
    bodies.push(Bytes::from_static(b"{\"error\":{\"message\":\"caf\xe9\"}}"));
    bodies
}

fn check_one(
    provider: &dyn Provider,
    status: StatusCode,
    kinds: &[ErrorKind],
    body: &Bytes,
    report: &mut Report,
) {
    let subject = format!("an error {} with the body \"{}\"", status.as_u16(), excerpt(body));
    let mut response = Response::new(body.clone());
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("7"));
    let Some(error) = report.run(&subject, || provider.decode_error(response)) else { return };
    report.expect(error.status == Some(status), &subject, || {
        format!("its status {status} became {:?}", error.status)
    });
    let right = kinds.is_empty() || kinds.contains(&error.kind());
    report.expect(right, &subject, || format!("the kind of {status} is {}, none of {kinds:?}", error.kind()));
    if matches!(status.as_u16(), 429 | 503 | 529) {
        let waits = error.retry_after == Some(Duration::from_secs(7));
        report.expect(waits, &subject, || {
            format!("retry-after: 7 became {:?} under {status}", error.retry_after)
        });
    }
    let message = &error.message;
    report.expect(!message.trim().is_empty(), &subject, || "it has no message".to_owned());
    let short = message.len() <= MAX_MESSAGE_BYTES;
    report.expect(short, &subject, || format!("its message is {} bytes long", message.len()));
    let lower = message.to_ascii_lowercase();
    let clean = !["<html", "<!doctype", "<body"].iter().any(|tag| lower.contains(tag));
    report.expect(clean, &subject, || format!("its message holds HTML: \"{}\"", excerpt(message.as_bytes())));
    report.expect(!message.contains('\0'), &subject, || "its message holds a zero byte".to_owned());
}
