//! Canonical → the body of a request.

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tollgate_catalog::card::Rules;
use tollgate_model::{
    ChatRequest, Format, Losses, RequestError,
    message::CacheHint,
    request::{Modality, ReasoningEffort},
};
use tollgate_provider::Target;

use super::{
    decode::{ENCRYPTED, LOGPROBS},
    input,
};
use crate::{
    effort, kin,
    responses::{
        ResponsesQuirks,
        echo::{nested, write_format},
        notes::{FORMAT, NOT_KEPT, SAFETY_IDENTIFIER, has},
        wire::Object,
    },
};

/// The fields by which a client relies on what the vendor keeps.
const KEPT: [&str; 4] = ["store", "previous_response_id", "conversation", "background"];

/// Writes the body, and names what it cannot say.
///
/// # Errors
/// A picture, a sound or a file that the model cannot be shown: the answer would be to another question.
pub(in crate::responses) fn encode(
    quirks: &ResponsesQuirks,
    target: &Target<'_>,
    request: &ChatRequest,
) -> Result<(Bytes, Losses), RequestError> {
    let no_rules = Rules::default();
    let rules = target.card.map_or(&no_rules, |card| &card.rules);
    let mut losses = Losses::new();
    let effort = effort::plan(&request.reasoning, target, rules, quirks.reasoning_effort, &mut losses);
    let mut encoder = Encoder { quirks, rules, target, request, effort, losses, refused: None };
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
    1024 + texts + texts / 16 + 96 * request.messages.len() + 512 * request.tools.len()
}

/// What encoding one request needs at hand.
#[derive(Debug)]
pub(super) struct Encoder<'a> {
    pub(super) quirks: &'a ResponsesQuirks,
    pub(super) rules: &'a Rules,
    pub(super) target: &'a Target<'a>,
    pub(super) request: &'a ChatRequest,
    /// The effort that is sent.
    effort: Option<ReasoningEffort>,
    pub(super) losses: Losses,
    /// What cannot be left out without changing the question: a picture, a sound, a file.
    pub(super) refused: Option<RequestError>,
}

