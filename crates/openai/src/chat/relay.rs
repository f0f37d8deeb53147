//! The untouched path: bytes pass as they are but for the model's name.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::HeaderMap;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use tollgate_model::{FinishReason, ModelName, ProviderError, ResponseId};
use tollgate_provider::{Frame, Relay, RequestFacts, ResponseFacts, StreamReader};

use super::{
    ChatProvider, Quirks, error, finish, usage,
    wire::{self, Text},
};
use crate::{forwarded, text_bytes::text_bytes};

impl Relay for ChatProvider {
    fn request(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> http::Request<Bytes> {
        let mut request = self.post(facts.stream, forwarded::addressed(model, facts, body));
        forwarded::take_headers(headers, request.headers_mut());
        request
    }

    fn response_facts(&self, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        let answer: Answer<'_> =
            serde_json::from_slice(body).map_err(|error| error::unreadable("answer", error))?;
        if answer.error.is_some() {
            return Err(error::in_band(body));
        }
        if answer.choices.is_none() {
            return Err(ProviderError::protocol("the provider's answer has no `choices`"));
        }
        let mut along = Along::default();
        along.read(answer, &self.quirks, body)?;
        Ok(along.facts)
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::new(ChunkReader { quirks: Arc::clone(&self.quirks), along: Along::default(), done: false })
    }
}

/// An answer or a chunk, as far as the record needs it.
#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(default, borrow)]
    id: Option<Text<'a>>,
    #[serde(default, borrow)]
    model: Option<Text<'a>>,
    #[serde(default, borrow)]
    choices: Option<Choices<'a>>,
    #[serde(default, borrow)]
    usage: Option<&'a RawValue>,
    #[serde(default, borrow)]
    service_tier: Option<Text<'a>>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// What all choices of an answer come to, summed while they are read.
#[derive(Debug, Default)]
struct Choices<'a> {
    content_bytes: u64,
    /// Each choice's number, and whether it ended; choices beyond the 64th are not watched.
    seen: u64,
    ended: u64,
    /// Why the first of them ended.
    finish_reason: Option<Text<'a>>,
    error: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Choices<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of choices")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Choices<'de>, A::Error> {
                let mut choices = Choices::default();
                let mut place = 0;
                while let Some(choice) = elements.next_element::<Choice<'de>>()? {
                    choices.add(choice, place);
                    place += 1;
                }
                Ok(choices)
            }
        }
        deserializer.deserialize_seq(Each)
    }
}

impl<'a> Choices<'a> {
    fn add(&mut self, choice: Choice<'a>, place: u32) {
        let index = choice.index.unwrap_or(place);
        let bit = 1_u64.checked_shl(index).unwrap_or(0);
        self.seen |= bit;
        self.content_bytes +=
            [choice.message, choice.delta].into_iter().flatten().map(|said| said.bytes()).sum::<u64>();
        self.error = self.error.or(choice.error);
        if let Some(word) = choice.finish_reason.filter(|word| !word.is_empty()) {
            self.ended |= bit;
            if index == 0 {
                self.finish_reason = Some(word);
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(default, borrow)]
    message: Option<Said<'a>>,
    #[serde(default, borrow)]
    delta: Option<Said<'a>>,
    #[serde(default, borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// What a message or a delta says. Measured, not kept, so the raw text is enough.
#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(default, borrow)]
    content: Option<&'a RawValue>,
    #[serde(default, borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(default, borrow)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(default, borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(default, borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
    #[serde(default, borrow)]
    function_call: Option<Function<'a>>,
}

#[derive(Debug, Deserialize)]
struct Call<'a> {
    #[serde(default, borrow)]
    function: Option<Function<'a>>,
    #[serde(default, borrow)]
    custom: Option<Function<'a>>,
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(default, borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(default, borrow)]
    input: Option<&'a RawValue>,
}

impl Said<'_> {
    fn bytes(&self) -> u64 {
        let reasoning = self.reasoning_content.or(self.reasoning);
        let texts: u64 = [self.content, self.refusal, reasoning].into_iter().flatten().map(text_bytes).sum();
        let calls = self.tool_calls.iter().flatten().flat_map(|call| [&call.function, &call.custom]);
        let functions = calls.chain([&self.function_call]).flatten();
        texts
            + functions
                .flat_map(|function| [function.arguments, function.input])
                .flatten()
                .map(text_bytes)
                .sum::<u64>()
    }
}

/// What is known so far.
#[derive(Debug, Default)]
struct Along {
    facts: ResponseFacts,
    seen: u64,
    ended: u64,
}

impl Along {
    fn read(&mut self, answer: Answer<'_>, quirks: &Quirks, body: &[u8]) -> Result<(), ProviderError> {
        if answer.error.is_some() {
            return Err(error::in_band(body));
        }
        let facts = &mut self.facts;
        if facts.id.is_none() {
            facts.id = answer.id.filter(|id| !id.is_empty()).map(|id| ResponseId::new(&*id));
        }
        if facts.model.is_none() {
            facts.model = answer.model.filter(|model| !model.is_empty()).map(|model| ModelName::new(&*model));
        }
        if let Some(tier) = answer.service_tier.filter(|tier| !tier.is_empty())
            && facts.service_tier.as_deref() != Some(&*tier)
        {
            facts.service_tier = Some(tier.into_owned());
        }
        if let Some(raw) = answer.usage {
            let wire: wire::Usage<'_> =
                serde_json::from_str(raw.get()).map_err(|error| error::unreadable("usage", error))?;
            facts.usage = usage::decode(wire, quirks.reasoning_counted_apart).0;
        }
        if let Some(choices) = answer.choices {
            if let Some(error) = choices.error {
                return Err(error::nested(error.get()));
            }
            facts.content_bytes += choices.content_bytes;
            self.seen |= choices.seen;
            self.ended |= choices.ended;
            if let Some(word) = choices.finish_reason {
                facts.finish_reason = Some(finish_reason(&word));
            }
        }
        Ok(())
    }
}

fn finish_reason(word: &str) -> FinishReason {
    finish::decode(word, None)
}

/// Reads along one stream. Text is measured, not kept.
#[derive(Debug)]
struct ChunkReader {
    quirks: Arc<Quirks>,
    along: Along,
    done: bool,
}

impl StreamReader for ChunkReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        let data = frame.data.trim_ascii();
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Answer<'_> =
            serde_json::from_slice(data).map_err(|error| error::unreadable("stream", error))?;
        if frame.event == Some(b"error") && chunk.choices.is_none() {
            return Err(error::in_band(data));
        }
        self.along.read(chunk, &self.quirks, data)
    }

    fn facts(&self) -> &ResponseFacts {
        &self.along.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        let complete = self.along.seen != 0 && self.along.seen == self.along.ended;
        if self.done || (self.quirks.may_omit_done && complete) {
            Ok(())
        } else {
            Err(ProviderError::truncated())
        }
    }
}
