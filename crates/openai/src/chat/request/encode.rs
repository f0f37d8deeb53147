//! Canonical → the body of a request.

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_catalog::card::{MaxTokensField, Rules};
use tollgate_model::{
    ChatRequest, ErrorKind, Format, Losses, RequestError,
    message::CacheHint,
    request::{Modality, ReasoningEffort, ResponseFormat},
};
use tollgate_provider::Target;

use super::{tools::nested_fields, turns};
use crate::{
    chat::{Quirks, wire::Object},
    kin,
};

/// The name of an answer's schema that has none: the vendor wants one.
const SCHEMA_NAME: &str = "response";

/// Writes the body, and names what it cannot say.
///
/// # Errors
/// A model that is not served by this format, or a picture, a sound or a file that it cannot be shown: the answer would
/// be to another question.
pub(in crate::chat) fn encode(
    quirks: &Quirks,
    target: &Target<'_>,
    request: &ChatRequest,
) -> Result<(Bytes, Losses), RequestError> {
    let no_rules = Rules::default();
    let rules = target.card.map_or(&no_rules, |card| &card.rules);
    if rules.responses_only == Some(true) {
        let message = format!("the model {} is served through the Responses API only", target.model);
        return Err(RequestError {
            param: Some("model".to_owned()),
            ..RequestError::new(ErrorKind::ModelNotFound, message)
        });
    }
    let mut encoder =
        Encoder { quirks, rules, target, request, effort: None, losses: Losses::new(), refused: None };
    encoder.effort = encoder.plan_effort()?;
    let mut out = BytesMut::with_capacity(capacity(request));
    encoder.write(&mut out);
    match encoder.refused {
        Some(error) => Err(error),
        None => Ok((out.freeze(), encoder.losses)),
    }
}

/// About how long the body will be: growing a buffer of a long conversation copies it several times.
fn capacity(request: &ChatRequest) -> usize {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let texts: usize = parts.filter_map(|part| part.as_text()).map(str::len).sum();
    1024 + texts + texts / 16 + 64 * request.messages.len() + 512 * request.tools.len()
}

/// What encoding one request needs at hand.
#[derive(Debug)]
pub(super) struct Encoder<'a> {
    pub(super) quirks: &'a Quirks,
    pub(super) rules: &'a Rules,
    pub(super) target: &'a Target<'a>,
    pub(super) request: &'a ChatRequest,
    /// The effort that is sent.
    pub(super) effort: Option<ReasoningEffort>,
    pub(super) losses: Losses,
    /// What cannot be left out without changing the question: a picture, a sound, a file.
    pub(super) refused: Option<RequestError>,
}

