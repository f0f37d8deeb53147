//! The body of a request → canonical.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, Extra, Message, ModelName, RequestError,
    request::{JsonSchema, Logprobs, ReasoningEffort, ResponseFormat},
};

use super::{messages, tools};
use crate::responses::{
    notes::{FORMAT, INSTRUCTIONS, NOT_KEPT, SAFETY_IDENTIFIER},
    wire::{ReasoningConfig, RequestBody, Text, TextConfig, TextFormat, field_error},
};

/// What asks for the probabilities of tokens.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";
/// What asks for reasoning that can be sent back. Always given, so never kept as a wish.
pub(super) const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Reads a whole request.
pub(in crate::responses) fn decode(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let body: RequestBody<'_> = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| RequestError::invalid_field("model", "`model` is missing"))?;
    let mut extra = body.rest.into_map();
    let elsewhere = ["prompt", "previous_response_id", "conversation"];
    if body.input.is_none() && !elsewhere.iter().any(|name| extra.contains_key(*name)) {
        return Err(RequestError::invalid_field("input", "`input` is missing"));
    }

    let mut said: Vec<Message> = body.instructions.map(|text| instructions(&text)).into_iter().collect();
    said.extend(messages::decode(body.input)?);
    let mut request = ChatRequest::new(ModelName::new(&*model), said);
    request.tools = tools::decode(body.tools)?;
    request.tool_choice = tools::decode_choice(body.tool_choice, &mut extra)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    request.response_format = text(body.text, &mut extra)?;
    reasoning(body.reasoning, &mut request, &mut extra);
    let include = body.include.map(|list| list.0).unwrap_or_default();
    request.logprobs =
        include.iter().any(|word| &**word == LOGPROBS).then_some(Logprobs { top: body.top_logprobs });
    if let (None, Some(top)) = (&request.logprobs, body.top_logprobs.filter(|top| *top > 0)) {
        extra.insert("top_logprobs".to_owned(), top.into());
    }
    let others = include.iter().filter(|word| !matches!(&***word, LOGPROBS | ENCRYPTED));
    let others: Vec<Value> = others.map(|word| Value::from(&**word)).collect();
    if !others.is_empty() {
        extra.insert("include".to_owned(), others.into());
    }
    request.sampling.temperature = body.temperature;
    request.sampling.top_p = body.top_p;
    request.max_output_tokens = body.max_output_tokens;
    request.service_tier = body.service_tier.map(Text::into_owned);
    user(body.user, body.safety_identifier, &mut request, &mut extra);
    request.metadata = body.metadata.unwrap_or_default();
    request.cache.key = body.prompt_cache_key.map(Text::into_owned);
    if let Some(word) = body.truncation.filter(|word| &**word != "disabled") {
        extra.insert("truncation".to_owned(), Value::from(word.into_owned()));
    }
    match body.store {
        Some(true) => extra.insert("store".to_owned(), true.into()),
        Some(false) => extra.insert(NOT_KEPT.to_owned(), true.into()),
        None => None,
    };
    if body.background == Some(true) {
        extra.insert("background".to_owned(), true.into());
    }
    request.stream = body.stream.unwrap_or_default();
    request.extra = Extra::new(FORMAT, extra);
    Ok(request)
}

/// Says where in the body an error is. `path` is the place of what was being read.
pub(super) fn invalid(path: &str, error: &serde_json::Error) -> RequestError {
    let (inner, what) = field_error(error);
    let dot =
        if path.is_empty() || inner.as_ref().is_none_or(|inner| inner.starts_with('[')) { "" } else { "." };
    let place = format!("{path}{dot}{}", inner.unwrap_or_default());
    if place.is_empty() {
        RequestError::invalid(format!("the body cannot be read: {what}"))
    } else {
        let message = format!("`{place}` cannot be read: {what}");
        RequestError::invalid_field(place, message)
    }
}

fn instructions(text: &str) -> Message {
    let mut message = Message::system(text);
    message.extra.insert(&FORMAT, INSTRUCTIONS, Value::Bool(true));
    message
}

fn text(
    config: Option<TextConfig<'_>>,
    extra: &mut Map<String, Value>,
) -> Result<Option<ResponseFormat>, RequestError> {
    let Some(config) = config else { return Ok(None) };
    let mut rest = config.rest.into_map();
    let format = match config.format {
        None => None,
        Some(raw) => {
            let known = response_format(raw)?;
            if known.is_none() {
                let invalid = |error| invalid("text.format", &error);
                rest.insert("format".to_owned(), serde_json::from_str(raw.get()).map_err(invalid)?);
            }
            known
        }
    };
    nest(extra, "text", rest);
    Ok(format)
}

fn response_format(raw: &RawValue) -> Result<Option<ResponseFormat>, RequestError> {
    let format: TextFormat<'_> =
        serde_json::from_str(raw.get()).map_err(|error| invalid("text.format", &error))?;
    if !format.rest.is_empty() {
        return Ok(None);
    }
    Ok(match (format.kind.as_deref(), format.schema) {
        (Some("text"), _) => Some(ResponseFormat::Text),
        (Some("json_object"), _) => Some(ResponseFormat::JsonObject),
        (Some("json_schema"), Some(schema)) => Some(ResponseFormat::JsonSchema(JsonSchema {
            name: format.name.map(Text::into_owned),
            description: format.description.map(Text::into_owned),
            schema,
            strict: format.strict,
        })),
        _ => None,
    })
}

fn reasoning(config: Option<ReasoningConfig<'_>>, request: &mut ChatRequest, extra: &mut Map<String, Value>) {
    let Some(config) = config else { return };
    let mut rest = config.rest.into_map();
    if let Some(word) = config.effort {
        request.reasoning.effort = ReasoningEffort::parse(&word);
        if request.reasoning.effort.is_none() {
            // A word that is invented tomorrow.
            rest.insert("effort".to_owned(), Value::from(word.into_owned()));
        }
    }
    if let Some(word) = config.summary {
        request.reasoning.visible = Some(true);
        if &*word != "auto" {
            rest.insert("summary".to_owned(), Value::from(word.into_owned()));
        }
    }
    nest(extra, "reasoning", rest);
}

/// The end user has two names here; the newer one is used where it stands alone.
fn user(
    user: Option<Text<'_>>,
    identifier: Option<Text<'_>>,
    request: &mut ChatRequest,
    extra: &mut Map<String, Value>,
) {
    let owned = |text: Text<'_>| text.into_owned();
    match (user.map(owned), identifier.map(owned)) {
        (None, Some(identifier)) => {
            request.user = Some(identifier);
            extra.insert(SAFETY_IDENTIFIER.to_owned(), Value::Bool(true));
        }
        (user, identifier) => {
            request.user = user;
            extra.extend(identifier.map(|text| ("safety_identifier".to_owned(), Value::from(text))));
        }
    }
}

/// Keeps unknown fields of a nested object under the object's name.
fn nest(extra: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    if !fields.is_empty() {
        extra.insert(name.to_owned(), Value::Object(fields));
    }
}
