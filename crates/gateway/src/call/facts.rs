//! Tallies from events what a record needs, for answers that are translated.

use tollgate_model::{ChatEvent, Delta, PartKind};
use tollgate_provider::ResponseFacts;

/// Adds what `event` says to `facts`.
pub(crate) fn tally(facts: &mut ResponseFacts, event: &ChatEvent) {
    match event {
        ChatEvent::Start { id, model, .. } => {
            facts.id.clone_from(id);
            facts.model.clone_from(model);
        }
        ChatEvent::PartStart { kind: PartKind::ToolCall { name, .. }, .. } => {
            facts.content_bytes += name.len() as u64
        }
        ChatEvent::Delta { delta: Delta::Text(text), .. } => facts.content_bytes += text.len() as u64,
        ChatEvent::Stop { choice: 0, reason } => facts.finish_reason = Some(reason.clone()),
        ChatEvent::Usage(usage) => facts.usage.update(usage),
        ChatEvent::Extra { service_tier: Some(tier), .. } => facts.service_tier = Some(tier.clone()),
        ChatEvent::PartStart { .. }
        | ChatEvent::Delta { .. }
        | ChatEvent::PartEnd { .. }
        | ChatEvent::Logprobs { .. }
        | ChatEvent::Stop { .. }
        | ChatEvent::Extra { .. }
        | ChatEvent::Finish => {}
    }
}
