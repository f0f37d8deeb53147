//! HTTP/1.1 on real sockets: bodies, pooling, limits of time, cuts, and who gets sent what twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod server;

use std::time::Duration;

use http_body_util::BodyExt as _;
use server::{
    PATIENCE, Server, exchange, post, read_request, send, text, transport, transport_with, until_closed,
    with_timeouts,
};
use tokio::{io::AsyncWriteExt as _, sync::mpsc, time::timeout};
use tollgate_provider::transport::TransportErrorKind as Kind;
use tollgate_transport::{Options, Proxy, Timeouts};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
/// Long enough that no test waits for it.
const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_millis(100);

fn patient() -> Timeouts {
    Timeouts { connect: LONG, first_byte: LONG, idle: LONG, total: None }
}

#[tokio::test]
async fn a_request_arrives_as_it_is_and_its_answer_too() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(read_request(&mut stream).await.unwrap()).unwrap();
            let answer = "HTTP/1.1 418 Teapot\r\nX-Odd:  a b \r\ntransfer-encoding: chunked\r\n\r\n\
                          3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            until_closed(&mut stream).await;
        }
    })
    .await;
    let mut request = post(&server.url("/v1/a%20b?q=1"), "{\"x\": 1 }");
    request.headers_mut().insert("x-mine", "ü".parse().unwrap());
    let response = send(&transport(), request).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["x-odd"].to_str().unwrap()), (418, "a b"));
    assert_eq!(text(response).await.unwrap(), "abcd");
    let asked = told.recv().await.unwrap();
    assert!(asked.starts_with("POST /v1/a%20b?q=1 HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n{\"x\": 1 }"));
    assert!(asked.contains(&format!("host: {}\r\n", server.address)), "{asked}");
    assert!(asked.contains("accept-encoding: identity\r\n") && asked.contains("x-mine: ü\r\n"), "{asked}");
}

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    let server = Server::answering(OK).await;
    let transport = transport();
    for _ in 0..20 {
        assert_eq!(exchange(&transport, post(&server.url("/"), "a")).await.unwrap(), "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn many_calls_at_once_have_a_connection_each_and_give_them_back() {
    let server = Server::answering(OK).await;
    let transport = std::sync::Arc::new(transport());
    for _ in 0..2 {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let (transport, url) = (transport.clone(), server.url("/"));
                tokio::spawn(async move { exchange(&transport, post(&url, "a")).await.unwrap() })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), "ok");
        }
    }
    assert!(server.connections() <= 50, "{}", server.connections());
}

#[tokio::test]
async fn further_calls_wait_for_one_of_so_many_connections() {
    let server = Server::answering(OK).await;
    let options = Options { max_connections_per_host: 1, proxy: Proxy::None, ..Options::default() };
    let transport = transport_with(options);
    let held = send(&transport, post(&server.url("/"), "a")).await.unwrap();
    let impatient = Timeouts { connect: SHORT, ..patient() };
    let refused =
        send(&transport, with_timeouts(post(&server.url("/"), "b"), impatient)).await.err().unwrap();
    assert_eq!((refused.kind, refused.sent), (Kind::ConnectTimeout, false));
    assert_eq!(text(held).await.unwrap(), "ok");
    assert_eq!(exchange(&transport, post(&server.url("/"), "c")).await.unwrap(), "ok");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_idle_connection_grows_old() {
    let server = Server::answering(OK).await;
    let options = Options { pool_idle: Duration::from_millis(1), proxy: Proxy::None, ..Options::default() };
    let transport = transport_with(options);
    for _ in 0..3 {
        exchange(&transport, post(&server.url("/"), "a")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_no_such_name() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = exchange(&transport(), post(&format!("http://{free}/"), "a")).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Connect, false));
    let error = exchange(&transport(), post("http://no-such-host.invalid/", "a")).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Dns, false));
}

#[tokio::test]
async fn each_phase_has_its_limit() {
    // Takes the request and says nothing.
    let silent = Server::start(|_, mut stream| async move { until_closed(&mut stream).await }).await;
    let timeouts = Timeouts { first_byte: SHORT, ..patient() };
    let error =
        exchange(&transport(), with_timeouts(post(&silent.url("/"), "a"), timeouts)).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::FirstByteTimeout, true));

    let stalling = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
        until_closed(&mut stream).await;
    })
    .await;
    for (timeouts, kind) in [
        (Timeouts { idle: SHORT, ..patient() }, Kind::IdleTimeout),
        (Timeouts { total: Some(SHORT), ..patient() }, Kind::TotalTimeout),
    ] {
        let response =
            send(&transport(), with_timeouts(post(&stalling.url("/"), "a"), timeouts)).await.unwrap();
        let error = text(response).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (kind, true));
    }
    let timeouts = Timeouts { total: Some(SHORT), ..patient() };
    let error =
        exchange(&transport(), with_timeouts(post(&silent.url("/"), "a"), timeouts)).await.unwrap_err();
    assert_eq!(error.kind, Kind::TotalTimeout);
}

#[tokio::test]
async fn a_stream_may_last_longer_than_its_silences() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        for _ in 0..20 {
            stream.write_all(b"1\r\nx\r\n").await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        until_closed(&mut stream).await;
    })
    .await;
    let timeouts = Timeouts { idle: Duration::from_millis(1500), ..patient() };
    let answer = exchange(&transport(), with_timeouts(post(&server.url("/"), "a"), timeouts)).await.unwrap();
    assert_eq!(answer, "x".repeat(20));
}

