//! `generationConfig` → sampling, limits, reasoning and the shape of the answer.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatRequest,
    request::{
        AudioOutput, JsonSchema, Logprobs, Modality, ReasoningEffort, ReasoningMode, ReasoningSettings,
        ResponseFormat, Sampling,
    },
};

use super::nest;
use crate::{
    generate_content::{
        notes, schema,
        wire::client_request::{GenerationConfig, RESPONSE_MODALITIES, ThinkingConfig},
    },
    read::{Integer, List, Text, Word, at_field},
};

pub(super) fn decode(
    config: GenerationConfig<'_>,
    request: &mut ChatRequest,
    extra: &mut Map<String, Value>,
) -> serde_json::Result<()> {
    let mut kept = config.rest.parse()?;
    let mut reader = Reader { kept: &mut kept, notes: extra };
    request.max_output_tokens = natural("maxOutputTokens", config.max_output_tokens)?;
    request.sampling = Sampling {
        temperature: config.temperature,
        top_p: config.top_p,
        top_k: natural("topK", config.top_k)?,
        presence_penalty: config.presence_penalty,
        frequency_penalty: config.frequency_penalty,
        seed: config.seed.map(|seed| seed.0),
        ..Sampling::default()
    };
    request.stop = config.stop_sequences.unwrap_or_default().0.into_iter().map(Text::into_owned).collect();
    request.choices = natural("candidateCount", config.candidate_count)?;
    request.logprobs = reader.logprobs(config.response_logprobs, natural("logprobs", config.logprobs)?);
    request.modalities = config.response_modalities.and_then(|words| reader.modalities(words));
    request.audio = config.speech_config.and_then(|speech| reader.speech(speech));
    request.response_format = reader.response_format(
        config.response_mime_type.map(Text::into_owned),
        config.response_schema,
        config.response_json_schema.or(config.unordered_json_schema),
    );
    if let Some(raw) = config.thinking_config {
        request.reasoning = reader.thinking(raw).map_err(|error| at_field("thinkingConfig", &error))?;
    }
    nest(extra, "generationConfig", kept);
    Ok(())
}

/// A number that cannot be less than nothing.
fn natural<T: TryFrom<i64>>(name: &str, number: Option<Integer>) -> serde_json::Result<Option<T>> {
    let refused =
        || at_field::<serde_json::Error>(name, &serde::de::Error::custom("the number is out of range"));
    number.map(|Integer(number)| T::try_from(number).map_err(|_| refused())).transpose()
}

struct Reader<'a> {
    /// The fields that the canonical model has no place for.
    kept: &'a mut Map<String, Value>,
    /// The request's.
    notes: &'a mut Map<String, Value>,
}

impl Reader<'_> {
    fn logprobs(&mut self, asked: Option<bool>, top: Option<u32>) -> Option<Logprobs> {
        if asked == Some(true) {
            return Some(Logprobs { top });
        }
        // Not asked for, however many.
        self.kept.extend(top.map(|top| ("logprobs".to_owned(), Value::from(top))));
        None
    }

    fn modalities(&mut self, List(words): List<Word<'_>>) -> Option<Vec<Modality>> {
        let words: Vec<_> = words.iter().map(|word| word.among(&RESPONSE_MODALITIES)).collect();
        let known = words.iter().map(|word| match &*word.to_ascii_uppercase() {
            "TEXT" => Some(Modality::Text),
            "IMAGE" => Some(Modality::Image),
            "AUDIO" => Some(Modality::Audio),
            _ => None,
        });
        let known: Option<Vec<_>> = known.collect();
        if known.is_none() {
            self.kept.insert(
                "responseModalities".to_owned(),
                words.iter().map(|word| Value::from(&**word)).collect(),
            );
        }
        known
    }

    /// Reads a single voice of the vendor's. Anything more stays the vendor's.
    fn speech(&mut self, speech: Value) -> Option<AudioOutput> {
        let only = |value: &Value, names: [&str; 2]| -> Option<Value> {
            let object = value.as_object().filter(|object| object.len() == 1)?;
            names.iter().find_map(|name| object.get(*name)).cloned()
        };
        let voice = only(&speech, ["voiceConfig", "voice_config"])
            .and_then(|voice| only(&voice, ["prebuiltVoiceConfig", "prebuilt_voice_config"]))
            .and_then(|voice| only(&voice, ["voiceName", "voice_name"]))
            .filter(Value::is_string);
        if voice.is_none() {
            self.kept.insert("speechConfig".to_owned(), speech);
        }
        Some(AudioOutput { voice: Some(voice?), format: None })
    }

    fn response_format(
        &mut self,
        mime_type: Option<String>,
        own_schema: Option<Value>,
        json_schema: Option<Value>,
    ) -> Option<ResponseFormat> {
        let schema = |schema| {
            ResponseFormat::JsonSchema(JsonSchema { name: None, description: None, schema, strict: None })
        };
        match (mime_type.as_deref(), own_schema, json_schema) {
            (None, None, None) => None,
            (Some("text/plain"), None, None) => Some(ResponseFormat::Text),
            (Some("application/json"), None, None) => Some(ResponseFormat::JsonObject),
            (Some("application/json"), None, Some(json_schema)) => Some(schema(json_schema)),
            (Some("application/json"), Some(own), None) => {
                let read = schema(schema::to_json_schema(&own));
                self.notes.insert(notes::RESPONSE_SCHEMA.to_owned(), own);
                Some(read)
            }
            (_, own, json_schema) => {
                let fields = [
                    ("responseMimeType", mime_type.map(Value::from)),
                    ("responseSchema", own),
                    ("responseJsonSchema", json_schema),
                ];
                let said = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                self.kept.extend(said);
                None
            }
        }
    }

    fn thinking(&mut self, raw: &RawValue) -> serde_json::Result<ReasoningSettings> {
        let (settings, unknown) = reasoning(serde_json::from_str(raw.get())?)?;
        self.notes.insert(notes::THINKING_CONFIG.to_owned(), raw.get().into());
        nest(self.kept, "thinkingConfig", unknown);
        Ok(settings)
    }
}

/// Reads what a `thinkingConfig` asks for, and returns what of it is not known.
pub(in crate::generate_content) fn reasoning(
    config: ThinkingConfig<'_>,
) -> serde_json::Result<(ReasoningSettings, Map<String, Value>)> {
    let mut unknown = config.rest.parse()?;
    let mut settings = ReasoningSettings { visible: config.include_thoughts, ..ReasoningSettings::default() };
    match config.thinking_budget.map(|budget| budget.0) {
        None => {}
        Some(0) => settings.mode = Some(ReasoningMode::Disabled),
        Some(budget) => match u64::try_from(budget) {
            Ok(budget) => settings.budget_tokens = Some(budget),
            // -1: as the model sees fit.
            Err(_) => settings.mode = Some(ReasoningMode::Adaptive),
        },
    }
    if let Some(level) = config.thinking_level {
        let word = level.among(&[]);
        match ReasoningEffort::parse(&word.to_ascii_lowercase()) {
            Some(effort) => settings.effort = Some(effort),
            None if word == "THINKING_LEVEL_UNSPECIFIED" => {}
            None => {
                unknown.insert("thinkingLevel".to_owned(), Value::from(&*word));
            }
        }
    }
    Ok((settings, unknown))
}
