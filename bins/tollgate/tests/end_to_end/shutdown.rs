//! SIGTERM while streams are open: they end properly, or are cut where they take too long; all are recorded.

use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use tollgate_telemetry::Outcome;

use crate::{
    ANTHROPIC_BEGINNING, DONE, LAST, OPENAI_ANSWER,
    client::{Answer, Open, open_chat, send},
    delta, provider, question, read,
    support::GatewayProcess,
    upstream::{PATIENCE, Step, Upstream, chunk, end, json, stream_head},
};

const STREAMS: usize = 20;

fn wait_until_closed(gateway: &GatewayProcess) {
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(gateway.address).is_ok() {
        assert!(Instant::now() < until, "it still accepts");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn open_streams_end_properly_and_are_recorded() {
    let last = [LAST, DONE].concat();
    let steps = vec![stream_head(), chunk(delta("Hello")), Step::WaitForGo, chunk(last), end()];
    let upstream = Upstream::always(steps);
    let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
    let mut open: Vec<_> =
        (0..STREAMS).map(|_| open_chat(gateway.address, &[], question("up/m", true))).collect();
    open.iter_mut().for_each(|stream| stream.read_until("Hello"));
    gateway.terminate();
    wait_until_closed(&gateway);
    upstream.go();
    let answers: Vec<Answer> = open.into_iter().map(Open::read_to_end).collect();
    assert!(answers.iter().all(|answer| answer.complete && answer.text().ends_with(DONE)), "{answers:?}");
    let (store, folder) = gateway.ended();
    let records = read(&store, &folder);
    assert_eq!(records.len(), STREAMS);
    assert!(records.iter().all(|call| call.summary.outcome == Outcome::Completed), "{records:?}");
}

#[test]
fn a_call_whose_answer_has_not_begun_is_answered() {
    let upstream = Upstream::always(vec![Step::WaitForGo, json(200, OPENAI_ANSWER)]);
    let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
    let body = question("up/m", false);
    let connection = send(gateway.address, "POST", "/v1/chat/completions", &[], body.as_bytes());
    upstream.wait_for_requests(1);
    gateway.terminate();
    wait_until_closed(&gateway);
    upstream.go();
    let answer = Open::begin(connection).read_to_end();
    assert_eq!((answer.status, answer.text()), (200, OPENAI_ANSWER));
    let (store, folder) = gateway.ended();
    assert_eq!(read(&store, &folder)[0].summary.outcome, Outcome::Completed);
}

#[test]
fn streams_that_do_not_end_are_told_so_and_recorded() {
    for (kind, beginning) in [("openai", delta("Hello")), ("anthropic", ANTHROPIC_BEGINNING.to_owned())] {
        let upstream = Upstream::always(vec![stream_head(), chunk(&beginning), Step::WaitForHangup]);
        let provider = provider("up", kind, &upstream);
        let gateway = GatewayProcess::start(&format!("drain_seconds = 1\n{provider}"));
        let mut open: Vec<_> =
            (0..STREAMS).map(|_| open_chat(gateway.address, &[], question("up/m", true))).collect();
        open.iter_mut().for_each(|stream| stream.read_until("Hello"));
        let begun = Instant::now();
        gateway.terminate();
        let answers: Vec<Answer> = open.into_iter().map(Open::read_to_end).collect();
        let (store, folder) = gateway.ended();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}: at most a second late", begun.elapsed());
        for answer in &answers {
            let last = answer.text().trim_end().rsplit("data: ").next().unwrap();
            let last: serde_json::Value = serde_json::from_str(last).unwrap();
            let message = last["error"]["message"].as_str().unwrap();
            assert!(message.contains("shutting down"), "{kind}: {message}");
            assert!(answer.complete && !answer.text().contains("[DONE]"), "{kind}: {}", answer.text());
        }
        assert!(upstream.hung_up(STREAMS, PATIENCE), "the providers are hung up on");
        let records = read(&store, &folder);
        assert_eq!(records.len(), STREAMS);
        for call in &records {
            assert_eq!(call.summary.outcome, Outcome::Failed, "{kind}");
            assert_eq!(call.summary.error_kind.as_deref(), Some("unavailable"), "{kind}");
            assert!(call.summary.usage.output_tokens > Some(0), "{kind}: what was said is counted");
            assert_eq!(call.response, answers[0].text().as_bytes(), "{kind}: the record holds what was seen");
        }
    }
}

#[test]
fn a_call_that_gets_no_answer_in_time_is_told_so() {
    for stream in [true, false] {
        let upstream = Upstream::always(vec![Step::WaitForHangup]);
        let provider = provider("up", "openai", &upstream);
        let gateway = GatewayProcess::start(&format!("drain_seconds = 1\n{provider}"));
        let body = question("up/m", stream);
        let connection = send(gateway.address, "POST", "/v1/chat/completions", &[], body.as_bytes());
        upstream.wait_for_requests(1);
        gateway.terminate();
        let answer = Open::begin(connection).read_to_end();
        assert_eq!(answer.status, 503);
        assert!(answer.error()["message"].as_str().unwrap().contains("shutting down"), "{}", answer.text());
        assert!(upstream.hung_up(1, PATIENCE), "the provider is hung up on");
        let (store, folder) = gateway.ended();
        let call = &read(&store, &folder)[0];
        assert_eq!((call.summary.outcome, call.summary.http_status), (Outcome::Failed, 503));
        assert_eq!(call.attempts[0]["error"]["kind"], "cancelled");
    }
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_the_end_up() {
    // More than all buffers on the way take.
    let mut steps = vec![stream_head()];
    steps.extend((0..400).map(|_| chunk(delta(&"Hello ".repeat(10_000)))));
    let upstream = Upstream::always(steps);
    let provider = provider("up", "openai", &upstream);
    let gateway = GatewayProcess::start(&format!("drain_seconds = 1\n{provider}"));
    let mut stream = open_chat(gateway.address, &[], question("up/m", true));
    stream.read_until("Hello");
    let begun = Instant::now();
    gateway.terminate();
    let (store, folder) = gateway.ended();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let answer = stream.read_to_end();
    assert!(!answer.complete && !answer.text().contains("[DONE]"), "a cut is a cut");
    assert_eq!(read(&store, &folder)[0].summary.outcome, Outcome::Cancelled);
}

#[test]
fn a_second_signal_ends_at_once_and_what_was_open_is_recorded() {
    let upstream = Upstream::always(vec![stream_head(), chunk(delta("Hello")), Step::WaitForHangup]);
    let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
    let mut open: Vec<_> =
        (0..STREAMS).map(|_| open_chat(gateway.address, &[], question("up/m", true))).collect();
    open.iter_mut().for_each(|stream| stream.read_until("Hello"));
    let begun = Instant::now();
    gateway.terminate();
    wait_until_closed(&gateway);
    gateway.terminate();
    let (store, folder) = gateway.ended_with(1);
    assert!(begun.elapsed() < Duration::from_secs(15), "far below the 30 seconds that calls would get");
    let records = read(&store, &folder);
    assert_eq!(records.len(), STREAMS);
    assert!(records.iter().all(|call| call.summary.outcome == Outcome::Cancelled), "{records:?}");
}

#[test]
fn idle_connections_do_not_hold_the_end_up() {
    let upstream = Upstream::always(vec![Step::Close]);
    let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
    // One that never said anything, and one that is kept alive after its answer.
    let _silent = TcpStream::connect(gateway.address).unwrap();
    let _kept = send(gateway.address, "GET", "/v1/models", &[], b"");
    thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    gateway.terminate();
    gateway.ended();
    assert!(begun.elapsed() < Duration::from_secs(10), "far below the 30 seconds that calls would get");
}
