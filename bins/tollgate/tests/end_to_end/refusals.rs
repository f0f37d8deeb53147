//! What the gateway itself refuses: with the right status, in the client's format, and recorded where somebody called.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use tollgate_telemetry::{CallDetail, Outcome};

use crate::{
    OPENAI_ANSWER,
    client::{Open, chat, request, send},
    provider, question, records,
    support::GatewayProcess,
    upstream::{PATIENCE, Upstream, json},
};

const KEY: &str = "sk-gate-of-the-tests-0f";
const BEARER: (&str, &str) = ("authorization", "Bearer sk-gate-of-the-tests-0f");

fn start() -> (GatewayProcess, Upstream) {
    let upstream = Upstream::always(vec![json(200, OPENAI_ANSWER)]);
    let providers =
        [provider("openai", "openai", &upstream), provider("theirs", "anthropic", &upstream)].concat();
    let key = format!("[[keys]]\nname = \"tests\"\nsecret = {KEY:?}\nteam = \"quality\"\n");
    let route = "[models.smart]\ntargets = [\"openai/gpt-4o\"]\n";
    (GatewayProcess::start(&format!("max_body_mib = 1\n{providers}{route}{key}")), upstream)
}

fn kinds(records: &[CallDetail]) -> Vec<(u16, Option<&str>)> {
    records
        .iter()
        .map(|call| {
            assert_eq!(call.summary.outcome, Outcome::Failed, "{call:?}");
            assert_eq!(
                (call.summary.key.as_deref(), call.summary.team.as_deref()),
                (Some("tests"), Some("quality"))
            );
            assert!(call.error_message.is_some(), "{call:?}");
            (call.summary.http_status, call.summary.error_kind.as_deref())
        })
        .collect()
}

#[test]
fn strangers_are_refused_alike_and_nothing_of_theirs_is_kept() {
    let (gateway, upstream) = start();
    let long = "x".repeat(9_000);
    let sent = [
        None,
        Some(("authorization", "Bearer sk-wrong")),
        Some(("authorization", "Bearer ")),
        Some(("authorization", "Bearer sk-gate-of-the-tests-0")),
        Some(("authorization", "Bearer sk-gate-of-the-tests-0f0")),
        Some(("authorization", "Basic c2stZ2F0ZQ==")),
        Some(("authorization", "Bearer ' OR 1=1 --")),
        Some(("x-api-key", "sk-wrong")),
        Some(("x-goog-api-key", long.as_str())),
    ];
    for header in sent {
        for body in [question("smart", true), "{".to_owned(), "x".repeat(3 << 20)] {
            let answer = chat(gateway.address, header.as_slice(), body);
            assert_eq!(answer.status, 401, "{header:?} {}", answer.text());
            assert_eq!(answer.error()["code"], "invalid_api_key");
            assert!(!answer.text().contains("sk-"), "{}", answer.text());
            assert_eq!(answer.header("x-tollgate-call-id"), None);
        }
        assert_eq!(request(gateway.address, "GET", "/v1/models", header.as_slice(), b"").status, 401);
    }
    let both = [BEARER, ("x-api-key", "sk-other")];
    assert_eq!(chat(gateway.address, &both, question("smart", false)).status, 401);
    let same = [BEARER, ("x-api-key", KEY)];
    assert_eq!(chat(gateway.address, &same, question("smart", false)).status, 200);
    assert_eq!(upstream.received().len(), 1);
    assert_eq!(records(gateway).len(), 1, "strangers could fill the disk");
}

#[test]
fn an_unknown_model_is_not_found_and_near_names_are_told() {
    let (gateway, upstream) = start();
    for (asked, near) in [("smrat", "smart"), ("gpt4o", "gpt-4o"), ("opnai/gpt-4o", "gpt-4o")] {
        let answer = chat(gateway.address, &[BEARER], question(asked, false));
        let error = answer.error();
        assert_eq!(
            (answer.status, &error["code"], &error["param"]),
            (404, &"model_not_found".into(), &"model".into())
        );
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(asked) && message.contains(near), "{message}");
    }
    assert!(upstream.received().is_empty());
    let records = records(gateway);
    assert_eq!(kinds(&records), vec![(404, Some("model_not_found")); 3]);
    assert_eq!(records[0].summary.model_asked, "smrat");
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_client_sees_it() {
    let (gateway, upstream) = start();
    let padded = |size: usize| {
        let empty = question("smart", false).replace("Hi", "");
        question("smart", false).replace("Hi", &"x".repeat(size - empty.len()))
    };
    let limit = 1 << 20;
    assert_eq!(chat(gateway.address, &[BEARER], padded(limit)).status, 200);
    // The last of these is larger than any socket's buffers: the client sends on while it is refused already.
    for size in [limit + 1, 3 * limit] {
        let answer = chat(gateway.address, &[BEARER], padded(size));
        assert_eq!(answer.status, 413, "{}", answer.text());
        assert!(answer.error()["message"].as_str().unwrap().contains("1048576"), "{}", answer.text());
    }
    // A client that waits for leave gets the refusal instead, and sends nothing.
    let answer = Open::begin(waiting(gateway.address, 99_999_999)).read_to_end();
    assert_eq!(answer.status, 413, "{}", answer.head);
    // One that gets leave sends its body then.
    let body = question("smart", false);
    let mut stream = waiting(gateway.address, body.len());
    let mut leave = [0; 25];
    stream.read_exact(&mut leave).unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(Open::begin(stream).read_to_end().status, 200);
    assert_eq!(upstream.received().len(), 2);
    let records = records(gateway);
    let refused: Vec<_> =
        records.into_iter().filter(|call| call.summary.outcome == Outcome::Failed).collect();
    assert_eq!(kinds(&refused), vec![(413, Some("request_too_large")); 3]);
}

