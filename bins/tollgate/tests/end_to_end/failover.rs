//! Two targets: what the first does wrong before a byte has reached the client, the second makes good.

use std::time::Duration;

use tollgate_telemetry::{Outcome, UsageSource};

use crate::{
    ANTHROPIC_ANSWER, ANTHROPIC_BEGINNING, ANTHROPIC_END, DONE, LAST, OPENAI_ANSWER,
    client::chat,
    delta, provider, provider_at, question, records,
    support::{GatewayProcess, free_port},
    upstream::{Step, Upstream, chunk, end, json, stream_head, with_headers},
};

const ROUTE: &str = "[models.route]\ntargets = [\"first/m\", \"second/n\"]\n";

fn error(status: u16) -> Step {
    json(status, r#"{"error":{"message":"not today","type":"t","param":null,"code":null}}"#)
}

/// What a good second target of each format does.
fn good(kind: &str, stream: bool) -> Vec<Step> {
    match (kind, stream) {
        ("anthropic", false) => vec![json(200, ANTHROPIC_ANSWER)],
        ("anthropic", true) => {
            vec![stream_head(), chunk([ANTHROPIC_BEGINNING, ANTHROPIC_END].concat()), end()]
        }
        (_, false) => vec![json(200, OPENAI_ANSWER)],
        (_, true) => vec![stream_head(), chunk([&delta("Hello"), LAST, DONE].concat()), end()],
    }
}

/// Ways to fail of which the client must not notice, with the kind that the record gives them.
fn failures(stream: bool) -> Vec<(&'static str, &'static str, Vec<Step>)> {
    let truncated = "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,";
    let half = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{truncated}"
    );
    let mut all = vec![
        ("500", "unavailable", vec![error(500)]),
        ("503", "overloaded", vec![error(503)]),
        ("429", "rate_limited", vec![error(429)]),
        ("401", "authentication", vec![error(401)]),
        ("404", "model_not_found", vec![error(404)]),
        ("a page", "unavailable", vec![with_headers(502, "content-type: text/html\r\n", b"<html>no</html>")]),
        ("cut before the head", "unavailable", vec![Step::Close]),
        ("no HTTP", "protocol", vec![Step::Send(b"SSH-2.0-x\r\n\r\n".to_vec()), Step::Close]),
    ];
    if stream {
        let event = "data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":null,\"param\":null}}\n\n";
        all.push(("cut before the first event", "unavailable", vec![stream_head(), Step::Close]));
        let half = &delta("Hello")[..60];
        all.push(("cut in the first event", "unavailable", vec![stream_head(), chunk(half), Step::Close]));
        all.push(("ended in the first event", "protocol", vec![stream_head(), chunk(half), end()]));
        all.push(("an empty stream", "truncated", vec![stream_head(), end()]));
        all.push(("an error first", "unavailable", vec![stream_head(), chunk(event), end()]));
    } else {
        all.push(("cut in the answer", "unavailable", vec![Step::Send(half.into()), Step::Close]));
        all.push(("no JSON", "protocol", vec![json(200, truncated)]));
        all.push(("nothing", "protocol", vec![json(200, "")]));
    }
    all
}