impl Encoder<'_> {
    fn write(&mut self, out: &mut BytesMut) {
        let request = self.request;
        let mut body = Object::begin(out);
        body.field("model", self.target.model.as_str());
        input::write(self, &mut body);
        self.write_tools(&mut body);
        self.write_text(&mut body);
        self.write_reasoning(&mut body);
        self.write_sampling(&mut body);
        self.write_limits(&mut body);
        self.write_service(&mut body);
        self.write_kept(&mut body);
        if request.stream {
            body.field("stream", &true);
        }
        self.write_extra(&mut body);
        body.end();
    }

    /// What a client of this format, or of the vendor's other one, says besides.
    fn write_extra(&mut self, body: &mut Object<'_>) {
        body.extra(self.request.extra.fields(&FORMAT));
        // Written with the text's format.
        let written = ["verbosity"];
        body.extra(kin::shared(&self.request.extra, &Format::OPENAI_CHAT).as_ref());
        kin::lose_others(&self.request.extra, [&FORMAT, &Format::OPENAI_CHAT], &written, &mut self.losses);
    }

    fn of_chat(&self, name: &str) -> Option<&Value> {
        self.request.extra.field(&Format::OPENAI_CHAT, name)
    }

    fn write_text(&self, body: &mut Object<'_>) {
        let own = nested(self.request, "text");
        let verbosity = self.of_chat("verbosity");
        let format = self.request.response_format.as_ref();
        if own.is_none() && verbosity.is_none() && format.is_none() {
            return;
        }
        let mut text = body.object("text");
        if format.is_some() {
            write_format(text.object("format"), format);
        }
        text.optional("verbosity", verbosity).extra(own);
        text.end();
    }

    fn write_reasoning(&mut self, body: &mut Object<'_>) {
        let own = nested(self.request, "reasoning");
        let cannot = effort::cannot_reason(self.target, self.rules);
        let shown = match (self.request.reasoning.visible, self.quirks.reasoning_summary) {
            (Some(true), true) if cannot => {
                self.losses.dropped("reasoning.visible", "the model does not reason");
                false
            }
            (Some(shown), false) => {
                let asked = if shown { "shows" } else { "hides" };
                self.losses.dropped(
                    "reasoning.visible",
                    format!("the server {asked} its reasoning or not, as it does by itself"),
                );
                false
            }
            (shown, _) => shown == Some(true),
        };
        if own.is_none() && self.effort.is_none() && !shown {
            return;
        }
        let mut reasoning = body.object("reasoning");
        reasoning.optional("effort", self.effort.map(ReasoningEffort::as_str));
        if shown && own.is_none_or(|own| !own.contains_key("summary")) {
            reasoning.field("summary", "auto");
        }
        reasoning.extra(own);
        reasoning.end();
    }

    fn write_sampling(&mut self, body: &mut Object<'_>) {
        let sampling = &self.request.sampling;
        let reasons = self.effort.or(self.rules.default_effort) != Some(ReasoningEffort::None);
        let without_reasoning = self.rules.sampling_without_reasoning == Some(true) && !reasons;
        let taken = self.rules.sampling != Some(false) || without_reasoning;
        for (name, path, value) in [
            ("temperature", "sampling.temperature", sampling.temperature),
            ("top_p", "sampling.top_p", sampling.top_p),
        ] {
            match value {
                Some(_) if !taken => self.losses.dropped(path, "the model refuses sampling parameters"),
                value => {
                    body.optional(name, value);
                }
            }
        }
        for (path, said) in [
            ("sampling.top_k", sampling.top_k.is_some()),
            ("sampling.presence_penalty", sampling.presence_penalty.is_some()),
            ("sampling.frequency_penalty", sampling.frequency_penalty.is_some()),
            ("sampling.seed", sampling.seed.is_some()),
            ("sampling.logit_bias", !sampling.logit_bias.is_empty()),
        ] {
            if said {
                self.losses.dropped(path, "the format has no such field");
            }
        }
        self.write_include(body, taken);
    }

    /// Writes `include`: reasoning that can be sent back is always wanted, of models that reason. Others refuse to be asked.
    fn write_include(&mut self, body: &mut Object<'_>, taken: bool) {
        let own = self.request.extra.field(&FORMAT, "include").and_then(Value::as_array);
        let mut words: Vec<&str> = own.into_iter().flatten().filter_map(Value::as_str).collect();
        if !effort::cannot_reason(self.target, self.rules) {
            words.push(ENCRYPTED);
        }
        match self.request.logprobs {
            Some(logprobs) if taken => {
                words.push(LOGPROBS);
                body.optional("top_logprobs", logprobs.top);
            }
            Some(_) => {
                self.losses.dropped("logprobs", "the model does not say how likely its tokens were");
            }
            None => {}
        }
        if !words.is_empty() {
            body.field("include", &words);
        }
    }

    fn write_limits(&mut self, body: &mut Object<'_>) {
        let request = self.request;
        let least = self.quirks.min_output_tokens;
        if request.max_output_tokens.is_some_and(|tokens| tokens < least) {
            self.losses.approximated("max_output_tokens", format!("at least {least} are taken"));
        }
        body.optional("max_output_tokens", request.max_output_tokens.map(|tokens| tokens.max(least)));
        for (path, said) in [
            ("stop", !request.stop.is_empty()),
            ("choices", request.choices.is_some_and(|choices| choices > 1)),
            ("audio", request.audio.is_some()),
        ] {
            if said {
                self.losses.dropped(path, "the format has no such field");
            }
        }
        let other = |modalities: &Vec<Modality>| modalities.iter().any(|it| *it != Modality::Text);
        if request.modalities.as_ref().is_some_and(other) {
            self.losses.dropped("modalities", "the format answers in text");
        }
    }

    /// What concerns the account rather than the answer.
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
        let user = if has(&request.extra, SAFETY_IDENTIFIER) { "safety_identifier" } else { "user" };
        body.optional(user, request.user.as_deref());
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

    /// Asks the vendor to keep nothing, unless the client says otherwise or relies on what is kept.
    fn write_kept(&self, body: &mut Object<'_>) {
        if self.quirks.store && (!self.relies_on_kept() || self.says(NOT_KEPT)) {
            body.field("store", &false);
        }
    }

    /// Whether the vendor will keep the answer, and so knows the items of earlier ones.
    pub(super) fn is_kept(&self) -> bool {
        self.relies_on_kept() && !self.says(NOT_KEPT)
    }

    fn relies_on_kept(&self) -> bool {
        KEPT.iter().any(|name| self.says(name)) || self.of_chat("store") == Some(&Value::Bool(true))
    }

    fn says(&self, name: &str) -> bool {
        self.request.extra.field(&FORMAT, name).is_some()
    }
}
