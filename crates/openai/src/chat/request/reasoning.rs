//! Reasoning settings → `reasoning_effort`, by what the model takes.

use tollgate_model::{
    ErrorKind, RequestError,
    request::{ReasoningEffort, ToolKind},
};

use super::encode::Encoder;
use crate::effort;

impl Encoder<'_> {
    /// Settles which effort is sent.
    ///
    /// # Errors
    /// A model that takes function tools only without reasoning, and cannot do without.
    pub(super) fn plan_effort(&mut self) -> Result<Option<ReasoningEffort>, RequestError> {
        self.lose_visibility();
        let settings = &self.request.reasoning;
        let taken =
            effort::plan(settings, self.target, self.rules, self.quirks.reasoning_effort, &mut self.losses);
        self.without_reasoning_for_tools(taken)
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