#[test]
fn the_second_target_answers_where_the_first_fails() {
    for (kind, stream) in [("openai", false), ("openai", true), ("anthropic", false), ("anthropic", true)] {
        let failures = failures(stream);
        let scripts: Vec<_> = failures.iter().map(|(_, _, steps)| steps.clone()).collect();
        let first = Upstream::start(move |nth, _| scripts[nth].clone());
        let second = Upstream::always(good(kind, stream));
        let providers = [provider("first", "openai", &first), provider("second", kind, &second)].concat();
        let gateway = GatewayProcess::start(&format!("{providers}{ROUTE}"));
        for (name, _, _) in &failures {
            let answer = chat(gateway.address, &[], question("route", stream));
            assert_eq!((answer.status, answer.complete), (200, true), "{name}: {}", answer.text());
            assert!(
                answer.text().contains("Hello") && !answer.text().contains("error"),
                "{name}: {}",
                answer.text()
            );
            assert_eq!(answer.header("x-tollgate-attempts"), Some("2"), "{name}");
            assert_eq!(answer.header("x-tollgate-provider"), Some("second"), "{name}");
        }
        assert_eq!(first.received().len(), failures.len(), "the first is tried once a call");
        assert_eq!(second.received().len(), failures.len());
        for (call, (name, error_kind, _)) in records(gateway).iter().zip(&failures) {
            assert_eq!(call.summary.outcome, Outcome::Completed, "{name}");
            let attempts = call.attempts.as_array().unwrap();
            assert_eq!(attempts.len(), 2, "{name}: {attempts:?}");
            assert_eq!((&attempts[0]["provider"], &attempts[0]["model"]), (&"first".into(), &"m".into()));
            assert_eq!(attempts[0]["error"]["kind"], *error_kind, "{name}: {attempts:?}");
            assert_eq!((&attempts[1]["provider"], &attempts[1]["status"]), (&"second".into(), &200.into()));
            assert!(attempts[1]["error"].is_null(), "{attempts:?}");
            // OpenAI's streams say their usage only where the client asks for it.
            let source =
                if stream && kind == "openai" { UsageSource::Estimated } else { UsageSource::Reported };
            assert_eq!(call.summary.usage_source, source, "{name}");
        }
    }
}

#[test]
fn a_target_that_refuses_connections_is_passed_over() {
    let second = Upstream::always(good("openai", false));
    let nobody = provider_at("first", "openai", &format!("http://127.0.0.1:{}", free_port()));
    let gateway = GatewayProcess::start(&[&nobody, &provider("second", "openai", &second), ROUTE].concat());
    let answer = chat(gateway.address, &[], question("route", false));
    assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (200, Some("2")));
    // Asked for by itself it is a clean 502, which names no address.
    let answer = chat(gateway.address, &[], question("first/m", false));
    assert_eq!(answer.status, 502);
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
    answer.error();
    let records = records(gateway);
    assert_eq!(records[0].attempts[0]["error"]["kind"], "unavailable");
    assert_eq!((records[1].summary.outcome, records[1].summary.http_status), (Outcome::Failed, 502));
}

#[test]
fn a_target_that_stays_silent_is_passed_over() {
    let first = Upstream::always(vec![Step::WaitForHangup]);
    let second = Upstream::always(good("openai", false));
    let timeouts = "timeouts = { first_byte_seconds = 0.2 }\n";
    let providers =
        [&provider("first", "openai", &first), timeouts, &provider("second", "openai", &second)].concat();
    let gateway = GatewayProcess::start(&format!("{providers}{ROUTE}"));
    let answer = chat(gateway.address, &[], question("route", false));
    assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (200, Some("2")));
    assert!(first.hung_up(1, Duration::from_secs(3)), "the silent one is hung up on");
    assert_eq!(records(gateway)[0].attempts[0]["error"]["kind"], "timeout");
}

#[test]
fn a_wrong_request_is_not_tried_again() {
    let first = Upstream::start(|nth, _| vec![error([400, 413, 422][nth])]);
    let second = Upstream::always(good("openai", false));
    let providers = [provider("first", "openai", &first), provider("second", "openai", &second)].concat();
    let gateway = GatewayProcess::start(&format!("{providers}{ROUTE}"));
    for status in [400, 413, 422] {
        let answer = chat(gateway.address, &[], question("route", false));
        assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (status, Some("1")));
        assert_eq!(answer.error()["message"], "not today");
    }
    assert!(second.received().is_empty());
    assert!(records(gateway).iter().all(|call| call.attempts.as_array().unwrap().len() == 1));
}

