//! What a client asked for: its own bytes, and the canonical request where one is needed.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use bytes::Bytes;
use http::HeaderMap;
use tollgate_model::{ChatRequest, Format, ModelName, ProviderName, RequestError};
use tollgate_provider::{FrontDoor, RequestFacts};

use super::CallOptions;
use crate::continuity::{Continuity, Listener};

/// One request to be served.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) source: Source,
    pub(crate) options: CallOptions,
    /// Whether to refuse the call rather than lose something in translation.
    pub(crate) strict: bool,
    /// When it has to be over.
    pub(crate) deadline: Option<Instant>,
}

/// Where a request comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// From a client, in its own format. Read as a whole only if some target speaks another one.
    Wire(Box<Wire>),
    /// From an embedding program.
    Canonical(Arc<ChatRequest>),
}

/// A client's own bytes.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) door: Arc<dyn FrontDoor>,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) facts: RequestFacts,
    pub(crate) continuity: Continuity,
    /// The body for the provider that has kept the conversation so far itself, where there is one.
    pub(crate) for_its_keeper: Option<(ProviderName, Bytes, RequestFacts)>,
    decoded: OnceLock<Arc<ChatRequest>>,
    carries_others: OnceLock<bool>,
}

impl Wire {
    pub(crate) const fn new(
        door: Arc<dyn FrontDoor>,
        path: String,
        headers: HeaderMap,
        body: Bytes,
        facts: RequestFacts,
        continuity: Continuity,
    ) -> Self {
        let for_its_keeper = None;
        Self {
            door,
            path,
            headers,
            body,
            facts,
            continuity,
            for_its_keeper,
            decoded: OnceLock::new(),
            carries_others: OnceLock::new(),
        }
    }

    /// Whether the body holds what vendors of other formats made.
    pub(crate) fn carries_others(&self) -> bool {
        *self.carries_others.get_or_init(|| tollgate_provider::carried::is_in(&self.body))
    }

    /// Adds the body for the provider that has kept the conversation so far itself.
    pub(crate) fn with_keeper(mut self, keeper: Option<(ProviderName, Bytes)>) -> Result<Self, RequestError> {
        if let Some((provider, body)) = keeper {
            let facts = self.door.request_facts(&self.path, &body)?;
            self.for_its_keeper = Some((provider, body, facts));
        }
        Ok(self)
    }

    /// The bytes that pass to a provider as they are, and what was read of them.
    pub(crate) fn body_for(&self, provider: &ProviderName) -> (&RequestFacts, &Bytes) {
        match &self.for_its_keeper {
            Some((keeper, body, facts)) if keeper == provider => (facts, body),
            _ => (&self.facts, &self.body),
        }
    }
}

impl Inquiry {
    /// The model, as it was asked for.
    pub(crate) fn model(&self) -> &ModelName {
        match &self.source {
            Source::Wire(wire) => &wire.facts.model,
            Source::Canonical(request) => &request.model,
        }
    }

    /// Whether the answer shall come as a stream.
    pub(crate) fn stream(&self) -> bool {
        match &self.source {
            Source::Wire(wire) => wire.facts.stream,
            Source::Canonical(request) => request.stream,
        }
    }

    /// The client's format. `None`: an embedding program's events.
    pub(crate) fn format(&self) -> Option<&Format> {
        match &self.source {
            Source::Wire(wire) => Some(wire.door.format()),
            Source::Canonical(_) => None,
        }
    }

    /// Reads along an answer of a provider that speaks `format`, to remember what the client cannot carry.
    pub(crate) fn listener(&self, request: &Arc<ChatRequest>, format: &Format) -> Option<Box<Listener>> {
        match &self.source {
            Source::Wire(wire) => Some(wire.continuity.listener(request, format)),
            Source::Canonical(_) => None,
        }
    }

    /// How large the question is: the ground for an estimate where no usage comes.
    pub(crate) fn input_bytes(&self) -> u64 {
        match &self.source {
            Source::Wire(wire) => wire.body.len() as u64,
            Source::Canonical(request) => serde_json::to_vec(request).map_or(0, |body| body.len() as u64),
        }
    }

    /// The canonical request. Read from the client's bytes when first asked for, then kept.
    ///
    /// # Errors
    /// The client's bytes are no request of its format.
    pub(crate) fn request(&self) -> Result<Arc<ChatRequest>, RequestError> {
        let wire = match &self.source {
            Source::Canonical(request) => return Ok(request.clone()),
            Source::Wire(wire) => wire,
        };
        if let Some(request) = wire.decoded.get() {
            return Ok(request.clone());
        }
        let mut request = wire.door.decode_request(&wire.path, &wire.body)?;
        if *wire.door.format() == Format::OPENAI_RESPONSES {
            // Keeping answers is the gateway's own affair.
            tollgate_openai::StoredState::take_from(&mut request);
        }
        wire.continuity.restore(&mut request);
        Ok(wire.decoded.get_or_init(|| Arc::new(request)).clone())
    }
}
