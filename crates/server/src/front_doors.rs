//! The routes of applications.

mod discard;
#[cfg(test)]
mod documented;
mod models;
mod query;
mod route;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use tollgate::{AnswerBody, Gateway};
use tollgate_model::{CallError, ErrorKind};
use tollgate_provider::{
    EmbeddingFrontDoor, FrontDoor, TokenCountFrontDoor,
    collect::{CollectError, collect},
};

use route::{Asked, OfKept, Route};

/// The formats that applications speak here.
#[derive(Debug)]
struct Doors {
    openai_chat: Arc<dyn FrontDoor>,
    openai_responses: Arc<dyn FrontDoor>,
    anthropic_messages: Arc<dyn FrontDoor>,
    gemini_generate_content: Arc<dyn FrontDoor>,
    /// The same, for clients that want their stream as a JSON array.
    gemini_generate_content_array: Arc<dyn FrontDoor>,
    gemini_interactions: Arc<dyn FrontDoor>,
    openai_embeddings: Arc<dyn EmbeddingFrontDoor>,
    gemini_embed_content: Arc<dyn EmbeddingFrontDoor>,
    gemini_batch_embed_contents: Arc<dyn EmbeddingFrontDoor>,
    openai_count: Arc<dyn TokenCountFrontDoor>,
    anthropic_count: Arc<dyn TokenCountFrontDoor>,
    gemini_count: Arc<dyn TokenCountFrontDoor>,
}

/// The routes of applications.
#[derive(Debug)]
pub struct FrontDoors {
    doors: Doors,
    max_body_bytes: usize,
}

impl FrontDoors {
    /// Opens the doors.
    #[must_use]
    pub fn new(max_body_bytes: usize) -> Self {
        let doors = Doors {
            openai_chat: Arc::new(tollgate::ChatFrontDoor::new()),
            openai_responses: Arc::new(tollgate::ResponsesFrontDoor::new()),
            anthropic_messages: Arc::new(tollgate::MessagesFrontDoor::new()),
            gemini_generate_content: Arc::new(tollgate::GenerateContentFrontDoor::server_sent_events()),
            gemini_generate_content_array: Arc::new(tollgate::GenerateContentFrontDoor::json_array()),
            gemini_interactions: Arc::new(tollgate::InteractionsFrontDoor::new()),
            openai_embeddings: Arc::new(tollgate::EmbeddingsFrontDoor::new()),
            gemini_embed_content: Arc::new(tollgate::EmbedContentFrontDoor::one()),
            gemini_batch_embed_contents: Arc::new(tollgate::EmbedContentFrontDoor::batch()),
            openai_count: Arc::new(tollgate::InputTokensFrontDoor::new()),
            anthropic_count: Arc::new(tollgate::AnthropicCountFrontDoor::new()),
            gemini_count: Arc::new(tollgate::GeminiCountFrontDoor::new()),
        };
        Self { doors, max_body_bytes }
    }

    /// Answers one request.
    pub async fn handle(&self, gateway: &Arc<Gateway>, request: Request<Incoming>) -> Response<AnswerBody> {
        let (mut head, mut body) = request.into_parts();
        query::move_key(&head.uri, &mut head.headers);
        let waits_for_leave = discard::waits_for_leave(&head.headers);
        let response = self.answer(gateway, head, &mut body).await;
        discard::discard_rest(&mut body, waits_for_leave).await;
        response
    }

    async fn answer(&self, gateway: &Arc<Gateway>, head: Parts, body: &mut Incoming) -> Response<AnswerBody> {
        let uri = head.uri.clone();
        let Route { door, methods, asked } = self.doors.route(&gateway.runtime(), &uri, &head.headers);
        if !matches!(asked, Asked::Unknown) && !methods.contains(&head.method) {
            let (status, kind) = (StatusCode::METHOD_NOT_ALLOWED, ErrorKind::InvalidRequest);
            let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
            let mut response = refuse(&**door, status, kind, format!("use {allowed} for this path"));
            if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            return response;
        }
        match asked {
            Asked::Kept(id, of) => {
                let query = uri.query().unwrap_or_default();
                of_kept(gateway, &**door, &head, id, of, query)
            }
            Asked::ModelList => show_models(gateway, &**door, &head.headers, None),
            Asked::Model(name) => show_models(gateway, &**door, &head.headers, Some(&name)),
            Asked::Unknown => {
                let message = format!("there is nothing at {}", uri.path());
                refuse(&**door, StatusCode::NOT_FOUND, ErrorKind::ModelNotFound, message)
            }
            call => {
                // Strangers are sent away before anything of theirs is kept in memory.
                if let Err(error) = gateway.authenticate(&head.headers) {
                    return door.encode_error(&error).map(AnswerBody::whole);
                }
                match self.read(body).await {
                    Ok(body) => serve(gateway, door, call, head, body).await,
                    Err(error) => gateway.refuse(&**door, &head.headers, error),
                }
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
}

/// Answers a call, whose body is read.
async fn serve(
    gateway: &Arc<Gateway>,
    door: &Arc<dyn FrontDoor>,
    call: Asked<'_>,
    head: Parts,
    body: Bytes,
) -> Response<AnswerBody> {
    match call {
        Asked::Response => gateway.serve_responses(door, head, body).await,
        Asked::Embeddings(embeddings) => gateway.serve_embeddings(door, embeddings, head, body).await,
        Asked::TokenCount(counts) => gateway.serve_token_count(door, counts, head, body).await,
        Asked::Passed(api) => gateway.serve_passed(door, api, head.headers, body).await,
        Asked::Passthrough(provider, path) => {
            gateway.serve_passthrough(door, provider, path, head, body).await
        }
        _ => gateway.serve(door, head, body).await,
    }
}

/// Answers what is asked about an answer that is kept.
fn of_kept(
    gateway: &Gateway,
    door: &dyn FrontDoor,
    head: &Parts,
    id: &str,
    of: OfKept,
    query: &str,
) -> Response<AnswerBody> {
    match of {
        OfKept::Itself if head.method == Method::DELETE => gateway.forget_response(door, &head.headers, id),
        OfKept::Itself => gateway.kept_response(door, &head.headers, id, query),
        OfKept::InputItems => gateway.response_input_items(door, &head.headers, id, query),
        OfKept::Cancel => gateway.cancel_response(door, &head.headers, id),
    }
}

/// Lists the models that can be asked for, or shows one.
fn show_models(
    gateway: &Gateway,
    door: &dyn FrontDoor,
    headers: &HeaderMap,
    wanted: Option<&str>,
) -> Response<AnswerBody> {
    if let Err(error) = gateway.authenticate(headers) {
        return door.encode_error(&error).map(AnswerBody::whole);
    }
    let models = gateway.runtime().models();
    let Some(wanted) = wanted else { return models::list(door.format(), &models) };
    match models.iter().find(|model| model.name == wanted) {
        Some(model) => models::one(door.format(), model),
        None => {
            let message = format!("the model `{wanted}` is not known here");
            refuse(door, StatusCode::NOT_FOUND, ErrorKind::ModelNotFound, message)
        }
    }
}

fn refuse(
    door: &dyn FrontDoor,
    status: StatusCode,
    kind: ErrorKind,
    message: String,
) -> Response<AnswerBody> {
    let error = CallError { status, ..CallError::new(kind, message) };
    door.encode_error(&error).map(AnswerBody::whole)
}
