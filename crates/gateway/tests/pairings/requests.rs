//! Requests, there and back.

use serde_json::Value;
use tollgate_model::{ChatRequest, LossKind, Losses};
use tollgate_provider::conformance::requests::{conversations, settings};

use super::{
    facts::{Difference, lost_paths, of_request, speaks_of},
    formats::{Pair, all},
};

/// What a format says unasked, since it must. Each with its reason.
const ADDED: &[(&str, &str)] = &[
    // Required: the model's maximum, or the least that every model takes.
    ("anthropic.messages", "max_output_tokens"),
    // The wish for one call at a time stands inside the choice.
    ("anthropic.messages", "tool_choice.type"),
    // Required beside the bytes of a file.
    ("openai.chat", "messages[].parts[].content.value.filename"),
    ("openai.responses", "messages[].parts[].content.value.filename"),
    // What is not said is strict there.
    ("openai.responses", "tools[].kind.value.strict"),
    // Results are found by the function's name.
    ("gemini.generate_content", "messages[].parts[].content.value.name"),
    ("gemini.interactions", "messages[].parts[].content.value.name"),
    // Tools that are held to their schemas are a mode of the choice.
    ("gemini.generate_content", "tool_choice.type"),
    ("gemini.interactions", "tool_choice.type"),
    // Reasoning is shown to whoever asks for it.
    ("gemini.generate_content", "reasoning.visible"),
    ("gemini.interactions", "reasoning.visible"),
];

/// What a format says in another way, or by saying nothing. Each with its reason.
pub(crate) const SAME_MEANING: &[(&str, &str)] = &[
    // Only OpenAI gives schemas names, and requires one; it reaches no other model.
    ("anthropic.messages", "response_format.value.name"),
    // Every schema is followed to the letter.
    ("anthropic.messages", "response_format.value.strict"),
    ("gemini.generate_content", "response_format.value.name"),
    ("gemini.interactions", "response_format.value.name"),
    ("gemini.generate_content", "response_format.value.strict"),
    ("gemini.interactions", "response_format.value.strict"),
    // A mode of the choice, for all tools at once.
    ("gemini.generate_content", "tools[].kind.value.strict"),
    ("gemini.interactions", "tools[].kind.value.strict"),
];

/// What a way there and back came to.
pub(crate) struct Trip {
    pub(crate) differences: Vec<Difference>,
    pub(crate) losses: Losses,
    /// Those of the way there. On the way back also what the first format wrote of its own accord can be lost.
    there: Losses,
    /// The formats on the way.
    pub(crate) by: [String; 2],
}

impl Trip {
    /// The differences that no loss speaks of.
    pub(crate) fn unexplained(&self) -> Vec<&Difference> {
        // Another way to the same end shows in places of its own.
        if self.losses.iter().any(|loss| loss.kind == LossKind::Emulated) {
            return Vec::new();
        }
        let lost: Vec<String> = lost_paths(&self.losses)
            .into_iter()
            // Effort, budget and mode stand for each other: what one becomes shows at another.
            .map(|path| if path.starts_with("reasoning.") { "reasoning".to_owned() } else { path })
            .collect();
        let listed = |list: &[(&str, &str)], path: &str| {
            list.iter().any(|(format, known)| self.by.iter().any(|by| by == format) && path == *known)
        };
        let gone = |path: &str| self.differences.iter().any(|it| it.gone && it.path == path);
        let explained = |path: &str| {
            listed(SAME_MEANING, path)
                || (listed(ADDED, path) && !gone(path))
                || lost.iter().any(|lost| speaks_of(lost, path))
        };
        self.differences.iter().filter(|difference| !explained(&difference.path)).collect()
    }

    /// The losses that no difference shows.
    pub(crate) fn unfounded(&self) -> Vec<String> {
        let shown = |lost: &str| self.differences.iter().any(|difference| speaks_of(lost, &difference.path));
        let dropped = self.there.iter().filter(|loss| loss.kind == LossKind::Dropped);
        // What the first format must say is there again, lost or not.
        let added =
            |path: &str| ADDED.iter().any(|(format, known)| *format == self.by[0] && speaks_of(path, known));
        let paths = dropped.map(|loss| loss.path.clone());
        paths.filter(|path| !shown(&without(path)) && !added(&without(path))).collect()
    }
}

fn without(path: &str) -> String {
    let mut losses = Losses::new();
    losses.dropped(path, "");
    lost_paths(&losses).remove(0)
}

/// Sends what a client of `a` asks to `b`, and back. `None`: it cannot be asked of one of them, which is said.
pub(crate) fn there_and_back(a: &Pair, b: &Pair, asked: &ChatRequest) -> Option<Trip> {
    there_and_back_with(a, b, asked, |_| {})
}

/// The same, with something done to the body on its way.
pub(crate) fn there_and_back_with(
    a: &Pair,
    b: &Pair,
    asked: &ChatRequest,
    change: impl FnOnce(&mut Value),
) -> Option<Trip> {
    let (body, mut losses) = b.write(asked).ok()?;
    let mut value = serde_json::from_slice(&body).unwrap();
    change(&mut value);
    let body = serde_json::to_vec(&value).unwrap();
    let there = b.read(&body).unwrap_or_else(|error| {
        panic!("{b} cannot read what it writes: {error:?}\n{}", String::from_utf8_lossy(&body))
    });
    let (body, back) = a.write(&there).ok()?;
    let there = losses.clone();
    losses.extend(back);
    let back = a.read(&body).unwrap();
    let differences = of_request(asked).differences(&of_request(&back));
    Some(Trip { differences, losses, there, by: [a.to_string(), b.to_string()] })
}

/// What a client of `a` can ask of all that can be asked.
pub(crate) fn asked_by_clients_of(a: &Pair) -> Vec<(String, ChatRequest)> {
    let settings = settings().into_iter().map(|setting| (setting.path.to_owned(), setting.with));
    let conversations = conversations().into_iter().map(|case| (case.name.to_owned(), case.request));
    let all = settings.chain(conversations);
    all.filter_map(|(name, request)| {
        let (body, _) = a.write(&request).ok()?;
        Some((name, a.read(&body).unwrap()))
    })
    .collect()
}

#[test]
fn what_comes_back_differs_by_the_declared_losses() {
    let mut failures = Vec::new();
    let mut trips = 0;
    for a in &all() {
        for b in &all() {
            for (name, asked) in asked_by_clients_of(a) {
                let Some(trip) = there_and_back(a, b, &asked) else { continue };
                trips += 1;
                for difference in trip.unexplained() {
                    failures.push(format!("{a} -> {b} -> {a}, {name}: {difference}, and no loss says so"));
                }
                for path in trip.unfounded() {
                    failures.push(format!("{a} -> {b} -> {a}, {name}: {path} is called lost, and is there"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {trips} trips:\n{}", failures.len(), failures.join("\n"));
    assert!(trips > 200, "{trips}");
}
