//! Providers that answer, but not as they were asked.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use tollgate_telemetry::Outcome;

use crate::{
    ANTHROPIC_ANSWER, ANTHROPIC_BEGINNING, ANTHROPIC_END, DONE, LAST, OPENAI_ANSWER,
    client::chat,
    delta, provider, provider_at, question, records,
    support::GatewayProcess,
    upstream::{Step, Upstream, chunk, end, json, stream_head, with_headers},
};

#[test]
fn a_whole_answer_where_a_stream_was_asked_for_becomes_a_stream() {
    for (kind, answer) in [("openai", OPENAI_ANSWER), ("anthropic", ANTHROPIC_ANSWER)] {
        let upstream = Upstream::always(vec![json(200, answer)]);
        let gateway = GatewayProcess::start(&provider("up", kind, &upstream));
        let answer = chat(gateway.address, &[], question("up/m", true));
        assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"), "{kind}");
        assert!(
            answer.text().contains("Hello there.") && answer.text().ends_with(DONE),
            "{kind}: {}",
            answer.text()
        );
        let call = &records(gateway)[0];
        assert_eq!(
            (call.summary.outcome, call.summary.usage.output_tokens),
            (Outcome::Completed, Some(3)),
            "{kind}"
        );
    }
}

#[test]
fn a_stream_where_a_whole_answer_was_asked_for_becomes_whole() {
    let openai = [delta("Hello"), LAST.to_owned(), DONE.to_owned()].concat();
    for (kind, stream) in [("openai", openai), ("anthropic", [ANTHROPIC_BEGINNING, ANTHROPIC_END].concat())] {
        let upstream = Upstream::always(vec![stream_head(), chunk(stream), end()]);
        let gateway = GatewayProcess::start(&provider("up", kind, &upstream));
        let answer = chat(gateway.address, &[], question("up/m", false)).json();
        assert_eq!(answer["object"], "chat.completion", "{kind}: {answer}");
        let choice = &answer["choices"][0];
        assert_eq!(
            (&choice["message"]["content"], &choice["finish_reason"]),
            (&"Hello".into(), &"stop".into())
        );
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Upstream::always(vec![json(200, OPENAI_ANSWER)]);
    for status in [301, 302, 307, 308] {
        let location = format!("location: {}/v1/chat/completions\r\n", elsewhere.url());
        let upstream = Upstream::always(vec![with_headers(status, &location, b"")]);
        let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
        let answer = chat(gateway.address, &[], question("up/m", false));
        assert_eq!((answer.status, answer.header("location")), (502, None), "{status}");
        answer.error();
    }
    assert!(elsewhere.received().is_empty(), "the key would have gone with it");
}

#[test]
fn a_refusal_that_comes_before_all_was_sent_is_told() {
    // Reads the head, refuses, and reads on for as long as it is sent to, or not at all.
    for reads_on in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 1024]);
                let body = r#"{"error":{"message":"far too large","type":"t","param":null,"code":null}}"#;
                let head = format!(
                    "HTTP/1.1 413 No\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice());
                if reads_on {
                    while stream.read(&mut [0; 64 * 1024]).is_ok_and(|count| count > 0) {}
                } else {
                    thread::sleep(Duration::from_secs(20));
                }
            }
        });
        let gateway = GatewayProcess::start(&provider_at("up", "openai", &format!("http://{address}")));
        let begun = Instant::now();
        let body = question("up/m", false).replace("Hi", &"x".repeat(24 << 20));
        let answer = chat(gateway.address, &[], body);
        assert_eq!((answer.status, &answer.error()["message"]), (413, &"far too large".into()), "{reads_on}");
        assert!(begun.elapsed() < Duration::from_secs(10), "it is told at once");
    }
}

#[test]
fn a_page_of_a_proxy_never_reaches_the_client() {
    let page = b"<!DOCTYPE html><html><body>Please log in at http://10.0.0.7/</body></html>";
    for (status, seen) in [(200, 502), (403, 403), (404, 404), (502, 502), (503, 503)] {
        for stream in [false, true] {
            let html = with_headers(status, "content-type: text/html\r\n", page);
            let upstream = Upstream::always(vec![html, Step::Close]);
            let gateway = GatewayProcess::start(&provider("up", "openai", &upstream));
            let answer = chat(gateway.address, &[], question("up/m", stream));
            assert_eq!(answer.status, seen, "{}", answer.text());
            assert!(
                !answer.text().contains("html") && !answer.text().contains("10.0.0.7"),
                "{}",
                answer.text()
            );
            assert_eq!(answer.header("content-type"), Some("application/json"));
            answer.error();
        }
    }
}
