//! What goes wrong on demand and by chance, and what the meter says of it.

mod raw;

use std::time::{Duration, Instant};

use raw::{ask, question, start, usual_model};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};
use tollgate_simulators::{Ending, Fault, FaultPlan, Options, Pace, Simulator, Simulators, Vendor};

fn with(vendor: Vendor, fault: &str) -> String {
    format!("{}--{fault}", usual_model(vendor))
}

#[tokio::test]
async fn statuses_come_in_each_vendors_own_shape() {
    let simulators = start().await;
    for vendor in Vendor::SERVED {
        for status in [400, 401, 404, 413, 429, 500, 503, 529] {
            let answer = ask(&simulators, vendor, &with(vendor, &format!("s{status}")), status % 2 == 0)
                .await
                .unwrap();
            assert_eq!(answer.status, status, "{vendor}");
            let body = answer.json();
            let message = match vendor {
                Vendor::Xai | Vendor::Ollama => &body["error"],
                _ => &body["error"]["message"],
            };
            assert!(message.is_string(), "{vendor}: {body}");
            if status == 429 {
                let wait = match vendor {
                    Vendor::Gemini => body["error"]["details"][1]["retryDelay"].as_str().map(str::to_owned),
                    _ => answer.header("retry-after"),
                };
                assert!(matches!(wait.as_deref(), Some("1" | "1s")), "{vendor}");
            }
        }
    }
    assert!(simulators.meter().iter().all(|entry| entry.status >= 400 && entry.usage.output == 0));
}

#[tokio::test]
async fn the_first_times_fail_and_then_it_works() {
    let simulators = start().await;
    for vendor in Vendor::SERVED {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ask(&simulators, vendor, &with(vendor, "s429x2"), false).await.unwrap().status);
        }
        assert_eq!(statuses, [429, 429, 200, 200], "{vendor}");
    }
}

