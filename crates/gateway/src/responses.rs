//! Answers that are kept, so that a later call can go on from them: also where the provider keeps none, and when the
//! conversation moves to another one. OpenAI's Responses and Gemini's Interactions have such.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `format` | what of them is a format's own |
//! | `kept` | what is kept of an answer, and how a conversation is put together out of its turns |
//! | `keeper` | sees the finished answer pass, and keeps it |
//! | `background` | answers that are made whether or not anybody reads along |
//! | `its_keeper` | asks the provider that keeps an answer for it |

mod background;
mod format;
mod its_keeper;
mod keeper;
mod kept;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, header, request::Parts};
use serde_json::{Value, json};
use tollgate_gemini::stored;
use tollgate_model::{CallError, ProviderName, RequestError};
use tollgate_openai::background::Standing;
use tollgate_policy::Caller;
use tollgate_provider::FrontDoor;

use crate::{AnswerBody, Gateway, call, runtime::Runtime};

pub(crate) use background::{RunReader, Runs};
pub(crate) use format::KeptFormat;
use its_keeper::Errand;
pub(crate) use keeper::Keeper;
use kept::Kept;
pub(crate) use kept::Shelf;

/// A request that goes on from nothing but its own body, and how its answer is kept.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The whole conversation.
    pub(crate) body: Bytes,
    /// The body as the client sent it, for the provider that has kept the conversation so far itself.
    pub(crate) for_its_keeper: Option<(ProviderName, Bytes)>,
    /// `None`: the answer is not to be kept.
    pub(crate) keeper: Option<Keeper>,
}

