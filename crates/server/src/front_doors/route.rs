//! What a path asks for.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, Method, Uri};
use tollgate::{ModelPath, PassedApi, Runtime};
use tollgate_model::{Format, ProviderName};
use tollgate_provider::{EmbeddingFrontDoor, FrontDoor, TokenCountFrontDoor};

use super::{Doors, query};

/// What a path asks for.
#[derive(Debug)]
pub(super) enum Asked<'a> {
    /// An answer of a model.
    Chat,
    /// An answer of a model, which is kept for later calls.
    Response,
    /// Something about an answer that is kept.
    Kept(&'a str, OfKept),
    /// Vectors.
    Embeddings(&'a Arc<dyn EmbeddingFrontDoor>),
    /// How many tokens a request would take.
    TokenCount(&'a Arc<dyn TokenCountFrontDoor>),
    /// One of OpenAI's APIs beside chat.
    Passed(PassedApi),
    /// Whatever a provider has at a path.
    Passthrough(&'a str, &'a str),
    /// All models.
    ModelList,
    /// One model.
    Model(Cow<'a, str>),
    /// Nothing that is here.
    Unknown,
}

/// What is wanted of an answer that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfKept {
    /// The answer, or with DELETE its end.
    Itself,
    /// What it answers.
    InputItems,
    /// That it stops.
    Cancel,
}

/// Where a request goes, and in which format it is answered.
#[derive(Debug)]
pub(super) struct Route<'a> {
    /// The format of the answer, errors included.
    pub(super) door: &'a Arc<dyn FrontDoor>,
    /// The methods that are taken.
    pub(super) methods: &'static [Method],
    /// What is asked for.
    pub(super) asked: Asked<'a>,
}

impl Doors {
    /// Finds the route of a request.
    pub(super) fn route<'a>(&'a self, runtime: &Runtime, uri: &'a Uri, headers: &HeaderMap) -> Route<'a> {
        const GET: &[Method] = &[Method::GET];
        const POST: &[Method] = &[Method::POST];
        const ANY: &[Method] =
            &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
        let route = |door, methods, asked| Route { door, methods, asked };
        let path = uri.path();
        match path {
            "/v1/chat/completions" => return route(&self.openai_chat, POST, Asked::Chat),
            "/v1/responses" => return route(&self.openai_responses, POST, Asked::Response),
            "/v1/messages" => return route(&self.anthropic_messages, POST, Asked::Chat),
            "/v1/embeddings" => {
                return route(&self.openai_chat, POST, Asked::Embeddings(&self.openai_embeddings));
            }
            "/v1/messages/count_tokens" => {
                return route(&self.anthropic_messages, POST, Asked::TokenCount(&self.anthropic_count));
            }
            "/v1/responses/input_tokens" => {
                return route(&self.openai_responses, POST, Asked::TokenCount(&self.openai_count));
            }
            "/v1beta/interactions" | "/v1/interactions" => {
                return route(&self.gemini_interactions, POST, Asked::Chat);
            }
            "/v1/models" | "/v1beta/models" => {
                return route(self.speaker(path, headers), GET, Asked::ModelList);
            }
            _ => {}
        }
        if let Some(api) = path.strip_prefix("/v1").and_then(PassedApi::at) {
            return route(&self.openai_chat, POST, Asked::Passed(api));
        }
        if let Some(below) = path.strip_prefix("/passthrough/") {
            let provider = below.find('/').map_or(below, |end| &below[..end]);
            let door = self.speaker_of(provider, runtime);
            return route(door, ANY, Asked::Passthrough(provider, &below[provider.len()..]));
        }
        if let Some(below) = path.strip_prefix("/v1/responses/") {
            let (id, of) = below.split_once('/').map_or((below, None), |(id, of)| (id, Some(of)));
            let door = &self.openai_responses;
            return match of {
                None if !id.is_empty() => {
                    route(door, &[Method::GET, Method::DELETE], Asked::Kept(id, OfKept::Itself))
                }
                Some("input_items") => route(door, GET, Asked::Kept(id, OfKept::InputItems)),
                Some("cancel") => route(door, POST, Asked::Kept(id, OfKept::Cancel)),
                _ => route(door, GET, Asked::Unknown),
            };
        }
        let gemini = &self.gemini_generate_content;
        match ModelPath::parse(path).filter(|_| is_of_models(path)) {
            Some(ModelPath { verb: "generateContent", .. }) => route(gemini, POST, Asked::Chat),
            Some(ModelPath { verb: "streamGenerateContent", .. }) => {
                let events = query::value(uri, "alt").is_some_and(|alt| alt == "sse");
                let door = if events { gemini } else { &self.gemini_generate_content_array };
                route(door, POST, Asked::Chat)
            }
            Some(ModelPath { verb: "countTokens", .. }) => {
                route(gemini, POST, Asked::TokenCount(&self.gemini_count))
            }
            Some(ModelPath { verb: "embedContent", .. }) => {
                route(gemini, POST, Asked::Embeddings(&self.gemini_embed_content))
            }
            Some(ModelPath { verb: "batchEmbedContents", .. }) => {
                route(gemini, POST, Asked::Embeddings(&self.gemini_batch_embed_contents))
            }
            Some(ModelPath { model, verb: "" }) => {
                let asked = Asked::Model(Cow::Owned(model.to_string()));
                route(self.speaker(path, headers), GET, asked)
            }
            _ => route(self.speaker(path, headers), GET, Asked::Unknown),
        }
    }

    /// In whose words errors are told on the way to a provider.
    fn speaker_of(&self, provider: &str, runtime: &Runtime) -> &Arc<dyn FrontDoor> {
        let endpoint = runtime.endpoint(&ProviderName::new(provider));
        let speaks = |format: &Format| endpoint.is_some_and(|endpoint| endpoint.format() == format);
        if speaks(&Format::ANTHROPIC_MESSAGES) {
            &self.anthropic_messages
        } else if speaks(&Format::GEMINI_GENERATE_CONTENT) {
            &self.gemini_generate_content
        } else {
            &self.openai_chat
        }
    }

    /// Whose SDK asks, on a path that several vendors share.
    fn speaker(&self, path: &str, headers: &HeaderMap) -> &Arc<dyn FrontDoor> {
        if headers.contains_key("anthropic-version") {
            &self.anthropic_messages
        } else if path.starts_with("/v1beta/") || headers.contains_key("x-goog-api-key") {
            &self.gemini_generate_content
        } else {
            &self.openai_chat
        }
    }
}

/// Whether a path is one of a model's, directly below the version.
fn is_of_models(path: &str) -> bool {
    let below = path.strip_prefix("/v1beta/").or_else(|| path.strip_prefix("/v1/"));
    below.is_some_and(|below| below.starts_with("models/") || below.starts_with("tunedModels/"))
}