#[tokio::test]
async fn broken_bodies_are_broken_as_said() {
    let simulators = start().await;
    for vendor in Vendor::SERVED {
        for streamed in [true, false] {
            let whole = ask(&simulators, vendor, usual_model(vendor), streamed).await.unwrap();
            assert!(whole.is_whole && simulators.meter().last().unwrap().ending == Ending::Completed);
            let cut = ask(&simulators, vendor, &with(vendor, "cut"), streamed).await.unwrap();
            assert!(!cut.is_whole && !cut.body.is_empty(), "{vendor} {streamed}");
            let no_end = ask(&simulators, vendor, &with(vendor, "no_end"), streamed).await.unwrap();
            let is_json = serde_json::from_slice::<serde_json::Value>(&no_end.body).is_ok();
            assert!(no_end.is_whole && !no_end.body.is_empty() && !is_json, "{vendor} {streamed}");
            let garbage = ask(&simulators, vendor, &with(vendor, "garbage"), streamed).await.unwrap();
            assert!(String::from_utf8(garbage.body).is_err(), "{vendor} {streamed}");
            let empty = ask(&simulators, vendor, &with(vendor, "empty"), streamed).await.unwrap();
            assert_eq!((empty.status, empty.body.len()), (200, 0));
            assert!(simulators.meter().iter().rev().take(4).all(|entry| entry.ending == Ending::Broken));
            let html = ask(&simulators, vendor, &with(vendor, "html"), streamed).await.unwrap();
            assert!(html.status == 502 && html.text().starts_with("<html>"));
            let stalled = ask(&simulators, vendor, &with(vendor, "stall"), streamed).await.unwrap();
            assert!(!stalled.is_whole && !stalled.body.is_empty());
            assert!(ask(&simulators, vendor, &with(vendor, "reset"), streamed).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_stream_without_its_end_lacks_the_terminator() {
    let simulators = start().await;
    for (vendor, terminator) in [
        (Vendor::OpenAi, "[DONE]"),
        (Vendor::Anthropic, "message_stop"),
        (Vendor::Gemini, "finishReason"),
        (Vendor::Xai, "[DONE]"),
        (Vendor::Compatible, "[DONE]"),
        (Vendor::Ollama, "\"done\":true"),
    ] {
        let whole = ask(&simulators, vendor, usual_model(vendor), true).await.unwrap();
        assert!(whole.text().contains(terminator), "{vendor}");
        let cut = ask(&simulators, vendor, &with(vendor, "no_end"), true).await.unwrap();
        assert!(!cut.text().contains(terminator), "{vendor}");
    }
}

#[tokio::test]
async fn an_error_in_mid_stream_is_the_vendors_own_and_the_last_word() {
    let simulators = start().await;
    for vendor in Vendor::SERVED {
        // These formats have no status for an answer that failed.
        for fault in ["error_mid", "failed"] {
            let answer = ask(&simulators, vendor, &with(vendor, fault), true).await.unwrap();
            assert_eq!(answer.status, 200);
            let last = if vendor == Vendor::Ollama { answer.lines() } else { answer.events() }.pop().unwrap();
            assert!(!last["error"].is_null(), "{vendor}: {last}");
            assert_eq!(ask(&simulators, vendor, &with(vendor, fault), false).await.unwrap().status, 500);
        }
    }
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed_and_a_retry_draws_again() {
    let options = || Options {
        seed: 11,
        faults: FaultPlan::none().with(Fault::Status(503), 0.5),
        ..Options::default()
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let simulators = Simulators::start(options()).await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..24 {
            statuses.push(ask(&simulators, Vendor::OpenAi, "gpt-4o", false).await.unwrap().status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&503));
}

#[tokio::test]
async fn answers_depend_on_seed_vendor_and_body_alone() {
    let text = |seed| async move {
        let simulators = Simulators::start(Options { seed, ..Options::default() }).await.unwrap();
        ask(&simulators, Vendor::OpenAi, "gpt-4o", false).await.unwrap().json()["choices"].clone()
    };
    let (first, again, other) = (text(1).await, text(1).await, text(2).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_metered_with_what_was_sent() {
    let pace = Pace::Realistic { first: Duration::from_millis(5), gap: Duration::from_millis(20) };
    let simulators = Simulators::start(Options { pace, ..Options::default() }).await.unwrap();
    let host = simulators.base_url(Vendor::Anthropic).replace("http://", "");
    let mut stream = TcpStream::connect(&host).await.unwrap();
    let body = question(Vendor::Anthropic, "claude-sonnet-4-6", true).to_string();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\n{}content-length: {}\r\n\r\n{body}",
        raw::credentials(Vendor::Anthropic),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 2048];
    for _ in 0..6 {
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
    }
    drop(stream);
    let deadline = Instant::now() + Duration::from_secs(10);
    while simulators.meter().is_empty() {
        assert!(Instant::now() < deadline, "the hang-up was not noticed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let entry = &simulators.meter()[0];
    assert_eq!(entry.ending, Ending::Aborted);
    assert!(entry.chunks >= 3 && entry.usage.input > 0 && entry.usage.output < 200);
}

#[tokio::test]
async fn an_outage_begins_and_ends() {
    let one = Simulator::start(Vendor::OpenAi, 0, Options::default()).await.unwrap();
    let host = one.base_url().replace("http://", "").replace("/v1", "");
    assert!(TcpStream::connect(&host).await.is_ok());
    one.kill().await;
    assert!(TcpStream::connect(&host).await.is_err());
    one.restart().await.unwrap();
    assert!(TcpStream::connect(&host).await.is_ok());
}

#[tokio::test]
async fn requests_are_kept_byte_by_byte() {
    let simulators = start().await;
    ask(&simulators, Vendor::Gemini, "gemini-2.5-pro", true).await.unwrap();
    let requests = simulators.requests();
    assert_eq!(requests[0].path, "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    assert_eq!(requests[0].body, question(Vendor::Gemini, "", true).to_string());
    assert_eq!(requests[0].headers["x-goog-api-key"], "key");
}
