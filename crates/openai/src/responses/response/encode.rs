//! Canonical → a complete answer: the object that streams hold as well.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{
    CallError, ChatRequest, ChatResponse, Choice, Content, Loss, Losses, ModelName, Part, ResponseId,
};

use crate::{
    client_error,
    names::made_item_id,
    responses::{
        echo::Echo,
        finish,
        notes::{FORMAT, SETTLED},
        output::{self, Item, Layout, Progress, Tokens, part_path},
        usage,
        wire::{Array, Object},
    },
};

/// Who answers, and when.
#[derive(Debug, Clone)]
pub(in crate::responses) struct Head {
    pub(in crate::responses) id: String,
    pub(in crate::responses) created: i64,
    pub(in crate::responses) model: String,
}

impl Head {
    pub(in crate::responses) fn new(id: Option<&ResponseId>, model: &ModelName, created: i64) -> Self {
        let id = id.map_or_else(|| made_id(created), |id| id.as_str().to_owned());
        Self { id, created, model: model.as_str().to_owned() }
    }
}

/// An id for an answer that has none.
fn made_id(created: i64) -> String {
    made_item_id("resp", &created.to_string(), 0)
}

/// Writes the body, and names what it cannot say.
pub(in crate::responses) fn encode(
    request: &ChatRequest,
    response: &ChatResponse,
    now_unix: i64,
) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(4096);
    let model = response.model.as_ref().unwrap_or(&request.model);
    let head = Head::new(response.id.as_ref(), model, response.created.unwrap_or(now_unix));
    let layout = Layout::of(response.choices.first().map_or(&[], |choice| &choice.parts), &head.id);
    write_ended(&mut out, &head, &Echo::new(request), &layout.items, response, &mut losses);
    (out.freeze(), losses)
}

/// Writes an answer that has only begun.
pub(in crate::responses) fn write_open(out: &mut BytesMut, head: &Head, echo: &Echo) {
    let mut body = begin(out, head, "in_progress");
    body.field("error", &()).field("incomplete_details", &());
    body.array("output").end();
    body.field("usage", &());
    echo.write(&mut body, None);
    body.end();
}

/// Writes an answer that came to its end. Says whether it was completed.
pub(in crate::responses) fn write_ended(
    out: &mut BytesMut,
    head: &Head,
    echo: &Echo,
    items: &[Item],
    response: &ChatResponse,
    losses: &mut Losses,
) -> bool {
    if response.choices.len() > 1 {
        losses.dropped("choices", "the format has one answer");
    }
    let none = Choice::new(0, Vec::new(), None);
    let choice = response.choices.first().unwrap_or(&none);
    let extra = response.extra.fields(&FORMAT);
    response.extra.lose_unless(&FORMAT, "", losses);
    let end = finish::encode(choice.finish_reason.as_ref(), &choice.parts);
    if let Some((kind, why)) = end.loss {
        losses.push(Loss { path: "choices[0].finish_reason".to_owned(), kind, why: why.to_owned() });
    }
    if choice.finish_reason.is_none() {
        let why = "the provider did not say why it ended, and the format says that it was complete";
        losses.approximated("choices[0].finish_reason", why);
    }
    let mut body = begin(out, head, end.status);
    body.field("error", &());
    match end.reason {
        None => {
            body.field("incomplete_details", &());
        }
        Some(reason) => {
            let mut details = body.object("incomplete_details");
            details.field("reason", reason);
            details.end();
        }
    }
    for (number, part) in choice.parts.iter().enumerate() {
        output::lose(part, &part_path(number), losses);
    }
    lose_logprobs(choice, losses);
    write_output(body.array("output"), items, choice, losses);
    write_usage(&mut body, response, losses);
    body.optional("service_tier", response.service_tier.as_deref());
    echo.write(&mut body, extra.and_then(|extra| extra.get(SETTLED)?.as_object()));
    body.extra(extra);
    body.end();
    end.status == "completed"
}

/// Writes an answer that broke off. Only the items that were complete by then are told.
pub(in crate::responses) fn write_failed(
    out: &mut BytesMut,
    head: &Head,
    echo: &Echo,
    items: &[Item],
    choice: &Choice,
    error: &CallError,
) {
    let mut body = begin(out, head, "failed");
    let mut nested = body.object("error");
    nested.field("code", client_error::code(error).unwrap_or("server_error"));
    nested.field("message", &error.message);
    nested.end();
    body.field("incomplete_details", &());
    write_output(body.array("output"), items, choice, &mut Losses::new());
    body.field("usage", &());
    echo.write(&mut body, None);
    body.end();
}

fn begin<'o>(out: &'o mut BytesMut, head: &Head, status: &str) -> Object<'o> {
    let mut body = Object::begin(out);
    body.field("id", &head.id).field("object", "response").field("created_at", &head.created);
    body.field("status", status).field("model", &head.model);
    body
}

fn write_output(mut list: Array<'_>, items: &[Item], choice: &Choice, losses: &mut Losses) {
    let mut tokens = Tokens::of(choice);
    for item in items {
        output::write_item(list.place(), item, &choice.parts, Progress::Done, &mut tokens, losses);
    }
    list.end();
}

/// The format tells tokens with the texts they are of.
fn lose_logprobs(choice: &Choice, losses: &mut Losses) {
    let has_text = choice.parts.iter().any(|part: &Part| matches!(part.content, Content::Text(_)));
    if !choice.logprobs.is_empty() && !has_text {
        losses.dropped("choices[0].logprobs", "the format tells the tokens of texts only");
    }
}

fn write_usage(body: &mut Object<'_>, response: &ChatResponse, losses: &mut Losses) {
    let extra = response.extra.fields(&FORMAT);
    let Some(counted) = &response.usage else {
        body.field("usage", &());
        return;
    };
    usage::lose(counted, losses);
    let told = |map: &Map<String, Value>| map.contains_key("tool_usage");
    let items = response.choices.iter().flat_map(|choice| &choice.parts);
    let called = |part: &Part| matches!(&part.content, Content::Opaque(opaque) if opaque.format == FORMAT);
    if !counted.server_tools.is_empty() && !extra.is_some_and(told) && !items.into_iter().any(called) {
        losses.dropped("usage.server_tools", "the format counts the vendor's own tools only");
    }
    usage::write(body.key("usage"), counted, extra.and_then(|extra| extra.get("usage")?.as_object()));
}
