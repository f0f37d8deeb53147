//! From a URL to a connection: names, addresses, proxies, TLS.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use ::http::Uri;
use hyper_util::{
    client::{legacy::connect::HttpConnector, proxy::matcher::Matcher},
    rt::TokioIo,
};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tollgate_provider::{TransportError, transport::TransportErrorKind};
use tower_service::Service as _;

use crate::{
    options::{Options, Proxy, TransportConfigError},
    tls,
};

/// The most bytes of a proxy's answer to CONNECT.
const MAX_CONNECT_ANSWER: usize = 8 * 1024;

/// A way to a host, plain or through TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that stands.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    /// Requests name the whole URL, since a proxy forwards them.
    pub(crate) absolute_form: Option<Option<::http::HeaderValue>>,
    /// The other side speaks HTTP/2.
    pub(crate) http2: bool,
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpConnector,
    proxy: Option<Matcher>,
    options: Options,
    /// Made when first needed: reading the system's authorities takes longer than starting should.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Connector {
    pub(crate) fn new(options: Options) -> Result<Self, TransportConfigError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(Duration::from_secs(60)));
        http.set_happy_eyeballs_timeout(Some(Duration::from_millis(250)));
        let proxy = match &options.proxy {
            Proxy::None => None,
            Proxy::Environment => Some(Matcher::from_env()),
            Proxy::Url(url) => Some(Matcher::builder().all(url.clone()).build()),
        };
        let connector = Self { http, proxy, options, tls: OnceLock::new() };
        if !connector.options.extra_roots.is_empty() {
            // A wrong path is the operator's to mend: it is said at the start, not at the first call.
            connector.tls_config()?;
        }
        Ok(connector)
    }

    fn tls_config(&self) -> Result<&Arc<ClientConfig>, TransportConfigError> {
        if let Some(config) = self.tls.get() {
            return Ok(config);
        }
        let config = tls::client_config(&self.options)?;
        Ok(self.tls.get_or_init(|| config))
    }

    /// Connects to the host of `uri`.
    pub(crate) async fn connect(&self, uri: &Uri, timeout: Duration) -> Result<Connected, TransportError> {
        let connecting = self.connect_at_leisure(uri);
        match tokio::time::timeout(timeout, connecting).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::new(TransportErrorKind::ConnectTimeout, false)),
        }
    }

    async fn connect_at_leisure(&self, uri: &Uri) -> Result<Connected, TransportError> {
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let intercept =
            self.proxy.as_ref().filter(|_| !is_loopback(host)).and_then(|proxy| proxy.intercept(uri));
        let Some(intercept) = intercept else {
            let tcp = self.tcp(uri).await?;
            return if secure { self.secure(tcp, host).await } else { Ok(plain(tcp, None)) };
        };
        let mut tcp = self.tcp(intercept.uri()).await?;
        if !secure {
            return Ok(plain(tcp, Some(intercept.basic_auth().cloned())));
        }
        tunnel(&mut tcp, uri, intercept.basic_auth()).await?;
        self.secure(tcp, host).await
    }

    async fn tcp(&self, uri: &Uri) -> Result<TcpStream, TransportError> {
        let connected = self.http.clone().call(uri.clone()).await;
        connected.map(TokioIo::into_inner).map_err(|error| {
            let text = error.to_string();
            let kind =
                if text.contains("dns") { TransportErrorKind::Dns } else { TransportErrorKind::Connect };
            TransportError::new(kind, false).with_source(error)
        })
    }

    async fn secure(&self, tcp: TcpStream, host: &str) -> Result<Connected, TransportError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            TransportError::new(TransportErrorKind::Tls, false).with_source(error)
        };
        let config = self.tls_config().map_err(|error| failed(error.into()))?.clone();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| failed(error.into()))?;
        let stream =
            TlsConnector::from(config).connect(name, tcp).await.map_err(|error| failed(error.into()))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Connected { stream: Stream::Tls(Box::new(stream)), absolute_form: None, http2 })
    }
}

const fn plain(tcp: TcpStream, absolute_form: Option<Option<::http::HeaderValue>>) -> Connected {
    Connected { stream: Stream::Plain(tcp), absolute_form, http2: false }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Asks a proxy for a way through to the host of `uri`.
async fn tunnel(
    tcp: &mut TcpStream,
    uri: &Uri,
    auth: Option<&::http::HeaderValue>,
) -> Result<(), TransportError> {
    let failed =
        |error: io::Error| TransportError::new(TransportErrorKind::Connect, false).with_source(error);
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(443);
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(auth) = auth {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(auth.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    tcp.write_all(&request).await.map_err(failed)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        // One byte at a time, so that nothing of what follows the head is taken; it is read once a connection.
        let byte = tcp.read_u8().await.map_err(failed)?;
        answer.push(byte);
        if answer.len() > MAX_CONNECT_ANSWER {
            return Err(failed(io::Error::other("the proxy's answer is too long")));
        }
    }
    let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status == b"200" {
        return Ok(());
    }
    let status = String::from_utf8_lossy(status).into_owned();
    Err(failed(io::Error::other(format!("the proxy refused the tunnel with status {status}"))))
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
