//! A complete answer → canonical.

use bytes::Bytes;
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, Extra, FinishReason, ModelName, Part, ProviderError,
    ResponseId, Usage,
};

use crate::{
    error,
    names::Restore,
    responses::{
        ResponsesQuirks, finish,
        item::{self, Read, Reader},
        notes::{FORMAT, SETTLED},
        tally::Tally,
        usage,
        wire::{Body, List, Text, unix_seconds},
    },
};

/// The fields in which an answer says what it took of the request, or in its stead.
const SETTLED_FIELDS: [&str; 24] = [
    "background",
    "completed_at",
    "conversation",
    "frequency_penalty",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// Reads a complete 2xx response.
pub(in crate::responses) fn decode(
    quirks: &ResponsesQuirks,
    request: &ChatRequest,
    response: &http::Response<Bytes>,
) -> Result<ChatResponse, ProviderError> {
    let mut body: Body<'_> = serde_json::from_slice(response.body()).map_err(unreadable)?;
    refuse_failed(&body)?;
    let Some(List(output)) = body.output.take() else {
        return Err(ProviderError::protocol("the provider's answer has no `output`"));
    };
    let restore = Restore::new(request);
    let mut reader = Reader { tokens: Some(Vec::new()) };
    let mut parts = Vec::new();
    for raw in output {
        let said = said(&mut reader, raw, quirks, &restore).map_err(unreadable)?;
        item::extend(&mut parts, said);
    }
    let (id, model) = (body.id.take(), body.model.take());
    let created = body.created_at.and_then(unix_seconds);
    let mut tally = Tally::default();
    parts.iter().for_each(|part| tally.add_content(&part.content));
    let end = Ending::read(body, &tally).map_err(unreadable)?;
    let mut choice = Choice::new(0, parts, Some(end.reason));
    choice.logprobs = reader.tokens.unwrap_or_default();
    Ok(ChatResponse {
        id: id.filter(|id| !id.is_empty()).map(|id| ResponseId::new(&*id)),
        model: model.filter(|model| !model.is_empty()).map(|model| ModelName::new(&*model)),
        created,
        choices: vec![choice],
        usage: end.usage,
        service_tier: end.service_tier,
        extra: end.extra,
    })
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}

/// Refuses an answer that says of itself that it failed.
pub(in crate::responses) fn refuse_failed(body: &Body<'_>) -> Result<(), ProviderError> {
    match (body.error, body.status.as_deref()) {
        (Some(error), _) => Err(error::nested(error.get())),
        (None, Some("failed")) => Err(error::in_band(b"{}")),
        _ => Ok(()),
    }
}

/// Reads an item of an answer: what the model said.
pub(in crate::responses) fn said(
    reader: &mut Reader,
    raw: &RawValue,
    quirks: &ResponsesQuirks,
    restore: &Restore,
) -> serde_json::Result<Vec<Part>> {
    let mut parts = match reader.read(raw)? {
        Read::Said(parts) => parts,
        Read::Turn(message) => message.parts,
        Read::Result(part) => vec![part],
        // Nobody but the gateway writes such, and only to its clients.
        Read::Proof(text) => {
            let mut part = Part::reasoning("");
            if let Content::Reasoning(reasoning) = &mut part.content {
                reasoning.encrypted = Some(text);
            }
            vec![part]
        }
    };
    for part in &mut parts {
        settle(part, quirks, restore);
    }
    Ok(parts)
}

/// Undoes what encoding did to a name, and names who encrypted reasoning.
pub(in crate::responses) fn settle(part: &mut Part, quirks: &ResponsesQuirks, restore: &Restore) {
    if let Content::ToolCall(call) = &mut part.content {
        call.name = restore.tool_name(&call.name);
    }
    if let Some(signature) = part.signature.as_mut().filter(|signature| signature.issuer == FORMAT) {
        signature.issuer = quirks.issuer.clone();
    }
}

/// What an answer says at its end.
#[derive(Debug)]
pub(in crate::responses) struct Ending {
    pub(in crate::responses) reason: FinishReason,
    pub(in crate::responses) usage: Option<Usage>,
    pub(in crate::responses) service_tier: Option<String>,
    pub(in crate::responses) extra: Extra,
}

impl Ending {
    pub(in crate::responses) fn read(body: Body<'_>, tally: &Tally) -> serde_json::Result<Self> {
        let why = body.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
        let reason = finish::decode(body.status.as_deref(), why, tally.waits);
        let mut extra = Map::new();
        let mut settled = Map::new();
        for (name, value) in body.rest.into_map() {
            let place = if SETTLED_FIELDS.contains(&name.as_str()) { &mut settled } else { &mut extra };
            place.insert(name, value);
        }
        let tool_usage: Option<Value> =
            body.tool_usage.map(|raw| serde_json::from_str(raw.get())).transpose()?;
        let usage = body.usage.map(usage::decode).transpose()?;
        let usage = usage.map(|(mut usage, rest)| {
            if !rest.is_empty() {
                extra.insert("usage".to_owned(), Value::Object(rest));
            }
            usage.server_tools = tally.tools(tool_usage.as_ref());
            usage
        });
        extra.extend(tool_usage.map(|value| ("tool_usage".to_owned(), value)));
        if !settled.is_empty() {
            extra.insert(SETTLED.to_owned(), Value::Object(settled));
        }
        let service_tier = body.service_tier.filter(|tier| !tier.is_empty()).map(Text::into_owned);
        Ok(Self { reason, usage, service_tier, extra: Extra::new(FORMAT, extra) })
    }
}
