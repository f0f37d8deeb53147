//! Thinking: how it is asked for, what it forbids, and who gets it back.

use serde_json::{Value, json};
use tollgate_anthropic::DEFAULT_MAX_TOKENS;
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    ChatRequest, Content, Format, LossKind, Message, Part, Role, Signature,
    message::Reasoning,
    request::{ReasoningEffort, ReasoningMode, Tool, ToolChoice},
};

use crate::{FORMAT, asking, calls, encode, encode_for, hello, lost, result, styled, text, try_encode};

#[test]
fn reasoning_is_asked_in_the_models_own_way() {
    use ReasoningEffort::{High, Minimal, None as NoEffort};
    let ask = |style: Option<ReasoningStyle>, change: &dyn Fn(&mut ChatRequest)| {
        let mut request = hello().with_max_output_tokens(20_000);
        change(&mut request);
        let card = style.map(styled);
        let (body, losses) = try_encode(card.as_ref(), &request).unwrap();
        (body["thinking"].clone(), body["output_config"]["effort"].clone(), losses)
    };
    let effort = |effort| move |request: &mut ChatRequest| request.reasoning.effort = Some(effort);
    let budget = |budget| move |request: &mut ChatRequest| request.reasoning.budget_tokens = Some(budget);
    let approximated = |path: &str| vec![lost(path, LossKind::Approximated)];
    let adaptive = json!({"type": "adaptive"});
    let enabled = |budget: u64| json!({"type": "enabled", "budget_tokens": budget});
    let disabled = json!({"type": "disabled"});
    let nothing = Value::Null;

    use ReasoningStyle::{Adaptive, AlwaysOn, Budget};
    assert_eq!(
        ask(Some(Budget), &effort(High)),
        (enabled(10_000), nothing.clone(), approximated("reasoning.effort"))
    );
    assert_eq!(ask(Some(Budget), &budget(4000)), (enabled(4000), nothing.clone(), vec![]));
    assert_eq!(
        ask(Some(Budget), &budget(10)),
        (enabled(1024), nothing.clone(), approximated("reasoning.budget_tokens"))
    );
    assert_eq!(ask(Some(Budget), &budget(99_999)).0, enabled(19_999));
    assert_eq!(ask(Some(Budget), &effort(NoEffort)), (disabled.clone(), nothing.clone(), vec![]));
    assert_eq!(ask(Some(Adaptive), &effort(High)), (adaptive.clone(), json!("high"), vec![]));
    assert_eq!(
        ask(Some(Adaptive), &effort(Minimal)),
        (adaptive.clone(), json!("low"), approximated("reasoning.effort"))
    );
    assert_eq!(
        ask(Some(Adaptive), &budget(8000)),
        (adaptive.clone(), json!("medium"), approximated("reasoning.budget_tokens"))
    );
    assert_eq!(ask(Some(Adaptive), &effort(NoEffort)), (disabled, nothing.clone(), vec![]));
    assert_eq!(ask(Some(AlwaysOn), &effort(High)), (nothing.clone(), json!("high"), vec![]));
    assert_eq!(
        ask(Some(AlwaysOn), &effort(NoEffort)),
        (nothing.clone(), json!("low"), approximated("reasoning"))
    );
    assert_eq!(
        ask(Some(ReasoningStyle::None), &effort(High)),
        (nothing.clone(), nothing.clone(), vec![lost("reasoning", LossKind::Dropped)])
    );
    assert_eq!(ask(None, &budget(2000)), (enabled(2000), nothing, vec![]));
    assert_eq!(ask(None, &effort(High)), (adaptive, json!("high"), vec![]));
    let shown = |request: &mut ChatRequest| {
        request.reasoning.mode = Some(ReasoningMode::Adaptive);
        request.reasoning.visible = Some(true);
    };
    assert_eq!(ask(None, &shown).0, json!({"type": "adaptive", "display": "summarized"}));
}

#[test]
fn a_budget_needs_room_and_a_history_that_thought() {
    let mut request = hello().with_max_output_tokens(1024);
    request.reasoning.budget_tokens = Some(2000);
    let (body, losses) = encode(&request);
    assert_eq!(body.get("thinking"), None);
    assert_eq!(losses, [lost("reasoning", LossKind::Dropped)]);

    let mut request = asking(vec![Message::user("a"), calls(&["c"]), result("c", "r")]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    request.reasoning.effort = Some(ReasoningEffort::High);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert_eq!(body.get("thinking"), None);
    assert_eq!(losses, [lost("reasoning", LossKind::Dropped)]);
    // Nobody asked for a limit: it makes room.
    let mut request = hello();
    request.reasoning.budget_tokens = Some(30_000);
    assert_eq!(encode(&request).0["max_tokens"], 30_000 + DEFAULT_MAX_TOKENS);
}

#[test]
fn what_thinking_forbids_is_named() {
    let mut request = hello();
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    request.tool_choice = Some(ToolChoice::Required);
    request.reasoning.effort = Some(ReasoningEffort::Low);
    request.sampling.temperature = Some(0.2);
    request.sampling.top_p = Some(0.5);
    request.sampling.top_k = Some(3);
    let (body, losses) = encode(&request);
    for name in ["temperature", "top_p", "top_k"] {
        assert!(body.get(name).is_none());
        assert!(losses.contains(&lost(&format!("sampling.{name}"), LossKind::Dropped)), "{losses:?}");
    }
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert!(losses.contains(&lost("tool_choice", LossKind::Approximated)));
}

#[test]
fn reasoning_goes_back_to_its_issuer_only() {
    let signed = |issuer, value: &str| Signature { issuer, value: value.to_owned() };
    let redacted = Reasoning { text: String::new(), encrypted: Some("blob".to_owned()) };
    let parts = vec![
        Part::reasoning("mine").with_signature(signed(FORMAT, "sig")),
        Part::new(Content::Reasoning(redacted.clone())).with_signature(signed(FORMAT, "")),
        Part::reasoning("theirs").with_signature(signed(Format::GEMINI_GENERATE_CONTENT, "g")),
        Part::new(Content::Reasoning(redacted)),
        Part::text("answer"),
    ];
    let request = asking(vec![Message::user("a"), Message::new(Role::Assistant, parts), Message::user("b")]);
    let (body, losses) = encode(&request);
    assert_eq!(
        body["messages"][1]["content"],
        json!([{"type": "thinking", "thinking": "mine", "signature": "sig"},
            {"type": "redacted_thinking", "data": "blob"}, text("answer")])
    );
    assert_eq!(
        losses,
        [lost("messages[1].parts[2]", LossKind::Dropped), lost("messages[1].parts[3]", LossKind::Dropped)]
    );
}
