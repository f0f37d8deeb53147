//! The untouched path: the model stands in the path of the URL, so bodies pass exactly as they are, but for a model that
//! the body repeats. Streams are always asked for as events.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use tollgate_model::{FinishReason, ModelName, ProviderError, ResponseId, Usage};
use tollgate_provider::{Frame, Relay, RequestFacts, ResponseFacts, StreamReader, json_spans};

use super::{
    finish::{finish_reason, said_reason},
    grounding,
    provider::{GenerateContentProvider, resource},
    response::{no_answer, parse, unreadable},
    usage::Counters,
    wire::response::{Candidate, GenerateContentResponse},
};

/// The client's headers that the format knows: what the vendor's SDKs say of themselves, and how long they wait.
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("x-goog-api-client"), HeaderName::from_static("x-server-timeout")];

impl Relay for GenerateContentProvider {
    fn request(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> http::Request<Bytes> {
        let mut request = self.post(model, facts.stream, renamed(model, facts, body));
        take_headers(headers, request.headers_mut());
        request
    }

    fn response_facts(&self, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        let response = parse(body)?;
        let blocked = response.prompt_feedback.as_ref().is_some_and(|told| told.block_reason.is_some());
        if response.candidates.as_ref().is_none_or(Vec::is_empty) && !blocked {
            return Err(no_answer());
        }
        let mut reader = GenerateContentReader::default();
        reader.take(response).map_err(unreadable)?;
        Ok(reader.facts)
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::new(GenerateContentReader::default())
    }
}

/// Takes over the headers that the format knows.
pub(crate) fn take_headers(client: &HeaderMap, headers: &mut HeaderMap) {
    for name in FORWARDED {
        for value in client.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// Names the model in a body that repeats it, where it must not contradict the path.
pub(crate) fn renamed(model: &ModelName, facts: &RequestFacts, body: &Bytes) -> Bytes {
    match &facts.model_span {
        Some(span) => {
            let (collection, id) = resource(model);
            let name = Value::from(format!("{collection}/{id}")).to_string();
            json_spans::replace(body, span, name.as_bytes()).into()
        }
        None => body.clone(),
    }
}

/// Reads along one stream. Text is measured, not kept.
#[derive(Debug, Default)]
struct GenerateContentReader {
    facts: ResponseFacts,
    counters: Counters,
    /// What each answer is grounded on so far: it is billed, and frames may complete it.
    grounding: Vec<(u32, Value)>,
    /// Whether the first answer calls functions.
    called: bool,
    /// The last reason of the first answer.
    reason: Option<String>,
    /// Whether any answer said why it ended, or why there is none.
    ended: bool,
}

impl GenerateContentReader {
    fn take(&mut self, response: GenerateContentResponse<'_>) -> serde_json::Result<()> {
        if self.facts.id.is_none() {
            self.facts.id = response.response_id.map(|id| ResponseId::new(&*id.0));
        }
        if self.facts.model.is_none() {
            self.facts.model = response.model_version.map(|model| ModelName::new(&*model.0));
        }
        for candidate in response.candidates.unwrap_or_default() {
            self.take_candidate(&candidate)?;
        }
        if let Some(report) = response.usage_metadata {
            self.counters.update(&report)?;
        }
        if let Some(reason) = response.prompt_feedback.and_then(|told| told.block_reason) {
            self.ended = true;
            self.facts.finish_reason =
                Some(FinishReason::ContentFilter(Some(reason.among(&[]).into_owned())));
        }
        if let Some(reason) = &self.reason {
            self.facts.finish_reason = Some(finish_reason(reason, self.called));
        }
        self.facts.usage = self.usage();
        self.facts.service_tier.clone_from(&self.counters.service_tier);
        Ok(())
    }

    fn take_candidate(&mut self, candidate: &Candidate<'_>) -> serde_json::Result<()> {
        let index = candidate.index.unwrap_or(0);
        let first = index == 0;
        for part in candidate.content.iter().filter_map(|content| content.parts.as_ref()).flatten() {
            let text = part.text.as_ref().map_or(0, |text| text.0.len());
            let args = part.function_call.as_ref().and_then(|call| call.args);
            self.facts.content_bytes += (text + args.map_or(0, |args| args.get().len())) as u64;
            self.called |= first && part.function_call.is_some();
        }
        if let Some(reason) = said_reason(candidate) {
            self.ended = true;
            if first {
                self.reason = Some(reason.into_owned());
            }
        }
        if let Some(grounding) = candidate.rest.raw("groundingMetadata") {
            let more: Value = serde_json::from_str(grounding)?;
            match (self.grounding.iter_mut().find(|(known, _)| *known == index), more) {
                (Some((_, Value::Object(known))), Value::Object(more)) => known.extend(more),
                (_, more) => self.grounding.push((index, more)),
            }
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        if self.grounding.is_empty() {
            return self.counters.usage();
        }
        let mut counters = self.counters.clone();
        let model = self.facts.model.as_ref().map(ModelName::as_str);
        for (_, grounding) in &self.grounding {
            grounding::count(grounding, model, &mut counters);
        }
        counters.usage()
    }
}

impl StreamReader for GenerateContentReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        if frame.data == b"[DONE]" {
            return Ok(());
        }
        self.take(parse(frame.data)?).map_err(unreadable)
    }

    fn facts(&self) -> &ResponseFacts {
        &self.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        if self.ended { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}
