//! What applications ask: questions, long conversations, tools, structured answers, reasoning.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

/// The teams and their keys.
pub(super) const KEYS: [(&str, &str); 3] =
    [("search", "demo-search-1f4a"), ("support", "demo-support-93bc"), ("research", "demo-research-d07e")];

/// What is asked for, and how often in a hundred. The last one is a name with fallbacks. The last column tells which take
/// part in every kind of conversation: some models refuse tools together with reasoning, or reasoning altogether.
const MODELS: [(&str, u32, bool); 10] = [
    ("openai/gpt-4.1", 14, false),
    ("openai/gpt-6-sol", 8, false),
    ("anthropic/claude-opus-5-5", 8, true),
    ("anthropic/claude-haiku-5-5", 14, true),
    ("gemini/gemini-2.5-flash", 14, true),
    ("gemini/gemini-3.8-flash", 8, true),
    ("xai/grok-4.7", 8, true),
    ("xai/grok-4.20-non-reasoning", 4, false),
    ("ollama/qwen3:8b", 10, true),
    ("smart", 12, true),
];

const QUESTIONS: [&str; 8] = [
    "Summarise the incident report in three sentences.",
    "Which of our suppliers raised prices twice this year?",
    "Write a friendly reminder about an unpaid invoice.",
    "What does this stack trace tell us?",
    "Translate the release notes into plain words.",
    "List the risks of moving the database next week.",
    "Suggest five names for an internal search tool.",
    "How would you test this function?",
];

/// What a conversation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Question,
    FollowUps,
    Tools,
    Structured,
    Reasoning,
}

/// A conversation between an application and a model.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) key: &'static str,
    pub(super) feature: &'static str,
    pub(super) stream: bool,
    model: &'static str,
    kind: Kind,
    messages: Vec<Value>,
    follow_ups: usize,
}

/// Makes conversations; the same seed makes the same ones.
pub(super) fn conversations(seed: u64, count: usize) -> Vec<Conversation> {
    let mut dice = StdRng::seed_from_u64(seed);
    (0..count).map(|number| conversation(&mut dice, number)).collect()
}

fn conversation(dice: &mut StdRng, number: usize) -> Conversation {
    let (kind, feature) = match dice.random_range(0..100) {
        0..45 => (Kind::Question, "chat"),
        45..65 => (Kind::FollowUps, "assistant"),
        65..80 => (Kind::Tools, "agent"),
        80..90 => (Kind::Structured, "extraction"),
        _ => (Kind::Reasoning, "planning"),
    };
    let question = QUESTIONS.choose(dice).copied().unwrap_or(QUESTIONS[0]);
    // A system prompt of its own for each conversation, so that what a provider has cached does not depend on which of two
    // conversations came first.
    let mut system = format!("You work for case {number}. Be brief and exact.");
    if kind == Kind::FollowUps {
        system.push_str(&handbook(dice));
    }
    Conversation {
        key: KEYS.choose(dice).map_or("", |(_, key)| key),
        feature,
        stream: dice.random_bool(0.6),
        model: model(dice, kind),
        kind,
        messages: vec![
            json!({"role": "system", "content": system}),
            json!({"role": "user", "content": question}),
        ],
        follow_ups: if kind == Kind::FollowUps { 2 } else { 0 },
    }
}

fn model(dice: &mut StdRng, kind: Kind) -> &'static str {
    let plain = matches!(kind, Kind::Question | Kind::FollowUps | Kind::Structured);
    let fitting = || MODELS.iter().filter(|(_, _, every_kind)| plain || *every_kind);
    let mut left = dice.random_range(0..fitting().map(|(_, weight, _)| weight).sum());
    for (model, weight, _) in fitting() {
        if left < *weight {
            return model;
        }
        left -= weight;
    }
    MODELS[0].0
}

/// A long text, as applications put before every question: long enough for prompt caches.
fn handbook(dice: &mut StdRng) -> String {
    let rules = (0..160).map(|number| {
        format!(
            " Rule {number}: when the customer mentions item {}, answer from chapter {}.",
            dice.random_range(100..999),
            dice.random_range(1..40)
        )
    });
    rules.collect()
}

impl Conversation {
    /// Writes the request for the next answer.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"model": self.model, "messages": self.messages, "max_completion_tokens": 2048});
        if self.stream {
            body["stream"] = true.into();
            body["stream_options"] = json!({"include_usage": true});
        }
        match self.kind {
            Kind::Tools => {
                let schema = json!({"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]});
                let function = json!({"name": "look_up_stock", "description": "Looks up how many are in stock.", "parameters": schema});
                body["tools"] = json!([{"type": "function", "function": function}]);
            }
            Kind::Structured => {
                let schema = json!({
                    "type": "object", "additionalProperties": false, "required": ["title", "urgency"],
                    "properties": {"title": {"type": "string"}, "urgency": {"type": "integer"}},
                });
                let named = json!({"name": "ticket", "strict": true, "schema": schema});
                body["response_format"] = json!({"type": "json_schema", "json_schema": named});
            }
            Kind::Reasoning => body["reasoning_effort"] = "low".into(),
            Kind::Question | Kind::FollowUps => {}
        }
        body
    }

    /// Takes the answer in. Returns whether there is something to say to it.
    pub(super) fn go_on(&mut self, message: Value) -> bool {
        let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
        self.messages.push(message);
        if !calls.is_empty() {
            for call in calls {
                self.messages.push(
                    json!({"role": "tool", "tool_call_id": call["id"], "content": "{\"in_stock\": 12}"}),
                );
            }
            return true;
        }
        if self.follow_ups == 0 {
            return false;
        }
        self.follow_ups -= 1;
        self.messages
            .push(json!({"role": "user", "content": "Thank you. Can you say that again for a colleague?"}));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_traffic() {
        let bodies =
            |seed| conversations(seed, 20).iter().map(|one| one.body().to_string()).collect::<Vec<_>>();
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }
}
