//! A server that does exactly what a test says, on a socket of its own.
#![allow(dead_code, unreachable_pub, reason = "a module of several test programs; each uses its own part")]

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tollgate_provider::{Body, Transport as _, TransportError, collect};
use tollgate_transport::{HttpTransport, Options, Proxy, Timeouts};

/// Longer than anything here may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    /// Serves each connection by `serve`, which is told how many came before it.
    pub async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(usize, TcpStream) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = accepted.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(counter.fetch_add(1, Ordering::SeqCst), stream));
            }
        });
        Self { address, accepted }
    }

    /// Answers each request of each connection with `answer`.
    pub async fn answering(answer: &'static str) -> Self {
        Self::start(move |_, mut stream| async move {
            while read_request(&mut stream).await.is_some() {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await
    }

    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Reads a request, head and body. `None`: the other side has closed.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

/// Waits until the other side closes.
pub async fn until_closed(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

pub fn transport() -> HttpTransport {
    transport_with(Options { proxy: Proxy::None, ..Options::default() })
}

pub fn transport_with(options: Options) -> HttpTransport {
    HttpTransport::new(options).unwrap()
}

pub fn post(url: &str, body: &'static str) -> Request<Bytes> {
    Request::post(url).body(Bytes::from_static(body.as_bytes())).unwrap()
}

pub fn with_timeouts(mut request: Request<Bytes>, timeouts: Timeouts) -> Request<Bytes> {
    request.extensions_mut().insert(timeouts);
    request
}

/// Sends, with patience.
pub async fn send(
    transport: &HttpTransport,
    request: Request<Bytes>,
) -> Result<Response<Body>, TransportError> {
    tokio::time::timeout(PATIENCE, transport.send(request)).await.expect("an end within patience")
}

/// Reads the whole body, with patience.
pub async fn text(response: Response<Body>) -> Result<String, TransportError> {
    let reading = collect::collect(response.into_body(), usize::MAX);
    match tokio::time::timeout(PATIENCE, reading).await.expect("an end within patience") {
        Ok(body) => Ok(String::from_utf8(body.to_vec()).unwrap()),
        Err(collect::CollectError::Broken(error)) => Err(error),
        Err(collect::CollectError::TooLarge { .. }) => unreachable!("no limit was set"),
    }
}

pub async fn exchange(transport: &HttpTransport, request: Request<Bytes>) -> Result<String, TransportError> {
    text(send(transport, request).await?).await
}
