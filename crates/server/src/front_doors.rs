//! The routes of applications.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body::Body as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tollgate::{AnswerBody, Gateway};
use tollgate_model::{CallError, ErrorKind};
use tollgate_provider::{
    FrontDoor,
    collect::{CollectError, collect, next_chunk},
};

use crate::responses::json;

/// How long what a refused client is still sending is read, and how much of it.
const MAX_DISCARD: Duration = Duration::from_secs(5);
/// Twice what is taken by default: an honest client is rarely wrong by more.
const MAX_DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// The formats that applications speak here.
#[derive(Debug)]
pub struct FrontDoors {
    openai_chat: Arc<dyn FrontDoor>,
    max_body_bytes: usize,
}

/// What a path asks for.
enum Route<'a> {
    Chat(&'a Arc<dyn FrontDoor>),
    ModelList,
    Model(&'a str),
    Unknown,
}

impl FrontDoors {
    /// Opens the doors.
    #[must_use]
    pub fn new(max_body_bytes: usize) -> Self {
        Self { openai_chat: Arc::new(tollgate::ChatFrontDoor::new()), max_body_bytes }
    }

    fn route<'a>(&'a self, path: &'a str) -> (Method, Route<'a>) {
        match path {
            "/v1/chat/completions" => (Method::POST, Route::Chat(&self.openai_chat)),
            "/v1/models" => (Method::GET, Route::ModelList),
            _ => match path.strip_prefix("/v1/models/") {
                Some(name) if !name.is_empty() => (Method::GET, Route::Model(name)),
                _ => (Method::GET, Route::Unknown),
            },
        }
    }

    /// Answers one request.
    pub async fn handle(&self, gateway: &Gateway, request: Request<Incoming>) -> Response<AnswerBody> {
        let (head, mut body) = request.into_parts();
        let waits_for_leave = head.headers.contains_key(header::EXPECT);
        let response = self.answer(gateway, head, &mut body).await;
        if !body.is_end_stream() && !waits_for_leave {
            let discarding = discard(&mut body, MAX_DISCARD_BYTES);
            // Too slow, too large, broken off: then the client may miss the answer, and the connection ends.
            let _ = tokio::time::timeout(MAX_DISCARD, discarding).await;
        }
        response
    }

    async fn answer(&self, gateway: &Gateway, head: Parts, body: &mut Incoming) -> Response<AnswerBody> {
        let uri = head.uri.clone();
        let (method, route) = self.route(uri.path());
        if !matches!(route, Route::Unknown) && head.method != method {
            let (status, kind) = (StatusCode::METHOD_NOT_ALLOWED, ErrorKind::InvalidRequest);
            let mut response = self.refuse(status, kind, format!("use {method} for this path"));
            if let Ok(method) = HeaderValue::from_str(method.as_str()) {
                response.headers_mut().insert(header::ALLOW, method);
            }
            return response;
        }
        match route {
            Route::Chat(door) => {
                // Strangers are sent away before anything of theirs is kept in memory.
                if let Err(error) = gateway.authenticate(&head.headers) {
                    return door.encode_error(&error).map(AnswerBody::whole);
                }
                match self.read(body).await {
                    Ok(body) => gateway.serve(door, head, body).await,
                    Err(error) => gateway.refuse(&**door, &head.headers, error),
                }
            }
            Route::ModelList => self.models(gateway, &head.headers, None),
            Route::Model(name) => self.models(gateway, &head.headers, Some(&percent_decoded(name))),
            Route::Unknown => {
                let message = format!("there is nothing at {}", uri.path());
                self.refuse(StatusCode::NOT_FOUND, ErrorKind::ModelNotFound, message)
            }
        }
    }

    async fn read(&self, body: &mut Incoming) -> Result<Bytes, CallError> {
        collect(body, self.max_body_bytes).await.map_err(|error| match error {
            CollectError::TooLarge { .. } => CallError::new(ErrorKind::RequestTooLarge, error.to_string()),
            CollectError::Broken(_) => {
                CallError::new(ErrorKind::InvalidRequest, "the request's body broke off")
            }
        })
    }

    /// Lists the models that can be asked for, or shows one.
    fn models(
        &self,
        gateway: &Gateway,
        headers: &http::HeaderMap,
        wanted: Option<&str>,
    ) -> Response<AnswerBody> {
        if let Err(error) = gateway.authenticate(headers) {
            return self.openai_chat.encode_error(&error).map(AnswerBody::whole);
        }
        let models = gateway.runtime().models();
        let show = |model: &tollgate::ListedModel| -> Value {
            json!({"id": model.name, "object": "model", "created": 0, "owned_by": model.owned_by})
        };
        let Some(wanted) = wanted else {
            let list: Vec<Value> = models.iter().map(show).collect();
            return json(StatusCode::OK, &json!({"object": "list", "data": list}));
        };
        match models.iter().find(|model| model.name == wanted) {
            Some(model) => json(StatusCode::OK, &show(model)),
            None => {
                let message = format!("the model `{wanted}` is not known here");
                self.refuse(StatusCode::NOT_FOUND, ErrorKind::ModelNotFound, message)
            }
        }
    }

    fn refuse(&self, status: StatusCode, kind: ErrorKind, message: String) -> Response<AnswerBody> {
        let error = CallError { status, ..CallError::new(kind, message) };
        self.openai_chat.encode_error(&error).map(AnswerBody::whole)
    }
}

/// Reads what a refused client is still sending, and keeps none of it. Many clients read no answer before they have sent
/// all; closing while they send resets the connection, and they see that instead of the answer.
async fn discard(body: &mut Incoming, mut left: usize) {
    while let Ok(Some(chunk)) = next_chunk(body).await {
        match left.checked_sub(chunk.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// Undoes percent-encoding: SDKs write the slash of `provider/model` as `%2F`.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(decoded) {
        Ok(decoded) if decoded != text => Cow::Owned(decoded),
        // Nothing was encoded, or nothing that is text: such a name is not known anyway.
        Ok(_) | Err(_) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once_and_what_is_no_text_stays() {
        assert_eq!(percent_decoded("openai%2Fgpt-6"), "openai/gpt-6");
        assert_eq!(percent_decoded("ollama%2fqwen3%3A8b"), "ollama/qwen3:8b");
        assert_eq!(percent_decoded("%252F"), "%2F");
        for same in ["gpt-6", "a%", "a%2", "a%zz", "%ff", "é"] {
            assert_eq!(percent_decoded(same), same);
        }
    }
}
