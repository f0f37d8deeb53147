//! The same format on both sides: every byte passes as it is, but for the model's name.

use std::time::Duration;

use serde_json::json;
use tollgate_telemetry::{Outcome, UsageSource};

use crate::{
    client::{chat, open_chat},
    provider, provider_key, records,
    support::GatewayProcess,
    upstream::{Step, Upstream, chunk, end, header, json, stream_head, with_headers},
};

/// Written as no serialiser would write it: odd spaces, escapes, numbers beyond any type, unknown and repeated fields.
const ODD_REQUEST: &str = "\r\n {\t\"zeta\" : 1.0000000000000000000000000000001,\"messages\":[ {\"role\":\"user\",\
     \"content\":\"tab\\t \\u00e9\\ud83d\\ude00 \\/ \u{fffd} é 😀\",\"x-unknown\":{\"b\":1,\"a\":[ ]}} ]  ,\n\
     \"model\" :  \"up\\/m-\\u0031\" , \"seed\":123456789012345678901234567890,\"big\":1e400,\"neg\":-0.0,\
     \"twice\":1,\"twice\":2,\"nested\":{\"model\":\"not this one\"},\"empty\":{ },\"null\":null }\n\n";

const ODD_ANSWER: &str = "{ \"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"message\":{\"content\":\"a\\u0062c \\/ 😀\",\
     \"role\":\"assistant\",\"thoughts\":[1,2]}}],\n\n  \"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12,\
     \"new_tokens\":7e0},\"id\" :\"x\",\"model\":\"m-1\",\"big\":18446744073709551616.5}\r\n ";

/// An event-stream with what the standard allows and no vendor's SDK writes: CRLF, bare CR, comments, names, ids,
/// data without a space and over two lines, unknown fields.
const ODD_STREAM: &str = ": opening comment\r\n\r\nretry: 1500\nid: 7\n\n\
     event: message\r\ndata:{\"id\":\"x\",\"model\":\"m-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é😀\",\"new\":{\"a\":[]}}}]}\r\n\r\n\
     data: {\"id\":\"x\",\ndata: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n\
     : keep-alive\n\n\
     data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"obfuscation\":\"aZ3\"}\r\r\
     data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12,\"new\":1}}\n\n\
     data: [DONE]\n\n: last words\n\n";

fn gateway(upstream: &Upstream) -> GatewayProcess {
    let provider = provider("up", "openai-compatible", upstream);
    GatewayProcess::start(&format!("{provider}[models.same]\ntargets = [\"up/same\"]\n"))
}

#[test]
fn a_request_reaches_the_provider_byte_by_byte() {
    let upstream = Upstream::always(vec![json(200, ODD_ANSWER)]);
    let gateway = gateway(&upstream);
    let headers = [
        ("authorization", "Bearer sk-of-the-client"),
        ("cookie", "session=1"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-tollgate-tags", "feature=search"),
        ("openai-organization", "org-of-the-client"),
        ("openai-beta", "something=v2"),
    ];
    assert_eq!(chat(gateway.address, &headers, ODD_REQUEST).status, 200);
    let renamed = ODD_REQUEST.replace("\"up\\/m-\\u0031\"", "\"m-1\"");
    assert_ne!(renamed, ODD_REQUEST);
    let same = "{\"model\":\"s\\u0061me\",  \"messages\":[]}";
    assert_eq!(chat(gateway.address, &[], same).status, 200);

    let received = upstream.received();
    assert_eq!(String::from_utf8_lossy(&received[0].body), renamed);
    // The name is what the provider calls the model already: then not even that is written anew.
    assert_eq!(String::from_utf8_lossy(&received[1].body), same);
    let head = &received[0].head;
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    let bearer = format!("Bearer {}", provider_key("up"));
    assert_eq!(header(head, "authorization"), Some(bearer.as_str()));
    assert_eq!(header(head, "openai-beta"), Some("something=v2"));
    assert_eq!(header(head, "content-length"), Some(renamed.len().to_string().as_str()));
    for kept_here in ["cookie", "x-forwarded-for", "x-tollgate-tags", "openai-organization"] {
        assert_eq!(header(head, kept_here), None, "{head}");
    }
    let records = records(gateway);
    assert!(records.iter().all(|call| call.relayed), "{records:?}");
    assert_eq!(records[0].request, ODD_REQUEST.as_bytes());
    assert_eq!(records[0].tags["feature"], json!("search"));
}

#[test]
fn an_answer_comes_back_byte_by_byte() {
    let headers = "content-type: application/json; charset=utf-8\r\nx-request-id: req-1\r\nset-cookie: a=b\r\n\
                   openai-organization: org-of-the-operator\r\nx-ratelimit-remaining-requests: 17\r\n";
    let upstream = Upstream::always(vec![with_headers(200, headers, ODD_ANSWER.as_bytes())]);
    let gateway = gateway(&upstream);
    let answer = chat(gateway.address, &[], ODD_REQUEST);
    assert_eq!((answer.status, answer.text()), (200, ODD_ANSWER));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("x-request-id"), Some("req-1"));
    for kept_here in ["set-cookie", "openai-organization", "x-ratelimit-remaining-requests"] {
        assert_eq!(answer.header(kept_here), None, "{}", answer.head);
    }
    let records = records(gateway);
    let call = &records[0];
    assert_eq!(answer.header("x-tollgate-call-id"), Some(call.summary.id.as_str()));
    assert_eq!(call.response, ODD_ANSWER.as_bytes());
    assert_eq!(call.summary.usage.input_tokens.zip(call.summary.usage.output_tokens), Some((9, 3)));
    assert_eq!(call.finish_reason.as_deref(), Some("stop"));
}

