//! What of answers that are kept is a format's own.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_gemini::{InteractionsFrontDoor, stored as interactions};
use tollgate_model::{ChatRequest, ErrorKind, Format, ModelName, RequestError};
use tollgate_openai::{background::Standing, continued, input_items};
use tollgate_provider::{FrontDoor as _, RequestFacts};

/// A format whose answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptFormat {
    /// `OpenAI`'s Responses.
    Responses,
    /// Gemini's Interactions.
    Interactions,
}

/// What a request says of answers that are kept.
#[derive(Debug)]
pub(super) struct Asked {
    /// The answer that it goes on from.
    pub(super) previous: Option<String>,
    /// Whether its answer is to be kept.
    pub(super) store: bool,
    /// Whether its answer is made while nobody waits.
    pub(super) background: bool,
    /// The field that only a provider of the format can do as it says.
    pub(super) needs_its_vendor: Option<&'static str>,
}

impl KeptFormat {
    /// Returns the format, if answers of it are kept.
    pub(crate) fn of(format: &Format) -> Option<Self> {
        [Self::Responses, Self::Interactions].into_iter().find(|kept| kept.format() == format)
    }

    pub(super) const fn format(self) -> &'static Format {
        match self {
            Self::Responses => &Format::OPENAI_RESPONSES,
            Self::Interactions => &Format::GEMINI_INTERACTIONS,
        }
    }

    /// The name under which answers are kept: an id of one format means nothing in another.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Responses => "response",
            Self::Interactions => "interaction",
        }
    }

    /// The field that names the answer to go on from.
    pub(super) const fn previous_field(self) -> &'static str {
        match self {
            Self::Responses => "previous_response_id",
            Self::Interactions => "previous_interaction_id",
        }
    }

    /// Reads what a request says of answers that are kept.
    pub(super) fn asked(self, body: &[u8]) -> Result<Asked, RequestError> {
        let asked = match self {
            Self::Responses => {
                let state = tollgate_openai::StoredState::read(body)?;
                if state.conversation.is_some() {
                    let message = "conversations are not kept here: use `previous_response_id`";
                    return Err(RequestError::invalid_field("conversation", message));
                }
                Asked {
                    previous: state.previous_response_id,
                    store: state.store != Some(false),
                    background: state.background,
                    needs_its_vendor: None,
                }
            }
            Self::Interactions => {
                let state = interactions::StoredState::read(body)?;
                let field =
                    if state.agent { Some("agent") } else { state.background.then_some("background") };
                Asked {
                    previous: state.previous_interaction_id,
                    store: state.store != Some(false),
                    background: state.background,
                    needs_its_vendor: field,
                }
            }
        };
        if asked.background && !asked.store {
            let message = "an answer that is made in the background has to be kept: leave `store` out";
            return Err(RequestError::invalid_field("store", message));
        }
        Ok(asked)
    }

    /// Returns the model that a request asks for.
    pub(super) fn model(self, body: &[u8]) -> Option<ModelName> {
        let facts = match self {
            Self::Responses => RequestFacts::in_body(body),
            Self::Interactions => InteractionsFrontDoor::new().request_facts("", body),
        };
        facts.ok().map(|facts| facts.model)
    }

    /// Whether it is the gateway that makes answers in the background, and not the vendor.
    pub(super) const fn runs_in_background(self) -> bool {
        matches!(self, Self::Responses)
    }

    /// Whether a provider that keeps an answer is asked for it, since it knows more of it than was seen.
    pub(super) const fn asks_its_keeper(self) -> bool {
        matches!(self, Self::Interactions)
    }

    /// Takes what the gateway does itself out of a request that was read.
    pub(crate) fn take_from(self, request: &mut ChatRequest) {
        match self {
            Self::Responses => tollgate_openai::StoredState::take_from(request),
            Self::Interactions => interactions::StoredState::take_from(request),
        }
    }

    /// Puts what was said before a request's own input.
    pub(super) fn continued(self, body: &[u8], earlier: &[Value]) -> Result<Vec<u8>, RequestError> {
        match self {
            Self::Responses => continued(body, earlier),
            Self::Interactions => interactions::continued(body, earlier),
        }
    }

    /// Returns what an answer adds to the conversation.
    pub(super) fn answered(self, answer: &[u8]) -> serde_json::Result<Vec<Value>> {
        match self {
            Self::Responses => {
                let mut answer: Value = serde_json::from_slice(answer)?;
                Ok(match answer["output"].take() {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                })
            }
            Self::Interactions => interactions::answered_steps(answer),
        }
    }

    /// Returns a request's own input, as it is listed afterwards.
    pub(super) fn input(self, body: &[u8], id: &str) -> Result<Vec<Value>, RequestError> {
        match self {
            Self::Responses => input_items(body, id),
            Self::Interactions => interactions::input_steps(body),
        }
    }

    /// Whether a conversation can go on from an answer that stands so.
    pub(super) fn is_turn(self, standing: &Standing) -> bool {
        let of_interactions =
            || matches!(standing.status.as_deref(), Some("requires_action" | "requires_continuation"));
        standing.is_turn() || self == Self::Interactions && of_interactions()
    }

    /// Makes the id of an answer out of its call's.
    pub(crate) fn id(self, call: &str) -> String {
        let prefix = match self {
            Self::Responses => "resp",
            Self::Interactions => "v1",
        };
        format!("{prefix}_{}", call.replace('-', ""))
    }

    /// What is answered when an answer was forgotten.
    pub(super) fn forgotten(self, id: &str) -> Bytes {
        match self {
            Self::Responses => json!({"id": id, "object": "response", "deleted": true}).to_string().into(),
            Self::Interactions => Bytes::from_static(b"{}"),
        }
    }

    /// Nobody knows such an answer.
    pub(super) fn not_found(self, id: &str) -> RequestError {
        let message = format!("the {} `{id}` is not kept here", self.kind());
        RequestError { param: Some("id".to_owned()), ..RequestError::new(ErrorKind::ModelNotFound, message) }
    }

    /// The answer to go on from is not kept.
    pub(super) fn not_kept(self, id: &str) -> RequestError {
        match self {
            // The vendor's own words for it, which SDKs and agents look for.
            Self::Responses => RequestError::invalid_field(
                self.previous_field(),
                format!("Previous response with id '{id}' not found."),
            ),
            Self::Interactions => {
                RequestError { param: Some(self.previous_field().to_owned()), ..self.not_found(id) }
            }
        }
    }

    /// An answer that nobody makes in the background cannot be called off.
    pub(super) fn cannot_cancel(self) -> RequestError {
        RequestError::invalid(match self {
            Self::Responses => "only answers that are made in the background can be cancelled",
            Self::Interactions => "only interactions in the background can be cancelled",
        })
    }
}
