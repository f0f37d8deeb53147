//! `POST /v1/responses` and what belongs to it, as OpenAI and xAI serve it.
//!
//! Source: the OpenAPI document 2.3.0, the types of the `openai` SDK 3.54, recorded answers of both vendors, and errors that
//! callers report (read 2026-11-23).

mod input;
mod items;
mod object;
mod output;
mod request;
mod rules;
mod sealed;
mod stream;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::openai::model::{self, Model};
use crate::{
    dice::Dice,
    draft::{Draft, drafts},
    exchange::{Exchange, Refusal, require},
    memory::{Kept, Work},
    meter::MeteredUsage,
    reply::Reply,
};

/// Who speaks: the two differ in ids, in what they tell of reasoning, and in what they refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    Xai,
}

impl Dialect {
    /// The effort to answer with; `none` where the model does not reason.
    fn effort<'a>(self, model: &'a str, body: &'a Value) -> &'a str {
        let asked = body["reasoning"]["effort"].as_str();
        match self {
            Self::OpenAi => Model(model).effort(asked),
            Self::Xai if super::xai::reasons(model) => asked.unwrap_or("low"),
            Self::Xai => "none",
        }
    }

    fn counts_cache_writes(self, model: &str) -> bool {
        self == Self::OpenAi && Model(model).counts_cache_writes()
    }
}

const ROOT: &str = "/v1/responses";

/// Whether a path belongs to this door.
pub(super) fn owns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request to one of this door's paths.
pub(super) fn answer(exchange: &Exchange<'_>, dialect: Dialect) -> Result<Reply, Refusal> {
    let mut words = exchange.path.strip_prefix(ROOT).unwrap_or("").split('/').skip(1);
    match (exchange.method, words.next(), words.next()) {
        (&Method::POST, None, _) => create(exchange, dialect),
        (&Method::POST, Some("input_tokens"), None) if dialect == Dialect::OpenAi => count(exchange, dialect),
        (&Method::GET, Some(id), None) => retrieve(exchange, dialect, id),
        (&Method::DELETE, Some(id), None) => {
            require(exchange.memory.forget(id), || no_such_response(id))?;
            Ok(Reply::json(StatusCode::OK, &json!({"id": id, "object": "response", "deleted": true})))
        }
        (&Method::POST, Some(id), Some("cancel")) => cancel(exchange, id),
        (&Method::GET, Some(id), Some("input_items")) => items::list(exchange, id),
        (method, ..) => Err(Refusal::not_found(format!("Invalid URL ({method} {})", exchange.path))),
    }
}

fn no_such_response(id: &str) -> Refusal {
    Refusal::not_found(format!("Response with id '{id}' not found."))
}

fn create(exchange: &Exchange<'_>, dialect: Dialect) -> Result<Reply, Refusal> {
    rules::check(exchange, dialect)?;
    let turn = input::read(exchange, dialect)?;
    rules::window(exchange, dialect, &turn.context)?;
    let body = exchange.body;
    let mut ask = request::ask(body, &turn.context);
    ask.thinking = model::thought(dialect.effort(exchange.model, body));
    let mut drafts = drafts(&ask, &mut exchange.dice(1));
    let Some(draft) = drafts.pop() else { unreachable!("one answer at least is drafted") };
    let usage = usage(exchange, dialect, &turn.context, &draft);
    let ids = output::Ids::new(dialect, exchange.once());
    let output = output::items(exchange, dialect, &ids, &draft);
    let mut kept = Kept {
        object: object::make(exchange, dialect, &ids, &output, &draft, &usage),
        output,
        input: turn.input,
        context: turn.context,
        chance: exchange.once(),
        work: if body["background"] == true { Work::Background { looks: 0 } } else { Work::Done },
    };
    let reply = if body["stream"] == true {
        stream::reply(&kept, dialect, body["stream_options"]["include_obfuscation"] != false, 0)
    } else {
        Reply::json(StatusCode::OK, &object::as_of_now(&kept))
    };
    if exchange.fails {
        kept.output.clear();
    }
    if body["store"] != false {
        exchange.memory.keep(&ids.response, kept);
    }
    // Who failed does not bill.
    let usage = if exchange.fails { MeteredUsage::default() } else { usage };
    Ok(reply.with_usage(usage).with_id(&ids.response))
}

fn usage(exchange: &Exchange<'_>, dialect: Dialect, context: &[Value], draft: &Draft) -> MeteredUsage {
    let prompt = request::prompt(exchange.body, context);
    let input = prompt.total();
    let cache_read = exchange.cached(&prompt).min(input);
    let whole_steps = input / 128 * 128;
    let writes = dialect.counts_cache_writes(exchange.model) && input >= 1024;
    MeteredUsage {
        input,
        cache_read,
        cache_write_5m: if writes { whole_steps.saturating_sub(cache_read) } else { 0 },
        image_input: prompt.image,
        audio_input: prompt.audio,
        output: draft.reasoning_tokens() + draft.visible_tokens(),
        reasoning: draft.reasoning_tokens(),
        ..MeteredUsage::default()
    }
}

/// Counts what a call would read. Nothing is answered, kept or cached.
fn count(exchange: &Exchange<'_>, dialect: Dialect) -> Result<Reply, Refusal> {
    rules::check_model(exchange, dialect)?;
    let turn = input::read(exchange, dialect)?;
    let tokens = request::prompt(exchange.body, &turn.context).total();
    Ok(Reply::json(StatusCode::OK, &json!({"object": "response.input_tokens", "input_tokens": tokens})))
}

fn retrieve(exchange: &Exchange<'_>, dialect: Dialect, id: &str) -> Result<Reply, Refusal> {
    let Some(kept) = exchange.memory.look(id) else { return Err(no_such_response(id)) };
    if exchange.asked("stream") != Some("true") {
        let mut object = object::as_of_now(&kept);
        if !items::wants_encrypted(exchange) {
            sealed::hide(object["output"].as_array_mut().into_iter().flatten());
        }
        return Ok(Reply::json(StatusCode::OK, &object));
    }
    let in_background = matches!(kept.work, Work::Background { .. });
    require(in_background, || {
        Refusal::bad("This response cannot be streamed, because it was not created with background=true.")
            .param("stream")
    })?;
    let after = exchange.asked("starting_after").and_then(|number| number.parse::<u64>().ok());
    Ok(stream::reply(&kept, dialect, true, after.map_or(0, |number| number + 1)))
}

/// Calls off what is answered in the background. What is over stays as it is.
fn cancel(exchange: &Exchange<'_>, id: &str) -> Result<Reply, Refusal> {
    let cancelled = exchange.memory.cancel(id, |kept| !object::is_over(kept));
    let Some(kept) = cancelled else { return Err(no_such_response(id)) };
    require(kept.object["background"] == true, || {
        Refusal::bad("Cannot cancel a synchronous response.").param("response_id")
    })?;
    Ok(Reply::json(StatusCode::OK, &object::as_of_now(&kept)))
}

/// The chance by which a kept answer is cut into events, the same at each reading.
const fn cuts(kept: &Kept) -> Dice {
    Dice::new(kept.chance ^ 0xC075)
}
