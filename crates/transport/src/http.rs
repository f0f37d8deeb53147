//! The way over the network.

use std::{sync::PoisonError, time::Duration};

use ::http::{HeaderValue, Request, Response, Uri, Version, header, uri::PathAndQuery};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, timeout};
use tollgate_provider::{Body, Transport, TransportError, transport::TransportErrorKind};

use crate::{
    connect::{Connected, Connector},
    exchange::{AnswerBody, Connection, Source, failed},
    options::{Options, Timeouts, TransportConfigError},
    pool::{Host, Lease, Pool},
};

/// Moves exchanges over HTTP/1.1, or HTTP/2 where that is offered and taken.
///
/// A request is sent again only if not a byte of it was written, which happens when an idle connection turns out to be
/// closed. Everything else may have been billed and is the router's to decide.
#[derive(Debug)]
pub struct HttpTransport {
    connector: Connector,
    pool: Pool,
}

impl HttpTransport {
    /// Makes a transport. Nothing is opened yet.
    ///
    /// # Errors
    /// Options that cannot be used.
    pub fn new(options: Options) -> Result<Self, TransportConfigError> {
        let pool = Pool::new(options.pool_idle, options.max_connections_per_host);
        Ok(Self { connector: Connector::new(options)?, pool })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let timeouts = request.extensions().get::<Timeouts>().copied().unwrap_or_default();
        let deadline = timeouts.total.map(|total| Instant::now() + total);
        let uri = request.uri().clone();
        let host = self.pool.host(&uri);
        if let Some(response) = shared_exchange(&host, &request, timeouts, deadline).await? {
            return Ok(response);
        }
        let Ok(lease) = timeout(timeouts.connect, host.lease()).await else {
            return Err(TransportError::new(TransportErrorKind::ConnectTimeout, false));
        };
        let lease = lease.ok_or_else(|| TransportError::new(TransportErrorKind::Connect, false))?;
        let mut request = origin_form(request);
        loop {
            let (connection, reused) = match host.take_idle() {
                Some(connection) => (connection, true),
                None => match self.connect(&uri, timeouts.connect).await? {
                    Opened::Own(connection) => (*connection, false),
                    Opened::Shared(sender) => {
                        *host.shared.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
                        return send_shared(sender, &uri, request, lease, timeouts, deadline).await;
                    }
                },
            };
            if let Some(credential) = &connection.absolute_form {
                absolute_form(&mut request, &uri, credential.as_ref());
            }
            let limit = first_byte_limit(timeouts, deadline);
            let Ok(result) = timeout(limit, connection.send(request)).await else {
                return Err(too_late(deadline));
            };
            match result {
                Ok((response, connection)) => {
                    let source = Source::Own { connection: Box::new(connection), lease };
                    return answer(response, source, timeouts, deadline);
                }
                Err(unsent) => match unsent.request {
                    Some(returned) if reused => request = returned,
                    Some(_) | None => return Err(unsent.error),
                },
            }
        }
    }

    async fn connect(&self, uri: &Uri, limit: Duration) -> Result<Opened, TransportError> {
        let Connected { stream, absolute_form, http2 } = self.connector.connect(uri, limit).await?;
        if !http2 {
            return Ok(Opened::Own(Box::new(Connection::handshake(stream, absolute_form).await?)));
        }
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(Duration::from_secs(15)))
            .keep_alive_timeout(Duration::from_secs(5));
        let (sender, driver) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| failed(error, false))?;
        // Ends by itself when the last sender is dropped or the connection breaks.
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "an HTTP/2 connection broke");
            }
        });
        Ok(Opened::Shared(sender))
    }
}

/// A connection that was just made.
enum Opened {
    Own(Box<Connection>),
    Shared(http2::SendRequest<Full<Bytes>>),
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.exchange(request).await
    }
}

/// Uses the host's HTTP/2 connection, if it has one.
async fn shared_exchange(
    host: &std::sync::Arc<Host>,
    request: &Request<Bytes>,
    timeouts: Timeouts,
    deadline: Option<Instant>,
) -> Result<Option<Response<Body>>, TransportError> {
    let sender = {
        let mut shared = host.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(http2::SendRequest::is_closed) {
            *shared = None;
        }
        shared.clone()
    };
    let Some(sender) = sender else { return Ok(None) };
    let Some(lease) = host.lease().await else { return Ok(None) };
    let mut copy = Request::new(Full::new(request.body().clone()));
    *copy.method_mut() = request.method().clone();
    *copy.headers_mut() = request.headers().clone();
    send_shared(sender, request.uri(), copy, lease, timeouts, deadline).await.map(Some)
}

async fn send_shared(
    mut sender: http2::SendRequest<Full<Bytes>>,
    uri: &Uri,
    mut request: Request<Full<Bytes>>,
    lease: Lease,
    timeouts: Timeouts,
    deadline: Option<Instant>,
) -> Result<Response<Body>, TransportError> {
    *request.uri_mut() = uri.clone();
    *request.version_mut() = Version::HTTP_2;
    request.headers_mut().remove(header::HOST);
    let Ok(result) = timeout(first_byte_limit(timeouts, deadline), sender.send_request(request)).await else {
        return Err(too_late(deadline));
    };
    let response = result.map_err(|error| failed(error, true))?;
    answer(response, Source::Shared { _lease: lease }, timeouts, deadline)
}

fn answer(
    response: Response<hyper::body::Incoming>,
    source: Source,
    timeouts: Timeouts,
    deadline: Option<Instant>,
) -> Result<Response<Body>, TransportError> {
    let (head, incoming) = response.into_parts();
    let encoding = head.headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        // We asked for none. Unpacking would mean to take in bombs, passing it on would mean to read nothing.
        let error = TransportError::new(TransportErrorKind::Protocol, true);
        return Err(error.with_source("the answer is compressed although that was not asked for"));
    }
    let body: Body = Box::pin(AnswerBody::new(incoming, source, timeouts.idle, deadline));
    Ok(Response::from_parts(head, body))
}

fn first_byte_limit(timeouts: Timeouts, deadline: Option<Instant>) -> Duration {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.map_or(timeouts.first_byte, |left| left.min(timeouts.first_byte))
}

fn too_late(deadline: Option<Instant>) -> TransportError {
    let total = deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let kind = if total { TransportErrorKind::TotalTimeout } else { TransportErrorKind::FirstByteTimeout };
    TransportError::new(kind, true)
}

/// Puts a request into the form that a server is asked in: only the path, the host in its header.
fn origin_form(request: Request<Bytes>) -> Request<Full<Bytes>> {
    let (mut head, body) = request.into_parts();
    if let Some(authority) = head.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        head.headers.insert(header::HOST, host);
    }
    head.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    head.uri = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    head.version = Version::HTTP_11;
    head.extensions.clear();
    Request::from_parts(head, Full::new(body))
}

/// Puts a request into the form that a proxy is asked in: the whole URL, and the credential for the proxy.
fn absolute_form(request: &mut Request<Full<Bytes>>, uri: &Uri, credential: Option<&HeaderValue>) {
    *request.uri_mut() = uri.clone();
    if let Some(credential) = credential {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, credential.clone());
    }
}
