//! Reasoning settings → `thinkingConfig`, by what the model takes.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/thinking> and the vendor's own OpenAI door, whose budgets for efforts
//! are used here (read 2026-11-23).

use serde_json::Value;
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Losses,
    request::{ReasoningEffort, ReasoningMode, ReasoningSettings},
};
use tollgate_provider::Target;

use super::FORMAT;
use crate::{
    generate_content::{notes, request::decode::reasoning, wire::request::ThinkingConfig},
    levels,
};

/// The greatest budget that all models which count them take; some take a third more.
const MAX_BUDGET: u64 = 24_576;

/// The budget that leaves it to the model.
const DYNAMIC: i64 = -1;

/// What is asked, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Off,
    Budget(u64),
    Effort(ReasoningEffort),
    /// On, and nothing more.
    On,
}

pub(super) fn plan<'a>(
    target: &Target<'_>,
    request: &ChatRequest,
    losses: &mut Losses,
) -> ThinkingConfig<'a> {
    let settings = &request.reasoning;
    let own = is_own(request);
    let asked = match (settings.mode, settings.effort, settings.budget_tokens) {
        (Some(ReasoningMode::Disabled), ..) | (None, Some(ReasoningEffort::None), None) => Asked::Off,
        (_, _, Some(0)) => Asked::Off,
        (Some(ReasoningMode::Adaptive), Some(effort), _) if effort != ReasoningEffort::None => {
            Asked::Effort(effort)
        }
        (Some(ReasoningMode::Adaptive), ..) => Asked::On,
        (_, _, Some(budget)) => Asked::Budget(budget),
        (_, Some(effort), None) if effort != ReasoningEffort::None => Asked::Effort(effort),
        (Some(_), ..) => Asked::On,
        (None, ..) => Asked::Nothing,
    };
    if let (Asked::Budget(_), Some(_)) = (asked, settings.effort) {
        losses.dropped("reasoning.effort", "a budget was given as well");
    }
    let mut planner = Planner { target, losses };
    let style = planner.style();
    if own && style.is_none() {
        return as_given(settings);
    }
    if style == Some(ReasoningStyle::None) {
        planner.refuse(asked, settings.visible);
        return ThinkingConfig::default();
    }
    let mut config = planner.config(style, asked);
    config.include_thoughts = match settings.visible {
        visible if own => visible,
        Some(true) if asked == Asked::Off && config.thinking_budget == Some(0) => {
            losses.dropped("reasoning.visible", "there is no reasoning to be shown");
            None
        }
        // What holds when nothing is said.
        Some(false) => None,
        Some(true) => Some(true),
        None => matches!(asked, Asked::Budget(_) | Asked::Effort(_) | Asked::On).then_some(true),
    };
    config
}

/// Whether the reasoning settings are those that a client of this format gave.
fn is_own(request: &ChatRequest) -> bool {
    let given = request.extra.field(&FORMAT, notes::THINKING_CONFIG).and_then(Value::as_str);
    let given = given.and_then(|given| serde_json::from_str(given).ok());
    given.and_then(|given| reasoning(given).ok()).is_some_and(|(settings, _)| settings == request.reasoning)
}

/// Says what a client of this format said, in its own words.
fn as_given<'a>(settings: &ReasoningSettings) -> ThinkingConfig<'a> {
    ThinkingConfig {
        include_thoughts: settings.visible,
        thinking_budget: match (settings.mode, settings.budget_tokens) {
            (Some(ReasoningMode::Disabled), _) => Some(0),
            (Some(_), _) => Some(DYNAMIC),
            (None, tokens) => tokens.map(written),
        },
        thinking_level: settings.effort.map(ReasoningEffort::as_str),
        ..ThinkingConfig::default()
    }
}

struct Planner<'a, 'l> {
    target: &'a Target<'a>,
    losses: &'l mut Losses,
}

impl Planner<'_, '_> {
    fn style(&self) -> Option<ReasoningStyle> {
        let card = self.target.card?;
        if card.capabilities.reasoning == Some(false) {
            return Some(ReasoningStyle::None);
        }
        card.rules.reasoning
    }

    fn refuse(&mut self, asked: Asked, visible: Option<bool>) {
        if !matches!(asked, Asked::Nothing | Asked::Off) {
            self.losses.dropped("reasoning", "the model does not reason");
        } else if visible == Some(true) {
            self.losses.dropped("reasoning.visible", "the model does not reason");
        }
    }

    fn config<'w>(&mut self, style: Option<ReasoningStyle>, asked: Asked) -> ThinkingConfig<'w> {
        match (style, asked) {
            (_, Asked::Nothing) => ThinkingConfig::default(),
            (Some(ReasoningStyle::Budget), asked) => budget(self.budget(asked)),
            // Nothing is known: what is asked is asked in the words that it was asked in.
            (None, Asked::Off) => budget(0),
            (None, Asked::Budget(tokens)) => budget(written(tokens)),
            (_, asked) => self.by_level(asked),
        }
    }

    fn budget(&mut self, asked: Asked) -> i64 {
        match asked {
            Asked::Off => 0,
            Asked::Budget(tokens) if tokens > MAX_BUDGET => {
                let why = format!("brought to {MAX_BUDGET}, which is taken");
                self.losses.approximated("reasoning.budget_tokens", why);
                written(MAX_BUDGET)
            }
            Asked::Budget(tokens) => written(tokens),
            Asked::Effort(effort) => {
                let tokens = match effort {
                    ReasoningEffort::None => 0,
                    ReasoningEffort::Minimal | ReasoningEffort::Low => 1024,
                    ReasoningEffort::Medium => 8192,
                    ReasoningEffort::High | ReasoningEffort::Xhigh | ReasoningEffort::Max => {
                        written(MAX_BUDGET)
                    }
                };
                self.losses
                    .approximated("reasoning.effort", format!("asked for as a budget of {tokens} tokens"));
                tokens
            }
            Asked::On | Asked::Nothing => DYNAMIC,
        }
    }

    fn by_level<'w>(&mut self, asked: Asked) -> ThinkingConfig<'w> {
        let level = match asked {
            // It thinks as it sees fit unless it is told how hard.
            Asked::Nothing | Asked::On => return ThinkingConfig::default(),
            Asked::Off => {
                self.losses
                    .approximated("reasoning", "the model always reasons: the least level is asked for");
                levels::nearest(self.target, ReasoningEffort::None)
            }
            Asked::Budget(tokens) if self.takes_budget() => return budget(written(tokens)),
            Asked::Budget(tokens) => {
                let level = levels::nearest(self.target, levels::of_budget(tokens));
                let why = format!("asked for as the level `{}`", level.as_str());
                self.losses.approximated("reasoning.budget_tokens", why);
                level
            }
            Asked::Effort(effort) => {
                let level = levels::nearest(self.target, effort);
                if level != effort {
                    let why = format!("`{}` is the nearest level that is taken", level.as_str());
                    self.losses.approximated("reasoning.effort", why);
                }
                level
            }
        };
        ThinkingConfig { thinking_level: Some(level.as_str()), ..ThinkingConfig::default() }
    }

    fn takes_budget(&self) -> bool {
        self.target.card.is_some_and(|card| card.rules.reasoning_budget == Some(true))
    }
}

fn budget<'w>(tokens: i64) -> ThinkingConfig<'w> {
    ThinkingConfig { thinking_budget: Some(tokens), ..ThinkingConfig::default() }
}

fn written(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
