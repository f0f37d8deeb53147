//! What a record needs of an answer of an API beside chat, as far as the answer says it.

use serde::Deserialize;
use tollgate_model::{
    ErrorKind, ModelName, ProviderError, ResponseId, Usage,
    usage::{InputDetail, OutputDetail},
};
use tollgate_provider::{Frame, ResponseFacts, StreamReader};

use crate::error;

/// An answer or an event, as far as it is read. All of these APIs put the same names at the top.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    id: Option<String>,
    model: Option<String>,
    usage: Option<Counted>,
    /// The type of an event, which says whether it is the last.
    #[serde(rename = "type")]
    kind: Option<String>,
    choices: Vec<Choice>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    text: Option<String>,
    finish_reason: Option<String>,
}

/// Chat's names for the counters, and those of the newer APIs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counted {
    #[serde(alias = "prompt_tokens")]
    input_tokens: Option<u64>,
    #[serde(alias = "completion_tokens")]
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    #[serde(alias = "prompt_tokens_details", alias = "input_token_details")]
    input_tokens_details: Option<Details>,
    #[serde(alias = "completion_tokens_details", alias = "output_token_details")]
    output_tokens_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u64>,
    image_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

impl Counted {
    fn usage(self) -> Usage {
        let input = self.input_tokens_details.unwrap_or_default();
        let output = self.output_tokens_details.unwrap_or_default();
        // A server that ranks counts one sum only, and all of it went in.
        let only = self.total_tokens.filter(|_| self.input_tokens.is_none() && self.output_tokens.is_none());
        Usage {
            input_tokens: self.input_tokens.or(only),
            output_tokens: self.output_tokens.or_else(|| only.map(|_| 0)),
            input: InputDetail {
                cache_read: input.cached_tokens,
                audio: input.audio_tokens,
                image: input.image_tokens,
                ..InputDetail::default()
            },
            output: OutputDetail {
                reasoning: output.reasoning_tokens,
                audio: output.audio_tokens,
                image: output.image_tokens,
                ..OutputDetail::default()
            },
            ..Usage::default()
        }
    }
}

impl Said {
    fn tell(self, facts: &mut ResponseFacts) {
        facts.id = self.id.map(ResponseId::from).or_else(|| facts.id.take());
        facts.model = self.model.map(ModelName::from).or_else(|| facts.model.take());
        if let Some(counted) = self.usage {
            facts.usage.update(&counted.usage());
        }
        facts.content_bytes += self
            .choices
            .iter()
            .filter_map(|choice| choice.text.as_ref())
            .map(|text| text.len() as u64)
            .sum::<u64>();
    }
}

/// Reads what a complete answer says. One that is no JSON says nothing.
///
/// # Errors
/// An error under a status that says success.
pub fn passed_facts(body: &[u8]) -> Result<ResponseFacts, ProviderError> {
    let mut facts = ResponseFacts::default();
    let Ok(said) = serde_json::from_slice::<Said>(body) else { return Ok(facts) };
    if said.error.is_some() {
        return Err(error::in_band(body));
    }
    said.tell(&mut facts);
    Ok(facts)
}

/// Reads along a stream of events.
#[derive(Debug, Default)]
pub struct PassedStreamReader {
    facts: ResponseFacts,
    is_over: bool,
}

impl StreamReader for PassedStreamReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        if frame.data == b"[DONE]" {
            self.is_over = true;
            return Ok(());
        }
        let said: Said = serde_json::from_slice(frame.data)
            .map_err(|error| ProviderError::protocol("an event cannot be read").with_source(error))?;
        if said.error.is_some() {
            return Err(error::in_band(frame.data));
        }
        // Completions end with `[DONE]`, the newer APIs with an event that says so.
        self.is_over |=
            said.kind.as_deref().is_some_and(|kind| kind.ends_with(".done") || kind.ends_with(".completed"));
        self.is_over |= said.choices.iter().any(|choice| choice.finish_reason.is_some());
        said.tell(&mut self.facts);
        Ok(())
    }

    fn facts(&self) -> &ResponseFacts {
        &self.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        if self.is_over {
            return Ok(());
        }
        Err(ProviderError::new(ErrorKind::Truncated, "the provider's stream ended before its last event"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_either_name() {
        let chat = br#"{"id":"c","model":"m","usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":1}}}"#;
        let facts = passed_facts(chat).unwrap();
        assert_eq!((facts.usage.input_tokens, facts.usage.output_tokens), (Some(3), Some(4)));
        assert_eq!(facts.usage.input.cache_read, Some(1));
        let newer =
            br#"{"usage":{"input_tokens":5,"output_tokens":6,"output_tokens_details":{"image_tokens":6}}}"#;
        assert_eq!(passed_facts(newer).unwrap().usage.output.image, Some(6));
        let ranked = passed_facts(br#"{"usage":{"total_tokens":7},"results":[]}"#).unwrap();
        assert_eq!((ranked.usage.input_tokens, ranked.usage.output_tokens), (Some(7), Some(0)));
        assert_eq!(passed_facts(b"\x00RIFF").unwrap(), ResponseFacts::default());
        assert_eq!(passed_facts(br#"{"text":"hello"}"#).unwrap().usage, Usage::default());
        assert!(passed_facts(br#"{"error":{"message":"no"}}"#).is_err());
    }

    #[test]
    fn a_stream_without_its_end_is_cut() {
        let read = |events: &[&str]| {
            let mut reader = PassedStreamReader::default();
            for data in events {
                reader.read(Frame { event: None, data: data.as_bytes() }).unwrap();
            }
            let ended = reader.finish().is_ok();
            (ended, reader.facts.content_bytes)
        };
        assert_eq!(read(&[r#"{"choices":[{"text":"ab"}]}"#, "[DONE]"]), (true, 2));
        assert_eq!(read(&[r#"{"choices":[{"text":"ab","finish_reason":"stop"}]}"#]), (true, 2));
        assert!(!read(&[r#"{"choices":[{"text":"ab"}]}"#]).0);
        assert!(read(&[r#"{"type":"transcript.text.done","text":"a"}"#]).0);
        assert!(!read(&[r#"{"type":"image_generation.partial_image"}"#]).0);
    }
}
