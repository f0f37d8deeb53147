//! Reasoning settings → `thinking` and `output_config.effort`, by what the model takes.
//!
//! Source: <https://docs.claude.com/en/docs/build-with-claude/extended-thinking>, `…/adaptive-thinking`, `…/effort`
//! (read 2026-11-23).

use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Losses,
    request::{ReasoningEffort, ReasoningMode},
};
use tollgate_provider::Target;

use super::{OutputLimit, conversation::Built};
use crate::wire::Thinking;

/// The smallest budget that is taken.
const MIN_BUDGET: u64 = 1024;

/// The efforts that the format has words for.
const EFFORTS: [ReasoningEffort; 5] = [
    ReasoningEffort::Low,
    ReasoningEffort::Medium,
    ReasoningEffort::High,
    ReasoningEffort::Xhigh,
    ReasoningEffort::Max,
];

/// What is sent.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
    /// The model thinks, whatever is asked.
    pub(super) always_on: bool,
}

/// What is asked, in one word.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Nothing,
    Off,
    Budget(u64),
    Effort(ReasoningEffort),
    /// On, and nothing more.
    On,
}

pub(super) fn plan(
    target: &Target<'_>,
    request: &ChatRequest,
    limit: OutputLimit,
    conversation: &Built<'_>,
    losses: &mut Losses,
) -> Plan {
    let settings = &request.reasoning;
    let asked = match (settings.mode, settings.effort, settings.budget_tokens) {
        (Some(ReasoningMode::Disabled), ..) | (None, Some(ReasoningEffort::None), None) => Asked::Off,
        (Some(ReasoningMode::Adaptive), Some(effort), _) if effort != ReasoningEffort::None => {
            Asked::Effort(effort)
        }
        (Some(ReasoningMode::Adaptive), ..) => Asked::On,
        (_, _, Some(budget)) => Asked::Budget(budget),
        (_, Some(effort), None) if effort != ReasoningEffort::None => Asked::Effort(effort),
        (Some(_), ..) => Asked::On,
        (None, ..) => Asked::Nothing,
    };
    let mut planner = Planner { target, limit, conversation, display: None, losses };
    planner.display = settings.visible.map(|visible| if visible { "summarized" } else { "omitted" });
    let mut plan = planner.by_style(asked);
    // An effort that stands beside a mode or a budget is said as well, where the model takes it.
    if plan.effort.is_none()
        && let (Some(effort), Some(_)) = (settings.effort, plan.thinking)
        && !matches!(asked, Asked::Off)
        && effort != ReasoningEffort::None
        && !planner.efforts().is_empty()
    {
        plan.effort = Some(planner.effort(effort));
    }
    if settings.visible == Some(true) && matches!(plan.thinking, None | Some(Thinking::Disabled)) {
        losses.dropped("reasoning.visible", "there is no reasoning to be shown");
    }
    plan
}

struct Planner<'a, 'l> {
    target: &'a Target<'a>,
    limit: OutputLimit,
    conversation: &'a Built<'a>,
    display: Option<&'static str>,
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

    fn efforts(&self) -> &[ReasoningEffort] {
        self.target.card.map_or(&[], |card| &card.rules.efforts)
    }

    fn by_style(&mut self, asked: Asked) -> Plan {
        match self.style() {
            Some(ReasoningStyle::None) => self.never(asked),
            Some(ReasoningStyle::Budget) => self.by_budget(asked),
            Some(ReasoningStyle::Adaptive) => self.adaptively(asked),
            Some(ReasoningStyle::AlwaysOn) => self.always(asked),
            // Nothing is known: what is asked is asked in the words nearest to it.
            _ => match asked {
                Asked::Budget(_) => self.by_budget(asked),
                _ => self.adaptively(asked),
            },
        }
    }

    fn never(&mut self, asked: Asked) -> Plan {
        if !matches!(asked, Asked::Nothing | Asked::Off) {
            self.losses.dropped("reasoning", "the model does not reason");
        }
        Plan::default()
    }

    fn by_budget(&mut self, asked: Asked) -> Plan {
        let budget = match asked {
            Asked::Nothing => return Plan::default(),
            Asked::Off => return Plan { thinking: Some(Thinking::Disabled), ..Plan::default() },
            Asked::Budget(budget) => budget,
            Asked::Effort(effort) => self.budget_of(effort),
            Asked::On => self.budget_of(ReasoningEffort::Medium),
        };
        let effort = match asked {
            Asked::Effort(effort) if !self.efforts().is_empty() => Some(self.effort(effort)),
            _ => None,
        };
        let Some(budget_tokens) = self.fitting(budget) else { return Plan { effort, ..Plan::default() } };
        if let Asked::Effort(_) | Asked::On = asked {
            let path = if matches!(asked, Asked::On) { "reasoning.mode" } else { "reasoning.effort" };
            self.losses.approximated(path, format!("asked for as a budget of {budget_tokens} tokens"));
        } else if budget_tokens != budget {
            self.losses.approximated(
                "reasoning.budget_tokens",
                format!("brought to {budget_tokens}, which is taken"),
            );
        }
        Plan {
            thinking: Some(Thinking::Enabled { budget_tokens, display: self.display }),
            effort,
            always_on: false,
        }
    }

