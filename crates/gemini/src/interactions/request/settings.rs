//! `generation_config` and the shape of the answer, in both directions.

use serde_json::{Map, Value, json};
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Losses,
    request::{
        AudioOutput, JsonSchema, Modality, ReasoningEffort, ReasoningMode, ReasoningSettings, ResponseFormat,
        Sampling,
    },
};
use tollgate_provider::Target;

use super::tools;
use crate::{
    interactions::{FORMAT, notes, wire::GenerationConfig},
    levels, limits,
    read::{Integer, List, Text, at_field},
};

pub(super) fn decode(
    config: GenerationConfig<'_>,
    request: &mut ChatRequest,
    extra: &mut Map<String, Value>,
) -> serde_json::Result<()> {
    let mut kept = config.rest.parse()?;
    request.max_output_tokens = match config.max_output_tokens {
        None => None,
        Some(Integer(tokens)) => Some(u64::try_from(tokens).map_err(|_| {
            at_field::<serde_json::Error>(
                "max_output_tokens",
                &serde::de::Error::custom("the number is out of range"),
            )
        })?),
    };
    request.sampling = Sampling {
        temperature: config.temperature,
        top_p: config.top_p,
        seed: config.seed.map(|seed| seed.0),
        ..Sampling::default()
    };
    request.stop = config.stop_sequences.unwrap_or_default().0.into_iter().map(Text::into_owned).collect();
    let mut settings = ReasoningSettings::default();
    if let Some(Text(level)) = config.thinking_level {
        settings.effort = ReasoningEffort::parse(&level);
        if settings.effort.is_none() {
            kept.insert("thinking_level".to_owned(), Value::from(&*level));
        }
    }
    match config.thinking_summaries.as_ref().map(|word| &*word.0) {
        None => {}
        Some("auto") => settings.visible = Some(true),
        Some("none") => settings.visible = Some(false),
        Some(word) => {
            kept.insert("thinking_summaries".to_owned(), word.into());
        }
    }
    request.reasoning = settings;
    if !request.reasoning.is_empty() {
        extra.insert(notes::REASONING.to_owned(), Value::Bool(true));
    }
    if let Some(raw) = config.tool_choice {
        request.tool_choice =
            tools::decode_choice(raw, &mut kept).map_err(|error| at_field("tool_choice", &error))?;
    }
    request.audio = config.speech_config.and_then(|speech| voice(speech, &mut kept));
    if !kept.is_empty() {
        extra.insert("generation_config".to_owned(), Value::Object(kept));
    }
    Ok(())
}

/// Reads a single voice. Anything more stays the vendor's.
fn voice(speech: Value, kept: &mut Map<String, Value>) -> Option<AudioOutput> {
    let only = speech.as_array().filter(|list| list.len() == 1).and_then(|list| list[0].as_object());
    let voice =
        only.filter(|only| only.len() == 1).and_then(|only| only.get("voice")).filter(|it| it.is_string());
    match voice.cloned() {
        Some(voice) => Some(AudioOutput { voice: Some(voice), format: None }),
        None => {
            kept.insert("speech_config".to_owned(), speech);
            None
        }
    }
}

/// Reads the shape of the answer. One that is no text, or several, stay the vendor's.
pub(super) fn response_format(
    format: Option<Value>,
    mime_type: Option<String>,
    extra: &mut Map<String, Value>,
) -> Option<ResponseFormat> {
    let only = format.as_ref().and_then(Value::as_object);
    let text = only.filter(|only| only.get("type").is_some_and(|kind| kind == "text"));
    let known =
        text.filter(|text| text.keys().all(|name| matches!(name.as_str(), "type" | "mime_type" | "schema")));
    let read = match (known, mime_type.as_deref()) {
        (Some(text), None) => match (text.get("mime_type").and_then(Value::as_str), text.get("schema")) {
            (Some("application/json"), Some(schema)) => Some(ResponseFormat::JsonSchema(JsonSchema {
                name: None,
                description: None,
                schema: schema.clone(),
                strict: None,
            })),
            (Some("application/json"), None) => Some(ResponseFormat::JsonObject),
            (Some("text/plain"), None) => Some(ResponseFormat::Text),
            _ => None,
        },
        (None, Some("application/json")) if format.is_none() => Some(ResponseFormat::JsonObject),
        _ => None,
    };
    if read.is_none() {
        extra.extend(format.map(|format| ("response_format".to_owned(), format)));
        extra.extend(mime_type.map(|kind| ("response_mime_type".to_owned(), kind.into())));
    }
    read
}

/// Reads what the answer may be made of. Kinds that are not known stay the vendor's, with the others.
pub(super) fn modalities(
    List(words): List<Text<'_>>,
    extra: &mut Map<String, Value>,
) -> Option<Vec<Modality>> {
    let known = words.iter().map(|word| match &*word.0 {
        "text" => Some(Modality::Text),
        "audio" => Some(Modality::Audio),
        "image" => Some(Modality::Image),
        _ => None,
    });
    let known: Option<Vec<_>> = known.collect();
    if known.is_none() {
        let words = words.iter().map(|word| Value::from(&*word.0)).collect();
        extra.insert("response_modalities".to_owned(), words);
    }
    known
}