#[test]
fn after_the_first_byte_there_is_no_second_target() {
    for (kind, beginning) in [("openai", delta("Hello")), ("anthropic", ANTHROPIC_BEGINNING.to_owned())] {
        for (name, last) in [("cut", Step::Close), ("ended early", end())] {
            let wait = Step::Pause(Duration::from_millis(50));
            let first = Upstream::always(vec![stream_head(), chunk(&beginning), wait, last]);
            let second = Upstream::always(good("openai", true));
            let providers = [provider("first", kind, &first), provider("second", "openai", &second)].concat();
            let gateway = GatewayProcess::start(&format!("{providers}{ROUTE}"));
            let answer = chat(gateway.address, &[], question("route", true));
            let text = answer.text();
            assert!(text.contains("Hello") && text.contains("\"error\""), "{kind} {name}: {text}");
            assert!(!text.contains("[DONE]") && !text.contains("\"stop\""), "{kind} {name}: {text}");
            assert!(second.received().is_empty(), "{kind} {name}");
            let call = &records(gateway)[0];
            assert_eq!(call.summary.outcome, Outcome::Failed);
            assert_eq!(call.attempts.as_array().unwrap().len(), 1);
            assert!(
                call.summary.usage.output_tokens.is_some_and(|tokens| tokens > 0),
                "what was said is counted"
            );
            assert_eq!(call.response, text.as_bytes(), "the record holds what the client saw");
        }
    }
}

#[test]
fn when_all_targets_fail_the_last_error_is_told_and_the_sdk_is_asked_not_to_try_again() {
    let first = Upstream::always(vec![error(503)]);
    let second = Upstream::always(vec![with_headers(
        429,
        "retry-after: 7\r\n",
        b"{\"error\":{\"message\":\"slow\"}}",
    )]);
    let providers = [provider("first", "openai", &first), provider("second", "openai", &second)].concat();
    let gateway = GatewayProcess::start(&format!("{providers}{ROUTE}"));
    let answer = chat(gateway.address, &[], question("route", false));
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    assert_eq!(
        (answer.header("x-tollgate-attempts"), answer.header("x-should-retry")),
        (Some("2"), Some("false"))
    );
    let alone = chat(gateway.address, &[], question("second/n", false));
    assert_eq!((alone.status, alone.header("x-should-retry")), (429, None));
    assert_eq!(records(gateway)[0].summary.error_kind.as_deref(), Some("rate_limited"));
}

#[test]
fn three_attempts_are_made_and_no_fourth() {
    let upstreams = [503, 500, 429, 200].map(|status| match status {
        200 => Upstream::always(good("openai", false)),
        status => Upstream::always(vec![error(status)]),
    });
    let names = ["a", "b", "c", "d"];
    let mut configuration: String =
        names.iter().zip(&upstreams).map(|(name, upstream)| provider(name, "openai", upstream)).collect();
    configuration += "[models.long]\ntargets = [\"a/m\", \"b/m\", \"c/m\", \"d/m\"]\n";
    let gateway = GatewayProcess::start(&configuration);
    let answer = chat(gateway.address, &[], question("long", false));
    assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (429, Some("3")));
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(upstreams.each_ref().map(|upstream| upstream.received().len()), [1, 1, 1, 0]);
    let call = &records(gateway)[0];
    let tried: Vec<_> =
        call.attempts.as_array().unwrap().iter().map(|attempt| &attempt["provider"]).collect();
    assert_eq!(tried, ["a", "b", "c"]);
}

#[test]
fn a_connection_that_the_provider_closed_in_between_is_replaced() {
    let upstream = Upstream::always(vec![json(200, OPENAI_ANSWER), Step::Close]);
    let gateway = GatewayProcess::start(&provider("first", "openai", &upstream));
    for _ in 0..10 {
        assert_eq!(chat(gateway.address, &[], question("first/m", false)).status, 200);
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(upstream.received().len(), 10);
}
