//! Which of a provider's wire formats serves a call: some vendors have several doors, and not every model is behind each.

use tollgate_catalog::Model;
use tollgate_model::{ChatRequest, Format, request::ReasoningEffort, request::ToolKind};

/// Returns the places, in `formats`, of those that can serve the call: the best first, never none.
///
/// The client's own format comes first, so that its bytes can pass untouched; then, for a model that reasons, the one that
/// carries reasoning; then the order of `formats`. `request` is only asked for where the model's rules hang on it.
pub fn apis<'r>(
    formats: &[&Format],
    client: Option<&Format>,
    card: Option<&Model>,
    request: impl Fn() -> Option<&'r ChatRequest>,
) -> Vec<usize> {
    let reasons = card.is_some_and(|card| card.capabilities.reasoning == Some(true));
    let mut places: Vec<usize> =
        (0..formats.len()).filter(|place| serves(formats[*place], client, card, &request)).collect();
    if places.is_empty() {
        places.push(0);
    }
    places.sort_by_key(|place| {
        let format = formats[*place];
        (Some(format) != client, !(reasons && *format == Format::OPENAI_RESPONSES))
    });
    places
}

/// Whether a model can be asked this way.
fn serves<'r>(
    format: &Format,
    client: Option<&Format>,
    card: Option<&Model>,
    request: &impl Fn() -> Option<&'r ChatRequest>,
) -> bool {
    if *format == Format::GEMINI_INTERACTIONS {
        // The vendor's newer door, for those who speak it and for what is behind no other.
        return client == Some(format) || card.is_some_and(|card| card.rules.interactions_only == Some(true));
    }
    let Some(card) = card else { return true };
    let rules = &card.rules;
    if *format == Format::OPENAI_CHAT {
        let refused = rules.tools_with_reasoning == Some(false)
            && request().is_some_and(|request| calls_and_reasons(request, card));
        return rules.responses_only != Some(true) && !refused;
    }
    if *format == Format::GEMINI_GENERATE_CONTENT {
        return rules.interactions_only != Some(true);
    }
    true
}

/// Whether a request asks for functions of a model that will reason.
fn calls_and_reasons(request: &ChatRequest, card: &Model) -> bool {
    let calls =
        request.tools.iter().any(|tool| matches!(tool.kind, ToolKind::Function(_) | ToolKind::Custom(_)));
    let effort = request.reasoning.effort.or(card.rules.default_effort);
    let takes_none = card.rules.efforts.is_empty() || card.rules.efforts.contains(&ReasoningEffort::None);
    calls && !(effort == Some(ReasoningEffort::None) && takes_none)
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Message, ModelName, ProviderName, request::Tool};

    use super::*;

    const BOTH: [&Format; 2] = [&Format::OPENAI_CHAT, &Format::OPENAI_RESPONSES];

    fn card() -> Model {
        let mut card = Model::unknown(ProviderName::new("openai"), ModelName::new("m"));
        card.capabilities.reasoning = Some(true);
        card
    }

    fn asking(effort: Option<ReasoningEffort>) -> ChatRequest {
        let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("hello")]);
        request.tools = vec![Tool::function("f", "does", serde_json::json!({"type": "object"}))];
        request.reasoning.effort = effort;
        request
    }

    #[test]
    fn a_client_keeps_its_own_format_where_that_serves() {
        let none = || None;
        assert_eq!(apis(&BOTH, Some(&Format::OPENAI_CHAT), Some(&card()), none), [0, 1]);
        assert_eq!(apis(&BOTH, Some(&Format::OPENAI_RESPONSES), None, none), [1, 0]);
        assert_eq!(apis(&BOTH, Some(&Format::ANTHROPIC_MESSAGES), None, none), [0, 1]);
        assert_eq!(apis(&BOTH, Some(&Format::ANTHROPIC_MESSAGES), Some(&card()), none), [1, 0]);
    }

    #[test]
    fn a_model_behind_one_door_is_asked_there() {
        let mut only = card();
        only.rules.responses_only = Some(true);
        assert_eq!(apis(&BOTH, Some(&Format::OPENAI_CHAT), Some(&only), || None), [1]);
        assert_eq!(apis(&[&Format::OPENAI_CHAT], None, Some(&only), || None), [0], "there is no other way");
    }

    #[test]
    fn interactions_serve_those_who_speak_them_and_what_is_behind_no_other_door() {
        let both = [&Format::GEMINI_GENERATE_CONTENT, &Format::GEMINI_INTERACTIONS];
        assert_eq!(apis(&both, Some(&Format::OPENAI_CHAT), Some(&card()), || None), [0]);
        assert_eq!(apis(&both, Some(&Format::GEMINI_INTERACTIONS), Some(&card()), || None), [1, 0]);
        let mut only = card();
        only.rules.interactions_only = Some(true);
        assert_eq!(apis(&both, Some(&Format::GEMINI_GENERATE_CONTENT), Some(&only), || None), [1]);
    }

    #[test]
    fn functions_of_a_model_that_reasons_go_where_they_are_taken() {
        let mut strict = card();
        strict.rules.tools_with_reasoning = Some(false);
        let places = |effort| {
            let request = asking(effort);
            apis(&BOTH, Some(&Format::OPENAI_CHAT), Some(&strict), || Some(&request))
        };
        assert_eq!(places(Some(ReasoningEffort::High)), [1]);
        assert_eq!(places(Some(ReasoningEffort::None)), [0, 1]);
        assert_eq!(places(None), [1], "it reasons unless it is told not to");
        strict.rules.default_effort = Some(ReasoningEffort::None);
        let request = asking(None);
        assert_eq!(apis(&BOTH, Some(&Format::OPENAI_CHAT), Some(&strict), || Some(&request)), [0, 1]);
    }
}
