//! What is read. Everything borrows from the body; fields that are not known are kept beside those that are.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// A string, borrowed where it holds no escapes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A word of an enumeration. Servers write it as a text, or as its number where they were asked to.
#[derive(Debug)]
pub(crate) struct Word<'a>(Cow<'a, str>);

impl<'a> Word<'a> {
    /// Returns the word; of a number, that of `words`, which stand in their order. One that is not there stays a number.
    pub(crate) fn among(&self, words: &[&'static str]) -> Cow<'a, str> {
        let number = self.0.parse::<usize>().ok();
        number
            .and_then(|number| words.get(number))
            .map_or_else(|| self.0.clone(), |word| Cow::Borrowed(*word))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrNumber;
        impl<'a> Visitor<'a> for WordOrNumber {
            type Value = Word<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or its number")
            }
            fn visit_borrowed_str<E>(self, word: &'a str) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Borrowed(word)))
            }
            fn visit_str<E>(self, word: &str) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Owned(word.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Word<'a>, E> {
                Ok(Word(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(WordOrNumber)
    }
}

/// The reasons that have the same number at all of the vendor's doors.
pub(crate) const FINISH_REASONS: [&str; 6] =
    ["FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];

/// What a token stands for.
pub(crate) const MODALITIES: [&str; 6] =
    ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"];

/// The fields of an object that its type does not know, in order, their values not parsed.
#[derive(Debug, Default)]
pub(crate) struct Rest<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Rest<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns one field as it stands there.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get())
    }

    /// Parses the fields. Drops `null`s.
    pub(crate) fn parse(&self) -> serde_json::Result<Map<String, Value>> {
        let known = self.0.iter().filter(|(_, raw)| raw.get() != "null");
        known.map(|(name, raw)| Ok((name.to_string(), serde_json::from_str(raw.get())?))).collect()
    }
}

/// Defines an object as it is read, in one pass: named fields, and [`Rest`] for all others. `null` is 'not there'.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($wire:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: Option<$kind>,)*
            pub(crate) rest: Rest<'a>,
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'a> Visitor<'a> for Fields {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                        let mut object = $name::default();
                        while let Some(Text(name)) = map.next_key::<Text<'a>>()? {
                            match &*name {
                                $($wire => object.$field = map.next_value()?,)*
                                _ => object.rest.0.push((name, map.next_value()?)),
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    };
}

object! {
    /// A `GenerateContentResponse`: a whole answer, or one frame of a stream.
    GenerateContentResponse {
        "candidates" => candidates: Vec<Candidate<'a>>,
        "promptFeedback" => prompt_feedback: PromptFeedback<'a>,
        "usageMetadata" => usage_metadata: UsageMetadata<'a>,
        "modelVersion" => model_version: Text<'a>,
        "responseId" => response_id: Text<'a>,
        "createTime" => create_time: Text<'a>,
        "error" => error: &'a RawValue,
    }
}

object! {
    /// One of the answers, or the next piece of one.
    Candidate {
        "index" => index: u32,
        "content" => content: Content<'a>,
        "finishReason" => finish_reason: Word<'a>,
        "logprobsResult" => logprobs_result: LogprobsResult<'a>,
    }
}

object! {
    Content {
        "role" => role: Text<'a>,
        "parts" => parts: Vec<Part<'a>>,
    }
}

object! {
    /// A part. What it is stands in the one field of its kind; kinds that are not known here are in `rest`.
    Part {
        "text" => text: Text<'a>,
        "thought" => thought: bool,
        "thoughtSignature" => thought_signature: Text<'a>,
        "functionCall" => function_call: FunctionCall<'a>,
        "inlineData" => inline_data: Blob<'a>,
    }
}

object! {
    FunctionCall {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "args" => args: &'a RawValue,
    }
}

object! {
    Blob {
        "mimeType" => mime_type: Text<'a>,
        "data" => data: Text<'a>,
    }
}

object! {
    PromptFeedback {
        "blockReason" => block_reason: Word<'a>,
    }
}

object! {
    UsageMetadata {
        "promptTokenCount" => prompt_token_count: u64,
        "cachedContentTokenCount" => cached_content_token_count: u64,
        "candidatesTokenCount" => candidates_token_count: u64,
        "thoughtsTokenCount" => thoughts_token_count: u64,
        "toolUsePromptTokenCount" => tool_use_prompt_token_count: u64,
        "totalTokenCount" => total_token_count: u64,
        "promptTokensDetails" => prompt_tokens_details: Vec<ModalityTokenCount<'a>>,
        "cacheTokensDetails" => cache_tokens_details: Vec<ModalityTokenCount<'a>>,
        "candidatesTokensDetails" => candidates_tokens_details: Vec<ModalityTokenCount<'a>>,
        "toolUsePromptTokensDetails" => tool_use_prompt_tokens_details: Vec<ModalityTokenCount<'a>>,
        "serviceTier" => service_tier: Word<'a>,
    }
}

impl UsageMetadata<'_> {
    /// Tells whether it counts anything: some frames of a stream name only the kind of traffic.
    pub(crate) const fn counts_tokens(&self) -> bool {
        self.prompt_token_count.is_some()
            || self.cached_content_token_count.is_some()
            || self.candidates_token_count.is_some()
            || self.thoughts_token_count.is_some()
            || self.tool_use_prompt_token_count.is_some()
            || self.total_token_count.is_some()
    }
}

object! {
    ModalityTokenCount {
        "modality" => modality: Word<'a>,
        "tokenCount" => token_count: u64,
    }
}

object! {
    LogprobsResult {
        "chosenCandidates" => chosen_candidates: Vec<LogprobsCandidate<'a>>,
        "topCandidates" => top_candidates: Vec<TopCandidates<'a>>,
    }
}

object! {
    TopCandidates {
        "candidates" => candidates: Vec<LogprobsCandidate<'a>>,
    }
}

object! {
    LogprobsCandidate {
        "token" => token: Text<'a>,
        "logProbability" => log_probability: f64,
    }
}
