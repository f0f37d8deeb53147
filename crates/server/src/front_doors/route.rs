//! What a path asks for.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, Method};
use tollgate_provider::FrontDoor;

use super::{Doors, percent::percent_decoded};

/// What a path asks for.
#[derive(Debug)]
pub(super) enum Asked<'a> {
    /// An answer of a model.
    Chat,
    /// All models.
    ModelList,
    /// One model.
    Model(Cow<'a, str>),
    /// Nothing that is here.
    Unknown,
}

/// Where a request goes, and in which format it is answered.
#[derive(Debug)]
pub(super) struct Route<'a> {
    /// The format of the answer, errors included.
    pub(super) door: &'a Arc<dyn FrontDoor>,
    /// The only method that is taken.
    pub(super) method: Method,
    /// What is asked for.
    pub(super) asked: Asked<'a>,
}

impl Doors {
    /// Finds the route of a path.
    pub(super) fn route<'a>(&'a self, path: &'a str, headers: &HeaderMap) -> Route<'a> {
        let route = |door, method, asked| Route { door, method, asked };
        match path {
            "/v1/chat/completions" => route(&self.openai_chat, Method::POST, Asked::Chat),
            "/v1/messages" => route(&self.anthropic_messages, Method::POST, Asked::Chat),
            "/v1/models" => route(self.speaker(headers), Method::GET, Asked::ModelList),
            _ => match path.strip_prefix("/v1/models/") {
                Some(name) if !name.is_empty() => {
                    route(self.speaker(headers), Method::GET, Asked::Model(percent_decoded(name)))
                }
                _ => route(self.speaker(headers), Method::GET, Asked::Unknown),
            },
        }
    }

    /// Whose SDK asks, on a path that several vendors share.
    fn speaker(&self, headers: &HeaderMap) -> &Arc<dyn FrontDoor> {
        if headers.contains_key("anthropic-version") { &self.anthropic_messages } else { &self.openai_chat }
    }
}
