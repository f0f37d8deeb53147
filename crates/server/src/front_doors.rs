//! The routes of applications.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tollgate::{AnswerBody, Gateway};
use tollgate_model::{CallError, ErrorKind};
use tollgate_provider::{
    FrontDoor,
    collect::{CollectError, collect},
};

use crate::responses::json;

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
        let (head, body) = request.into_parts();
        let (method, route) = self.route(head.uri.path());
        if !matches!(route, Route::Unknown) && head.method != method {
            return self.refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorKind::InvalidRequest,
                format!("use {method} for this path"),
            );
        }
        match route {
            Route::Chat(door) => {
                let door = door.clone();
                match self.read(body).await {
                    Ok(body) => gateway.serve(&door, head, body).await,
                    Err(error) => door.encode_error(&error).map(AnswerBody::whole),
                }
            }
            Route::ModelList => self.models(gateway, &head.headers, None),
            Route::Model(name) => self.models(gateway, &head.headers, Some(name)),
            Route::Unknown => {
                let message = format!("there is nothing at {}", head.uri.path());
                self.refuse(StatusCode::NOT_FOUND, ErrorKind::ModelNotFound, message)
            }
        }
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, CallError> {
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
