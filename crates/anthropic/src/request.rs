//! Canonical request → Messages. The wire structs borrow from the canonical request and are written straight to bytes.

mod cache;
mod content;
mod conversation;
mod reasoning;
mod sampling;
mod schema;
mod tools;

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};
use tollgate_model::{ChatRequest, Extra, Format, Losses, RequestError, request::ResponseFormat};
use tollgate_provider::{Target, json_writer};

use crate::wire::{Block, ExtraFields, MessagesRequest, Metadata, OutputConfig, OutputFormat, Thinking};

pub(crate) use self::content::own_citation;
use self::{conversation::Conversation, sampling::Sampled, tools::Tooling};

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

/// The output limit where neither the client nor the catalogue says one: the format requires the field, and every model
/// that the vendor serves today takes this much.
pub const DEFAULT_MAX_TOKENS: u64 = 8192;

/// Writes the body that asks the target to answer `request`, and names what it could not say.
pub(crate) fn encode(target: &Target<'_>, request: &ChatRequest) -> Result<(Bytes, Losses), RequestError> {
    let mut losses = Losses::new();
    let body = translate(target, request, &mut losses)?;
    Ok((json_writer::body(request, &body)?, losses))
}

fn translate<'a>(
    target: &Target<'a>,
    request: &'a ChatRequest,
    losses: &mut Losses,
) -> Result<MessagesRequest<'a>, RequestError> {
    let rules = target.card.map(|card| &card.rules);
    let mid_system = rules.and_then(|rules| rules.mid_conversation_system) == Some(true);
    let mut conversation = Conversation::new(mid_system, losses);
    for (index, message) in request.messages.iter().enumerate() {
        conversation.push(index, message)?;
    }
    let mut conversation = conversation.finish(rules.and_then(|rules| rules.assistant_prefill))?;

    let limit = max_tokens(target, request, losses);
    let reasoning = reasoning::plan(target, request, limit, &conversation, losses);
    let max_tokens = limit.with_thinking(reasoning.thinking);
    let thinks = matches!(reasoning.thinking, Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. }))
        || reasoning.always_on;

    let mut tooling = Tooling::new(request, &conversation, losses)?;
    let format = answer_format(target, request, &mut tooling, &mut conversation.system, losses);
    let (mut tools, tool_choice) = tooling.choose(target, request, thinks, losses);
    let automatic =
        cache::place(request, &mut tools, &mut conversation.system, &mut conversation.turns, losses);
    let Sampled { temperature, top_p, top_k, stop_sequences } =
        sampling::plan(target, request, thinks, losses);
    unsupported(request, losses);

    let (output_extra, metadata_extra, extra) = extras(request, reasoning.effort, format.as_ref(), losses);
    Ok(MessagesRequest {
        model: target.model.as_str(),
        max_tokens,
        system: conversation.system,
        messages: conversation.turns,
        tools,
        tool_choice,
        thinking: reasoning.thinking,
        output_config: OutputConfig { effort: reasoning.effort, format, extra: output_extra },
        temperature,
        top_p,
        top_k,
        stop_sequences,
        metadata: Metadata { user_id: user_id(request, losses), extra: metadata_extra },
        service_tier: service_tier(request, losses),
        cache_control: automatic,
        stream: request.stream,
        extra,
    })
}

/// The output limit, and whether the client asked for it.
#[derive(Debug, Clone, Copy)]
struct OutputLimit {
    tokens: u64,
    /// A limit that nobody asked for makes room for the reasoning.
    flexible: bool,
}

impl OutputLimit {
    fn with_thinking(self, thinking: Option<Thinking>) -> u64 {
        match thinking {
            Some(Thinking::Enabled { budget_tokens, .. }) if self.flexible => {
                self.tokens.max(budget_tokens.saturating_add(DEFAULT_MAX_TOKENS))
            }
            _ => self.tokens,
        }
    }
}

fn max_tokens(target: &Target<'_>, request: &ChatRequest, losses: &mut Losses) -> OutputLimit {
    let maximum = target.card.and_then(|card| card.max_output_tokens);
    let tokens = match (request.max_output_tokens, maximum) {
        (Some(asked), Some(maximum)) if asked > maximum => {
            losses.approximated("max_output_tokens", format!("the model's maximum is {maximum}"));
            maximum
        }
        (Some(asked), _) => asked,
        (None, maximum) => maximum.unwrap_or(DEFAULT_MAX_TOKENS),
    };
    OutputLimit { tokens, flexible: request.max_output_tokens.is_none() && maximum.is_none() }
}

/// The instruction that stands for OpenAI's JSON mode, which Messages has not.
const JSON_INSTRUCTION: &str =
    "Answer with one JSON object and nothing else: no other text around it, and no code fence.";

