//! A complete answer → canonical.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, Extra, FinishReason, ModelName, Part, ProviderError,
    ResponseId, Usage, message::ToolCallKind,
};

use crate::{
    interactions::{
        FORMAT, error, status,
        steps::{self, Direction, Speaker},
        usage,
        wire::Interaction,
    },
    names::{Restore, unwrap_custom},
    read::{RawList, Text},
    time::unix_seconds,
};

pub(in crate::interactions) fn unreadable(source: serde_json::Error) -> ProviderError {
    crate::error::unreadable("answer", source)
}

/// Reads a complete 2xx body.
pub(in crate::interactions) fn decode(
    request: &ChatRequest,
    body: &[u8],
) -> Result<ChatResponse, ProviderError> {
    let mut interaction: Interaction<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    if interaction.status.is_none() && interaction.error.is_none() {
        return Err(ProviderError::protocol("the provider's answer does not say what became of it"));
    }
    let steps = interaction.steps.take().or_else(|| interaction.outputs.take()).unwrap_or_default();
    let parts = read_steps(steps, &Restore::new(request)).map_err(unreadable)?;
    let created = interaction.created.as_ref().and_then(|time| unix_seconds(&time.0));
    let id = interaction.id.as_ref().map(|id| ResponseId::new(&*id.0));
    let model =
        interaction.model.as_ref().or(interaction.agent.as_ref()).map(|name| ModelName::new(&*name.0));
    let ending = Ending::read(interaction)?;
    Ok(ChatResponse {
        id,
        model,
        created,
        choices: vec![Choice::new(0, parts, Some(ending.reason))],
        usage: ending.usage,
        service_tier: ending.service_tier,
        extra: Extra::new(FORMAT, ending.extra),
    })
}

/// Reads what the model did. The input, which may be repeated before it, is not the answer's.
fn read_steps(steps: RawList<'_>, restore: &Restore) -> serde_json::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for raw in steps.0 {
        let step = steps::read(raw, Direction::Answer)?;
        if step.speaker == Speaker::Model {
            parts.extend(step.parts.into_iter().map(|part| restored(part, restore)));
        }
    }
    Ok(parts)
}

/// Gives a call the name that the client knows.
fn restored(mut part: Part, restore: &Restore) -> Part {
    if let Content::ToolCall(call) = &mut part.content {
        let (name, kind) = restore.asked(&call.name);
        call.name = name.to_owned();
        call.kind = kind;
        if kind == ToolCallKind::Custom {
            call.arguments = unwrap_custom(&call.arguments);
        }
    }
    // An unsigned thought is an answer's as it is.
    part.extra = match part.extra.fields(&FORMAT) {
        Some(fields) => {
            let kept = fields.iter().filter(|(name, _)| !crate::interactions::content::is_note(name));
            Extra::new(FORMAT, kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        None => part.extra,
    };
    part
}

/// What an answer says when it is over.
#[derive(Debug)]
pub(in crate::interactions) struct Ending {
    pub(in crate::interactions) reason: FinishReason,
    pub(in crate::interactions) usage: Option<Usage>,
    pub(in crate::interactions) service_tier: Option<String>,
    pub(in crate::interactions) extra: Map<String, Value>,
}

impl Ending {
    /// Reads it.
    ///
    /// # Errors
    /// The answer's own, or one that cannot be read.
    pub(in crate::interactions) fn read(interaction: Interaction<'_>) -> Result<Self, ProviderError> {
        let status = interaction.status.map(Text::into_owned).unwrap_or_default();
        let errors = interaction.errors.unwrap_or_default();
        if status == "failed" || (status.is_empty() && interaction.error.is_some()) {
            let first = errors.first().map(|error| {
                let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.0.to_string());
                serde_json::json!({"code": text(&error.code), "message": text(&error.message)}).to_string()
            });
            return Err(error::in_stream(first.as_deref().or_else(|| interaction.error.map(RawValue::get))));
        }
        let error = errors.into_iter().find_map(|error| error.code.or(error.message)).map(Text::into_owned);
        let reason = status::decode(&status, error);
        let mut extra = interaction.rest.parse().map_err(unreadable)?;
        let usage = interaction.usage.as_ref().map(usage::read).transpose().map_err(unreadable)?;
        if let Some((_, rest)) = usage.as_ref().filter(|(_, rest)| !rest.is_empty()) {
            extra.insert("usage".to_owned(), Value::Object(rest.clone()));
        }
        let usage = usage.map(|(usage, _)| usage);
        Ok(Self { reason, usage, service_tier: interaction.service_tier.map(Text::into_owned), extra })
    }
}
