//! A gateway in front of a provider that says what was recorded.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tollgate::{Endpoint, Gateway, registry};
use tollgate_model::ProviderName;
use tollgate_provider::{Body, FrontDoor, Provider, Transport, TransportError};

use crate::exchanges::Exchange;

/// What the provider says next, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    says: Mutex<VecDeque<Response<Vec<u8>>>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

/// A body in pieces of some bytes.
struct Pieces(VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

#[async_trait]
impl Transport for Upstream {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let (head, body) =
            self.says.lock().unwrap().pop_front().expect("nothing more is recorded").into_parts();
        // No multiple of anything, so that events are cut everywhere.
        let pieces = body.chunks(997).map(Bytes::copy_from_slice).collect();
        let body: Body = Box::pin(Pieces(pieces));
        Ok(Response::from_parts(head, body))
    }
}

/// A gateway and its only provider.
pub(crate) struct Gate {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) upstream: Arc<Upstream>,
    _folder: tempfile::TempDir,
}

/// What came of a request.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) lossy: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Gate {
    /// Opens a gateway in front of a provider of a kind, which is called `upstream`.
    pub(crate) fn open(kind: &str) -> Self {
        Self::of(kind, |_| true)
    }

    /// The same, with a provider that speaks this format only.
    pub(crate) fn speaking(kind: &str, format: &str) -> Self {
        Self::of(kind, |provider| provider.format().as_str() == format)
    }

    fn of(kind: &str, speaks: impl Fn(&dyn Provider) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstream = Arc::new(Upstream::default());
        let name = ProviderName::new("upstream");
        let url = "http://127.0.0.1:9/v1".parse().unwrap();
        let providers = registry::kind(kind).unwrap().providers(name, url);
        let mut providers = providers.into_iter().filter(|provider| speaks(&**provider));
        let mut endpoint = Endpoint::new(providers.next().unwrap(), upstream.clone());
        for provider in providers {
            endpoint = endpoint.with_format(provider);
        }
        let gateway = Arc::new(Gateway::builder().endpoint(endpoint).open(folder.path()).unwrap());
        Self { gateway, upstream, _folder: folder }
    }

    /// Asks, and lets the provider say what was recorded.
    pub(crate) async fn ask(
        &self,
        door: &Arc<dyn FrontDoor>,
        path: &str,
        body: Vec<u8>,
        says: &Exchange,
    ) -> Told {
        let mut said = Response::new(says.said.clone());
        *said.status_mut() = StatusCode::from_u16(says.status).unwrap();
        let content_type = HeaderValue::from_str(&says.content_type).unwrap();
        said.headers_mut().insert(header::CONTENT_TYPE, content_type);
        self.upstream.says.lock().unwrap().push_back(said);
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(()).unwrap();
        let (head, ()) = request.into_parts();
        let response = match door.format().as_str() {
            "openai.responses" => self.gateway.serve_responses(door, head, body.into()).await,
            _ => self.gateway.serve(door, head, body.into()).await,
        };
        self.upstream.says.lock().unwrap().clear();
        let (head, body) = response.into_parts();
        let lossy = head.headers.get("x-tollgate-lossy").map(|value| value.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Told { status: head.status, lossy, body }
    }

    /// The last request that reached the provider since this was asked before.
    pub(crate) fn asked(&self) -> Option<Request<Bytes>> {
        std::mem::take(&mut *self.upstream.asked.lock().unwrap()).pop()
    }
}