impl Gateway {
    /// Answers one request of a client whose format keeps answers: like [`Gateway::serve`], and the answer is kept unless
    /// the client says otherwise.
    pub async fn serve_kept(
        self: &Arc<Self>,
        door: &Arc<dyn FrontDoor>,
        head: Parts,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let Some(format) = KeptFormat::of(door.format()) else { return self.serve(door, head, body).await };
        let runtime = self.runtime();
        let caller = match call::identify(&runtime, &head.headers) {
            Ok(caller) => caller,
            Err(error) => return door.encode_error(&error).map(AnswerBody::whole),
        };
        let shelf = self.shelf(&caller, format);
        match prepare(&runtime, &shelf, &body) {
            Ok((prepared, None)) => self.serve_prepared(door, head, prepared).await,
            Ok((prepared, Some(kept))) => self.serve_in_background(door, head, prepared, kept, shelf).await,
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

    /// Returns the body that holds the whole conversation whose tokens are to be counted.
    pub(crate) fn counted_conversation(
        &self,
        runtime: &Runtime,
        caller: &Caller,
        body: &Bytes,
    ) -> Result<Bytes, RequestError> {
        let format = KeptFormat::Responses;
        let previous = format.asked(body)?.previous;
        Ok(whole_conversation(runtime, &self.shelf(caller, format), body, previous)?.0)
    }

    /// Shows an answer that is kept, or how one stands that is made in the background. `query` is that of the request:
    /// `stream=true` reads events, from the one after `starting_after` or `last_event_id` on.
    pub async fn kept_answer(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        id: &str,
        query: &str,
    ) -> Response<AnswerBody> {
        let shown = async |shelf: Shelf, kept: Kept| {
            if let Some(answer) = self.ask_keeper(door, headers, &shelf, &kept, Errand::Show(query), id).await
            {
                return answer;
            }
            match shelf.format() {
                KeptFormat::Responses => self.show_response(&shelf, kept, id, query),
                KeptFormat::Interactions => show_interaction(&kept, query),
            }
            .map_err(CallError::from)
        };
        self.with_kept(&**door, headers, id, shown).await
    }

    fn show_response(
        &self,
        shelf: &Shelf,
        kept: Kept,
        id: &str,
        query: &str,
    ) -> Result<Response<AnswerBody>, RequestError> {
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
    }

    /// Forgets an answer that is kept.
    pub async fn forget_answer(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        id: &str,
    ) -> Response<AnswerBody> {
        let forgotten = async |shelf: Shelf, kept: Kept| {
            let asked =
                self.ask_keeper(door, headers, &shelf, &kept, Errand::Forget, id).await.transpose()?;
            self.forget_run(&shelf, id);
            shelf.forget(id);
            Ok(asked.unwrap_or_else(|| json_response(shelf.format().forgotten(id))))
        };
        self.with_kept(&**door, headers, id, forgotten).await
    }

    /// Lists what a kept answer answers: `query` is that of the request (`after`, `limit`, `order`).
    pub async fn answer_input_items(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        id: &str,
        query: &str,
    ) -> Response<AnswerBody> {
        let listed = async |shelf: Shelf, kept: Kept| {
            let earlier = match &kept.previous {
                Some(previous) => shelf.conversation(previous)?.unwrap_or_default(),
                None => kept::Conversation::default(),
            };
            let format = shelf.format();
            let items = format.input(&format.continued(&kept.request, &earlier.items)?, id)?;
            Ok(json_response(page(items, query)?.to_string().into()))
        };
        self.with_kept(&**door, headers, id, listed).await
    }

    /// Calls off an answer that is made in the background. What is over stays as it is.
    pub async fn cancel_answer(
        &self,
        door: &Arc<dyn FrontDoor>,
        headers: &HeaderMap,
        id: &str,
    ) -> Response<AnswerBody> {
        let cancelled = async |shelf: Shelf, kept: Kept| {
            if let Some(answer) = self.ask_keeper(door, headers, &shelf, &kept, Errand::Cancel, id).await {
                return answer;
            }
            if let Some(response) = self.call_off(&shelf, id) {
                return Ok(json_response(response));
            }
            let response = settled(kept.response);
            if Standing::of(&response).is_some_and(|standing| standing.background == Some(true)) {
                return Ok(json_response(response));
            }
            Err(shelf.format().cannot_cancel().into())
        };
        self.with_kept(&**door, headers, id, cancelled).await
    }

    async fn with_kept(
        &self,
        door: &dyn FrontDoor,
        headers: &HeaderMap,
        id: &str,
        answer: impl AsyncFnOnce(Shelf, Kept) -> Result<Response<AnswerBody>, CallError>,
    ) -> Response<AnswerBody> {
        let caller = match call::identify(&self.runtime(), headers) {
            Ok(caller) => caller,
            Err(error) => return door.encode_error(&error).map(AnswerBody::whole),
        };
        let format = KeptFormat::of(door.format()).unwrap_or(KeptFormat::Responses);
        let shelf = self.shelf(&caller, format);
        let answered = match shelf.get(id) {
            Some(kept) => answer(shelf, kept).await,
            None => Err(CallError::from(format.not_found(id))),
        };
        answered.unwrap_or_else(|error| door.encode_error(&error).map(AnswerBody::whole))
    }
}

/// Makes a request ready to be served. What is kept comes apart where the gateway makes the answer in the background.
fn prepare(runtime: &Runtime, shelf: &Shelf, body: &Bytes) -> Result<(Prepared, Option<Kept>), RequestError> {
    let format = shelf.format();
    let asked = format.asked(body)?;
    let kept = asked.store.then(|| Kept::new(body.clone(), asked.previous.clone()));
    let (in_background, keeper) = match kept {
        Some(kept) if asked.background && format.runs_in_background() => (Some(kept), None),
        kept => (None, kept.map(|kept| Keeper::new(shelf.clone(), kept))),
    };
    let (body, for_its_keeper) = whole_conversation(runtime, shelf, body, asked.previous)?;
    if let Some(field) = asked.needs_its_vendor {
        // What others made of the conversation goes to the vendor as it can be read: then the answer is the gateway's.
        if first_keeper(runtime, format, &body).is_none() || tollgate_provider::carried::is_in(&body) {
            let message =
                format!("`{field}` is for the vendor's own models, in a conversation that it can read");
            return Err(RequestError::invalid_field(field, message));
        }
    }
    Ok((Prepared { body, for_its_keeper, keeper }, in_background))
}

/// Returns the body that goes on from nothing but itself, and the one for the provider that keeps the rest.
fn whole_conversation(
    runtime: &Runtime,
    shelf: &Shelf,
    body: &Bytes,
    previous: Option<String>,
) -> Result<(Bytes, Option<(ProviderName, Bytes)>), RequestError> {
    let Some(previous) = previous else { return Ok((body.clone(), None)) };
    let format = shelf.format();
    let keeper = first_keeper(runtime, format, body);
    match shelf.conversation(&previous) {
        Ok(Some(said)) => {
            let whole = format.continued(body, &said.items)?.into();
            Ok((whole, said.also_kept_by.map(|provider| (provider, body.clone()))))
        }
        // Begun before the gateway was there, perhaps: the vendor knows.
        Ok(None) if keeper.is_some() && !shelf.is_anothers(&previous) => Ok((body.clone(), None)),
        Ok(None) => Err(format.not_kept(&previous)),
        // What the gateway has not all of, such as an answer that is still being made, its keeper may have.
        Err(error) => match shelf.get(&previous).and_then(|kept| kept.also_kept_by) {
            Some(keeps) if format.asks_its_keeper() && keeper.as_ref() == Some(&keeps) => {
                Ok((body.clone(), None))
            }
            _ => Err(error),
        },
    }
}

/// The provider of the first target of a request, if it keeps answers itself.
fn first_keeper(runtime: &Runtime, format: KeptFormat, body: &[u8]) -> Option<ProviderName> {
    let model = format.model(body)?;
    let target = runtime.routes.plan(&model).ok()?.into_iter().next()?;
    let endpoint = runtime.endpoint(&target.provider)?;
    endpoint.speaks(format.format()).then_some(target.provider)
}

/// Shows an interaction, or tells it as the stream that it could have been.
fn show_interaction(kept: &Kept, query: &str) -> Result<Response<AnswerBody>, RequestError> {
    if value(query, "stream") == Some("true") {
        if value(query, "last_event_id").is_some() {
            let message = "the events of this interaction are not numbered: leave `last_event_id` out";
            return Err(RequestError::invalid_field("last_event_id", message));
        }
        let events = stored::replayed(&kept.response);
        let events = events.map_err(|error| RequestError::invalid_field("stream", error.to_string()))?;
        return Ok(event_stream(AnswerBody::whole(events.into())));
    }
    let input = match value(query, "include_input") {
        Some("true") => Some(stored::input_steps(&kept.request)?),
        _ => None,
    };
    let shown = stored::shown(&kept.response, kept.previous.as_deref(), input.as_deref());
    Ok(json_response(shown.map_err(tollgate_provider::front_door::unsearchable)?.into()))
}

/// An answer of events.
fn event_stream(body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    let events = header::HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, events);
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    response
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