#[tokio::test]
async fn a_cut_is_an_error_and_never_a_short_answer() {
    for (answer, kind) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", Kind::Closed),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", Kind::Closed),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab", Kind::Closed),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", Kind::Closed),
        ("HTTP/1.1 200 OK\r\ncontent-le", Kind::Closed),
        ("", Kind::Closed),
        ("SSH-2.0-OpenSSH\r\n\r\n", Kind::Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", Kind::Protocol),
    ] {
        let server = Server::start(move |_, mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        let error = exchange(&transport(), post(&server.url("/"), "a")).await.unwrap_err();
        assert!(error.sent, "{answer:?}");
        // Of a chunk that is no chunk it does not matter which of the two it is.
        assert!(error.kind == kind || answer.contains("zz"), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_not_taken_in() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        let line = format!("x-filler: {}\r\n", "x".repeat(1000));
        while stream.write_all(line.as_bytes()).await.is_ok() {}
    })
    .await;
    let error = exchange(&transport(), post(&server.url("/"), "a")).await.unwrap_err();
    assert!(error.sent && matches!(error.kind, Kind::Protocol | Kind::Closed), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_not_used() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(OK.as_bytes()).await.unwrap();
    })
    .await;
    let transport = transport();
    for _ in 0..10 {
        assert_eq!(exchange(&transport, post(&server.url("/"), "a")).await.unwrap(), "ok");
        // So that the close has arrived.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 10);
}

#[tokio::test]
async fn what_a_server_may_have_read_is_not_sent_again() {
    let (tell, mut told) = mpsc::unbounded_channel();
    // Answers once on each connection; takes the second request and closes without a word.
    let server = Server::start(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(read_request(&mut stream).await.unwrap()).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
            if let Some(second) = read_request(&mut stream).await {
                tell.send(second).unwrap();
            }
        }
    })
    .await;
    let transport = transport();
    assert_eq!(exchange(&transport, post(&server.url("/first"), "a")).await.unwrap(), "ok");
    let error = exchange(&transport, post(&server.url("/second"), "b")).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Closed, true));
    assert!(told.recv().await.unwrap().starts_with("POST /first"));
    assert!(told.recv().await.unwrap().starts_with("POST /second"));
    assert!(told.try_recv().is_err(), "it was sent twice");
    assert_eq!(server.connections(), 1);
}

/// Tells when its client has hung up, on each connection.
async fn watching(answer: &'static str) -> (Server, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            until_closed(&mut stream).await;
            tell.send(()).unwrap();
        }
    })
    .await;
    (server, told)
}

#[tokio::test]
async fn a_dropped_call_hangs_up_at_once() {
    let (server, mut hung_up) = watching("").await;
    let transport = transport();
    let waiting = timeout(SHORT, exchange(&transport, post(&server.url("/"), "a")));
    assert!(waiting.await.is_err());
    timeout(PATIENCE, hung_up.recv()).await.expect("the server sees it").unwrap();
}

#[tokio::test]
async fn a_dropped_body_hangs_up_at_once_and_its_connection_is_not_used_again() {
    let (server, mut hung_up) = watching("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    let transport = transport();
    let mut body = send(&transport, post(&server.url("/"), "a")).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
    drop(body);
    timeout(PATIENCE, hung_up.recv()).await.expect("the server sees it").unwrap();
    drop(send(&transport, post(&server.url("/"), "a")).await.unwrap());
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_was_taken_is_delivered() {
    let server = Server::start(|_, mut stream| async move {
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 100]).await;
        let refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig";
        stream.write_all(refusal).await.unwrap();
        // What is still coming is thrown away for a while, as servers do.
        let _ = timeout(Duration::from_secs(2), until_closed(&mut stream)).await;
    })
    .await;
    let body: &'static str = Box::leak("x".repeat(8 * 1024 * 1024).into_boxed_str());
    let response = send(&transport(), post(&server.url("/"), body)).await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(text(response).await.unwrap(), "big");
}

#[tokio::test]
async fn answers_on_the_way_are_skipped() {
    let server = Server::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    assert_eq!(exchange(&transport(), post(&server.url("/"), "a")).await.unwrap(), "ok");
}

#[tokio::test]
async fn what_an_answer_has_too_much_does_not_reach_the_next_one() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong",
    )
    .await;
    let transport = transport();
    for _ in 0..5 {
        assert_eq!(exchange(&transport, post(&server.url("/"), "a")).await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_with_the_whole_url_and_its_credential() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let proxy = Server::start(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                tell.send(request).unwrap();
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let url = format!("http://me:secret@{}", proxy.address);
    let transport = transport_with(Options { proxy: Proxy::Url(url), ..Options::default() });
    assert_eq!(exchange(&transport, post("http://provider.invalid/v1/x", "a")).await.unwrap(), "ok");
    let asked = told.recv().await.unwrap();
    assert!(asked.starts_with("POST http://provider.invalid/v1/x HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"), "{asked}");
    // Loopback addresses need no proxy.
    let server = Server::answering(OK).await;
    assert_eq!(exchange(&transport, post(&server.url("/"), "a")).await.unwrap(), "ok");
    assert!(told.try_recv().is_err());
}