impl Encoder<'_> {
    fn write(&mut self, out: &mut BytesMut) {
        let request = self.request;
        let mut body = Object::begin(out);
        body.field("model", self.target.model.as_str());
        turns::write(self, body.array("messages"));
        self.write_tools(&mut body);
        self.write_response_format(&mut body);
        body.optional("reasoning_effort", self.effort.map(ReasoningEffort::as_str));
        self.write_sampling(&mut body);
        self.write_limits(&mut body);
        self.write_modalities(&mut body);
        self.write_service(&mut body);
        if request.stream {
            self.write_stream(&mut body);
        }
        self.write_extra(&mut body);
        body.end();
    }

    /// What a client of this format, or of the vendor's other one, says besides.
    fn write_extra(&mut self, body: &mut Object<'_>) {
        let extra = &self.request.extra;
        body.extra(extra.fields(&Format::OPENAI_CHAT));
        if !self.quirks.vendor_fields {
            return extra.lose_unless(&Format::OPENAI_CHAT, "", &mut self.losses);
        }
        let text = extra.field(&Format::OPENAI_RESPONSES, "text").and_then(Value::as_object);
        let verbosity = text.and_then(|text| text.get("verbosity"));
        body.optional("verbosity", verbosity);
        body.extra(kin::shared(extra, &Format::OPENAI_RESPONSES).as_ref());
        let said = text.is_some_and(|text| text.len() == usize::from(verbosity.is_some()));
        let written: &[&str] = if said { &["text"] } else { &[] };
        let formats = [&Format::OPENAI_CHAT, &Format::OPENAI_RESPONSES];
        kin::lose_others(extra, formats, written, &mut self.losses);
    }

    fn write_response_format(&self, body: &mut Object<'_>) {
        let Some(format) = &self.request.response_format else { return };
        let mut object = body.object("response_format");
        match format {
            ResponseFormat::Text => {
                object.field("type", "text");
            }
            ResponseFormat::JsonSchema(schema) => {
                object.field("type", "json_schema");
                let mut nested = object.object("json_schema");
                nested.field("name", schema.name.as_deref().unwrap_or(SCHEMA_NAME));
                nested.optional("description", schema.description.as_deref());
                nested.field("schema", &schema.schema).optional("strict", schema.strict);
                nested.end();
            }
            _ => {
                object.field("type", "json_object");
            }
        }
        object.end();
    }

    fn write_limits(&mut self, body: &mut Object<'_>) {
        let field = match self.rules.max_tokens_field.unwrap_or(self.quirks.max_tokens_field) {
            MaxTokensField::MaxTokens => "max_tokens",
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
        };
        body.optional(field, self.request.max_output_tokens);
        self.write_stop(body);
        match self.request.choices {
            Some(choices) if choices > 1 && self.rules.multiple_choices == Some(false) => {
                self.losses.dropped("choices", "the model gives one answer only");
            }
            choices => {
                body.optional("n", choices);
            }
        }
    }

    fn write_stop(&mut self, body: &mut Object<'_>) {
        let stop = &self.request.stop;
        if stop.is_empty() {
            return;
        }
        if self.rules.stop == Some(false) || self.quirks.max_stop == Some(0) {
            self.losses.dropped("stop", "the model refuses stop texts");
            return;
        }
        let kept = self.quirks.max_stop.unwrap_or(usize::MAX).min(stop.len());
        if kept < stop.len() {
            self.losses.approximated("stop", format!("at most {kept} stop texts are taken"));
        }
        body.field("stop", &stop[..kept]);
    }

    fn write_modalities(&self, body: &mut Object<'_>) {
        if let Some(modalities) = &self.request.modalities {
            let words = modalities.iter().map(|modality| match modality {
                Modality::Audio => "audio",
                Modality::Image => "image",
                _ => "text",
            });
            body.field("modalities", &words.collect::<Vec<_>>());
        }
        if let Some(audio) = &self.request.audio {
            let mut object = body.object("audio");
            object.optional("voice", audio.voice.as_ref()).optional("format", audio.format.as_deref());
            object.extra(nested_fields(self.request.extra.fields(&Format::OPENAI_CHAT), "audio"));
            object.end();
        }
    }

    /// What concerns the account and the provider's keeping rather than the answer.
    fn write_service(&mut self, body: &mut Object<'_>) {
        let request = self.request;
        match request.service_tier.as_deref() {
            // Anthropic's word for 'no priority'.
            Some("standard_only") => {
                self.losses.approximated("service_tier", "`default` is the nearest class of service");
                body.field("service_tier", "default");
            }
            tier => {
                body.optional("service_tier", tier);
            }
        }
        body.optional("user", request.user.as_deref());
        if !request.metadata.is_empty() {
            if self.quirks.metadata {
                body.field("metadata", &request.metadata);
            } else {
                self.losses.dropped("metadata", "the server keeps no labels");
            }
        }
        match &request.cache.key {
            Some(key) if self.quirks.prompt_cache_key => {
                body.field("prompt_cache_key", key);
            }
            Some(_) => self.losses.dropped("cache.key", "the server takes no key for its prompt cache"),
            None => {}
        }
        // Otherwise nothing is lost: the provider caches the longest prefix by itself.
        if request.cache.automatic.is_some_and(|hint| hint != CacheHint::Standard) {
            self.losses.approximated("cache.automatic", "the provider caches by itself, for its usual time");
        }
        if request.cache.content.is_some() {
            self.losses.dropped("cache.content", "cached content of another provider");
        }
    }

    fn write_stream(&self, body: &mut Object<'_>) {
        body.field("stream", &true);
        let extra = nested_fields(self.request.extra.fields(&Format::OPENAI_CHAT), "stream_options");
        if self.quirks.stream_options {
            // Usage is always asked for: the call is billed whether or not the client wants to know.
            let mut options = body.object("stream_options");
            options.field("include_usage", &true).extra(extra);
            options.end();
        }
    }
}
