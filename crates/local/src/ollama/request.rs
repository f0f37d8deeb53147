//! Canonical request → `POST /api/chat`.

mod message;
mod options;
mod thinking;
mod tools;

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest, Extra, Format, Losses, RequestError,
    request::{Modality, ResponseFormat},
};
use tollgate_provider::{Target, json_writer};

use super::wire::ChatBody;

const FORMAT: Format = Format::OLLAMA_CHAT;

/// The fields that are written of canonical settings. `extra` adds to them, it does not replace them.
const WRITTEN: [&str; 8] =
    ["model", "messages", "tools", "format", "options", "logprobs", "top_logprobs", "stream"];

/// Writes the body and names what it cannot say.
pub(super) fn encode(target: &Target<'_>, request: &ChatRequest) -> Result<(Bytes, Losses), RequestError> {
    let mut losses = Losses::new();
    let mut extra = own_fields(&request.extra, "", &mut losses);
    let wanted = extra.remove("options");
    extra.retain(|name, _| !WRITTEN.contains(&name.as_str()));
    let think = thinking::plan(target, request, &mut losses);
    if think.is_some() {
        extra.remove("think");
    }
    let body = ChatBody {
        model: target.model.as_str(),
        messages: message::write_all(request, &mut losses)?,
        tools: tools::write_all(request, &mut losses),
        format: format(request, &mut losses),
        think,
        options: options::write(target, request, wanted, &mut losses),
        logprobs: request.logprobs.map(|_| true),
        top_logprobs: request.logprobs.and_then(|logprobs| logprobs.top).filter(|top| *top > 0),
        stream: request.stream,
        extra,
    };
    name_unsupported(request, &mut losses);
    Ok((json_writer::body(request, &body)?, losses))
}

fn format<'a>(request: &'a ChatRequest, losses: &mut Losses) -> Option<Cow<'a, Value>> {
    match request.response_format.as_ref()? {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(Cow::Owned("json".into())),
        ResponseFormat::JsonSchema(asked) => {
            if asked.description.is_some() {
                losses.dropped("response_format.description", "a format is its schema alone");
            }
            Some(Cow::Borrowed(&asked.schema))
        }
        _ => {
            losses.dropped("response_format", "the server has no such format");
            None
        }
    }
}

/// Names what the format has no counterpart for.
fn name_unsupported(request: &ChatRequest, losses: &mut Losses) {
    if request.choices.is_some_and(|choices| choices > 1) {
        losses.dropped("choices", "one answer is given");
    }
    if request.modalities.iter().flatten().any(|kind| *kind != Modality::Text) {
        losses.dropped("modalities", "answers are text");
    }
    if request.audio.is_some() {
        losses.dropped("audio", "answers are text");
    }
    if request.service_tier.as_deref().is_some_and(|tier| !matches!(tier, "auto" | "default")) {
        losses.dropped("service_tier", "a local server has one class of service");
    }
    if request.user.is_some() {
        losses.dropped("user", "the server keeps no users");
    }
    for name in request.metadata.keys() {
        losses.dropped(format!("metadata.{name}"), "the server keeps no labels");
    }
    if request.cache.key.is_some() {
        losses.dropped("cache.key", "the server finds its cache by the prompt");
    }
    if request.cache.automatic.is_some() {
        losses.dropped(
            "cache.automatic",
            "the server caches of its own accord, and cannot be told for how long",
        );
    }
    if request.cache.content.is_some() {
        losses.dropped("cache.content", "there is no cached content to refer to");
    }
}

/// Returns the fields of this format; names all others.
fn own_fields(extra: &Extra, path: &str, losses: &mut Losses) -> Map<String, Value> {
    let mut fields = Map::new();
    extra.write_into(&FORMAT, &mut fields, path, losses);
    fields
}
