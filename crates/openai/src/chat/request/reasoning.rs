//! Reasoning settings → `reasoning_effort`, by what the model takes.

use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ErrorKind, RequestError,
    request::{ReasoningEffort, ReasoningMode, ToolKind},
};

use super::encode::Encoder;

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

impl Encoder<'_> {
    /// Settles which effort is sent.
    ///
    /// # Errors
    /// A model that takes function tools only without reasoning, and cannot do without.
    pub(super) fn plan_effort(&mut self) -> Result<Option<ReasoningEffort>, RequestError> {
        self.lose_visibility();
        let asked = self.asked();
        let taken = self.taken(asked);
        self.without_reasoning_for_tools(taken)
    }

    /// What is asked for, in one word.
    fn asked(&mut self) -> Option<ReasoningEffort> {
        let settings = &self.request.reasoning;
        if settings.mode == Some(ReasoningMode::Disabled) {
            return Some(ReasoningEffort::None);
        }
        match (settings.effort, settings.budget_tokens) {
            (Some(effort), Some(_)) => {
                self.losses.dropped("reasoning.budget_tokens", "the effort says how much to reason");
                Some(effort)
            }
            (None, Some(budget)) => {
                self.losses.approximated("reasoning.budget_tokens", "the format takes an effort, no budget");
                Some(effort_of(budget))
            }
            (Some(effort), None) => Some(effort),
            // On, and nothing more: said only to a model that would not reason otherwise.
            (None, None)
                if settings.mode.is_some() && self.rules.default_effort == Some(ReasoningEffort::None) =>
            {
                self.losses.approximated(
                    "reasoning.mode",
                    "the format takes an effort, so a moderate one is asked for",
                );
                Some(ReasoningEffort::Medium)
            }
            (None, None) if settings.mode.is_some() && self.rules.default_effort.is_none() => {
                self.losses.approximated(
                    "reasoning.mode",
                    "the format has no switch, so the model reasons as it does by itself",
                );
                None
            }
            (None, None) => None,
        }
    }

    /// Brings what is asked for to what the model takes.
    fn taken(&mut self, asked: Option<ReasoningEffort>) -> Option<ReasoningEffort> {
        let asked = asked?;
        let no_reasoning = self.rules.reasoning == Some(ReasoningStyle::None)
            || self.target.card.is_some_and(|card| card.capabilities.reasoning == Some(false));
        if no_reasoning || !self.quirks.reasoning_effort {
            if asked != ReasoningEffort::None || !no_reasoning {
                self.losses.dropped("reasoning.effort", "the model takes no effort");
            }
            return None;
        }
        let efforts = &self.rules.efforts;
        if efforts.is_empty() || efforts.contains(&asked) {
            return Some(asked);
        }
        let nearest = efforts.iter().find(|effort| **effort > asked).or_else(|| efforts.last()).copied()?;
        self.losses.approximated(
            "reasoning.effort",
            format!("the nearest effort that the model takes is `{}`", nearest.as_str()),
        );
        Some(nearest)
    }

    fn without_reasoning_for_tools(
        &mut self,
        effort: Option<ReasoningEffort>,
    ) -> Result<Option<ReasoningEffort>, RequestError> {
        let functions = self.request.tools.iter().any(|tool| matches!(tool.kind, ToolKind::Function(_)));
        let reasons = effort.or(self.rules.default_effort) != Some(ReasoningEffort::None);
        if self.rules.tools_with_reasoning != Some(false) || !functions || !reasons {
            return Ok(effort);
        }
        let efforts = &self.rules.efforts;
        if !efforts.is_empty() && !efforts.contains(&ReasoningEffort::None) {
            let message = format!(
                "the model {} takes function tools through the Responses API only, since it always reasons",
                self.target.model
            );
            return Err(RequestError {
                param: Some("tools".to_owned()),
                ..RequestError::new(ErrorKind::ModelNotFound, message)
            });
        }
        self.losses
            .approximated("reasoning.effort", "the model takes function tools only without reasoning here");
        Ok(Some(ReasoningEffort::None))
    }

    fn lose_visibility(&mut self) {
        match (self.request.reasoning.visible, self.quirks.reasoning_field) {
            (Some(true), None) => {
                self.losses
                    .dropped("reasoning.visible", "the provider does not show its reasoning in this format");
            }
            (Some(false), Some(_)) => {
                self.losses
                    .dropped("reasoning.visible", "the server shows its reasoning or not, as it is set up");
            }
            _ => {}
        }
    }

    /// Whether the target will reason, as far as that is known.
    pub(super) fn reasons(&self) -> bool {
        self.effort.or(self.rules.default_effort) != Some(ReasoningEffort::None)
    }
}
