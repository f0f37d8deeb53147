//! The body of a request → canonical.

use serde_json::{Value, value::RawValue};
use tollgate_model::{ChatRequest, Extra, Message, ModelName, Part, RequestError, Role};
use tollgate_provider::{
    RequestFacts,
    front_door::{read_field, unsearchable},
    json_spans,
};

use super::{settings, tools};
use crate::{
    interactions::{
        FORMAT, content, notes,
        steps::{self, Direction, Speaker},
        wire::Request,
    },
    read::{RawList, Text, invalid},
};

/// Reads what routing needs. An agent stands where a model can.
pub(in crate::interactions) fn facts(body: &[u8]) -> Result<RequestFacts, RequestError> {
    let [model, agent, stream] =
        json_spans::find(body, ["model", "agent", "stream"]).map_err(unsearchable)?;
    let missing = || RequestError::invalid_field("model", "`model` is missing");
    let (name, span) = match (model, agent) {
        (Some(span), _) => ("model", span),
        (None, Some(span)) => ("agent", span),
        (None, None) => return Err(missing()),
    };
    let asked: Option<String> = read_field(body, name, Some(&span))?;
    let asked = asked.filter(|asked| !asked.is_empty()).ok_or_else(missing)?;
    let stream = read_field(body, "stream", stream.as_ref())?.unwrap_or_default();
    Ok(RequestFacts { model: ModelName::from(asked), model_span: Some(span), stream, stream_usage: true })
}

/// Reads a whole request.
pub(in crate::interactions) fn decode(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let body: Request<'_> = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let mut extra = body.rest.parse().map_err(|error| invalid("", &error))?;
    // Not to be kept is what holds for whoever says nothing.
    if extra.get("store") == Some(&Value::Bool(false)) {
        extra.remove("store");
    }
    let model = match (body.model, body.agent) {
        (Some(model), _) => model,
        (None, Some(agent)) => {
            extra.insert(notes::AGENT.to_owned(), Value::Bool(true));
            agent
        }
        (None, None) => return Err(RequestError::invalid_field("model", "`model` is missing")),
    };
    let mut messages = Vec::new();
    messages.extend(body.system_instruction.map(|text| Message::system(text.into_owned())));
    if let Some(input) = body.input {
        messages.extend(read_input(input)?);
    }
    let mut request = ChatRequest::new(ModelName::from(model.into_owned()), messages);
    request.tools = tools::decode(body.tools.unwrap_or_default())?;
    if let Some(config) = body.generation_config {
        settings::decode(config, &mut request, &mut extra)
            .map_err(|error| invalid("generation_config", &error))?;
    }
    request.response_format = settings::response_format(
        body.response_format,
        body.response_mime_type.map(Text::into_owned),
        &mut extra,
    );
    request.modalities = body.response_modalities.and_then(|words| settings::modalities(words, &mut extra));
    request.service_tier = body.service_tier.map(Text::into_owned);
    request.cache.content = body.cached_content.map(Text::into_owned);
    if let Some(labels) = body.labels {
        request.metadata = labels;
        extra.insert(notes::LABELS.to_owned(), Value::Bool(true));
    }
    request.stream = body.stream.unwrap_or_default();
    request.extra = Extra::new(FORMAT, extra);
    Ok(request)
}

/// Reads `input`: a text, a content, or a list of contents or steps.
fn read_input(input: &RawValue) -> Result<Vec<Message>, RequestError> {
    let error = |error| invalid("input", &error);
    if input.get().starts_with('"') {
        return Ok(vec![Message::user(serde_json::from_str::<String>(input.get()).map_err(error)?)]);
    }
    let RawList(list) = serde_json::from_str(input.get()).map_err(error)?;
    let mut messages: Vec<Message> = Vec::new();
    let mut after_bare = false;
    for (index, raw) in list.into_iter().enumerate() {
        let step = steps::read(raw, Direction::Request);
        let step = step.map_err(|error| invalid(&format!("input[{index}]"), &error))?;
        let bare = content::stands_alone(raw);
        let role = match step.speaker {
            Speaker::User => Role::User,
            Speaker::Model => Role::Assistant,
            Speaker::Tool => Role::Tool,
        };
        let mut parts = step.parts;
        // Contents that stand alone are one turn of the user; steps of the model and results are gathered.
        let joins = if role == Role::User { bare && after_bare } else { true };
        match messages.last_mut().filter(|last| last.role == role && joins) {
            Some(last) => {
                if let Some(first) = parts.first_mut().filter(|_| role == Role::Assistant) {
                    note_step(last, first);
                }
                last.parts.extend(parts);
            }
            None => messages.push(Message::new(role, parts)),
        }
        after_bare = bare;
    }
    Ok(messages)
}

/// Remembers that two outputs of the model stood in two steps.
fn note_step(last: &Message, first: &mut Part) {
    let foreign = first.extra.any().is_some_and(|(format, _)| *format != FORMAT);
    if !foreign && steps::is_output(first) && last.parts.last().is_some_and(steps::is_output) {
        first.extra.insert(&FORMAT, notes::OWN_STEP, Value::Bool(true));
    }
}
