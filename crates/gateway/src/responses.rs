//! Answers of the Responses format that are kept, so that a later call can go on from them: also where the provider keeps
//! none, and when the conversation moves to another one.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `kept` | what is kept of an answer, and how a conversation is put together out of its turns |
//! | `keeper` | sees the finished answer pass, and keeps it |
//! | `background` | answers that are made whether or not anybody reads along |

mod background;
mod keeper;
mod kept;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, header, request::Parts};
use serde_json::{Value, json};
use tollgate_model::{CallError, ErrorKind, RequestError};
use tollgate_openai::{StoredState, background::Standing, continued, input_items};
use tollgate_policy::Caller;
use tollgate_provider::FrontDoor;

use crate::{AnswerBody, Gateway, call, runtime::Runtime};

pub(crate) use background::{RunReader, Runs};
pub(crate) use keeper::Keeper;
use kept::Kept;
pub(crate) use kept::Shelf;

/// A request that goes on from nothing but its own body, and how its answer is kept.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The whole conversation.
    pub(crate) body: Bytes,
    /// The body as the client sent it, for the provider that has kept the conversation so far itself.
    pub(crate) for_its_keeper: Option<(tollgate_model::ProviderName, Bytes)>,
    /// `None`: the answer is not to be kept.
    pub(crate) keeper: Option<Keeper>,
}

impl Gateway {
    /// Answers one request of a client that speaks Responses: like [`Gateway::serve`], and the answer is kept unless the
    /// client says otherwise.
    pub async fn serve_responses(
        self: &Arc<Self>,
        door: &Arc<dyn FrontDoor>,
        head: Parts,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let runtime = self.runtime();
        let caller = match call::identify(&runtime, &head.headers) {
            Ok(caller) => caller,
            Err(error) => return door.encode_error(&error).map(AnswerBody::whole),
        };
        match self.prepare(&runtime, &caller, &body) {
            Ok((prepared, None)) => self.serve_prepared(door, head, prepared).await,
            Ok((prepared, Some(kept))) => {
                let shelf = self.shelf(&caller);
                self.serve_in_background(door, head, prepared, kept, shelf).await
            }
            Err(error) => self.refuse(&**door, &head.headers, CallError::from(error)),
        }
    }

    /// Completes when no answer is being made in the background any more.
    pub async fn background_ended(&self) {
        self.runs.ended().await;
    }

    /// Calls off all answers that are being made in the background. Their records are closed as soon as the runtime gets
    /// to it: see [`Gateway::background_ended`].
    pub fn abandon_background(&self) {
        self.runs.abandon();
    }

    /// Makes a request ready to be served. What is kept comes apart where the answer is to be made in the background.
    fn prepare(
        &self,
        runtime: &Runtime,
        caller: &Caller,
        body: &Bytes,
    ) -> Result<(Prepared, Option<Kept>), RequestError> {
        let state = StoredState::read(body)?;
        if state.background && state.store == Some(false) {
            let message = "an answer that is made in the background has to be kept: leave `store` out";
            return Err(RequestError::invalid_field("store", message));
        }
        if state.conversation.is_some() {
            let message = "conversations are not kept here: use `previous_response_id`";
            return Err(RequestError::invalid_field("conversation", message));
        }
        let shelf = self.shelf(caller);
        let kept =
            (state.store != Some(false)).then(|| Kept::new(body.clone(), state.previous_response_id.clone()));
        let (in_background, keeper) = match kept {
            Some(kept) if state.background => (Some(kept), None),
            kept => (None, kept.map(|kept| Keeper::new(shelf.clone(), kept))),
        };
        let (body, for_its_keeper) =
            self.whole_conversation(runtime, &shelf, body, state.previous_response_id)?;
        Ok((Prepared { body, for_its_keeper, keeper }, in_background))
    }

    /// Returns the body that holds the whole conversation whose tokens are to be counted.
    pub(crate) fn counted_conversation(
        &self,
        runtime: &Runtime,
        caller: &Caller,
        body: &Bytes,
    ) -> Result<Bytes, RequestError> {
        let state = StoredState::read(body)?;
        let shelf = self.shelf(caller);
        Ok(self.whole_conversation(runtime, &shelf, body, state.previous_response_id)?.0)
    }

    /// Returns the body that goes on from nothing but itself, and the one for the provider that keeps the rest.
    fn whole_conversation(
        &self,
        runtime: &Runtime,
        shelf: &Shelf,
        body: &Bytes,
        previous: Option<String>,
    ) -> Result<(Bytes, Option<(tollgate_model::ProviderName, Bytes)>), RequestError> {
        let Some(previous) = previous else { return Ok((body.clone(), None)) };
        match shelf.conversation(&previous)? {
            Some(said) => {
                let whole = continued(body, &said.items)?.into();
                Ok((whole, said.also_kept_by.map(|provider| (provider, body.clone()))))
            }
            // Begun before the gateway was there, perhaps: the vendor knows.
            None if self.goes_to_a_keeper(runtime, body) => Ok((body.clone(), None)),
            None => Err(not_kept(&previous)),
        }
    }

    /// Whether the first target of a request keeps answers itself.
    fn goes_to_a_keeper(&self, runtime: &Runtime, body: &[u8]) -> bool {
        let facts = tollgate_provider::RequestFacts::in_body(body).ok();
        let plan = facts.and_then(|facts| runtime.routes.plan(&facts.model).ok());
        let target = plan.and_then(|plan| plan.first().cloned());
        let endpoint = target.and_then(|target| runtime.endpoint(&target.provider).cloned());
        endpoint.is_some_and(|endpoint| endpoint.speaks(&tollgate_model::Format::OPENAI_RESPONSES))
    }