/// Sends the head of a chat request that asks for leave to send its body.
fn waiting(gateway: SocketAddr, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (name, value) = BEARER;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n{name}: {value}\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn a_malformed_body_is_refused_and_the_message_says_what_is_wrong() {
    let (gateway, upstream) = start();
    let deep = format!("{{\"model\":\"smart\",\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    // Body, what the message names, and the field at fault.
    let cases = [
        ("", "JSON object", None),
        ("hello", "JSON object", None),
        ("[]", "JSON object", None),
        (r#"{"model":"smart","messages":[}"#, "JSON", None),
        (r#"{"model":"smart","messages":[]"#, "JSON", None),
        (r#"{"model":"smart"} {}"#, "JSON", None),
        (r#"{"messages":[]}"#, "model", Some("model")),
        (r#"{"model":7,"messages":[]}"#, "model", Some("model")),
        (r#"{"model":"smart","model":"other"}"#, "model", Some("model")),
        (r#"{"model":"smart","stream":"yes"}"#, "stream", Some("stream")),
        (deep.as_str(), "deep", None),
        (r#"{"model":"theirs/claude-sonnet-4-6"}"#, "messages", Some("messages")),
        (
            r#"{"model":"theirs/claude-sonnet-4-6","messages":[{"role":"user","content":7}]}"#,
            "content",
            Some("messages[0].content"),
        ),
        (
            r#"{"model":"theirs/claude-sonnet-4-6","messages":[{"role":"clown","content":"x"}]}"#,
            "role",
            Some("messages[0].role"),
        ),
    ];
    for (body, named, param) in cases {
        let answer = chat(gateway.address, &[BEARER], body);
        let short = &body[..body.len().min(80)];
        assert_eq!(answer.status, 400, "{short}: {}", answer.text());
        let error = answer.error();
        assert_eq!(error["type"], "invalid_request_error", "{short}");
        assert!(error["message"].as_str().unwrap().contains(named), "{short}: {error}");
        if let Some(param) = param {
            assert_eq!(error["param"], param, "{short}: {error}");
        }
        assert!(answer.header("x-tollgate-call-id").is_some(), "{short}");
    }
    assert!(upstream.received().is_empty(), "{:?}", upstream.received());
    let records = records(gateway);
    assert_eq!(kinds(&records), vec![(400, Some("invalid_request")); cases.len()]);
    assert_eq!(records[3].request, cases[3].0.as_bytes());
}

#[test]
fn other_paths_and_methods_are_refused_in_the_clients_format() {
    let (gateway, upstream) = start();
    for (method, path, status, allowed) in [
        ("GET", "/v1/chat/completions", 405, Some("POST")),
        ("DELETE", "/v1/chat/completions", 405, Some("POST")),
        ("POST", "/v1/models", 405, Some("GET")),
        ("DELETE", "/v1/models/smart", 405, Some("GET")),
        ("POST", "/v1/chat/completion", 404, None),
        ("POST", "/chat/completions", 404, None),
        ("GET", "/", 404, None),
        ("GET", "/v1/../v1/models", 404, None),
        ("GET", "/v1/models/nothing%2Flike-it", 404, None),
    ] {
        let answer = request(gateway.address, method, path, &[BEARER], b"");
        assert_eq!((answer.status, answer.header("allow")), (status, allowed), "{method} {path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
        answer.error();
    }
    // A query changes nothing, and one connection takes several requests.
    let listed = request(gateway.address, "GET", "/v1/models?limit=1", &[BEARER], b"");
    assert_eq!(listed.json()["object"], "list");
    let stream = send(gateway.address, "POST", "/v1/nothing", &[BEARER], &vec![b'x'; 1 << 20]);
    assert_eq!(Open::begin(stream).read_to_end().status, 404);
    assert!(upstream.received().is_empty());
    assert!(records(gateway).is_empty(), "none of these is a call");
}
