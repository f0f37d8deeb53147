//! Canonical request → the body.

use bytes::{Bytes, BytesMut};
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Content, Losses, Message, Part, RequestError, Role,
    message::{CacheHint, ToolResult},
    request::ToolChoice,
};
use tollgate_provider::{
    Target,
    json_writer::{Array, Object},
};

use super::{settings, tools};
use crate::{
    interactions::{
        FORMAT,
        content::{self, WithoutNotes},
        notes,
        steps::{Direction, ModelSteps},
    },
    names::wire_tool_name,
    read::json_object,
    signature,
};

/// Writes the body that asks the target to answer `request`, and names what it could not say.
pub(in crate::interactions) fn encode(
    target: &Target<'_>,
    request: &ChatRequest,
) -> Result<(Bytes, Losses), RequestError> {
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(1024);
    let mut body = Object::begin(&mut out);
    let asked = if request.extra.field(&FORMAT, notes::AGENT).is_some() { "agent" } else { "model" };
    body.field(asked, target.model);
    let mut system = system(request, &mut losses);
    Input { target, request, losses: &mut losses }.write(body.array("input"))?;
    let has_functions = tools::write(&mut body, request, &mut losses)?;
    let (format, told) = settings::answer_format(target, request, has_functions, &mut losses);
    system.extend(told);
    if !system.is_empty() {
        body.field("system_instruction", &system.join("\n\n"));
    }
    let config = settings::config(target, request, has_functions, &mut losses);
    if !config.is_empty() {
        body.field("generation_config", &config);
    }
    body.skip("generation_config").optional("response_format", format);
    if let Some(words) = settings::modality_words(request, &mut losses) {
        body.field("response_modalities", &words);
    }
    write_service(&mut body, request, &mut losses);
    if request.stream {
        body.field("stream", &true);
    }
    // The vendor keeps conversations unless it is told not to.
    if request.extra.field(&FORMAT, "store").is_none() {
        body.field("store", &false);
    }
    request.extra.lose_unless(&FORMAT, "", &mut losses);
    body.extra_but_notes(request.extra.fields(&FORMAT));
    body.end();
    unsupported(request, &mut losses);
    Ok((out.freeze(), losses))
}

/// Gathers what the system says.
fn system(request: &ChatRequest, losses: &mut Losses) -> Vec<String> {
    let mut texts = Vec::new();
    let mut begun = false;
    for (index, message) in request.messages.iter().enumerate() {
        if !matches!(message.role, Role::System | Role::Developer) {
            begun = true;
            continue;
        }
        if begun {
            losses.approximated(format!("messages[{index}]"), "a system message is moved to the beginning");
        }
        lose_message_fields(index, message, losses);
        for (number, part) in message.parts.iter().enumerate() {
            let place = format!("messages[{index}].parts[{number}]");
            match &part.content {
                Content::Text(text) => {
                    lose_part_fields(part, &place, losses);
                    if !text.text.is_empty() {
                        texts.push(text.text.clone());
                    }
                }
                _ => losses.dropped(place, "a system message holds text only"),
            }
        }
    }
    texts
}

fn lose_message_fields(index: usize, message: &Message, losses: &mut Losses) {
    if message.name.is_some() {
        losses.dropped(format!("messages[{index}].name"), "participants have no names");
    }
    message.extra.lose_all(&format!("messages[{index}]"), losses);
}

fn lose_part_fields(part: &Part, place: &str, losses: &mut Losses) {
    if part.cache.is_some() {
        losses.dropped(format!("{place}.cache"), "the vendor caches by itself, and takes no breakpoints");
    }
    if part.signature.is_some() && signature::own(part, &FORMAT).is_none() {
        losses.dropped(format!("{place}.signature"), "it means nothing to another vendor");
    }
    part.extra.lose_unless(&FORMAT, place, losses);
}

/// Writes the conversation.
struct Input<'a> {
    target: &'a Target<'a>,
    request: &'a ChatRequest,
    losses: &'a mut Losses,
}

