//! TLS, HTTP/2 and tunnels on real sockets, with certificates made for the test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod server;

use std::{path::PathBuf, sync::Arc};

use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::{body::Frame, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use server::{PATIENCE, Server, exchange, post, read_request, send, text, transport_with};
use tempfile::TempDir;
use tokio::{
    io::{AsyncWriteExt as _, copy_bidirectional},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tollgate_provider::transport::TransportErrorKind as Kind;
use tollgate_transport::{HttpTransport, Options, Proxy, Roots};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An authority of our own, and the file that says to trust it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
    _folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file, _folder: folder }
    }

    /// Accepts connections for `name`, offering these protocols.
    fn acceptor(&self, name: &str, expired: bool, protocols: &[&str]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    fn trusted(&self, http2: bool) -> HttpTransport {
        let extra_roots = vec![self.file.clone()];
        let proxy = Proxy::None;
        transport_with(Options { roots: Roots::Bundled, extra_roots, proxy, http2, ..Options::default() })
    }
}

/// Answers HTTP/1.1 behind TLS.
async fn secure_server(acceptor: TlsAcceptor) -> Server {
    Server::start(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await
}

fn url(server: &Server, host: &str) -> String {
    format!("https://{host}:{}/", server.address.port())
}

#[tokio::test]
async fn a_server_of_a_trusted_authority_is_trusted_and_its_connection_used_again() {
    let authority = Authority::new();
    let server = secure_server(authority.acceptor("localhost", false, &["http/1.1"])).await;
    let transport = authority.trusted(false);
    for _ in 0..5 {
        assert_eq!(exchange(&transport, post(&url(&server, "localhost"), "a")).await.unwrap(), "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn who_cannot_be_verified_gets_nothing() {
    let authority = Authority::new();
    let good = secure_server(authority.acceptor("localhost", false, &[])).await;
    let expired = secure_server(authority.acceptor("localhost", true, &[])).await;
    // Speaks no TLS, and says so as web servers do.
    let plain = Server::start(|_, mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        server::until_closed(&mut stream).await;
    })
    .await;
    let trusting = authority.trusted(false);
    let stranger =
        transport_with(Options { roots: Roots::Bundled, proxy: Proxy::None, ..Options::default() });
    for (transport, server, host) in [
        (&stranger, &good, "localhost"),
        (&trusting, &good, "127.0.0.1"),
        (&trusting, &expired, "localhost"),
        (&trusting, &plain, "localhost"),
    ] {
        let error = exchange(transport, post(&url(server, host), "secret")).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Tls, false), "{error:?}");
    }
}

#[test]
fn an_authority_that_cannot_be_read_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    for file in [file, folder.path().join("absent.pem")] {
        let options = Options { extra_roots: vec![file.clone()], ..Options::default() };
        let error = HttpTransport::new(options).unwrap_err();
        assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}");
    }
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let server = secure_server(authority.acceptor("provider.invalid", false, &[])).await;
    let target = server.address;
    let (tell, mut told) = mpsc::unbounded_channel();
    let proxy = Server::start(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            tell.send(read_request(&mut stream).await.unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(target).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut onward).await;
        }
    })
    .await;
    let options = Options {
        roots: Roots::Bundled,
        extra_roots: vec![authority.file.clone()],
        proxy: Proxy::Url(format!("http://me:secret@{}", proxy.address)),
        ..Options::default()
    };
    let transport = transport_with(options);
    for _ in 0..2 {
        assert_eq!(exchange(&transport, post("https://provider.invalid/", "a")).await.unwrap(), "ok");
    }
    let asked = told.recv().await.unwrap();
    assert!(asked.starts_with("CONNECT provider.invalid:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic bwu6c2vjcmv0\r\n"), "{asked}");
    assert!(told.try_recv().is_err(), "one tunnel serves both calls");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_said_to() {
    let proxy =
        Server::answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("http://{}", proxy.address);
    let transport = transport_with(Options { proxy: Proxy::Url(url), ..Options::default() });
    let error = exchange(&transport, post("https://provider.invalid/", "a")).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Connect, false));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("407"), "{source}");
}

/// Answers HTTP/2 behind TLS: `/slow` never ends, and tells when it is given up.
async fn http2_server(acceptor: TlsAcceptor) -> (Server, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Server::start(move |_, stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let tell = tell.clone();
                async move {
                    if request.uri().path() != "/slow" {
                        let body = request.into_body().collect().await?.to_bytes();
                        return Ok::<_, hyper::Error>(hyper::Response::new(Full::new(body).boxed()));
                    }
                    let (pieces, receiver) =
                        mpsc::channel::<Result<Frame<bytes::Bytes>, std::convert::Infallible>>(1);
                    pieces.send(Ok(Frame::data("first".into()))).await.unwrap();
                    tokio::spawn(async move {
                        pieces.closed().await;
                        tell.send(()).unwrap();
                    });
                    let stream = StreamBody::new(ReceiverStream(receiver));
                    Ok(hyper::Response::new(stream.boxed()))
                }
            });
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
    (server, told)
}

/// The pieces of a channel as a stream.
struct ReceiverStream<T>(mpsc::Receiver<T>);

impl<T> futures_core::Stream for ReceiverStream<T> {
    type Item = T;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

#[tokio::test]
async fn one_http2_connection_carries_many_calls() {
    let authority = Authority::new();
    let (server, _told) = http2_server(authority.acceptor("localhost", false, &["h2", "http/1.1"])).await;
    let transport = Arc::new(authority.trusted(true));
    let url = url(&server, "localhost");
    // The first makes the connection.
    assert_eq!(exchange(&transport, post(&url, "0")).await.unwrap(), "0");
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let (transport, url) = (transport.clone(), url.clone());
            tokio::spawn(async move { exchange(&transport, post(&url, "again")).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "again");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_dropped_http2_stream_is_cancelled_and_the_others_go_on() {
    let authority = Authority::new();
    let (server, mut given_up) = http2_server(authority.acceptor("localhost", false, &["h2"])).await;
    let transport = authority.trusted(true);
    let url = url(&server, "localhost");
    let mut slow = send(&transport, post(&format!("{url}slow"), "a")).await.unwrap().into_body();
    assert_eq!(slow.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    drop(slow);
    timeout(PATIENCE, given_up.recv()).await.expect("the server is told").unwrap();
    assert_eq!(exchange(&transport, post(&url, "b")).await.unwrap(), "b");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn http2_is_not_spoken_where_it_was_not_asked_for() {
    let authority = Authority::new();
    let server = secure_server(authority.acceptor("localhost", false, &["h2", "http/1.1"])).await;
    let response = send(&authority.trusted(false), post(&url(&server, "localhost"), "a")).await;
    assert_eq!(text(response.unwrap()).await.unwrap(), "ok");
}
