//! The body of a request → canonical.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest, Extra, Format, ModelName, RequestError,
    request::{
        AudioOutput, CacheSettings, JsonSchema, Logprobs, Modality, ReasoningEffort, ResponseFormat, Sampling,
    },
};

use super::{messages, tools};
use crate::chat::wire::{AudioParams, List, OneOrMany, RequestBody, ResponseFormatDef, Text, field_error};

/// Reads a whole request.
pub(in crate::chat) fn decode(body: &[u8]) -> Result<ChatRequest, RequestError> {
    let body: RequestBody<'_> = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let model = body.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| RequestError::invalid_field("model", "`model` is missing"))?;
    let wire_messages =
        body.messages.ok_or_else(|| RequestError::invalid_field("messages", "`messages` is missing"))?;
    let mut extra = body.rest.into_map();

    let mut request = ChatRequest::new(ModelName::new(&*model), messages::decode(wire_messages)?);
    request.tools = tools::decode(body.tools, body.functions)?;
    request.tool_choice = tools::decode_choice(body.tool_choice, body.function_call, &mut extra)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    request.response_format = response_format(body.response_format, &mut extra)?;
    if let Some(word) = body.reasoning_effort {
        request.reasoning.effort = ReasoningEffort::parse(&word);
        if request.reasoning.effort.is_none() {
            // A word that is invented tomorrow.
            extra.insert("reasoning_effort".to_owned(), Value::from(&*word));
        }
    }
    request.sampling = Sampling {
        temperature: body.temperature,
        top_p: body.top_p,
        top_k: body.top_k,
        presence_penalty: body.presence_penalty,
        frequency_penalty: body.frequency_penalty,
        seed: body.seed,
        logit_bias: body.logit_bias.unwrap_or_default(),
    };
    request.max_output_tokens = output_limit(body.max_completion_tokens, body.max_tokens)?;
    request.stop = match body.stop {
        None => Vec::new(),
        Some(OneOrMany::One(text)) => vec![text.into_owned()],
        Some(OneOrMany::Many(texts)) => texts.into_iter().map(Text::into_owned).collect(),
    };
    request.choices = body.n;
    let asked = body.logprobs == Some(true) || body.top_logprobs.is_some();
    request.logprobs = asked.then_some(Logprobs { top: body.top_logprobs });
    request.modalities = modalities(body.modalities, &mut extra);
    request.audio = body.audio.map(|audio| audio_output(audio, &mut extra));
    request.service_tier = body.service_tier.map(Text::into_owned);
    request.user = body.user.map(Text::into_owned);
    request.metadata = body.metadata.unwrap_or_default();
    let key = body.prompt_cache_key.map(Text::into_owned);
    request.cache = CacheSettings { key, ..CacheSettings::default() };
    request.stream = body.stream.unwrap_or_default();
    if let Some(options) = body.stream_options {
        request.stream_usage = options.include_usage;
        nest(&mut extra, "stream_options", options.rest.into_map());
    }
    request.extra = Extra::new(Format::OPENAI_CHAT, extra);
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

/// Keeps unknown fields of a nested object under the object's name.
pub(super) fn nest(extra: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    if !fields.is_empty() {
        extra.insert(name.to_owned(), Value::Object(fields));
    }
}

/// The two fields say the same; the vendor refuses both at once.
fn output_limit(newer: Option<u64>, older: Option<u64>) -> Result<Option<u64>, RequestError> {
    match (newer, older) {
        (Some(newer), Some(older)) if newer != older => Err(RequestError::invalid_field(
            "max_tokens",
            "`max_tokens` and `max_completion_tokens` differ; give one of them",
        )),
        (newer, older) => Ok(newer.or(older)),
    }
}

fn response_format(
    raw: Option<&RawValue>,
    extra: &mut Map<String, Value>,
) -> Result<Option<ResponseFormat>, RequestError> {
    let Some(raw) = raw else { return Ok(None) };
    let invalid = |error| invalid("response_format", &error);
    let format: ResponseFormatDef<'_> = serde_json::from_str(raw.get()).map_err(invalid)?;
    let read = match (format.kind.as_deref(), format.json_schema) {
        (Some("text"), None) => Some(ResponseFormat::Text),
        (Some("json_object"), None) => Some(ResponseFormat::JsonObject),
        (Some("json_schema"), Some(def)) if def.rest.is_empty() => def.schema.map(|schema| {
            ResponseFormat::JsonSchema(JsonSchema {
                name: def.name.map(Text::into_owned),
                description: def.description.map(Text::into_owned),
                schema,
                strict: def.strict,
            })
        }),
        _ => None,
    };
    if read.is_none() || !format.rest.is_empty() {
        extra.insert("response_format".to_owned(), serde_json::from_str(raw.get()).map_err(invalid)?);
        return Ok(None);
    }
    Ok(read)
}

fn modalities(words: Option<List<Text<'_>>>, extra: &mut Map<String, Value>) -> Option<Vec<Modality>> {
    let words = words?.0;
    let known = words.iter().map(|word| match &**word {
        "text" => Some(Modality::Text),
        "audio" => Some(Modality::Audio),
        "image" => Some(Modality::Image),
        _ => None,
    });
    let known = known.collect::<Option<Vec<_>>>();
    if known.is_none() {
        let words = words.iter().map(|word| Value::from(&**word)).collect();
        extra.insert("modalities".to_owned(), words);
    }
    known
}

fn audio_output(audio: AudioParams<'_>, extra: &mut Map<String, Value>) -> AudioOutput {
    nest(extra, "audio", audio.rest.into_map());
    AudioOutput { voice: audio.voice, format: audio.format.map(Text::into_owned) }
}
