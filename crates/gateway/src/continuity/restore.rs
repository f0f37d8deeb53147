//! Puts an answer's parts back into the message that its client made of them.

use tollgate_model::{Content, Message, Part};

/// Puts `kept` in place of what came back without it. What the client added to the parts it has stays.
pub(super) fn restore(message: &mut Message, mut kept: Vec<Part>) {
    if message.parts.iter().any(|part| carries_proof(part) && !kept.iter().any(|kept| same_proof(kept, part)))
    {
        // The client carries proofs of another answer: only those on parts that its format cannot sign are missing.
        for part in message.parts.iter_mut().filter(|part| part.signature.is_none()) {
            if let Some(same) = kept.iter().find(|kept| same_call(kept, part) || same_text(kept, part)) {
                part.signature.clone_from(&same.signature);
            }
        }
        return;
    }
    let mut said = std::mem::take(&mut message.parts);
    for part in kept.iter_mut().filter(|part| !matches!(part.content, Content::Reasoning(_))) {
        let found = said.iter().position(|said| same_call(said, part) || same_text(said, part));
        let Some(found) = found else { continue };
        let said = said.remove(found);
        part.cache = said.cache;
        if part.extra.is_empty() {
            part.extra = said.extra;
        }
    }
    // What cannot be said again: the whole text stands in the kept parts, cut otherwise, and so does what was thought.
    said.retain(|part| {
        !matches!(
            part.content,
            Content::Text(_)
                | Content::ToolCall(_)
                | Content::Refusal(_)
                | Content::Reasoning(_)
                | Content::Opaque(_)
        )
    });
    kept.append(&mut said);
    message.parts = kept;
}

/// Whether a client sent a proof back. Reasoning that it only shows, with nothing that its issuer knows it by, is none.
fn carries_proof(part: &Part) -> bool {
    let sealed = matches!(&part.content, Content::Reasoning(reasoning) if reasoning.encrypted.is_some());
    sealed || part.signature.is_some()
}

fn same_proof(one: &Part, other: &Part) -> bool {
    let encrypted = |part: &Part| match &part.content {
        Content::Reasoning(reasoning) => reasoning.encrypted.clone(),
        _ => None,
    };
    one.signature == other.signature && encrypted(one) == encrypted(other)
}

fn same_call(one: &Part, other: &Part) -> bool {
    matches!((&one.content, &other.content), (Content::ToolCall(one), Content::ToolCall(other)) if one.id == other.id)
}

fn same_text(one: &Part, other: &Part) -> bool {
    one.as_text().is_some() && one.as_text() == other.as_text()
}
