//! How hard to reason, in the levels that the vendor has words for.

use tollgate_model::request::ReasoningEffort;
use tollgate_provider::Target;

/// The efforts that the vendor has words for.
const LEVELS: [ReasoningEffort; 5] = [
    ReasoningEffort::Minimal,
    ReasoningEffort::Low,
    ReasoningEffort::Medium,
    ReasoningEffort::High,
    ReasoningEffort::Xhigh,
];

/// The level that stands for a budget in tokens.
pub(crate) const fn of_budget(tokens: u64) -> ReasoningEffort {
    match tokens {
        0..=4096 => ReasoningEffort::Low,
        4097..=16_384 => ReasoningEffort::Medium,
        _ => ReasoningEffort::High,
    }
}

/// The greatest level up to `asked` that the model takes, else the least.
pub(crate) fn nearest(target: &Target<'_>, asked: ReasoningEffort) -> ReasoningEffort {
    let known = target.card.map_or(&[] as &[ReasoningEffort], |card| &card.rules.efforts);
    // Of a model of which nothing is known, what all of the family take.
    let usual = |level: &ReasoningEffort| {
        matches!(level, ReasoningEffort::Low | ReasoningEffort::Medium | ReasoningEffort::High)
    };
    let taken = LEVELS.into_iter().filter(|level| match target.card {
        None => true,
        Some(_) if known.is_empty() => usual(level),
        Some(_) => known.contains(level),
    });
    let upto = taken.clone().filter(|level| *level <= asked).max();
    upto.or_else(|| taken.min()).unwrap_or(ReasoningEffort::Low)
}
