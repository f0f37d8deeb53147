//! The untouched path: bytes pass as they are but for the model's name.

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_model::{ModelName, ProviderError, ResponseId};
use tollgate_provider::{Frame, Relay, RequestFacts, ResponseFacts, StreamReader};

use super::{ResponsesProvider, finish, tally::Tally, usage, wire::Text};
use crate::{error, forwarded, text_bytes::text_bytes};

impl Relay for ResponsesProvider {
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
        if answer.output.is_none() && answer.error.is_none() {
            return Err(ProviderError::protocol("the provider's answer has no `output`"));
        }
        let content_bytes = answer.output.iter().flatten().map(Said::bytes).sum();
        let mut facts = ResponseFacts { content_bytes, ..ResponseFacts::default() };
        answer.end(&mut facts)?;
        Ok(facts)
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::new(EventReader::default())
    }
}

/// An answer, as far as the record needs it.
#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(default, borrow)]
    id: Option<Text<'a>>,
    #[serde(default, borrow)]
    model: Option<Text<'a>>,
    #[serde(default, borrow)]
    status: Option<Text<'a>>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    incomplete_details: Option<Details<'a>>,
    #[serde(default, borrow)]
    output: Option<Vec<Said<'a>>>,
    #[serde(default, borrow)]
    usage: Option<&'a RawValue>,
    #[serde(default, borrow)]
    service_tier: Option<Text<'a>>,
    #[serde(default)]
    tool_usage: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Details<'a> {
    #[serde(default, borrow)]
    reason: Option<Text<'a>>,
}

/// An item of an answer.
#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Option<Text<'a>>,
    #[serde(default, borrow)]
    action: Option<&'a RawValue>,
    #[serde(default, borrow)]
    content: Option<&'a RawValue>,
    #[serde(default, borrow)]
    summary: Option<&'a RawValue>,
    #[serde(default, borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(default, borrow)]
    input: Option<&'a RawValue>,
}

/// A piece of a text, or what an item's `action` is.
#[derive(Debug, Deserialize)]
struct Piece<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Option<Text<'a>>,
    #[serde(default, borrow)]
    text: Option<&'a RawValue>,
    #[serde(default, borrow)]
    refusal: Option<&'a RawValue>,
}

impl Said<'_> {
    fn action(&self) -> Option<String> {
        let action: Piece<'_> = serde_json::from_str(self.action?.get()).ok()?;
        action.kind.map(Text::into_owned)
    }

    /// How many bytes of text, reasoning and arguments there are.
    fn bytes(&self) -> u64 {
        let lists = [self.content, self.summary].into_iter().flatten();
        let pieces = lists.filter_map(|raw| serde_json::from_str::<Vec<Piece<'_>>>(raw.get()).ok()).flatten();
        let texts: u64 = pieces.flat_map(|piece| [piece.text, piece.refusal]).flatten().map(text_bytes).sum();
        texts + [self.arguments, self.input].into_iter().flatten().map(text_bytes).sum::<u64>()
    }
}

impl Answer<'_> {
    /// Reads what is known of an answer, whether or not it is complete.
    fn begin(&self, facts: &mut ResponseFacts) {
        let filled =
            |text: &Option<Text<'_>>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        facts.id = filled(&self.id).map(ResponseId::from);
        facts.model = filled(&self.model).map(ModelName::from);
    }

    /// Reads a complete answer.
    fn end(self, facts: &mut ResponseFacts) -> Result<(), ProviderError> {
        match (self.error, self.status.as_deref()) {
            (Some(error), _) => return Err(error::nested(error.get())),
            (None, Some("failed")) => return Err(error::in_band(b"{}")),
            _ => {}
        }
        self.begin(facts);
        let mut tally = Tally::default();
        for item in self.output.iter().flatten() {
            tally.add(item.kind.as_deref().unwrap_or_default(), item.action().as_deref());
        }
        let why = self.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
        facts.finish_reason = Some(finish::decode(self.status.as_deref(), why, tally.waits));
        facts.service_tier = self.service_tier.filter(|tier| !tier.is_empty()).map(Text::into_owned);
        if let Some(raw) = self.usage {
            facts.usage = usage::decode(raw).map_err(|error| error::unreadable("usage", error))?.0;
            facts.usage.server_tools = tally.tools(self.tool_usage.as_ref());
        }
        Ok(())
    }
}

/// An event, as far as the record needs it.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Option<Text<'a>>,
    #[serde(default, borrow)]
    delta: Option<&'a RawValue>,
    #[serde(default, borrow)]
    response: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// Reads along one stream. Text is measured, not kept.
#[derive(Debug, Default)]
struct EventReader {
    facts: ResponseFacts,
    done: bool,
}

impl StreamReader for EventReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        let data = frame.data.trim_ascii();
        if self.done || data == b"[DONE]" {
            return Ok(());
        }
        let unreadable = |error| error::unreadable("stream", error);
        let event: Event<'_> = serde_json::from_slice(data).map_err(unreadable)?;
        let kind = event.kind.as_deref().map(str::as_bytes).or(frame.event).unwrap_or_default();
        if kind == b"error" || (event.error.is_some() && event.response.is_none()) {
            return Err(error::in_band(data));
        }
        self.facts.content_bytes += event.delta.map_or(0, text_bytes);
        let Some(raw) = event.response else { return Ok(()) };
        let answer: Answer<'_> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        if matches!(kind, b"response.completed" | b"response.incomplete" | b"response.failed") {
            answer.end(&mut self.facts)?;
            self.done = true;
        } else {
            answer.begin(&mut self.facts);
        }
        Ok(())
    }

    fn facts(&self) -> &ResponseFacts {
        &self.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        if self.done { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}
