//! `POST /v1/completions`, the old door for texts that go on. Servers that copy OpenAI's API serve the same.
//!
//! Source: `CreateCompletionRequest` of the OpenAPI document, recorded answers of OpenAI and vLLM (read 2026-11-23).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{super::strings, super::whole, model, no_such_model};
use crate::{
    dice::{ALNUM, Dice, HEX},
    draft::{Ask, Draft, Finish, drafts},
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::{pieces, tokens_of},
    reply::{Chunks, Reply},
};

pub(super) const MODELS: [&str; 3] = ["gpt-3.5-turbo-instruct", "davinci-002", "babbage-002"];

/// Tokens of an answer, unless it is asked otherwise.
const DEFAULT: u64 = 16;

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    OpenAi,
    Vllm,
}

pub(super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let name = exchange.model;
    require(!model::Model(name).is_known() || MODELS.contains(&name), || {
        Refusal::not_found("This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?")
            .param("model")
    })?;
    require(MODELS.contains(&name), || Refusal::not_found(no_such_model(name)).code("model_not_found"))?;
    complete(exchange, Style::OpenAi)
}

/// Completes with a model that is known.
pub(crate) fn complete(exchange: &Exchange<'_>, style: Style) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let prompts = prompts(&body["prompt"])?;
    let n = whole(&body["n"]).and_then(|n| usize::try_from(n).ok()).unwrap_or(1).clamp(1, 128);
    let best_of = whole(&body["best_of"]);
    require(best_of.is_none_or(|best| best >= n as u64), || {
        Refusal::bad(format!("You requested that the server return more choices than it will generate (HINT: you set n={n} and best_of={}).", best_of.unwrap_or(0)))
            .param("best_of")
    })?;
    let max_tokens = whole(&body["max_tokens"]).unwrap_or(DEFAULT);
    let mut dice = exchange.dice(1);
    let mut choices = Vec::new();
    for prompt in &prompts {
        let ask = Ask {
            said: prompt.text.clone(),
            max_tokens: Some(max_tokens),
            stop: strings(&body["stop"]),
            choices: n,
            ..Ask::default()
        };
        choices.extend(drafts(&ask, &mut dice).into_iter().map(|draft| {
            let echo = if body["echo"] == true { prompt.text.as_str() } else { "" };
            Choice { echo, draft }
        }));
    }
    let usage = MeteredUsage {
        input: prompts.iter().map(|prompt| prompt.tokens).sum(),
        output: choices.iter().map(|choice| choice.draft.visible_tokens()).sum(),
        ..MeteredUsage::default()
    };
    let id = match style {
        Style::OpenAi => format!("cmpl-{}", dice.id(29, ALNUM)),
        Style::Vllm => format!("cmpl-{}", dice.id(32, HEX)),
    };
    let answer = Answer { exchange, style, id, choices, usage };
    let reply = if body["stream"] == true { answer.stream(&mut dice) } else { answer.whole() };
    Ok(reply.with_usage(usage).with_id(&answer.id))
}

struct Prompt {
    text: String,
    tokens: u64,
}

/// A text, a list of texts, a list of tokens, or a list of lists of tokens.
fn prompts(prompt: &Value) -> Result<Vec<Prompt>, Refusal> {
    let list = match prompt {
        Value::Null => vec![],
        Value::Array(items) if items.iter().all(Value::is_number) => vec![prompt],
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    require(!list.is_empty(), || {
        Refusal::bad("Missing required parameter: 'prompt'.")
            .param("prompt")
            .code("missing_required_parameter")
    })?;
    let read = |prompt: &Value| match prompt {
        Value::String(text) => Some(Prompt { text: text.clone(), tokens: tokens_of(text).max(1) }),
        Value::Array(tokens) if tokens.iter().all(Value::is_u64) => {
            Some(Prompt { text: prompt.to_string(), tokens: tokens.len() as u64 })
        }
        _ => None,
    };
    let unreadable = || Refusal::bad("'$.prompt' is invalid. Please check the API reference.");
    list.into_iter().map(|prompt| read(prompt).ok_or_else(unreadable)).collect()
}

struct Choice<'a> {
    echo: &'a str,
    draft: Draft,
}