fn answer_format<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    tooling: &mut Tooling<'a>,
    system: &mut Vec<Block<'a>>,
    losses: &mut Losses,
) -> Option<OutputFormat<'a>> {
    let native = target.card.and_then(|card| card.capabilities.structured_output) != Some(false);
    match request.response_format.as_ref()? {
        ResponseFormat::Text => None,
        ResponseFormat::JsonSchema(asked) if native => {
            if asked.description.is_some() {
                losses.dropped("response_format.description", "an output schema has no description");
            }
            let schema = match schema::closed(&asked.schema) {
                None => Cow::Borrowed(&asked.schema),
                Some(closed) => {
                    losses.approximated(
                        "response_format.schema",
                        "every object is closed (additionalProperties: false), as the format wants",
                    );
                    Cow::Owned(closed)
                }
            };
            Some(OutputFormat { schema })
        }
        ResponseFormat::JsonSchema(asked) if schema::is_object(&asked.schema) => {
            losses.emulated("response_format", "the model is made to call a tool whose input is the answer");
            tooling.answer_by_tool(asked);
            None
        }
        ResponseFormat::JsonSchema(asked) => {
            losses.emulated("response_format", "the model is told to answer with JSON after the schema");
            system.push(Block::text(format!(
                "Answer with one JSON value and nothing else. It follows this JSON Schema: {}",
                asked.schema
            )));
            None
        }
        _ => {
            losses.emulated("response_format", "the model is told to answer with a JSON object");
            system.push(Block::text(JSON_INSTRUCTION));
            None
        }
    }
}

fn user_id<'a>(request: &'a ChatRequest, losses: &mut Losses) -> Option<&'a str> {
    let mut user = request.user.as_deref();
    for (name, value) in &request.metadata {
        match value {
            Value::String(id) if name == "user_id" && user.is_none() => user = Some(id),
            _ => losses.dropped(format!("metadata.{name}"), "the only label that is kept is the user's id"),
        }
    }
    user
}

fn service_tier(request: &ChatRequest, losses: &mut Losses) -> Option<&'static str> {
    match request.service_tier.as_deref()? {
        "auto" => Some("auto"),
        "standard_only" | "standard" | "default" => Some("standard_only"),
        "priority" => {
            losses.approximated("service_tier", "`auto` uses priority capacity where the account has it");
            Some("auto")
        }
        _ => {
            losses.dropped("service_tier", "there is no such class of service");
            None
        }
    }
}

/// Names what Messages has no counterpart for.
fn unsupported(request: &ChatRequest, losses: &mut Losses) {
    if request.choices.is_some_and(|choices| choices > 1) {
        losses.dropped("choices", "one answer is given");
    }
    if request.logprobs.is_some() {
        losses.dropped("logprobs", "the format has none");
    }
    if request.modalities.iter().flatten().any(|kind| *kind != tollgate_model::request::Modality::Text) {
        losses.dropped("modalities", "answers are text");
    }
    if request.audio.is_some() {
        losses.dropped("audio", "answers are text");
    }
    if request.cache.key.is_some() {
        losses.dropped("cache.key", "caches are found by their content");
    }
    if request.cache.content.is_some() {
        losses.dropped("cache.content", "there is no cached content to refer to");
    }
}

/// Sorts the request's own fields of this format by where they are written.
fn extras<'a>(
    request: &'a ChatRequest,
    effort: Option<&str>,
    format: Option<&OutputFormat<'_>>,
    losses: &mut Losses,
) -> (ExtraFields<'a>, ExtraFields<'a>, ExtraFields<'a>) {
    const WRITTEN: [&str; 16] = [
        "model",
        "max_tokens",
        "system",
        "messages",
        "tools",
        "tool_choice",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "service_tier",
        "cache_control",
        "stream",
        "output_config",
        "metadata",
        "thinking",
    ];
    request.extra.lose_unless(&FORMAT, "", losses);
    let Some(fields) = request.extra.fields(&FORMAT) else {
        return Default::default();
    };
    let inside = |name: &str, written: &[&str]| without(fields.get(name).and_then(Value::as_object), written);
    let reasons = !request.reasoning.is_empty();
    let thinking = fields.get_key_value("thinking").filter(|_| !reasons);
    let mut rest = without(Some(fields), &WRITTEN);
    rest.0.extend(thinking.map(|(name, value)| (name.as_str(), value)));
    // A word that this crate does not know yet stands there in place of one it does.
    let written = [effort.map(|_| "effort"), format.map(|_| "format")];
    let written: Vec<_> = written.into_iter().flatten().collect();
    (inside("output_config", &written), inside("metadata", &["user_id"]), rest)
}

fn without<'a>(fields: Option<&'a Map<String, Value>>, names: &[&str]) -> ExtraFields<'a> {
    let fields = fields.into_iter().flatten();
    ExtraFields(
        fields
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value))
            .collect(),
    )
}

/// Returns the fields of this format that a value carries, but for those that are written anyway; names all others.
fn extra_fields<'a>(
    extra: &'a Extra,
    written: &[&str],
    path: impl FnOnce() -> String,
    losses: &mut Losses,
) -> ExtraFields<'a> {
    match extra.fields(&FORMAT) {
        Some(fields) => without(Some(fields), written),
        None => {
            if !extra.is_empty() {
                extra.lose_unless(&FORMAT, &path(), losses);
            }
            ExtraFields::default()
        }
    }
}
