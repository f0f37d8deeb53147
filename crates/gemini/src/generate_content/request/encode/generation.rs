//! Sampling, limits and the shape of the answer → `generationConfig`.

use std::borrow::Cow;

use serde_json::{Map, Value};
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Losses,
    request::{AudioOutput, Modality, ResponseFormat},
};
use tollgate_provider::Target;

use super::{FORMAT, inner, rules, thinking, tools::has_functions, without};
use crate::{
    generate_content::{
        notes,
        schema::to_json_schema,
        wire::request::{ExtraFields, GenerationConfig, SpeechConfig, SystemPart, Tool},
    },
    limits,
};

pub(super) fn config<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    fields: Option<&'a Map<String, Value>>,
    losses: &mut Losses,
) -> GenerationConfig<'a> {
    let mut config = GenerationConfig {
        max_output_tokens: limits::max_output_tokens(target, request, losses),
        stop_sequences: limits::stop_sequences(target, request, losses),
        candidate_count: candidate_count(target, request, losses),
        seed: limits::seed(request, losses),
        response_modalities: modalities(request, losses),
        speech_config: request.audio.as_ref().and_then(|audio| speech(audio, losses)),
        thinking_config: thinking::plan(target, request, losses),
        ..GenerationConfig::default()
    };
    sample(target, request, &mut config, losses);
    if let Some(logprobs) = request.logprobs {
        config.response_logprobs = Some(true);
        config.logprobs = logprobs.top.filter(|top| *top > 0);
    }
    config.thinking_config.extra = without(inner(fields, "thinkingConfig"), &[]);
    config.extra = extras(fields, request, &config);
    config
}

/// The fields that only this format has: of those that the canonical model has a place for, such as it cannot hold.
fn extras<'a>(
    fields: Option<&'a Map<String, Value>>,
    request: &ChatRequest,
    config: &GenerationConfig<'a>,
) -> ExtraFields<'a> {
    const WRITTEN: [&str; 11] = [
        "maxOutputTokens",
        "temperature",
        "topP",
        "topK",
        "stopSequences",
        "candidateCount",
        "seed",
        "presencePenalty",
        "frequencyPenalty",
        "responseLogprobs",
        "thinkingConfig",
    ];
    let mut extra = without(fields, &WRITTEN);
    let formatted = request.response_format.is_some();
    extra.0.retain(|(name, _)| match *name {
        "logprobs" => config.logprobs.is_none(),
        "responseMimeType" | "responseSchema" | "responseJsonSchema" => !formatted,
        "responseModalities" => config.response_modalities.is_empty(),
        "speechConfig" => config.speech_config.is_none(),
        _ => true,
    });
    extra
}

fn candidate_count(target: &Target<'_>, request: &ChatRequest, losses: &mut Losses) -> Option<u32> {
    let choices = request.choices.filter(|choices| *choices > 1)?;
    if rules(target).and_then(|rules| rules.multiple_choices) == Some(false) {
        losses.dropped("choices", "the model gives one answer");
        return None;
    }
    Some(choices)
}

fn sample(
    target: &Target<'_>,
    request: &ChatRequest,
    config: &mut GenerationConfig<'_>,
    losses: &mut Losses,
) {
    const REFUSED: &str = "the model refuses it";
    let asked = &request.sampling;
    if rules(target).and_then(|rules| rules.sampling) == Some(false) {
        let fields = [
            ("sampling.temperature", asked.temperature.is_some_and(|temperature| temperature != 1.0)),
            ("sampling.top_p", asked.top_p.is_some_and(|top_p| top_p != 1.0)),
            ("sampling.top_k", asked.top_k.is_some()),
        ];
        for (path, _) in fields.into_iter().filter(|(_, said)| *said) {
            losses.dropped(path, REFUSED);
        }
    } else {
        config.temperature = asked.temperature;
        config.top_p = asked.top_p;
        config.top_k = asked.top_k;
    }
    if rules(target).and_then(|rules| rules.penalties) == Some(false) {
        let fields = [
            ("sampling.presence_penalty", asked.presence_penalty),
            ("sampling.frequency_penalty", asked.frequency_penalty),
        ];
        for (path, _) in fields.into_iter().filter(|(_, said)| said.is_some_and(|penalty| penalty != 0.0)) {
            losses.dropped(path, REFUSED);
        }
    } else {
        config.presence_penalty = asked.presence_penalty;
        config.frequency_penalty = asked.frequency_penalty;
    }
    if !asked.logit_bias.is_empty() {
        losses.dropped("sampling.logit_bias", "the format has no such setting");
    }
}

