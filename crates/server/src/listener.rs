//! Accepts connections, serves them, and ends them gracefully.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Method, Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tollgate::{AnswerBody, Gateway};

use crate::{admin, front_doors::FrontDoors};

/// The most that clients may take of the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest request body.
    pub max_body_bytes: usize,
    /// The most connections at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a client may take to send a request's head, and how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How long open calls may go on after the shutdown began.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: tollgate::config::DEFAULT_MAX_BODY_BYTES,
            // Each takes about 30 KB when idle: 20,000 fit into 600 MB.
            max_connections: 20_000,
            // Longer than the SDKs keep idle connections (5 to 60 s), so that they, not we, close first.
            header_timeout: Duration::from_secs(75),
            drain: tollgate::config::DEFAULT_DRAIN,
        }
    }
}

/// How long clients may take to read that their call is ended. Those who read nothing are cut.
const MAX_FAREWELL: Duration = Duration::from_millis(500);

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All calls finished.
    Drained,
    /// Some did not within [`Limits::drain`] and were ended with an error.
    TooLate,
    /// Nobody wanted to wait; what was open was cut.
    AtOnce,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// The system's reason.
    #[source]
    pub source: io::Error,
}

/// The two listening addresses and what is behind them.
#[derive(Debug)]
pub struct Server {
    gateway: Arc<Gateway>,
    listen: TcpListener,
    admin: TcpListener,
    limits: Limits,
}

/// What a connection serves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surface {
    FrontDoors,
    Admin,
}

/// What all connections share.
struct Shared {
    gateway: Arc<Gateway>,
    doors: FrontDoors,
    draining: AtomicBool,
    connections: Arc<Semaphore>,
    http: auto::Builder<TokioExecutor>,
}

impl Server {
    /// Binds both addresses. Port 0 takes a free one.
    ///
    /// # Errors
    /// One of them cannot be listened on.
    pub async fn bind(
        gateway: Arc<Gateway>,
        listen: SocketAddr,
        admin: SocketAddr,
        limits: Limits,
    ) -> Result<Self, BindError> {
        let bind =
            async |address| TcpListener::bind(address).await.map_err(|source| BindError { address, source });
        Ok(Self { gateway, listen: bind(listen).await?, admin: bind(admin).await?, limits })
    }

    /// Where the front doors listen.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn listen_address(&self) -> io::Result<SocketAddr> {
        self.listen.local_addr()
    }

    /// Where the admin surface listens.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// Serves until `shutdown` completes; then takes no more calls and lets open ones finish for [`Limits::drain`].
    ///
    /// Calls that did not are ended with an error that says so. Where `at_once` completes, it does not wait any longer:
    /// what is open then is cut, and recorded as cancelled when its connection is dropped.
    pub async fn serve(self, shutdown: impl Future<Output = ()>, at_once: impl Future<Output = ()>) -> Ended {
        let shared = Arc::new(Shared {
            gateway: self.gateway,
            doors: FrontDoors::new(self.limits.max_body_bytes),
            draining: AtomicBool::new(false),
            connections: Arc::new(Semaphore::new(self.limits.max_connections)),
            http: http_builder(self.limits.header_timeout),
        });
        let graceful = GracefulShutdown::new();
        let mut tasks = tokio::task::JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (accepted, surface) = tokio::select! {
                accepted = accept(&self.listen, &shared.connections) => (accepted, Surface::FrontDoors),
                accepted = accept(&self.admin, &shared.connections) => (accepted, Surface::Admin),
                Some(_) = tasks.join_next() => continue,
                () = &mut shutdown => break,
            };
            let Some((stream, permit)) = accepted else { continue };
            let shared = shared.clone();
            let service = service_fn({
                let shared = shared.clone();
                // In a box, so that an open stream does not keep what its call's way to the first byte took.
                move |request| Box::pin(handle(shared.clone(), surface, request))
            });
            let connection =
                shared.http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            let connection = graceful.watch(connection);
            tasks.spawn(async move {
                // A connection that breaks has told its call already: the body was dropped.
                let _ = connection.await;
                drop(permit);
            });
        }
        shared.draining.store(true, Ordering::Relaxed);
        drop((self.listen, self.admin));
        let drained = async {
            graceful.shutdown().await;
            shared.gateway.background_ended().await;
        };
        let (mut drained, mut at_once) = (pin!(drained), pin!(at_once));
        let ended = tokio::select! {
            () = &mut drained => Ended::Drained,
            () = tokio::time::sleep(self.limits.drain) => Ended::TooLate,
            () = &mut at_once => Ended::AtOnce,
        };
        if ended == Ended::TooLate {
            shared.gateway.interrupt();
            tokio::select! { () = drained => {}, () = tokio::time::sleep(MAX_FAREWELL) => {}, () = at_once => {} }
        }
        // Dropping what is left closes its records.
        tasks.shutdown().await;
        shared.gateway.abandon_background();
        let _ = tokio::time::timeout(MAX_FAREWELL, shared.gateway.background_ended()).await;
        ended
    }
}

fn http_builder(header_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout).max_headers(128);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(200).max_header_list_size(16 * 1024);
    builder
}

/// Waits for a connection, and for leave to have one.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // A small delta must not wait for the acknowledgement of the one before.
            stream.set_nodelay(true).ok()?;
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            // Out of descriptors, most likely: trying again at once would only burn the processor.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn handle(
    shared: Arc<Shared>,
    surface: Surface,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let health = matches!(request.uri().path(), "/healthz" | "/readyz");
    if surface == Surface::Admin || health {
        let (method, path): (&Method, &str) = (request.method(), request.uri().path());
        if let Some(response) = admin::route(&shared.gateway, &shared.draining, method, path) {
            return Ok(response);
        }
    }
    match surface {
        Surface::FrontDoors => Ok(shared.doors.handle(&shared.gateway, request).await),
        Surface::Admin => Ok(admin::nothing_here()),
    }
}
