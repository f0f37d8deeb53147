//! The items of an answer.

use serde_json::{Value, json};

use super::{super::openai::model::Model, Dialect, sealed};
use crate::{
    dice::{ALNUM, Dice, HEX, hash_bytes, stir},
    draft::{Draft, Finish},
    exchange::Exchange,
    prose::pieces,
};

/// The names of a response and its items, in each vendor's manner.
#[derive(Debug)]
pub(super) struct Ids {
    dialect: Dialect,
    pub(super) response: String,
    /// What the names of all items share.
    stem: String,
    chance: u64,
}

impl Ids {
    pub(super) fn new(dialect: Dialect, chance: u64) -> Self {
        let mut dice = Dice::new(chance);
        match dialect {
            Dialect::OpenAi => {
                let stem = format!("0{}", dice.id(17, HEX));
                let response = format!("resp_{stem}{}", dice.id(32, HEX));
                Self { dialect, response, stem, chance }
            }
            Dialect::Xai => {
                let stem = super::super::xai::uuid(&dice.id(32, HEX));
                Self { dialect, response: stem.clone(), stem, chance }
            }
        }
    }

    /// The id of an item; of several calls each has its own number.
    fn item(&self, prefix: &str, nth: usize) -> String {
        match (self.dialect, prefix) {
            (Dialect::OpenAi, _) => {
                let kind = hash_bytes(nth as u64, prefix.as_bytes());
                let mut dice = Dice::new(stir(self.chance, kind));
                format!("{prefix}_{}{}", self.stem, dice.id(32, HEX))
            }
            (Dialect::Xai, "fc") => format!("fc_{}_{nth}", self.stem),
            (Dialect::Xai, _) => format!("{prefix}_{}", self.stem),
        }
    }

    fn call(&self, nth: usize) -> String {
        let mut dice = Dice::new(stir(self.chance, 0xCA11 + nth as u64));
        match self.dialect {
            Dialect::OpenAi => format!("call_{}", dice.id(24, ALNUM)),
            Dialect::Xai => format!("call-{}-{nth}", super::super::xai::uuid(&dice.id(32, HEX))),
        }
    }
}

/// Writes the items: the thought, the text, the calls.
pub(super) fn items(exchange: &Exchange<'_>, dialect: Dialect, ids: &Ids, draft: &Draft) -> Vec<Value> {
    let mut dice = exchange.dice(2);
    let mut items = Vec::new();
    if let Some(thought) = &draft.thought {
        items.push(reasoning(exchange, dialect, &ids.item("rs", 0), thought, &mut dice));
    }
    let cut = matches!(draft.finish, Finish::Length | Finish::Filtered);
    if !draft.text.is_empty() {
        let part = match draft.finish {
            Finish::Refused if dialect == Dialect::OpenAi => {
                json!({"type": "refusal", "refusal": draft.text})
            }
            _ => json!({
                "type": "output_text", "annotations": [], "logprobs": logprobs(exchange.body, &draft.text, &mut dice),
                "text": draft.text,
            }),
        };
        let mut message = json!({
            "id": ids.item("msg", 0), "type": "message", "status": if cut { "incomplete" } else { "completed" },
            "content": [part],
        });
        if dialect == Dialect::OpenAi && Model(exchange.model).names_phases() {
            message["phase"] = json!(if draft.calls.is_empty() { "final_answer" } else { "commentary" });
        }
        message["role"] = json!("assistant");
        items.push(message);
    }
    for (nth, call) in draft.calls.iter().enumerate() {
        if let Some(text) = call.arguments.as_str().filter(|_| is_custom(exchange.body, &call.name)) {
            items.push(json!({
                "id": ids.item("ctc", nth), "type": "custom_tool_call", "status": "completed",
                "call_id": ids.call(nth), "input": text, "name": call.name,
            }));
            continue;
        }
        items.push(json!({
            "id": ids.item("fc", nth), "type": "function_call", "status": "completed",
            "arguments": call.arguments.to_string(), "call_id": ids.call(nth), "name": call.name,
        }));
    }
    items
}

fn is_custom(body: &Value, name: &str) -> bool {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.into_iter().any(|tool| tool["type"] == "custom" && tool["name"] == name)
}

fn reasoning(exchange: &Exchange<'_>, dialect: Dialect, id: &str, thought: &str, dice: &mut Dice) -> Value {
    let asked = exchange.body["reasoning"]["summary"].is_string();
    let summary = match dialect {
        Dialect::Xai => vec![format!("{thought}\n")],
        Dialect::OpenAi if asked => in_two(thought),
        Dialect::OpenAi => Vec::new(),
    };
    let summary: Vec<Value> =
        summary.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
    let mut item = match dialect {
        Dialect::OpenAi => json!({"id": id, "type": "reasoning", "content": [], "summary": summary}),
        Dialect::Xai => json!({"id": id, "type": "reasoning", "status": "completed", "summary": summary}),
    };
    // OpenAI sends it unasked, xAI with its latest model only.
    let includes = exchange.body["include"].as_array().into_iter().flatten();
    let asked = includes.into_iter().any(|included| included == "reasoning.encrypted_content");
    if dialect == Dialect::OpenAi || asked || exchange.model.starts_with("grok-4.7") {
        item["encrypted_content"] = json!(sealed::seal(exchange, dialect, id, dice));
    }
    item
}

/// A longer thought is told in two parts, each with its heading.
fn in_two(thought: &str) -> Vec<String> {
    let headed = |part: &str| format!("**Thinking it over**\n\n{}", part.trim());
    match thought[..thought.len() / 2].rfind(". ") {
        Some(at) => vec![headed(&thought[..=at]), headed(&thought[at + 1..])],
        None => vec![headed(thought)],
    }
}

/// The chances of the tokens of a text, where they are asked for.
fn logprobs(body: &Value, text: &str, dice: &mut Dice) -> Vec<Value> {
    let asked =
        body["include"].as_array().into_iter().flatten().any(|name| name == "message.output_text.logprobs");
    if !asked {
        return Vec::new();
    }
    let others = body["top_logprobs"].as_u64().unwrap_or(0);
    let mut token = |text: &str, rank: u64| {
        let logprob = -(dice.fraction() + rank as f64);
        json!({"token": text, "bytes": text.as_bytes(), "logprob": logprob})
    };
    let cuts = pieces(&mut Dice::new(text.len() as u64), text, 2, 7);
    let with_others = cuts.into_iter().map(|piece| {
        let mut entry = token(piece, 0);
        let top: Vec<Value> =
            (0..others).map(|rank| token(if rank == 0 { piece } else { "…" }, rank)).collect();
        entry["top_logprobs"] = json!(top);
        entry
    });
    with_others.collect()
}