fn modalities(request: &ChatRequest, losses: &mut Losses) -> Vec<&'static str> {
    let asked = request.modalities.iter().flatten();
    asked
        .filter_map(|modality| match modality {
            Modality::Text => Some("TEXT"),
            Modality::Audio => Some("AUDIO"),
            Modality::Image => Some("IMAGE"),
            _ => {
                losses.dropped("modalities", "the format has no such kind of answer");
                None
            }
        })
        .collect()
}

fn speech<'a>(audio: &'a AudioOutput, losses: &mut Losses) -> Option<SpeechConfig<'a>> {
    if audio.format.as_deref().is_some_and(|format| format != "pcm16") {
        losses.dropped("audio.format", "sound comes as 16-bit PCM");
    }
    match audio.voice.as_ref()? {
        Value::String(voice_name) => Some(SpeechConfig { voice_name }),
        _ => {
            losses.dropped("audio.voice", "a voice is a name");
            None
        }
    }
}

/// How the answer is shaped.
#[derive(Debug, Default)]
pub(super) struct AnswerFormat<'a> {
    pub(super) mime_type: Option<&'static str>,
    pub(super) schema: Option<&'a Value>,
    /// The schema in the vendor's own dialect.
    pub(super) own_schema: Option<&'a Value>,
    /// What the model is told, where it cannot be bound.
    pub(super) instruction: Option<SystemPart<'a>>,
}

pub(super) fn answer_format<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    tools: &[Tool<'_>],
    losses: &mut Losses,
) -> AnswerFormat<'a> {
    let (schema, instruction) = match &request.response_format {
        None | Some(ResponseFormat::Text) => return AnswerFormat::default(),
        Some(ResponseFormat::JsonSchema(asked)) => {
            if asked.description.is_some() {
                losses.dropped("response_format.description", "an output schema has no description");
            }
            let schema = &asked.schema;
            let text =
                format!("Answer with one JSON value and nothing else. It follows this JSON Schema: {schema}");
            (Some(schema), Cow::Owned(text))
        }
        Some(_) => {
            let text =
                "Answer with one JSON object and nothing else: no other text around it, and no code fence.";
            (None, Cow::Borrowed(text))
        }
    };
    let structured = target.card.and_then(|card| card.capabilities.structured_output) != Some(false);
    // Up to 2.5, functions and an output format are refused beside each other.
    let either = rules(target).and_then(|rules| rules.reasoning) == Some(ReasoningStyle::Budget);
    if structured && !(either && has_functions(tools)) {
        // Unless the schema was changed since, the client's own words say it best.
        let own_schema = request.extra.field(&FORMAT, notes::RESPONSE_SCHEMA);
        let own_schema = own_schema.filter(|own| schema.is_some_and(|schema| *schema == to_json_schema(own)));
        let mime_type = Some("application/json");
        let schema = schema.filter(|_| own_schema.is_none());
        return AnswerFormat { mime_type, schema, own_schema, instruction: None };
    }
    losses.emulated("response_format", "the model is told to answer with JSON");
    let instruction = SystemPart { text: instruction, extra: ExtraFields::default() };
    AnswerFormat { instruction: Some(instruction), ..AnswerFormat::default() }
}