    /// Shows an answer that is kept, or how one stands that is made in the background. `query` is that of the request:
    /// `stream=true` with `starting_after` reads the latter's events.
    pub fn kept_response(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
        query: &str,
    ) -> Response<AnswerBody> {
        self.with_kept(door, headers, id, |shelf, kept| {
            let run = self.runs.get(shelf.owner(), id);
            if value(query, "stream") == Some("true") {
                let run = run.ok_or_else(|| {
                    RequestError::invalid_field("stream", "the events of this answer are not kept (any more)")
                })?;
                let after = value(query, "starting_after").map(str::parse).transpose().map_err(|_| {
                    RequestError::invalid_field("starting_after", "`starting_after` must be a number")
                })?;
                return Ok(background::stream(RunReader::new(run, after)));
            }
            Ok(json_response(match run {
                Some(run) => run.response(),
                None => settled(kept.response),
            }))
        })
    }

    /// Forgets an answer that is kept.
    pub fn forget_response(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
    ) -> Response<AnswerBody> {
        self.with_kept(door, headers, id, |shelf, _| {
            self.forget_run(shelf, id);
            shelf.forget(id);
            Ok(json_response(json!({"id": id, "object": "response", "deleted": true}).to_string().into()))
        })
    }

    /// Lists what a kept answer answers: `query` is that of the request (`after`, `limit`, `order`).
    pub fn response_input_items(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
        query: &str,
    ) -> Response<AnswerBody> {
        self.with_kept(door, headers, id, |shelf, kept| {
            let earlier = match &kept.previous {
                Some(previous) => shelf.conversation(previous)?.unwrap_or_default(),
                None => kept::Conversation::default(),
            };
            let items = input_items(&continued(&kept.request, &earlier.items)?, id)?;
            Ok(json_response(page(items, query)?.to_string().into()))
        })
    }

    /// Calls off an answer that is made in the background. What is over stays as it is.
    pub fn cancel_response(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
    ) -> Response<AnswerBody> {
        self.with_kept(door, headers, id, |shelf, kept| {
            if let Some(response) = self.call_off(shelf, id) {
                return Ok(json_response(response));
            }
            let response = settled(kept.response);
            if Standing::of(&response).is_some_and(|standing| standing.background == Some(true)) {
                return Ok(json_response(response));
            }
            Err(RequestError::invalid("only answers that are made in the background can be cancelled"))
        })
    }

    fn with_kept(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
        answer: impl FnOnce(&Shelf, Kept) -> Result<Response<AnswerBody>, RequestError>,
    ) -> Response<AnswerBody> {
        let caller = match call::identify(&self.runtime(), headers) {
            Ok(caller) => caller,
            Err(error) => return door.encode_error(&error).map(AnswerBody::whole),
        };
        let shelf = self.shelf(&caller);
        let answered = match shelf.get(id) {
            Some(kept) => answer(&shelf, kept).map_err(CallError::from),
            None => Err(CallError::from(not_found(id))),
        };
        answered.unwrap_or_else(|error| door.encode_error(&error).map(AnswerBody::whole))
    }
}

fn json_response(body: Bytes) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(body));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// An answer that nobody makes any more, but that was never finished, has failed: the gateway was stopped meanwhile.
fn settled(response: Bytes) -> Bytes {
    match Standing::of(&response) {
        Some(standing) if !standing.is_over() => {
            let why = ("server_error", "The gateway was stopped before the answer was complete.");
            tollgate_openai::background::ended(&response, Some(why)).into()
        }
        _ => response,
    }
}

fn not_found(id: &str) -> RequestError {
    let message = format!("the response `{id}` is not kept here");
    RequestError { param: Some("id".to_owned()), ..RequestError::new(ErrorKind::ModelNotFound, message) }
}

/// The vendor's own words for it, which SDKs and agents look for.
fn not_kept(id: &str) -> RequestError {
    let message = format!("Previous response with id '{id}' not found.");
    RequestError::invalid_field("previous_response_id", message)
}

/// A parameter of a query. None that is read here is ever encoded.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Cuts a page out of a list, as the vendor does: newest first unless `order=asc`, 20 at a time unless `limit` says more.
fn page(mut items: Vec<Value>, query: &str) -> Result<Value, RequestError> {
    if value(query, "order").is_none_or(|order| order != "asc") {
        items.reverse();
    }
    let limit = match value(query, "limit").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(limit @ 1..=100)) => limit,
        Some(_) => return Err(RequestError::invalid_field("limit", "`limit` must be 1 to 100")),
    };
    if let Some(after) = value(query, "after") {
        let place = items.iter().position(|item| item["id"] == after);
        let place = place.ok_or_else(|| RequestError::invalid_field("after", "`after` names no item"))?;
        items.drain(..=place);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let id = |item: Option<&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    let (first, last) = (id(items.first()), id(items.last()));
    Ok(json!({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages() {
        let items = || (0..30).map(|number| json!({"id": format!("i{number}")})).collect::<Vec<_>>();
        let ids = |page: &Value| {
            let data = page["data"].as_array().unwrap();
            (data.len(), data[0]["id"].clone(), page["last_id"].clone(), page["has_more"].clone())
        };
        let first = page(items(), "").unwrap();
        assert_eq!(ids(&first), (20, json!("i29"), json!("i10"), json!(true)));
        let rest = page(items(), "after=i10&limit=100").unwrap();
        assert_eq!(ids(&rest), (10, json!("i9"), json!("i0"), json!(false)));
        assert_eq!(ids(&page(items(), "order=asc&limit=2").unwrap()).1, json!("i0"));
        for wrong in ["limit=0", "limit=x", "after=nobody"] {
            assert!(page(items(), wrong).is_err(), "{wrong}");
        }
        assert_eq!(page(Vec::new(), "").unwrap()["first_id"], Value::Null);
    }
}
