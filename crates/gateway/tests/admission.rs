//! What cannot be recorded is not let in.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use tollgate::{CallOptions, Endpoint, Gateway};
use tollgate_model::{ChatRequest, ErrorKind, Message, ModelName};
use tollgate_openai::{ChatFrontDoor, ChatProvider};
use tollgate_provider::{Body, FrontDoor, Transport, TransportError};
use tollgate_telemetry::{CallFilter, RecorderOptions, Store};

/// Nothing may be sent.
#[derive(Debug)]
struct Unreached;

#[async_trait]
impl Transport for Unreached {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        panic!("{} was asked", request.uri())
    }
}

#[tokio::test]
async fn no_call_is_taken_while_records_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let provider = ChatProvider::new("openai".into(), "http://127.0.0.1:1/v1".parse().unwrap());
    let gateway = Gateway::builder()
        .endpoint(Endpoint::new(Arc::new(provider), Arc::new(Unreached)))
        .recording(RecorderOptions { max_backlog_bytes: 0, ..RecorderOptions::default() })
        .open(folder.path())
        .unwrap();

    let request = ChatRequest::new(ModelName::new("openai/gpt-4o"), vec![Message::user("hello")]);
    let error = gateway.chat(request, CallOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Overloaded);

    let door: Arc<dyn FrontDoor> = Arc::new(ChatFrontDoor::new());
    let (head, ()) = Request::post("/v1/chat/completions").body(()).unwrap().into_parts();
    let body = Bytes::from_static(br#"{"model":"openai/gpt-4o","messages":[]}"#);
    let answer = gateway.serve(&door, head, body).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));

    gateway.close().unwrap();
    assert!(Store::new(folder.path()).calls(&CallFilter::default()).unwrap().is_empty());
}
