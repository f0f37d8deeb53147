//! `POST /v1beta/interactions` (or `/v1`) and what belongs to it: typed steps instead of contents, kept unless that is refused.
//!
//! Source: the types of the `google-genai` SDK 3.4, the pages on streaming, thinking and migration, recorded exchanges (read
//! 2026-11-23). Which word names which error is recorded for a 400 alone.

mod object;
mod request;
mod rules;
mod steps;
mod stream;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::model;
use crate::{
    draft::{Draft, drafts},
    exchange::{Exchange, Refusal, require},
    memory::{Kept, Work},
    meter::MeteredUsage,
    reply::Reply,
};

/// The pages write `v1beta`; the SDK calls `v1`.
const ROOTS: [&str; 2] = ["/v1beta/interactions", "/v1/interactions"];

/// What of a path comes behind this door's own.
fn behind(path: &str) -> Option<&str> {
    let rest = ROOTS.iter().find_map(|root| path.strip_prefix(root))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Whether a path belongs to this door.
pub(crate) fn owns(path: &str) -> bool {
    behind(path).is_some()
}

/// Whether a path asks for an answer.
pub(crate) fn is_call(path: &str) -> bool {
    behind(path) == Some("")
}

/// Who is to answer: a model, or an agent.
pub(super) fn asked(body: &Value) -> &str {
    body["model"].as_str().or_else(|| body["agent"].as_str()).unwrap_or_default()
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Reply {
    let mut words = behind(exchange.path).unwrap_or("").split('/').skip(1);
    let result = match (exchange.method, words.next(), words.next()) {
        (&Method::POST, None, _) => create(exchange),
        (&Method::GET, Some(id), None) => retrieve(exchange, id),
        (&Method::DELETE, Some(id), None) => require(exchange.memory.forget(id), || no_such_interaction(id))
            .map(|()| Reply::json(StatusCode::OK, &json!({}))),
        (&Method::POST, Some(id), Some("cancel")) => cancel(exchange, id),
        _ => Err(Refusal::not_found("Requested entity was not found.")),
    };
    result.unwrap_or_else(|refusal| error(refusal.status.as_u16(), &refusal.message))
}

/// An error of this door: a message and a word.
pub(super) fn error(status: u16, message: &str) -> Reply {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::json(code, &json!({"error": {"message": message, "code": word(status)}}))
}

const fn word(status: u16) -> &'static str {
    match status {
        401 => "unauthenticated",
        403 => "permission_denied",
        404 => "not_found",
        409 => "aborted",
        429 => "resource_exhausted",
        503 | 529 => "unavailable",
        504 => "deadline_exceeded",
        400..=499 => "invalid_request",
        _ => "internal",
    }
}

fn no_such_interaction(id: &str) -> Refusal {
    Refusal::not_found(format!("Interaction {id} was not found."))
}

fn create(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    rules::check(exchange)?;
    let body = exchange.body;
    let earlier = earlier(exchange)?;
    let input = request::steps(&body["input"])?;
    rules::conversation(exchange, &earlier, &input)?;
    let context = [earlier, input.clone()].concat();
    let mut ask = request::ask(body, &context);
    ask.thinking = ask.thinking.or_else(|| model::thinks(exchange.model).then_some(48));
    let mut drafts = drafts(&ask, &mut exchange.dice(1));
    let Some(draft) = drafts.pop() else { unreachable!("one answer at least is drafted") };
    let usage = usage(exchange, &context, &draft);
    let id = steps::id(exchange);
    let output = steps::write(exchange, &draft);
    let prompt = request::prompt(body, &context, exchange.model);
    let mut kept = Kept {
        object: object::make(exchange, &id, &output, &draft, &usage, &prompt),
        output,
        input,
        context,
        chance: exchange.once(),
        work: if body["background"] == true { Work::Background { looks: 0 } } else { Work::Done },
    };
    let reply = if body["stream"] == true {
        stream::reply(&kept, 0)
    } else {
        Reply::json(StatusCode::OK, &object::as_of_now(&kept))
    };
    if exchange.fails {
        kept.output.clear();
    }
    if body["store"] != false {
        exchange.memory.keep(&id, kept);
    }
    // Who failed does not bill.
    let usage = if exchange.fails { MeteredUsage::default() } else { usage };
    Ok(reply.with_usage(usage).with_id(&id))
}

/// Everything up to the interaction that this one continues. Tools, instruction and settings stay behind.
fn earlier(exchange: &Exchange<'_>) -> Result<Vec<Value>, Refusal> {
    let Some(id) = exchange.body["previous_interaction_id"].as_str() else { return Ok(Vec::new()) };
    let kept = exchange.memory.get(id).ok_or_else(|| no_such_interaction(id))?;
    Ok([kept.context, kept.output].concat())
}

fn usage(exchange: &Exchange<'_>, context: &[Value], draft: &Draft) -> MeteredUsage {
    let prompt = request::prompt(exchange.body, context, exchange.model);
    let input = prompt.total();
    MeteredUsage {
        input,
        cache_read: exchange.cached(&prompt).min(input),
        audio_input: prompt.audio,
        image_input: prompt.image,
        output: draft.reasoning_tokens() + draft.visible_tokens(),
        reasoning: draft.reasoning_tokens(),
        ..MeteredUsage::default()
    }
}

fn retrieve(exchange: &Exchange<'_>, id: &str) -> Result<Reply, Refusal> {
    let Some(kept) = exchange.memory.look(id) else { return Err(no_such_interaction(id)) };
    if exchange.asked("stream") == Some("true") {
        let after = exchange.asked("last_event_id").and_then(|number| number.parse::<u64>().ok());
        return Ok(stream::reply(&kept, after.map_or(0, |number| number + 1)));
    }
    let mut object = object::as_of_now(&kept);
    if exchange.asked("include_input") == Some("true") {
        object["input"] = json!(kept.input);
    }
    Ok(Reply::json(StatusCode::OK, &object))
}

/// Calls off what is done in the background.
fn cancel(exchange: &Exchange<'_>, id: &str) -> Result<Reply, Refusal> {
    let cancelled = exchange.memory.cancel(id, |kept| !object::is_over(kept));
    let Some(kept) = cancelled else { return Err(no_such_interaction(id)) };
    require(kept.work != Work::Done, || {
        Refusal::bad("Only interactions in the background can be cancelled.")
    })?;
    Ok(Reply::json(StatusCode::OK, &object::as_of_now(&kept)))
}
