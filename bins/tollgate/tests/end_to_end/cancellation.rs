//! A client that leaves: the provider is hung up on at once, and the record says how it was.

use std::time::Duration;

use tollgate_telemetry::{CallDetail, Outcome};

use crate::{
    ANTHROPIC_BEGINNING, ANTHROPIC_END, DONE, LAST, OPENAI_ANSWER,
    client::{chat, open_chat, send},
    delta, provider, question, records,
    support::GatewayProcess,
    upstream::{Step, Upstream, chunk, json, stream_head},
};

/// The promise is a second. A busy machine gets some more.
const AT_ONCE: Duration = Duration::from_secs(3);

fn gateway(kind: &str, upstream: &Upstream) -> GatewayProcess {
    GatewayProcess::start(&provider("up", kind, upstream))
}

fn only(mut records: Vec<CallDetail>) -> CallDetail {
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0)
}

#[test]
fn leaving_in_mid_stream_hangs_up_on_the_provider() {
    for (kind, beginning) in [("openai", delta("Hello")), ("anthropic", ANTHROPIC_BEGINNING.to_owned())] {
        let upstream = Upstream::always(vec![stream_head(), chunk(beginning), Step::WaitForHangup]);
        let gateway = gateway(kind, &upstream);
        let mut open = open_chat(gateway.address, &[], question("up/m", true));
        open.read_until("Hello");
        open.leave();
        assert!(upstream.hung_up(1, AT_ONCE), "{kind}: the provider went on");
        let call = only(records(gateway));
        assert_eq!(call.summary.outcome, Outcome::Cancelled, "{kind}");
        // What was said so far is counted, and so is what was asked.
        let usage = call.summary.usage;
        assert!(usage.input_tokens > Some(0) && usage.output_tokens > Some(0), "{kind}: {usage:?}");
        assert_eq!(call.attempts.as_array().unwrap().len(), 1);
    }
}

#[test]
fn leaving_before_the_answer_begins_hangs_up_on_the_provider() {
    for (kind, stream) in [("openai", true), ("openai", false), ("anthropic", true), ("anthropic", false)] {
        let upstream = Upstream::always(vec![Step::WaitForHangup]);
        let gateway = gateway(kind, &upstream);
        let body = question("up/m", stream);
        let connection = send(gateway.address, "POST", "/v1/chat/completions", &[], body.as_bytes());
        upstream.wait_for_requests(1);
        drop(connection);
        assert!(upstream.hung_up(1, AT_ONCE), "{kind}: the provider went on");
        let call = only(records(gateway));
        assert_eq!(call.summary.outcome, Outcome::Cancelled, "{kind}");
        assert_eq!(call.attempts[0]["error"]["kind"], "cancelled", "{kind}: {}", call.attempts);
    }
}

#[test]
fn leaving_after_the_last_event_is_no_cancellation() {
    let openai = [delta("Hello"), LAST.to_owned(), DONE.to_owned()].concat();
    let anthropic = [ANTHROPIC_BEGINNING, ANTHROPIC_END].concat();
    for (kind, all) in [("openai", openai), ("anthropic", anthropic)] {
        // All is said, but the body is left open: the client does not wait for its end.
        let upstream = Upstream::always(vec![stream_head(), chunk(all), Step::WaitForHangup]);
        let gateway = gateway(kind, &upstream);
        let mut open = open_chat(gateway.address, &[], question("up/m", true));
        open.read_until(DONE);
        open.leave();
        assert!(upstream.hung_up(1, AT_ONCE), "{kind}");
        let call = only(records(gateway));
        assert_eq!(call.summary.outcome, Outcome::Completed, "{kind}");
        assert_eq!(call.finish_reason.as_deref(), Some("stop"), "{kind}");
    }
}

#[test]
fn the_callers_time_limit_ends_the_call() {
    let upstream = Upstream::start(|nth, _| match nth {
        0 => vec![Step::WaitForHangup],
        1 => vec![stream_head(), chunk(delta("Hello")), Step::WaitForHangup],
        _ => vec![json(200, OPENAI_ANSWER)],
    });
    let gateway = gateway("openai", &upstream);
    let limited = [("x-tollgate-timeout", "0.3")];
    let answer = chat(gateway.address, &limited, question("up/m", false));
    assert_eq!(answer.status, 504, "{}", answer.text());
    answer.error();
    let answer = chat(gateway.address, &limited, question("up/m", true));
    assert!(answer.text().contains("Hello") && answer.text().contains("\"error\""), "{}", answer.text());
    assert!(!answer.text().contains("[DONE]"));
    assert!(upstream.hung_up(2, AT_ONCE));
    assert_eq!(chat(gateway.address, &limited, question("up/m", false)).status, 200);
    let outcomes: Vec<_> = records(gateway).iter().map(|call| call.summary.error_kind.clone()).collect();
    assert_eq!(outcomes, [Some("timeout".to_owned()), Some("timeout".to_owned()), None]);
}