impl Input<'_> {
    fn write(&mut self, mut steps: Array<'_>) -> Result<(), RequestError> {
        let messages = &self.request.messages;
        let last_asked = messages.iter().rposition(|message| {
            message.role == Role::User
                && message.parts.iter().any(|part| !matches!(part.content, Content::ToolResult(_)))
        });
        let rules = self.target.card.map(|card| &card.rules);
        let levels = rules.and_then(|rules| rules.reasoning) == Some(ReasoningStyle::Level);
        let mut asks = false;
        for (index, message) in messages.iter().enumerate() {
            if matches!(message.role, Role::System | Role::Developer) {
                continue;
            }
            asks = true;
            lose_message_fields(index, message, self.losses);
            if message.role == Role::Assistant {
                // Models that think by level want each step of the current turn to begin with a signed call.
                let current = last_asked.is_none_or(|asked| index > asked);
                let placeholder =
                    (levels && current && !is_signed(message)).then_some(signature::PLACEHOLDER);
                let direction = Direction::Request;
                let mut writer = ModelSteps { direction, placeholder, losses: self.losses };
                writer.write(&mut steps, &message.parts, |part| format!("messages[{index}].parts[{part}]"));
            } else {
                self.user(&mut steps, index, message)?;
            }
        }
        steps.end();
        if !asks {
            return Err(RequestError::invalid_field(
                "messages",
                "at least one message of the user is needed",
            ));
        }
        let prefill = rules.and_then(|rules| rules.assistant_prefill);
        if prefill == Some(false) && messages.last().is_some_and(|last| last.role == Role::Assistant) {
            return Err(RequestError::invalid_field(
                "messages",
                "the model does not continue an assistant's message: the last message must be the user's",
            ));
        }
        Ok(())
    }

    /// Writes a turn of the user: results are steps, everything else that follows each other is one input.
    fn user(&mut self, steps: &mut Array<'_>, index: usize, message: &Message) -> Result<(), RequestError> {
        let mut at = 0;
        while at < message.parts.len() {
            if let Content::ToolResult(result) = &message.parts[at].content {
                let place = format!("messages[{index}].parts[{at}]");
                self.result(steps, &place, &message.parts[at], result)?;
                at += 1;
                continue;
            }
            let run = message.parts[at..].iter();
            let run = run.take_while(|part| !matches!(part.content, Content::ToolResult(_))).count();
            let mut written = BytesMut::new();
            let mut contents = Array::begin(&mut written);
            for number in at..at + run {
                let place = format!("messages[{index}].parts[{number}]");
                self.content(&mut contents, &message.parts[number], &place)?;
            }
            contents.end();
            if written.len() > 2 {
                let mut step = steps.object();
                step.field("type", "user_input");
                step.key("content").extend_from_slice(&written);
                step.end();
            } else {
                self.losses.dropped(format!("messages[{index}]"), "an empty message says nothing");
            }
            at += run;
        }
        Ok(())
    }

    fn content(&mut self, contents: &mut Array<'_>, part: &Part, place: &str) -> Result<(), RequestError> {
        lose_part_fields(part, place, self.losses);
        match &part.content {
            Content::Text(text) if text.text.is_empty() => {}
            Content::Text(_) | Content::Image(_) | Content::Audio(_) | Content::Document(_) => {
                // A question that is asked without its picture is another question.
                content::write(contents, part, place, self.losses)
                    .map_err(|why| RequestError::invalid_field(place, why))?;
            }
            Content::Opaque(opaque) if opaque.format == FORMAT => contents.element(&opaque.value),
            Content::Opaque(opaque) => {
                self.losses.dropped(place, format!("a block of {} only", opaque.format))
            }
            Content::Refusal(_) | Content::Reasoning(_) => {
                self.losses.dropped(place, "only the model says such")
            }
            _ => {
                let message = "such a part cannot stand in this message";
                return Err(RequestError::invalid_field(place, message));
            }
        }
        Ok(())
    }

    fn result(
        &mut self,
        steps: &mut Array<'_>,
        place: &str,
        part: &Part,
        result: &ToolResult,
    ) -> Result<(), RequestError> {
        lose_part_fields(part, place, self.losses);
        let mut step = steps.object();
        step.field("type", "function_result").field("call_id", &result.id);
        step.optional("name", self.called(result).map(wire_tool_name).as_deref());
        step.optional("is_error", result.is_error);
        match result.parts.as_slice() {
            [] => {
                step.field("result", "");
            }
            [Part { content: Content::Text(text), extra, cache: None, signature: None }]
                if text.citations.is_empty() && extra.field(&FORMAT, notes::LIST).is_none() =>
            {
                extra.lose_unless(&FORMAT, &format!("{place}.parts[0]"), self.losses);
                let object =
                    json_object(&text.text).filter(|_| extra.field(&FORMAT, notes::OBJECT).is_some());
                match object {
                    Some(object) => step.field("result", object),
                    None => step.field("result", &text.text),
                };
            }
            parts => {
                let mut contents = step.array("result");
                for (number, part) in parts.iter().enumerate() {
                    self.content(&mut contents, part, &format!("{place}.parts[{number}]"))?;
                }
                contents.end();
            }
        }
        step.extra_but_notes(part.extra.fields(&FORMAT));
        step.end();
        Ok(())
    }

    /// The function that a result comes from.
    fn called<'r>(&'r self, result: &'r ToolResult) -> Option<&'r str> {
        let calls = self.request.messages.iter().rev().flat_map(|message| message.parts.iter().rev());
        let mut calls = calls.filter_map(|part| match &part.content {
            Content::ToolCall(call) if call.id == result.id => Some(call.name.as_str()),
            _ => None,
        });
        result.name.as_deref().or_else(|| calls.next())
    }
}

