//! How much to reason: what is asked for, brought to what a model takes. All of the vendor's formats say it in one word.

use tollgate_catalog::card::{ReasoningStyle, Rules};
use tollgate_model::{
    Losses,
    request::{ReasoningEffort, ReasoningMode, ReasoningSettings},
};
use tollgate_provider::Target;

/// The effort that stands for a budget in tokens: about what the vendors' own tables of efforts amount to.
const fn effort_of(budget: u64) -> ReasoningEffort {
    match budget {
        0 => ReasoningEffort::None,
        1..=1024 => ReasoningEffort::Minimal,
        1025..=4096 => ReasoningEffort::Low,
        4097..=16_384 => ReasoningEffort::Medium,
        16_385..=32_768 => ReasoningEffort::High,
        _ => ReasoningEffort::Xhigh,
    }
}

/// Settles which effort is sent. `known` says whether the server has a field for it.
pub(crate) fn plan(
    settings: &ReasoningSettings,
    target: &Target<'_>,
    rules: &Rules,
    known: bool,
    losses: &mut Losses,
) -> Option<ReasoningEffort> {
    let asked = asked(settings, rules, losses)?;
    let no_reasoning = cannot_reason(target, rules);
    if no_reasoning || !known {
        if asked != ReasoningEffort::None || !no_reasoning {
            losses.dropped("reasoning.effort", "the model takes no effort");
        }
        return None;
    }
    let efforts = &rules.efforts;
    if efforts.is_empty() || efforts.contains(&asked) {
        return Some(asked);
    }
    let nearest = efforts.iter().find(|effort| **effort > asked).or_else(|| efforts.last()).copied()?;
    losses.approximated(
        "reasoning.effort",
        format!("the nearest effort that the model takes is `{}`", nearest.as_str()),
    );
    Some(nearest)
}

/// Whether a model is known not to reason, and so refuses to be asked.
pub(crate) fn cannot_reason(target: &Target<'_>, rules: &Rules) -> bool {
    rules.reasoning == Some(ReasoningStyle::None)
        || target.card.is_some_and(|card| card.capabilities.reasoning == Some(false))
}

/// What is asked for, in one word.
fn asked(settings: &ReasoningSettings, rules: &Rules, losses: &mut Losses) -> Option<ReasoningEffort> {
    if settings.mode == Some(ReasoningMode::Disabled) {
        return Some(ReasoningEffort::None);
    }
    match (settings.effort, settings.budget_tokens) {
        (Some(effort), Some(_)) => {
            losses.dropped("reasoning.budget_tokens", "the effort says how much to reason");
            Some(effort)
        }
        (None, Some(budget)) => {
            losses.approximated("reasoning.budget_tokens", "the format takes an effort, no budget");
            Some(effort_of(budget))
        }
        (Some(effort), None) => Some(effort),
        // On, and nothing more: said only to a model that would not reason otherwise.
        (None, None) if settings.mode.is_some() && rules.default_effort == Some(ReasoningEffort::None) => {
            losses
                .approximated("reasoning.mode", "the format takes an effort, so a moderate one is asked for");
            Some(ReasoningEffort::Medium)
        }
        (None, None) if settings.mode.is_some() && rules.default_effort.is_none() => {
            losses.approximated(
                "reasoning.mode",
                "the format has no switch, so the model reasons as it does by itself",
            );
            None
        }
        (None, None) => None,
    }
}