struct Answer<'a> {
    exchange: &'a Exchange<'a>,
    style: Style,
    id: String,
    choices: Vec<Choice<'a>>,
    usage: MeteredUsage,
}

impl Answer<'_> {
    fn head(&self) -> Value {
        let (id, created, model) = (&self.id, self.exchange.now, self.exchange.model);
        json!({"id": id, "object": "text_completion", "created": created, "model": model})
    }

    fn usage_value(&self) -> Value {
        let (input, output) = (self.usage.input, self.usage.output);
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    }

    fn choice(&self, index: usize, text: &str, finish: Option<&Finish>) -> Value {
        let reason = finish.map(|finish| if *finish == Finish::Length { "length" } else { "stop" });
        let mut choice =
            json!({"text": text, "index": index, "logprobs": self.logprobs(text), "finish_reason": reason});
        if self.style == Style::Vllm {
            choice["stop_reason"] = match finish {
                Some(Finish::StopString(text)) => json!(text),
                _ => Value::Null,
            };
        }
        choice
    }

    /// The chances of tokens, in the lists of this format.
    fn logprobs(&self, text: &str) -> Value {
        let Some(others) = whole(&self.exchange.body["logprobs"]) else { return Value::Null };
        let mut dice = Dice::new(text.len() as u64);
        let tokens = pieces(&mut dice, text, 2, 7);
        let chances: Vec<f64> = tokens.iter().map(|_| -dice.fraction()).collect();
        let mut offset = 0;
        let offsets: Vec<usize> = tokens
            .iter()
            .map(|token| {
                offset += token.chars().count();
                offset - token.chars().count()
            })
            .collect();
        let top: Vec<Value> =
            tokens.iter().zip(&chances).map(|(token, chance)| json!({*token: chance})).collect();
        let top = if others == 0 { Value::Null } else { json!(top) };
        json!({"tokens": tokens, "token_logprobs": chances, "top_logprobs": top, "text_offset": offsets})
    }

    fn whole(&self) -> Reply {
        let write = |(index, choice): (usize, &Choice<'_>)| {
            let text = format!("{}{}", choice.echo, choice.draft.text);
            self.choice(index, &text, Some(&choice.draft.finish))
        };
        let mut body = self.head();
        body["choices"] = self.choices.iter().enumerate().map(write).collect();
        body["usage"] = self.usage_value();
        Reply::json(StatusCode::OK, &body)
    }

    fn stream(&self, dice: &mut Dice) -> Reply {
        let mut chunks = Chunks::default();
        let with_usage = self.exchange.body["stream_options"]["include_usage"] == true;
        let mut push = |choices: Value, usage: Value, tokens: u64, is_end: bool| {
            let mut chunk = self.head();
            chunk["choices"] = choices;
            // Copies of this format write it in any case.
            if with_usage || self.style == Style::Vllm {
                chunk["usage"] = usage;
            }
            chunks.push(format!("data: {chunk}\n\n"), tokens, is_end);
        };
        for (index, Choice { echo, draft }) in self.choices.iter().enumerate() {
            if !echo.is_empty() {
                push(json!([self.choice(index, echo, None)]), Value::Null, 0, false);
            }
            for piece in pieces(dice, &draft.text, 2, 7) {
                push(json!([self.choice(index, piece, None)]), Value::Null, tokens_of(piece), false);
            }
            push(json!([self.choice(index, "", Some(&draft.finish))]), Value::Null, 0, true);
        }
        if with_usage {
            push(json!([]), self.usage_value(), 0, true);
        }
        chunks.push("data: [DONE]\n\n".to_owned(), 0, true);
        Reply::stream("text/event-stream; charset=utf-8", chunks.0, |_| {
            Bytes::from_static(
                b"data: {\"error\":{\"message\":\"The server had an error while processing your request. Sorry about that!\",\
                  \"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
            )
        })
    }
}