#[test]
fn an_error_comes_back_byte_by_byte() {
    let error = "{\"error\": { \"message\":\"no \\u0061\", \"type\":\"odd\",\"param\":null,\"code\":null ,\"hint\":[ 1 ]} }\n";
    let upstream = Upstream::always(vec![json(422, error)]);
    let gateway = gateway(&upstream);
    let answer = chat(gateway.address, &[], ODD_REQUEST);
    assert_eq!((answer.status, answer.text()), (422, error));
    let records = records(gateway);
    assert_eq!((records[0].summary.outcome, records[0].summary.http_status), (Outcome::Failed, 422));
}

#[test]
fn a_stream_comes_back_byte_by_byte_however_it_is_cut() {
    // Whole; byte by byte, also within a character and within CRLF; in pieces of seven with pauses between some.
    let whole = vec![stream_head(), chunk(ODD_STREAM), end()];
    let single = ODD_STREAM.as_bytes().chunks(1).map(chunk);
    let bytes = [stream_head()].into_iter().chain(single).chain([end()]).collect();
    let sevens = ODD_STREAM.as_bytes().chunks(7).enumerate().flat_map(|(nth, piece)| {
        let pause = if nth % 8 == 0 { Duration::from_millis(3) } else { Duration::ZERO };
        [chunk(piece), Step::Pause(pause)]
    });
    let pieces = [stream_head()].into_iter().chain(sevens).chain([end()]).collect();
    let scripts: [Vec<Step>; 3] = [whole, bytes, pieces];
    let count = scripts.len();
    let upstream = Upstream::start(move |nth, _| scripts[nth].clone());
    let gateway = gateway(&upstream);
    for nth in 0..count {
        let answer = chat(gateway.address, &[], r#"{"model":"up/m-1","stream":true,"messages":[]}"#);
        assert_eq!((answer.status, answer.complete), (200, true));
        assert_eq!(answer.text(), ODD_STREAM, "script {nth}");
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    }
    for call in records(gateway) {
        assert_eq!(call.response, ODD_STREAM.as_bytes());
        assert_eq!(
            (call.summary.outcome, call.summary.usage_source),
            (Outcome::Completed, UsageSource::Reported)
        );
        assert_eq!(call.summary.usage.output_tokens, Some(3));
        assert_eq!(call.finish_reason.as_deref(), Some("stop"));
    }
}

#[test]
fn pieces_arrive_as_they_come_and_not_at_the_end() {
    let first = crate::delta("first");
    let upstream = Upstream::always(vec![
        stream_head(),
        chunk(&first),
        Step::WaitForGo,
        chunk([crate::LAST, crate::DONE].concat()),
        end(),
    ]);
    let gateway = gateway(&upstream);
    let mut open = open_chat(gateway.address, &[], crate::question("up/m-1", true));
    open.read_until(&first);
    upstream.go();
    let answer = open.read_to_end();
    assert_eq!(answer.text(), [&first, crate::LAST, crate::DONE].concat());
}

#[test]
fn a_stream_cut_within_an_event_ends_with_an_error_that_can_be_read() {
    let whole = crate::delta("whole");
    let half = &crate::delta("half")[..40];
    let upstream = Upstream::always(vec![
        stream_head(),
        chunk(&whole),
        Step::Pause(Duration::from_millis(50)),
        chunk(half),
        Step::Close,
    ]);
    let gateway = gateway(&upstream);
    let answer = chat(gateway.address, &[], crate::question("up/m-1", true));
    // What had begun and cannot be finished would swallow the error, or spoil it.
    let events: Vec<&str> = answer.text().split_terminator("\n\n").collect();
    assert_eq!(events.len(), 2, "{}", answer.text());
    assert_eq!(format!("{}\n\n", events[0]), whole);
    let error: serde_json::Value = serde_json::from_str(events[1].strip_prefix("data: ").unwrap()).unwrap();
    assert!(error["error"]["message"].is_string(), "{error}");
    let records = records(gateway);
    assert_eq!(records[0].summary.outcome, Outcome::Failed);
    assert_eq!(records[0].summary.error_kind.as_deref(), Some("unavailable"));
}
