//! What a simulated model makes of a request: the same for all vendors, before it is put into their words.

use serde_json::Value;

use crate::{
    dice::Dice,
    prose::{self, tokens_of},
    schema,
};

/// A tool on offer.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

/// Whether tools may, must or must not be called.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    None,
    Any,
    Named(String),
}

/// What the vendors' requests have in common, as far as an answer depends on it.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    /// The last thing that a user said.
    pub(crate) said: String,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// Whether several calls may be made at once.
    pub(crate) parallel: bool,
    /// Whether the conversation ends with the result of a tool, which is to be put into words.
    pub(crate) after_results: bool,
    /// The schema of the answer. An empty one: any object.
    pub(crate) schema: Option<Value>,
    /// The most output tokens, reasoning included where `reasoning_counts`.
    pub(crate) max_tokens: Option<u64>,
    pub(crate) reasoning_counts: bool,
    pub(crate) stop: Vec<String>,
    pub(crate) choices: usize,
    /// Roughly how many tokens to think; none: not at all.
    pub(crate) thinking: Option<u64>,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Finish {
    End,
    StopString(String),
    Length,
    Tools,
    /// The model would not answer, and the text says so.
    Refused,
    /// The provider stopped an answer that it would not let through.
    Filtered,
}

/// Who says this gets a refusal.
const REFUSE: &str = "[[refuse]]";
/// Who says this gets the beginning of an answer.
const FILTER: &str = "[[filter]]";

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) thought: Option<String>,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
}

impl Draft {
    /// The tokens of the thought.
    pub(crate) fn reasoning_tokens(&self) -> u64 {
        self.thought.as_deref().map_or(0, tokens_of)
    }

    /// The tokens of text and calls.
    pub(crate) fn visible_tokens(&self) -> u64 {
        let calls: u64 = self
            .calls
            .iter()
            .map(|call| tokens_of(&call.name) + tokens_of(&call.arguments.to_string()) + 6)
            .sum();
        tokens_of(&self.text) + calls
    }
}

/// Drafts every answer that was asked for.
pub(crate) fn drafts(ask: &Ask, dice: &mut Dice) -> Vec<Draft> {
    (0..ask.choices.clamp(1, 128)).map(|_| draft(ask, dice)).collect()
}

fn draft(ask: &Ask, dice: &mut Dice) -> Draft {
    let thought = ask.thinking.map(|budget| {
        let tokens = dice.between(8, 80).min(budget);
        prose::thought(dice, tokens)
    });
    if let Some(kept_back) = kept_back(ask, thought.clone(), dice) {
        return kept_back;
    }
    let called = wanted_calls(ask, dice);
    let mut draft = Draft { thought, text: String::new(), calls: called, finish: Finish::Tools };
    if draft.calls.is_empty() {
        draft.finish = Finish::End;
        draft.text = match &ask.schema {
            Some(schema) => structured(dice, schema),
            None => {
                let words = dice.between(12, 140);
                prose::answer(dice, words)
            }
        };
        stop(ask, &mut draft);
    } else if ask.choice == Choice::Auto && dice.chance(0.4) {
        draft.text = prose::answer(dice, 6);
    }
    limit(ask, &mut draft);
    draft
}

/// An answer that the user did not hope for.
fn kept_back(ask: &Ask, thought: Option<String>, dice: &mut Dice) -> Option<Draft> {
    let (text, finish) = if ask.said.contains(REFUSE) {
        ("I'm sorry, but I can't help with that.".to_owned(), Finish::Refused)
    } else if ask.said.contains(FILTER) {
        (prose::answer(dice, 8), Finish::Filtered)
    } else {
        return None;
    };
    Some(Draft { thought, text, calls: Vec::new(), finish })
}

/// A user who asks for `both` or `in parallel` gets parallel calls; others at times.
fn wanted_calls(ask: &Ask, dice: &mut Dice) -> Vec<Call> {
    let free = match &ask.choice {
        Choice::None => return Vec::new(),
        Choice::Auto if ask.after_results => return Vec::new(),
        Choice::Auto | Choice::Any => ask.tools.iter().collect::<Vec<_>>(),
        Choice::Named(name) => ask.tools.iter().filter(|tool| tool.name == *name).collect(),
    };
    if free.is_empty() {
        return Vec::new();
    }
    let asked_for = ["both", "in parallel", "each of"].iter().any(|word| ask.said.contains(word));
    let count =
        if ask.parallel && (asked_for || dice.chance(0.2)) { 2 + usize::from(dice.chance(0.25)) } else { 1 };
    let first = if asked_for { 0 } else { dice.position(free.len()) };
    (0..count)
        .map(|nth| {
            let tool = free[(first + nth) % free.len()];
            Call { name: tool.name.clone(), arguments: schema::example(dice, &tool.schema) }
        })
        .collect()
}

fn structured(dice: &mut Dice, schema: &Value) -> String {
    if schema.as_object().is_none_or(serde_json::Map::is_empty) {
        return serde_json::json!({"answer": prose::answer(dice, 8)}).to_string();
    }
    schema::example(dice, schema).to_string()
}

/// Ends the text before the first stop string in it.
fn stop(ask: &Ask, draft: &mut Draft) {
    let hits = ask.stop.iter().filter(|stop| !stop.is_empty());
    let first = hits.filter_map(|stop| Some((draft.text.find(stop.as_str())?, stop))).min();
    if let Some((at, stop)) = first {
        draft.text.truncate(at);
        draft.finish = Finish::StopString(stop.clone());
    }
}

/// Ends the answer where the tokens end: in the thought, in the text, or before a call.
fn limit(ask: &Ask, draft: &mut Draft) {
    let Some(mut left) = ask.max_tokens else { return };
    let cut_in_thought = match &mut draft.thought {
        Some(thought) if ask.reasoning_counts => {
            let cut = prose::shorten(thought, left);
            left -= tokens_of(thought);
            cut
        }
        _ => false,
    };
    let cut_in_text = prose::shorten(&mut draft.text, left);
    left -= tokens_of(&draft.text);
    let calls = draft.visible_tokens() - tokens_of(&draft.text);
    if cut_in_thought || cut_in_text || calls > left {
        draft.calls.clear();
        draft.finish = Finish::Length;
    }
}
