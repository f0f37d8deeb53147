//! The untouched path: nothing of the client's credentials passes, and garbage is no answer here either.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_model::{ErrorKind, ModelName};

use super::{
    Report,
    encoding::{CREDENTIAL_HEADERS, check_head},
    excerpt,
    garbage::{NO_ANSWERS, frame},
};
use crate::{Framer, Provider, Relay, RequestFacts};

pub(super) fn check(provider: &dyn Provider, report: &mut Report) {
    let Some(relay) = provider.relay() else { return };
    check_request(relay, report);
    for body in NO_ANSWERS {
        let subject = format!("a relayed answer \"{}\"", excerpt(body));
        if let Some(Ok(_)) = report.run(&subject, || relay.response_facts(body)) {
            report.add(subject, "it is taken for an answer");
        }
        check_reader(provider, relay, body, report);
    }
}

fn check_request(relay: &dyn Relay, report: &mut Report) {
    let subject = "a relayed request";
    let body = Bytes::from_static(b"{\"model\":\"asked-for\",\"a_field_of_tomorrow\":1}");
    let mut headers = HeaderMap::new();
    for name in CREDENTIAL_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("the-clients-own-secret"));
    }
    for (name, value) in [("host", "gate.example"), ("content-length", "46"), ("connection", "close")] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let model = ModelName::new("conformance-model-1");
    for stream in [false, true] {
        let facts = RequestFacts {
            model: ModelName::new("asked-for"),
            model_span: Some(9..20),
            stream,
            stream_usage: false,
        };
        let Some(request) = report.run(subject, || relay.request(&model, &facts, &headers, &body)) else {
            return;
        };
        check_head(&request, subject, report);
        let leaked = request.headers().values().any(|value| value == "the-clients-own-secret");
        report.expect(!leaked, subject, || "the client's credential passes".to_owned());
        for name in ["host", "connection"] {
            let stays = !request.headers().contains_key(name);
            report.expect(stays, subject, || format!("the client's {name:?} header passes"));
        }
        let kept = String::from_utf8_lossy(request.body()).contains("\"a_field_of_tomorrow\":1");
        report.expect(kept, subject, || "an unknown field does not pass".to_owned());
    }
}

fn check_reader(provider: &dyn Provider, relay: &dyn Relay, body: &[u8], report: &mut Report) {
    let subject = format!("a relayed stream \"{}\"", excerpt(body));
    let framed = frame(provider.framing(), body);
    let result = report.run(&subject, || {
        let mut reader = relay.stream_reader();
        let mut framer = Framer::new(provider.framing());
        framer.feed(&framed, |frame| reader.read(frame))?;
        framer.finish(|frame| reader.read(frame))?;
        reader.finish()
    });
    match result {
        Some(Ok(())) => report.add(subject, "it is taken for a whole answer"),
        Some(Err(error)) if body.is_empty() => {
            let truncated = error.kind() == ErrorKind::Truncated;
            report.expect(truncated, &subject, || format!("a stream that ends at once is {}", error.kind()));
        }
        Some(Err(_)) | None => {}
    }
}
