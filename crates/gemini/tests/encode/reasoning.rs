//! Thinking, by budget or by level.

use serde_json::{Value, json};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_model::{
    ChatRequest, LossKind,
    request::{ReasoningEffort, ReasoningMode},
};

use crate::{Losses, dropped, hello, lost, styled, try_encode};

fn thinking(card: Option<&Model>, set: impl Fn(&mut ChatRequest)) -> (Value, Losses) {
    let mut request = hello();
    set(&mut request);
    let (body, losses) = try_encode(card, &request).unwrap();
    (body["generationConfig"]["thinkingConfig"].clone(), losses)
}

#[test]
fn budgets_are_asked_for_where_the_model_counts_them() {
    let card = styled(ReasoningStyle::Budget);
    let ask = |set: &dyn Fn(&mut ChatRequest)| thinking(Some(&card), set);
    assert_eq!(ask(&|_| {}), (Value::Null, vec![]));
    let (config, losses) = ask(&|request| request.reasoning.effort = Some(ReasoningEffort::Medium));
    assert_eq!(config, json!({"includeThoughts": true, "thinkingBudget": 8192}));
    assert_eq!(losses, [lost("reasoning.effort", LossKind::Approximated)]);
    let (config, losses) = ask(&|request| request.reasoning.budget_tokens = Some(512));
    assert_eq!((config, losses), (json!({"includeThoughts": true, "thinkingBudget": 512}), vec![]));
    let (config, losses) = ask(&|request| request.reasoning.budget_tokens = Some(99_999));
    assert_eq!(config["thinkingBudget"], 24_576);
    assert_eq!(losses, [lost("reasoning.budget_tokens", LossKind::Approximated)]);
    let off = json!({"thinkingBudget": 0});
    assert_eq!(ask(&|request| request.reasoning.effort = Some(ReasoningEffort::None)), (off.clone(), vec![]));
    assert_eq!(ask(&|request| request.reasoning.mode = Some(ReasoningMode::Disabled)), (off, vec![]));
    let (config, losses) = ask(&|request| {
        request.reasoning.mode = Some(ReasoningMode::Adaptive);
        request.reasoning.visible = Some(false);
    });
    assert_eq!((config, losses), (json!({"thinkingBudget": -1}), vec![]));
    let (config, losses) = ask(&|request| {
        request.reasoning.budget_tokens = Some(9);
        request.reasoning.effort = Some(ReasoningEffort::High);
    });
    assert_eq!(config["thinkingBudget"], 9);
    assert_eq!(losses, [dropped("reasoning.effort")]);
}

#[test]
fn levels_are_asked_for_where_the_model_has_them() {
    let mut card = styled(ReasoningStyle::Level);
    let level =
        |card: &Model, effort| thinking(Some(card), |request| request.reasoning.effort = Some(effort));
    let (config, losses) = level(&card, ReasoningEffort::High);
    assert_eq!((config, losses), (json!({"includeThoughts": true, "thinkingLevel": "high"}), vec![]));
    for (effort, expected, path) in [
        (ReasoningEffort::Max, "high", "reasoning.effort"),
        (ReasoningEffort::Minimal, "low", "reasoning.effort"),
        (ReasoningEffort::None, "low", "reasoning"),
    ] {
        let (config, losses) = level(&card, effort);
        assert_eq!(config["thinkingLevel"], expected);
        assert_eq!(losses, [lost(path, LossKind::Approximated)]);
    }
    let budget = |card: &Model| thinking(Some(card), |request| request.reasoning.budget_tokens = Some(8000));
    let (config, losses) = budget(&card);
    assert_eq!(config["thinkingLevel"], "medium");
    assert_eq!(losses, [lost("reasoning.budget_tokens", LossKind::Approximated)]);
    card.rules.reasoning_budget = Some(true);
    assert_eq!(budget(&card).0, json!({"includeThoughts": true, "thinkingBudget": 8000}));
    let visible = thinking(Some(&card), |request| request.reasoning.visible = Some(true));
    assert_eq!(visible, (json!({"includeThoughts": true}), vec![]));
    let never = styled(ReasoningStyle::None);
    let (config, losses) = level(&never, ReasoningEffort::High);
    assert_eq!((config, losses), (Value::Null, vec![dropped("reasoning")]));
    assert_eq!(
        thinking(None, |request| request.reasoning.effort = Some(ReasoningEffort::Minimal)).0,
        json!({"includeThoughts": true, "thinkingLevel": "minimal"})
    );
}