    /// Brings a budget between the smallest that is taken and the output limit. `None`: thinking is impossible here.
    fn fitting(&mut self, budget: u64) -> Option<u64> {
        if self.conversation.prefilled {
            self.losses.dropped("reasoning", "the model cannot think before an answer that has begun");
            return None;
        }
        if self.conversation.unthought_tool_use {
            self.losses.dropped(
                "reasoning",
                "the tool calls that are being answered came without their signed reasoning",
            );
            return None;
        }
        let most = if self.limit.flexible { u64::MAX } else { self.limit.tokens.saturating_sub(1) };
        if most < MIN_BUDGET {
            self.losses.dropped("reasoning", "the output limit leaves no room for it");
            return None;
        }
        Some(budget.clamp(MIN_BUDGET, most))
    }

    /// The budget that stands for an effort: at most half of a limit that was asked for.
    fn budget_of(&self, effort: ReasoningEffort) -> u64 {
        let budget = match effort {
            ReasoningEffort::None | ReasoningEffort::Minimal => MIN_BUDGET,
            ReasoningEffort::Low => 4096,
            ReasoningEffort::Medium => 10_240,
            ReasoningEffort::High => 24_576,
            ReasoningEffort::Xhigh => 32_768,
            ReasoningEffort::Max => 49_152,
        };
        if self.limit.flexible { budget } else { budget.min(self.limit.tokens / 2) }
    }

    fn adaptively(&mut self, asked: Asked) -> Plan {
        let effort = match asked {
            Asked::Nothing => return Plan::default(),
            Asked::Off => return Plan { thinking: Some(Thinking::Disabled), ..Plan::default() },
            Asked::Budget(budget) => Some(self.effort_of(budget)),
            Asked::Effort(effort) => Some(self.effort(effort)),
            Asked::On => None,
        };
        Plan { thinking: Some(Thinking::Adaptive { display: self.display }), effort, always_on: false }
    }

    fn always(&mut self, asked: Asked) -> Plan {
        let effort = match asked {
            Asked::Nothing | Asked::On => None,
            Asked::Off => {
                self.losses
                    .approximated("reasoning", "the model always reasons: the least effort is asked for");
                Some(self.nearest(ReasoningEffort::None).as_str())
            }
            Asked::Budget(budget) => Some(self.effort_of(budget)),
            Asked::Effort(effort) => Some(self.effort(effort)),
        };
        // `adaptive` is the only type that is taken. It is what holds anyway, so it is written only if asked for.
        let display = self.display.filter(|_| !matches!(asked, Asked::Off));
        let written = display.is_some() || matches!(asked, Asked::On);
        let thinking = written.then_some(Thinking::Adaptive { display });
        Plan { thinking, effort, always_on: true }
    }

    /// The effort that stands for a budget. Never more than `high`: a budget is a ceiling.
    fn effort_of(&mut self, budget: u64) -> &'static str {
        let effort = match budget {
            0..=4096 => ReasoningEffort::Low,
            4097..=16_384 => ReasoningEffort::Medium,
            _ => ReasoningEffort::High,
        };
        let effort = self.nearest(effort).as_str();
        self.losses.approximated("reasoning.budget_tokens", format!("asked for as the effort `{effort}`"));
        effort
    }

    fn effort(&mut self, asked: ReasoningEffort) -> &'static str {
        let taken = self.nearest(asked);
        if taken != asked {
            let why = format!("`{}` is the nearest effort that is taken", taken.as_str());
            self.losses.approximated("reasoning.effort", why);
        }
        taken.as_str()
    }

    /// The greatest effort up to `asked` that the model takes, else the least.
    fn nearest(&self, asked: ReasoningEffort) -> ReasoningEffort {
        let known = self.efforts();
        let taken = EFFORTS.into_iter().filter(|effort| known.is_empty() || known.contains(effort));
        let upto = taken.clone().filter(|effort| *effort <= asked).max();
        upto.or_else(|| taken.min()).unwrap_or(ReasoningEffort::Low)
    }
}
