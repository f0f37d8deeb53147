//! How much to reason → `think`, a switch or a level.

use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Losses,
    request::{ReasoningEffort, ReasoningMode},
};
use tollgate_provider::Target;

use crate::ollama::wire::Think;

/// The levels that the server knows, least first.
const LEVELS: [ReasoningEffort; 4] =
    [ReasoningEffort::Low, ReasoningEffort::Medium, ReasoningEffort::High, ReasoningEffort::Max];

pub(super) fn plan(target: &Target<'_>, request: &ChatRequest, losses: &mut Losses) -> Option<Think> {
    let asked = &request.reasoning;
    if asked.visible == Some(false) {
        losses.dropped("reasoning.visible", "the server shows all reasoning there is");
    }
    let off = asked.mode == Some(ReasoningMode::Disabled) || asked.effort == Some(ReasoningEffort::None);
    if cannot_reason(target) {
        // Not reasoning is what such a model does anyway; the switch itself it may refuse.
        for (path, is_asked) in [
            ("reasoning.effort", asked.effort.is_some() && !off),
            ("reasoning.budget_tokens", asked.budget_tokens.is_some()),
            ("reasoning.mode", asked.mode == Some(ReasoningMode::Enabled)),
        ] {
            if is_asked {
                losses.dropped(path, "the model does not reason");
            }
        }
        return None;
    }
    if asked.budget_tokens.is_some() {
        losses.approximated(
            "reasoning.budget_tokens",
            "there is no budget: reasoning is on or off, or has a level",
        );
    }
    if off {
        return Some(Think::Switch(false));
    }
    match asked.effort {
        Some(effort) => Some(level(target, effort, losses)),
        // Left to the model is what holds when nothing is said.
        None if asked.mode == Some(ReasoningMode::Adaptive) => None,
        None => (asked.mode.is_some() || asked.budget_tokens.is_some()).then_some(Think::Switch(true)),
    }
}

fn cannot_reason(target: &Target<'_>) -> bool {
    target.card.is_some_and(|card| {
        card.capabilities.reasoning == Some(false) || card.rules.reasoning == Some(ReasoningStyle::None)
    })
}

/// Finds the level that is nearest; of two, the lower, which costs less.
fn level(target: &Target<'_>, effort: ReasoningEffort, losses: &mut Losses) -> Think {
    let taken = target.card.map(|card| card.rules.efforts.as_slice()).unwrap_or_default();
    let mut levels = LEVELS.into_iter().filter(|level| taken.is_empty() || taken.contains(level)).peekable();
    let lowest = levels.peek().copied();
    let Some(nearest) = levels.take_while(|level| *level <= effort).last().or(lowest) else {
        losses.approximated("reasoning.effort", "the model has no levels: reasoning is on");
        return Think::Switch(true);
    };
    if nearest != effort {
        losses.approximated("reasoning.effort", format!("the nearest level is {}", nearest.as_str()));
    }
    Think::Level(nearest.as_str())
}