/// Makes `generation_config`.
pub(super) fn config(
    target: &Target<'_>,
    request: &ChatRequest,
    has_functions: bool,
    losses: &mut Losses,
) -> Map<String, Value> {
    let mut config = Map::new();
    let mut set =
        |name: &str, value: Option<Value>| config.extend(value.map(|value| (name.to_owned(), value)));
    set("max_output_tokens", limits::max_output_tokens(target, request, losses).map(Value::from));
    let refused = target.card.is_some_and(|card| card.rules.sampling == Some(false));
    for (name, path, value) in [
        ("temperature", "sampling.temperature", request.sampling.temperature),
        ("top_p", "sampling.top_p", request.sampling.top_p),
    ] {
        if refused && value.is_some_and(|value| value != 1.0) {
            losses.dropped(path, "the model refuses it");
        } else if !refused {
            set(name, value.map(Value::from));
        }
    }
    set("seed", limits::seed(request, losses).map(Value::from));
    let stop = limits::stop_sequences(target, request, losses);
    set("stop_sequences", (!stop.is_empty()).then(|| stop.into()));
    let (level, summaries) = thinking(target, request, losses);
    set("thinking_level", level.map(|level| level.as_str().into()));
    set("thinking_summaries", summaries.map(Value::from));
    set("tool_choice", tools::choice(target, request, has_functions, losses));
    set("speech_config", speech(request, losses));
    let own = request.extra.field(&FORMAT, "generation_config").and_then(Value::as_object);
    for (name, value) in own.into_iter().flatten().filter(|(name, _)| *name != "tool_choice") {
        config.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    config
}

fn speech(request: &ChatRequest, losses: &mut Losses) -> Option<Value> {
    let audio = request.audio.as_ref()?;
    if audio.format.as_deref().is_some_and(|format| format != "pcm16") {
        losses.dropped("audio.format", "sound comes as 16-bit PCM");
    }
    match audio.voice.as_ref()? {
        voice @ Value::String(_) => Some(json!([{"voice": voice}])),
        _ => {
            losses.dropped("audio.voice", "a voice is a name");
            None
        }
    }
}

/// How hard to reason, and whether to show it: the format has levels, and no off.
fn thinking(
    target: &Target<'_>,
    request: &ChatRequest,
    losses: &mut Losses,
) -> (Option<ReasoningEffort>, Option<&'static str>) {
    let settings = &request.reasoning;
    let own = request.extra.field(&FORMAT, notes::REASONING).is_some();
    let shown = settings.visible.map(|visible| if visible { "auto" } else { "none" });
    let none = target.card.is_some_and(|card| {
        card.capabilities.reasoning == Some(false) || card.rules.reasoning == Some(ReasoningStyle::None)
    });
    let off = settings.mode == Some(ReasoningMode::Disabled)
        || settings.effort == Some(ReasoningEffort::None)
        || settings.budget_tokens == Some(0);
    if none {
        if !off && (settings.effort.is_some() || settings.budget_tokens.is_some() || settings.mode.is_some())
        {
            losses.dropped("reasoning", "the model does not reason");
        } else if settings.visible == Some(true) {
            losses.dropped("reasoning.visible", "the model does not reason");
        }
        return (None, None);
    }
    let level = match (settings.effort, settings.budget_tokens) {
        _ if off => {
            losses.approximated(
                "reasoning",
                "the format has no way to reason not at all: the least level is asked for",
            );
            return (Some(levels::nearest(target, ReasoningEffort::None)), None);
        }
        (Some(effort), budget) => {
            if budget.is_some() {
                losses.dropped("reasoning.budget_tokens", "the effort says how much to reason");
            }
            let level = levels::nearest(target, effort);
            if level != effort {
                let why = format!("`{}` is the nearest level that is taken", level.as_str());
                losses.approximated("reasoning.effort", why);
            }
            Some(level)
        }
        (None, Some(tokens)) => {
            let level = levels::nearest(target, levels::of_budget(tokens));
            let why = format!("asked for as the level `{}`", level.as_str());
            losses.approximated("reasoning.budget_tokens", why);
            Some(level)
        }
        (None, None) => None,
    };
    // Who asks other vendors to reason is shown it.
    let asked = level.is_some() || settings.mode.is_some();
    (level, shown.or_else(|| (asked && !own).then_some("auto")))
}

/// How the answer is shaped: what is written, or what the model is told where it cannot be bound.
pub(super) fn answer_format(
    target: &Target<'_>,
    request: &ChatRequest,
    has_functions: bool,
    losses: &mut Losses,
) -> (Option<Value>, Option<String>) {
    let (schema, told) = match &request.response_format {
        None | Some(ResponseFormat::Text) => return (None, None),
        Some(ResponseFormat::JsonSchema(asked)) => {
            if asked.description.is_some() {
                losses.dropped("response_format.description", "an output schema has no description");
            }
            let schema = &asked.schema;
            let told =
                format!("Answer with one JSON value and nothing else. It follows this JSON Schema: {schema}");
            (Some(schema), told)
        }
        Some(_) => {
            let told =
                "Answer with one JSON object and nothing else: no other text around it, and no code fence.";
            (None, told.to_owned())
        }
    };
    let bound = target.card.is_none_or(|card| {
        // Up to 2.5, functions and an output format are refused beside each other.
        let either = card.rules.reasoning == Some(ReasoningStyle::Budget) && has_functions;
        card.capabilities.structured_output != Some(false) && !either
    });
    if !bound {
        losses.emulated("response_format", "the model is told to answer with JSON");
        return (None, Some(told));
    }
    let mut format = json!({"type": "text", "mime_type": "application/json"});
    if let Some(schema) = schema {
        format["schema"] = schema.clone();
    }
    (Some(format), None)
}

/// The words for what the answer may be made of.
pub(super) fn modality_words(request: &ChatRequest, losses: &mut Losses) -> Option<Vec<&'static str>> {
    let words = request.modalities.as_ref()?.iter().filter_map(|modality| match modality {
        Modality::Text => Some("text"),
        Modality::Audio => Some("audio"),
        Modality::Image => Some("image"),
        _ => {
            losses.dropped("modalities", "the format has no such kind of answer");
            None
        }
    });
    Some(words.collect())
}
