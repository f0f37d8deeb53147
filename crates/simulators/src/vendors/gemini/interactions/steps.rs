//! The steps of an answer.

use serde_json::{Value, json};

use super::super::{super::signature, model};
use crate::{
    dice::{ALNUM, Dice, LOWER},
    draft::Draft,
    exchange::Exchange,
};

/// What a thought's seal is on, since the thought itself need not be told.
pub(super) const SEALED: &str = "thought";

pub(super) fn id(exchange: &Exchange<'_>) -> String {
    format!("v1_Chd{}", Dice::new(exchange.once()).id(61, ALNUM))
}

/// The thought, what is said, the calls.
pub(super) fn write(exchange: &Exchange<'_>, draft: &Draft) -> Vec<Value> {
    let mut dice = Dice::new(exchange.once() ^ 0x57E9);
    let mut steps = Vec::new();
    // There is a thought even where nothing was thought, as recorded.
    if model::generation(exchange.model) >= 25 {
        let seal = signature::seal(exchange.seed, exchange.model, SEALED, &mut dice);
        let mut step = json!({"signature": seal, "type": "thought"});
        let is_told = exchange.body["generation_config"]["thinking_summaries"] == "auto";
        if let Some(thought) = draft.thought.as_ref().filter(|_| is_told) {
            step["summary"] = json!([{"text": thought, "type": "text"}]);
        }
        steps.push(step);
    }
    if !draft.text.is_empty() {
        steps.push(json!({"content": [{"text": draft.text, "type": "text"}], "type": "model_output"}));
    }
    for call in &draft.calls {
        steps.push(json!({
            "name": call.name, "arguments": call.arguments, "type": "function_call", "id": dice.id(8, LOWER),
        }));
    }
    steps
}
