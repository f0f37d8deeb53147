//! The sockets: one listener a vendor, that can be killed and brought back.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{Metered, Options, Received, Vendor, service, state::Shared};

/// One simulated provider.
#[derive(Debug)]
pub struct Simulator {
    vendor: Vendor,
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Simulator {
    /// Starts one provider on loopback; port 0 takes a free one.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn start(vendor: Vendor, port: u16, options: Options) -> io::Result<Self> {
        Self::start_with(vendor, port, Arc::new(Shared::new(options))).await
    }

    async fn start_with(vendor: Vendor, port: u16, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, vendor, Arc::clone(&shared)));
        Ok(Self { vendor, address, shared, running: Mutex::new(Some(task)) })
    }

    /// Who this is.
    #[must_use]
    pub const fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// What the vendor's SDK takes as base URL: with `/v1` for OpenAI, xAI and the local server, else without a path.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.vendor.base_path())
    }

    /// An outage: stops listening and breaks every open connection. What was served stays known.
    pub async fn kill(&self) {
        let task = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // The only error is the abort itself.
            let _ = task.await;
        }
    }

    /// The end of an outage: listens on the same port again.
    ///
    /// # Errors
    /// The port was taken by somebody else.
    pub async fn restart(&self) -> io::Result<()> {
        self.kill().await;
        let listener = TcpListener::bind(self.address).await?;
        let task = tokio::spawn(accept(listener, self.vendor, Arc::clone(&self.shared)));
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Everything that was served, in the order of ending.
    #[must_use]
    pub fn meter(&self) -> Vec<Metered> {
        self.shared.meter.read()
    }

    /// The last requests received, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.received()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(task) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

/// All providers, each on a port of its own, with one meter and one list of requests.
#[derive(Debug)]
pub struct Simulators {
    servers: Vec<Simulator>,
    shared: Arc<Shared>,
}

impl Simulators {
    /// Starts them on free ports of loopback, on the current tokio runtime.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(options));
        let mut servers = Vec::with_capacity(Vendor::SERVED.len());
        for vendor in Vendor::SERVED {
            servers.push(Simulator::start_with(vendor, 0, Arc::clone(&shared)).await?);
        }
        Ok(Self { servers, shared })
    }

    /// One of them, to kill and restart.
    #[must_use]
    pub fn simulator(&self, vendor: Vendor) -> &Simulator {
        &self.servers[vendor.index()]
    }

    /// What the vendor's SDK takes as base URL: with `/v1` for OpenAI, xAI and the local server, else without a path.
    #[must_use]
    pub fn base_url(&self, vendor: Vendor) -> String {
        self.simulator(vendor).base_url()
    }

    /// Everything that was served, in the order of ending. Calls, not lists of models or counts.
    #[must_use]
    pub fn meter(&self) -> Vec<Metered> {
        self.shared.meter.read()
    }

    /// Forgets what was served so far.
    pub fn clear_meter(&self) {
        self.shared.meter.clear();
    }

    /// The last requests received, oldest first: [`Options::kept_requests`] of them.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.received()
    }

    /// Stops all of them at once, open connections too.
    pub async fn stop(self) {
        for server in &self.servers {
            server.kill().await;
        }
    }
}

/// Accepts until it is aborted; the connections go with it, since the set is its own.
async fn accept(listener: TcpListener, vendor: Vendor, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // An error of accept concerns that one connection, or passes: out of files.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        // Fails only on a socket that is gone already.
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, vendor, Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, vendor: Vendor, shared: Arc<Shared>) {
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Resettable { stream, reset: Arc::clone(&reset) };
    let service =
        service_fn(move |request| service::serve(Arc::clone(&shared), vendor, Arc::clone(&reset), request));
    // Broken on purpose or by the caller: nothing to do about either.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// A stream that closes with a reset instead of a goodbye, where asked to.
#[derive(Debug)]
struct Resettable {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Should this fail the connection still closes, only more politely.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper shuts down before it drops: a goodbye here would come before the reset.
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
