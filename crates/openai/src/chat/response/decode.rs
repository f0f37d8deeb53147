//! A complete answer → canonical.

use bytes::Bytes;
use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Extra, Format, ModelName, ProviderError, ResponseId,
};

use super::message::Reader;
use crate::chat::{
    Quirks, error, finish, logprobs,
    names::Restore,
    usage,
    wire::{self, Text, unix_seconds},
};

/// Reads a complete 2xx response.
pub(in crate::chat) fn decode(
    quirks: &Quirks,
    request: &ChatRequest,
    response: &http::Response<Bytes>,
) -> Result<ChatResponse, ProviderError> {
    let body: wire::Body<'_> = serde_json::from_slice(response.body()).map_err(unreadable)?;
    if body.error.is_some() {
        return Err(error::in_band(response.body()));
    }
    let Some(choices) = body.choices else {
        return Err(ProviderError::protocol("the provider's answer has no `choices`"));
    };
    let restore = Restore::new(request);
    let id = body.id.filter(|id| !id.is_empty()).map(Text::into_owned);
    let mut extra = body.rest.into_map();
    let usage = body.usage.map(|usage| usage::decode(usage, quirks.reasoning_counted_apart));
    let usage = usage.map(|(usage, rest)| {
        if !rest.is_empty() {
            extra.insert("usage".to_owned(), Value::Object(rest));
        }
        usage
    });
    let mut unknown = ChoiceExtras::default();
    let mut read = Vec::with_capacity(choices.0.len());
    for (place, choice) in choices.0.into_iter().enumerate() {
        if let Some(error) = choice.error {
            return Err(error::nested(error.get()));
        }
        let reader = Reader::new(&restore, request, id.as_deref().unwrap_or_default());
        read.push(decode_choice(choice, place, &reader, &mut unknown).map_err(unreadable)?);
    }
    read.sort_by_key(|choice| choice.index);
    unknown.write_into(&mut extra);
    Ok(ChatResponse {
        id: id.map(ResponseId::from),
        model: body.model.filter(|model| !model.is_empty()).map(|model| ModelName::new(&*model)),
        created: body.created.and_then(unix_seconds),
        choices: read,
        usage,
        service_tier: body.service_tier.filter(|tier| !tier.is_empty()).map(Text::into_owned),
        extra: Extra::new(Format::OPENAI_CHAT, extra),
    })
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}

fn decode_choice(
    choice: wire::Choice<'_>,
    place: usize,
    reader: &Reader<'_>,
    unknown: &mut ChoiceExtras,
) -> serde_json::Result<Choice> {
    let index = choice.index.unwrap_or_else(|| u32::try_from(place).unwrap_or(u32::MAX));
    let (parts, message_rest) = reader.parts(index, choice.message.unwrap_or_default())?;
    let word = choice.finish_reason.filter(|word| !word.is_empty());
    let finish_reason = word.map(|word| finish::decode(&word, choice.stop_reason.as_ref()));
    unknown.add(index, choice.rest.into_map(), message_rest);
    let logprobs = choice.logprobs.map(logprobs::decode).unwrap_or_default();
    Ok(Choice { index, parts, finish_reason, logprobs })
}

/// What choices and their messages say that the canonical model has no place for. Kept as the answer's own extra field
/// `choices`: an array of `{"index", "message": {…}, …}`.
#[derive(Debug, Default)]
pub(in crate::chat) struct ChoiceExtras(Vec<(u32, Map<String, Value>)>);

impl ChoiceExtras {
    pub(in crate::chat) fn add(
        &mut self,
        index: u32,
        choice: Map<String, Value>,
        message: Map<String, Value>,
    ) {
        if choice.is_empty() && message.is_empty() {
            return;
        }
        let place = self.0.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            self.0.push((index, Map::from_iter([("index".to_owned(), Value::from(index))])));
            self.0.len() - 1
        });
        let fields = &mut self.0[place].1;
        if !message.is_empty() {
            let known = fields.entry("message").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(known) = known {
                merge(known, message);
            }
        }
        merge(fields, choice);
    }

    pub(in crate::chat) fn write_into(self, extra: &mut Map<String, Value>) {
        if !self.0.is_empty() {
            let choices = self.0.into_iter().map(|(_, fields)| Value::Object(fields)).collect();
            extra.insert("choices".to_owned(), Value::Array(choices));
        }
    }
}

/// Adds what a later chunk says: lists go on, everything else is replaced.
pub(in crate::chat) fn merge(known: &mut Map<String, Value>, later: Map<String, Value>) {
    for (name, value) in later {
        match (known.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}
