//! Asks the provider that keeps an answer for it: it knows more of the answer than was seen here, and goes on with it while
//! nobody waits.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri, header};
use tollgate_model::{CallError, ErrorKind, ModelName, ProviderError};
use tollgate_openai::background::Standing;
use tollgate_provider::{Body, FrontDoor, Provider, Relay, RequestFacts};

use super::{Kept, Shelf, value};
use crate::{
    AnswerBody, Gateway,
    call::{Credentials, KeptStream, MAX_ANSWER_BYTES, collect, failure, is_stream, relayed},
    endpoint::Endpoint,
};

/// What is wanted of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Errand<'q> {
    /// To see it, with this query.
    Show(&'q str),
    /// That it is forgotten.
    Forget,
    /// That nobody goes on with it.
    Cancel,
}

/// What of a client's query reaches the provider: never the client's key.
const ASKED: [&str; 3] = ["include_input", "stream", "last_event_id"];

impl Errand<'_> {
    const fn method(self) -> Method {
        match self {
            Self::Show(_) => Method::GET,
            Self::Forget => Method::DELETE,
            Self::Cancel => Method::POST,
        }
    }

    /// Addresses it. What is kept stands below the address that made it.
    fn request(self, relay: &dyn Relay, headers: &HeaderMap, id: &str) -> Option<http::Request<Bytes>> {
        let facts = RequestFacts {
            model: ModelName::new(""),
            model_span: None,
            stream: matches!(self, Self::Show(query) if value(query, "stream") == Some("true")),
            stream_usage: true,
        };
        let mut request = relay.request(&facts.model, &facts, headers, &Bytes::new());
        *request.method_mut() = self.method();
        request.headers_mut().remove(header::CONTENT_TYPE);
        let mut address = format!("{}/{id}", request.uri());
        match self {
            Self::Show(query) => {
                let asked = ASKED.iter().filter_map(|name| Some(format!("{name}={}", value(query, name)?)));
                let asked: Vec<String> = asked.collect();
                if !asked.is_empty() {
                    address = format!("{address}?{}", asked.join("&"));
                }
            }
            Self::Forget => {}
            Self::Cancel => address.push_str("/cancel"),
        }
        *request.uri_mut() = address.parse::<Uri>().ok()?;
        Some(request)
    }
}

impl Gateway {
    /// Asks the provider that keeps an answer too. `None`: there is none, or it has the answer no longer. Then what the
    /// gateway keeps is all there is.
    pub(super) async fn ask_keeper(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        shelf: &Shelf,
        kept: &Kept,
        errand: Errand<'_>,
        id: &str,
    ) -> Option<Result<Response<AnswerBody>, CallError>> {
        let format = shelf.format();
        let provider = kept.also_kept_by.as_ref().filter(|_| format.asks_its_keeper())?;
        let endpoint = self.runtime().endpoint(provider)?.clone();
        let adapter = endpoint.speaker_of(format.format())?;
        let request = errand.request(adapter.relay()?, headers, id)?;
        let answer = match send(&endpoint, &**adapter, request).await {
            Ok(answer) => answer,
            Err(error) => {
                let is_all_here = match errand {
                    Errand::Show(_) => Standing::of(&kept.response).is_some_and(|it| it.is_over()),
                    Errand::Forget => true,
                    Errand::Cancel => false,
                };
                let is_gone = error.kind() == ErrorKind::ModelNotFound && is_all_here;
                return (!is_gone).then(|| Err(CallError::from(&error)));
            }
        };
        let passed = if is_stream(&answer) {
            self.pass_stream(door, adapter, answer).await
        } else {
            pass_whole(shelf, kept, errand, id, answer).await
        };
        Some(passed.map_err(|error| CallError::from(&error)))
    }

    async fn pass_stream(
        &self,
        door: &Arc<dyn FrontDoor>,
        adapter: &Arc<dyn Provider>,
        answer: Response<Body>,
    ) -> Result<Response<AnswerBody>, ProviderError> {
        let headers = relayed(answer.headers());
        let stream = KeptStream::begin(&**adapter, answer, door.clone(), self.interrupt.clone()).await?;
        let mut response = Response::new(AnswerBody::of_kept(stream));
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn send(
    endpoint: &Endpoint,
    adapter: &dyn Provider,
    mut request: http::Request<Bytes>,
) -> Result<Response<Body>, ProviderError> {
    endpoint.authorize(&mut request).await.map_err(|error| {
        ProviderError::new(ErrorKind::Authentication, error.to_string()).with_source(error)
    })?;
    request.extensions_mut().insert(endpoint.timeouts);
    let credentials = Credentials::of(&request);
    let response = endpoint.transport.send(request).await.map_err(ProviderError::from)?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(credentials.redact(failure(adapter, response).await.0))
}

/// Passes an answer on, and keeps it if it is over by now.
async fn pass_whole(
    shelf: &Shelf,
    kept: &Kept,
    errand: Errand<'_>,
    id: &str,
    answer: Response<Body>,
) -> Result<Response<AnswerBody>, ProviderError> {
    let (head, body) = answer.into_parts();
    let body = collect(body, MAX_ANSWER_BYTES).await?;
    let is_new = !matches!(errand, Errand::Forget)
        && Standing::of(&kept.response).is_none_or(|standing| !standing.is_over())
        && Standing::of(&body).is_some_and(|standing| standing.id == id && standing.is_over());
    if is_new {
        shelf.put(id, &Kept { response: body.clone(), ..kept.clone() });
    }
    let mut response = Response::new(AnswerBody::whole(body));
    *response.headers_mut() = relayed(&head.headers);
    Ok(response)
}
