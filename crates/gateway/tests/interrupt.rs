//! A shutdown that cannot wait: an embedding program's open calls end with an error, whatever they wait for.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use tollgate::{CallOptions, ChatStream, Endpoint, Gateway};
use tollgate_model::{CallError, ChatEvent, ChatRequest, ErrorKind, Message, ModelName};
use tollgate_openai::ChatProvider;
use tollgate_provider::{Body, Transport, TransportError};
use tollgate_telemetry::{CallFilter, Outcome, Store};

const BEGINNING: &str =
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n";

/// A provider that begins to answer, or does not, and then says nothing more.
#[derive(Debug)]
struct Stalls {
    begins: AtomicBool,
}

/// One piece, then nothing for ever.
struct OnePiece(Option<Bytes>);

impl http_body::Body for OnePiece {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.0.take().map_or(Poll::Pending, |piece| Poll::Ready(Some(Ok(Frame::data(piece)))))
    }
}

#[async_trait]
impl Transport for Stalls {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if !self.begins.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        let body: Body = Box::pin(OnePiece(Some(Bytes::from_static(BEGINNING.as_bytes()))));
        let mut response = Response::new(body);
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/event-stream"));
        Ok(response)
    }
}

fn request(stream: bool) -> ChatRequest {
    let mut request = ChatRequest::new(ModelName::new("openai/m"), vec![Message::user("hello")]);
    request.stream = stream;
    request
}

/// Reads on until nothing more comes, and returns the error.
async fn last_error(stream: &mut ChatStream) -> Option<CallError> {
    let mut error = None;
    while let Some(event) = stream.next().await {
        error = event.err();
    }
    error
}

#[tokio::test]
async fn open_calls_of_a_program_end_with_an_error_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let provider = ChatProvider::new("openai".into(), "http://127.0.0.1:1/v1".parse().unwrap());
    let transport = Arc::new(Stalls { begins: AtomicBool::new(true) });
    let gateway = Gateway::builder()
        .endpoint(Endpoint::new(Arc::new(provider), transport.clone()))
        .open(folder.path())
        .unwrap();

    let mut stream = gateway.stream(request(true), CallOptions::default()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Start { .. }))));
    transport.begins.store(false, Ordering::Relaxed);
    // In this order: both wait, then both are interrupted.
    let (whole, streamed, ()) = tokio::time::timeout(Duration::from_secs(10), async {
        tokio::join!(biased; gateway.chat(request(false), CallOptions::default()), last_error(&mut stream), async {
            gateway.interrupt();
        })
    })
    .await
    .expect("neither waits on");
    for error in [whole.unwrap_err(), streamed.unwrap()] {
        assert_eq!((error.kind, error.status.as_u16()), (ErrorKind::Unavailable, 503));
    }
    drop(stream);
    gateway.close().unwrap();

    let calls = Store::new(folder.path()).calls(&CallFilter::default()).unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.outcome == Outcome::Failed), "{calls:?}");
}
