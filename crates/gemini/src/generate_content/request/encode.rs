//! Canonical request → `GenerateContentRequest`. The wire structs borrow from the canonical request and are written
//! straight to bytes.

mod content;
mod conversation;
mod generation;
mod media;
mod thinking;
mod tools;

use bytes::Bytes;
use serde_json::{Map, Value};
use tollgate_catalog::card::Rules;
use tollgate_model::{ChatRequest, Extra, Losses, RequestError, extra::NOTE_PREFIX, request::ToolChoice};
use tollgate_provider::{Target, json_writer};

use self::conversation::Conversation;
use crate::generate_content::{
    FORMAT, notes,
    wire::request::{ExtraFields, GenerateContentRequest, SystemInstruction},
};

/// Writes the body that asks the target to answer `request`, and names what it could not say.
pub(in crate::generate_content) fn encode(
    target: &Target<'_>,
    request: &ChatRequest,
) -> Result<(Bytes, Losses), RequestError> {
    let mut losses = Losses::new();
    let body = translate(target, request, &mut losses)?;
    Ok((json_writer::body(request, &body)?, losses))
}

fn translate<'a>(
    target: &Target<'a>,
    request: &'a ChatRequest,
    losses: &mut Losses,
) -> Result<GenerateContentRequest<'a>, RequestError> {
    let rules = target.card.map(|card| &card.rules);
    let mut conversation = Conversation::new(rules.and_then(|rules| rules.reasoning), losses);
    for (index, message) in request.messages.iter().enumerate() {
        conversation.push(index, message)?;
    }
    let mut conversation = conversation.finish(rules.and_then(|rules| rules.assistant_prefill))?;

    let fields = request.extra.fields(&FORMAT);
    let tools = tools::definitions(request, losses)?;
    let tool_config = tools::config(target, request, &tools, inner(fields, "toolConfig"), losses);
    let answer = generation::answer_format(target, request, &tools, losses);
    conversation.system.extend(answer.instruction);
    let mut generation_config =
        generation::config(target, request, inner(fields, "generationConfig"), losses);
    generation_config.response_mime_type = answer.mime_type;
    generation_config.response_json_schema = answer.schema;
    generation_config.response_schema = answer.own_schema;
    unsupported(request, losses);

    let system = conversation.system;
    Ok(GenerateContentRequest {
        system_instruction: (!system.is_empty()).then_some(SystemInstruction { parts: system }),
        contents: conversation.contents,
        tools,
        tool_config,
        generation_config,
        cached_content: request.cache.content.as_deref(),
        service_tier: service_tier(request, losses),
        labels: has_labels(request).then_some(&request.metadata),
        extra: extras(request, losses),
    })
}

fn rules<'a>(target: &Target<'a>) -> Option<&'a Rules> {
    target.card.map(|card| &card.rules)
}

fn inner<'a>(fields: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a Map<String, Value>> {
    fields?.get(name)?.as_object()
}

fn service_tier(request: &ChatRequest, losses: &mut Losses) -> Option<&'static str> {
    match request.service_tier.as_deref()? {
        // What holds when nothing is said.
        "auto" => None,
        "standard" | "default" | "standard_only" => Some("standard"),
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => {
            losses.dropped("service_tier", "there is no such class of service");
            None
        }
    }
}

/// Whether the client itself said `labels`, which only the vendor's cloud takes.
fn has_labels(request: &ChatRequest) -> bool {
    request.extra.field(&FORMAT, notes::LABELS).is_some()
}

/// Names what the format has no counterpart for.
fn unsupported(request: &ChatRequest, losses: &mut Losses) {
    if request.parallel_tool_calls == Some(false)
        && !request.tools.is_empty()
        && request.tool_choice != Some(ToolChoice::None)
    {
        losses.dropped("parallel_tool_calls", "the model calls as many tools as it sees fit");
    }
    if request.user.is_some() {
        losses.dropped("user", "the format has no place for it");
    }
    for name in request.metadata.keys().filter(|_| !has_labels(request)) {
        losses.dropped(format!("metadata.{name}"), "the format keeps no labels");
    }
    if request.cache.key.is_some() {
        losses.dropped("cache.key", "caches are found by their content");
    }
    // The usual lifetime is what the vendor does by itself.
    if request.cache.automatic.is_some_and(|hint| hint != tollgate_model::message::CacheHint::Standard) {
        losses.approximated("cache.automatic", "the vendor caches by itself, for a time of its own");
    }
}

/// The request's own fields of this format that stand at its top.
fn extras<'a>(request: &'a ChatRequest, losses: &mut Losses) -> ExtraFields<'a> {
    const WRITTEN: [&str; 9] = [
        "model",
        "systemInstruction",
        "contents",
        "tools",
        "toolConfig",
        "generationConfig",
        "cachedContent",
        "serviceTier",
        "labels",
    ];
    request.extra.lose_unless(&FORMAT, "", losses);
    without(request.extra.fields(&FORMAT), &WRITTEN)
}

fn without<'a>(fields: Option<&'a Map<String, Value>>, names: &[&str]) -> ExtraFields<'a> {
    let fields = fields.into_iter().flatten();
    ExtraFields(
        fields
            .filter(|(name, _)| !names.contains(&name.as_str()) && !name.starts_with(NOTE_PREFIX))
            .map(|(name, value)| (name.as_str(), value))
            .collect(),
    )
}

/// Returns the fields of this format that a value carries, but for those that are written anyway; names all others.
fn extra_fields<'a>(
    extra: &'a Extra,
    written: &[&str],
    path: impl FnOnce() -> String,
    losses: &mut Losses,
) -> ExtraFields<'a> {
    match extra.fields(&FORMAT) {
        Some(fields) => without(Some(fields), written),
        None => {
            if !extra.is_empty() {
                extra.lose_unless(&FORMAT, &path(), losses);
            }
            ExtraFields::default()
        }
    }
}
