//! The untouched path: the body passes as it is but for the model's name, and with the client's own revision of the format.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::value::RawValue;
use tollgate_model::{ModelName, ProviderError, ResponseId};
use tollgate_provider::{Frame, Relay, RequestFacts, ResponseFacts, StreamReader, json_spans};

use super::{
    error,
    provider::{InteractionsProvider, REVISION_HEADER},
    response::{Ending, unreadable},
    usage,
    wire::{Delta, Event, Interaction},
};
use crate::read::RawList;

/// The client's headers that the format knows: what the vendor's SDKs say of themselves, and how long they wait.
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("x-goog-api-client"), HeaderName::from_static("x-server-timeout")];

impl Relay for InteractionsProvider {
    fn request(
        &self,
        model: &ModelName,
        facts: &RequestFacts,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> http::Request<Bytes> {
        let body = match &facts.model_span {
            Some(span) => {
                let name = serde_json::Value::from(model.as_str()).to_string();
                json_spans::replace(body, span, name.as_bytes()).into()
            }
            None => body.clone(),
        };
        let mut request = self.post(facts.stream, body);
        for name in FORWARDED {
            for value in headers.get_all(&name) {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        if let Some(revision) = headers.get(&REVISION_HEADER) {
            request.headers_mut().insert(REVISION_HEADER, revision.clone());
        }
        request
    }

    fn response_facts(&self, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        let interaction: Interaction<'_> = serde_json::from_slice(body).map_err(unreadable)?;
        if interaction.status.is_none() && interaction.error.is_none() {
            return Err(ProviderError::protocol("the provider's answer does not say what became of it"));
        }
        let mut reader = InteractionReader::default();
        let steps = interaction.steps.as_ref().or(interaction.outputs.as_ref());
        reader.facts.content_bytes += steps.map_or(0, measure);
        reader.end(interaction)?;
        Ok(reader.facts)
    }

    fn stream_reader(&self) -> Box<dyn StreamReader> {
        Box::new(InteractionReader::default())
    }
}

/// About how much was said: what the steps take as JSON.
fn measure(steps: &RawList<'_>) -> u64 {
    steps.0.iter().map(|step| step.get().len() as u64).sum()
}

/// Reads along one stream. Text is measured, not kept.
#[derive(Debug, Default)]
struct InteractionReader {
    facts: ResponseFacts,
    ended: bool,
}

impl InteractionReader {
    fn identify(&mut self, interaction: &Interaction<'_>) {
        if let Some(id) = &interaction.id {
            self.facts.id = Some(ResponseId::new(&*id.0));
        }
        if let Some(model) = interaction.model.as_ref().or(interaction.agent.as_ref()) {
            self.facts.model = Some(ModelName::new(&*model.0));
        }
    }

    fn end(&mut self, interaction: Interaction<'_>) -> Result<(), ProviderError> {
        self.identify(&interaction);
        let ending = Ending::read(interaction)?;
        self.facts.finish_reason = Some(ending.reason);
        if let Some(usage) = ending.usage {
            self.facts.usage.update(&usage);
        }
        self.facts.service_tier = ending.service_tier;
        self.ended = true;
        Ok(())
    }

    fn delta(&mut self, raw: &RawValue) -> serde_json::Result<()> {
        let delta: Delta<'_> = serde_json::from_str(raw.get())?;
        let text = delta.text.as_ref().map_or(0, |text| text.0.len());
        let inner = [delta.content, delta.arguments].into_iter().flatten().map(|raw| raw.get().len());
        self.facts.content_bytes += (text + inner.sum::<usize>()) as u64;
        Ok(())
    }
}

impl StreamReader for InteractionReader {
    fn read(&mut self, frame: Frame<'_>) -> Result<(), ProviderError> {
        if frame.data == b"[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(frame.data).map_err(unreadable)?;
        if let Some(error) = event.error {
            return Err(error::in_stream(Some(error.get())));
        }
        let metadata = event.metadata.unwrap_or_default();
        if let Some(running) = metadata.total_usage.or(metadata.usage).or(event.usage) {
            self.facts.usage.update(&usage::read(&running).map_err(unreadable)?.0);
        }
        match (event.event_type.as_ref().map(|kind| &*kind.0), event.interaction, event.delta) {
            (Some("interaction.completed" | "interaction.complete"), Some(interaction), _) => {
                self.end(interaction)?;
            }
            (_, Some(interaction), _) => self.identify(&interaction),
            (_, None, Some(delta)) => self.delta(delta).map_err(unreadable)?,
            _ => {}
        }
        Ok(())
    }

    fn facts(&self) -> &ResponseFacts {
        &self.facts
    }

    fn finish(&mut self) -> Result<(), ProviderError> {
        if self.ended { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}