/// Whether the first call of a message bears the vendor's own signature, or a thought before it does.
fn is_signed(message: &Message) -> bool {
    let call = message.parts.iter().position(|part| matches!(part.content, Content::ToolCall(_)));
    call.is_none_or(|call| message.parts[..=call].iter().any(|part| signature::own(part, &FORMAT).is_some()))
}

/// What concerns the account and the provider's keeping rather than the answer.
fn write_service(body: &mut Object<'_>, request: &ChatRequest, losses: &mut Losses) {
    body.optional("cached_content", request.cache.content.as_deref());
    match request.service_tier.as_deref() {
        // What holds when nothing is said.
        None | Some("auto") => {}
        Some("default" | "standard_only") => {
            body.field("service_tier", "standard");
        }
        Some(tier @ ("standard" | "flex" | "priority" | "deferred")) => {
            body.field("service_tier", tier);
        }
        Some(_) => losses.dropped("service_tier", "there is no such class of service"),
    }
    if request.extra.field(&FORMAT, notes::LABELS).is_some() {
        body.field("labels", &request.metadata);
    } else {
        for name in request.metadata.keys() {
            losses.dropped(format!("metadata.{name}"), "the format keeps no labels");
        }
    }
}

/// Names what the format has no counterpart for.
fn unsupported(request: &ChatRequest, losses: &mut Losses) {
    let sampling = &request.sampling;
    for (path, said) in [
        ("sampling.top_k", sampling.top_k.is_some()),
        ("sampling.presence_penalty", sampling.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("sampling.frequency_penalty", sampling.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("sampling.logit_bias", !sampling.logit_bias.is_empty()),
        ("logprobs", request.logprobs.is_some()),
        ("choices", request.choices.is_some_and(|choices| choices > 1)),
        ("user", request.user.is_some()),
    ] {
        if said {
            losses.dropped(path, "the format has no place for it");
        }
    }
    if request.parallel_tool_calls == Some(false)
        && !request.tools.is_empty()
        && request.tool_choice != Some(ToolChoice::None)
    {
        losses.dropped("parallel_tool_calls", "the model calls as many tools as it sees fit");
    }
    if request.cache.key.is_some() {
        losses.dropped("cache.key", "caches are found by their content");
    }
    if request.cache.automatic.is_some_and(|hint| hint != CacheHint::Standard) {
        losses.approximated("cache.automatic", "the vendor caches by itself, for a time of its own");
    }
}
