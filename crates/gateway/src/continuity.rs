//! A conversation survives a change of provider, and a client whose format has no place for what its provider signed.
//!
//! Some providers prove what they said: reasoning is signed or encrypted, and wants to come back with the next turn. Where
//! the client's format cannot carry that, the gateway keeps the answer's parts and finds them by what the client does send
//! back: the text and the tool calls. The proofs name their issuer, so that another provider is never sent them.

mod fingerprint;
mod restore;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, Content, Delta, Format, Loss, Message, Part, PartKind, Role,
};
use tollgate_state::{State, StateKey};

use fingerprint::{Chain, subject};

/// How long an answer's proofs are kept: a conversation that rests longer goes on without them.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// What the keys are made of.
const KIND: &str = "proofs";

/// What the gateway remembers of one caller's conversations.
#[derive(Debug, Clone)]
pub(crate) struct Continuity {
    state: Arc<State>,
    owner: Arc<str>,
}

impl Continuity {
    pub(crate) const fn new(state: Arc<State>, owner: Arc<str>) -> Self {
        Self { state, owner }
    }

    /// Puts back what the client could not carry.
    pub(crate) fn restore(&self, request: &mut ChatRequest) {
        if self.state.is_empty() || !request.messages.iter().any(|message| message.role == Role::Assistant) {
            return;
        }
        let mut chain = Chain::default();
        for message in &mut request.messages {
            if message.role == Role::Assistant
                && let Some(kept) = self.kept(&chain, message)
            {
                restore::restore(message, kept);
            }
            chain.add(message);
        }
    }

    fn kept(&self, chain: &Chain, message: &Message) -> Option<Vec<Part>> {
        let subject = subject(chain, &message.parts)?;
        let bytes = self.state.get(&StateKey::new(KIND, &self.owner, &subject))?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps the parts of the answer to `request`, if any of them wants to come back and the next turn may lack it. Says
    /// whether it did.
    fn remember(&self, request: &ChatRequest, parts: &[Part]) -> bool {
        if !parts.iter().any(is_proof) {
            return false;
        }
        let mut chain = Chain::default();
        request.messages.iter().for_each(|message| chain.add(message));
        let (Some(subject), Ok(bytes)) = (subject(&chain, parts), serde_json::to_vec(parts)) else {
            return false;
        };
        let kept = self.state.put(StateKey::new(KIND, &self.owner, &subject), Bytes::from(bytes), KEPT_FOR);
        if !kept {
            tracing::warn!("an answer's proofs are not kept: the gateway's memory is full");
        }
        kept
    }

    /// Reads along an answer of a provider that speaks `format`.
    pub(crate) fn listener(&self, request: &Arc<ChatRequest>, format: &Format) -> Box<Listener> {
        // These formats have no proofs; their servers may show reasoning, and some want it back.
        let seals = *format != Format::OPENAI_CHAT && *format != Format::OLLAMA_CHAT;
        let hearing = if seals { Hearing::All(Box::default()) } else { Hearing::First };
        Box::new(Listener { continuity: self.clone(), request: request.clone(), hearing, kept: false })
    }
}

/// Whether a part is, or bears, something that its provider wants back and that other formats have no place for: what was
/// thought, and what the provider's own tools did.
fn is_proof(part: &Part) -> bool {
    part.signature.is_some() || matches!(part.content, Content::Reasoning(_) | Content::Opaque(_))
}

/// Gathers the parts of an answer while it passes.
#[derive(Debug)]
pub(crate) struct Listener {
    continuity: Continuity,
    request: Arc<ChatRequest>,
    hearing: Hearing,
    kept: bool,
}

#[derive(Debug)]
enum Hearing {
    /// Nothing said yet: whether it begins with reasoning decides.
    First,
    All(Box<Assembler>),
    Nothing,
}

impl Listener {
    /// Takes note of an event.
    pub(crate) fn hear(&mut self, event: &ChatEvent) {
        if let (Hearing::First, ChatEvent::PartStart { kind, .. }) = (&self.hearing, event) {
            self.hearing = match kind {
                PartKind::Reasoning => Hearing::All(Box::default()),
                _ => Hearing::Nothing,
            };
        }
        let Hearing::All(assembler) = &mut self.hearing else { return };
        match event {
            ChatEvent::PartStart { .. } | ChatEvent::PartEnd { .. } => assembler.push(event.clone()),
            ChatEvent::Delta { delta, .. } if !matches!(delta, Delta::Media(_)) => {
                assembler.push(event.clone());
            }
            ChatEvent::Finish => {
                let Hearing::All(assembler) = std::mem::replace(&mut self.hearing, Hearing::Nothing) else {
                    return;
                };
                if let Some(choice) = assembler.into_response().choices.first() {
                    self.kept = self.continuity.remember(&self.request, &choice.parts);
                }
            }
            _ => {}
        }
    }

    /// Whether what a client's format could not carry is kept here until it comes back, and so is not lost.
    pub(crate) fn keeps(&self, loss: &Loss) -> bool {
        let proof = || loss.path.ends_with(".signature") || loss.path.ends_with(".encrypted");
        self.kept && loss.path.starts_with("choices[0].parts[") && proof()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Choice, Losses, ModelName, Signature, message::CacheHint};

    use super::*;

    fn continuity() -> Continuity {
        Continuity::new(Arc::new(State::in_memory()), "key".into())
    }

    fn thought() -> Part {
        Part::reasoning("hm").with_signature(signature("of the thought"))
    }

    fn signature(value: &str) -> Signature {
        Signature { issuer: Format::ANTHROPIC_MESSAGES, value: value.to_owned() }
    }

    fn asking(messages: Vec<Message>) -> Arc<ChatRequest> {
        Arc::new(ChatRequest::new(ModelName::new("m"), messages))
    }

    /// Lets an answer pass, as a stream does.
    fn hear(
        continuity: &Continuity,
        request: &Arc<ChatRequest>,
        format: &Format,
        parts: Vec<Part>,
    ) -> Box<Listener> {
        let choices = vec![Choice::new(0, parts, None)];
        let answer = tollgate_model::ChatResponse { choices, ..Default::default() };
        let mut listener = continuity.listener(request, format);
        answer.into_events().iter().for_each(|event| listener.hear(event));
        listener
    }

    /// Whether the loss of a field of the answer's first choice is none.
    fn keeps(listener: &Listener, path: &str) -> bool {
        let mut losses = Losses::new();
        losses.dropped(path, "the format has no signatures");
        losses.iter().all(|loss| listener.keeps(loss))
    }

    #[test]
    fn a_proof_that_is_kept_is_not_lost() {
        let request = asking(vec![Message::user("why?")]);
        let parts = vec![thought(), Part::text("so")];
        let listener = hear(&continuity(), &request, &Format::ANTHROPIC_MESSAGES, parts);
        assert!(keeps(&listener, "choices[0].parts[0].signature"));
        assert!(!keeps(&listener, "choices[0].parts[1].citations[0]"));
        assert!(!keeps(&listener, "choices[1].parts[0].signature"), "only the first goes on");
        // Nothing that it could be found by.
        let listener = hear(&continuity(), &request, &Format::ANTHROPIC_MESSAGES, vec![thought()]);
        assert!(!keeps(&listener, "choices[0].parts[0].signature"));
    }

    /// Asks again, with the answer as a client sent it back.
    fn again(continuity: &Continuity, before: &[Message], said: Vec<Part>) -> Vec<Part> {
        let mut messages = before.to_vec();
        messages.push(Message::new(Role::Assistant, said));
        messages.push(Message::user("go on"));
        let mut request = ChatRequest::new(ModelName::new("m"), messages);
        continuity.restore(&mut request);
        request.messages[before.len()].parts.clone()
    }

    #[test]
    fn a_text_gets_its_reasoning_back_in_its_own_conversation_only() {
        let continuity = continuity();
        let before = vec![Message::system("date: 1"), Message::user("why?")];
        let parts = vec![thought(), Part::text("so")];
        hear(&continuity, &asking(before.clone()), &Format::ANTHROPIC_MESSAGES, parts.clone());
        let marked = Part::text("so").with_cache(CacheHint::Standard);
        let restored = again(&continuity, &before, vec![marked.clone()]);
        assert_eq!(restored, [thought(), marked]);
        let newer = [Message::system("date: 2"), Message::user("why?")];
        assert_eq!(again(&continuity, &newer, vec![Part::text("so")]), parts);
        for (other, said) in [("how?", "so"), ("why?", "no")] {
            let said = vec![Part::text(said)];
            assert_eq!(again(&continuity, &[Message::user(other)], said.clone()), said);
        }
        let stranger = Continuity::new(continuity.state, "another".into());
        assert_eq!(again(&stranger, &before, vec![Part::text("so")]), [Part::text("so")]);
    }

    #[test]
    fn a_call_is_found_by_its_id_whatever_became_of_the_rest() {
        let continuity = continuity();
        let call = |arguments: &str| Part::tool_call("toolu_1", "f", arguments);
        let signed = call(r#"{"b":1,"a":{"d":2,"c":3}}"#).with_signature(signature("of the call"));
        let parts = vec![thought(), Part::text("I look."), signed.clone()];
        hear(&continuity, &asking(vec![Message::user("a")]), &Format::ANTHROPIC_MESSAGES, parts.clone());
        // Another client's JSON writer, and a history that was cut.
        let said = vec![Part::text("I look."), call(r#"{ "a": {"c": 3, "d": 2}, "b": 1 }"#)];
        assert_eq!(again(&continuity, &[Message::user("shorter")], said), parts);
        // Its own proofs stay, and what it could not carry comes back.
        let carried = vec![thought(), call("{\"a\":{\"c\":3,\"d\":2},\"b\":1}")];
        assert_eq!(again(&continuity, &[], carried), parts);
        // Proofs of another answer are left alone.
        let edited = Part::reasoning("no").with_signature(signature("of another thought"));
        let restored = again(&continuity, &[], vec![edited.clone(), call(r#"{"b":1,"a":{"d":2,"c":3}}"#)]);
        assert_eq!((&restored[0], &restored[1].signature), (&edited, &signed.signature));
    }

    #[test]
    fn reasoning_that_came_back_unsigned_is_no_proof() {
        let continuity = continuity();
        let before = vec![Message::user("why?")];
        let parts = vec![thought(), Part::text("so").with_signature(signature("of the text"))];
        hear(&continuity, &asking(before.clone()), &Format::ANTHROPIC_MESSAGES, parts.clone());
        // As a client of chat completions shows it, and sends it back.
        let shown = vec![Part::reasoning("hm"), Part::text("so")];
        assert_eq!(again(&continuity, &before, shown), parts);
        // The text's proof comes back beside a thought that the client carries itself.
        assert_eq!(again(&continuity, &before, vec![thought(), Part::text("so")]), parts);
    }

    #[test]
    fn what_has_no_proof_is_not_kept() {
        let continuity = continuity();
        let request = asking(vec![Message::user("a")]);
        hear(&continuity, &request, &Format::ANTHROPIC_MESSAGES, vec![Part::text("so")]);
        hear(&continuity, &request, &Format::OPENAI_CHAT, vec![Part::text("so"), thought()]);
        assert!(continuity.state.is_empty());
        // Some servers of that format want to see their reasoning again.
        hear(&continuity, &request, &Format::OPENAI_CHAT, vec![Part::reasoning("hm"), Part::text("so")]);
        assert!(!continuity.state.is_empty());
    }

    #[test]
    fn texts_that_were_joined_or_cut_otherwise_are_the_same_text() {
        let continuity = continuity();
        let before = vec![Message::user("why?")];
        let parts = vec![thought(), Part::text("so "), Part::text("it is")];
        hear(&continuity, &asking(before.clone()), &Format::ANTHROPIC_MESSAGES, parts.clone());
        assert_eq!(again(&continuity, &before, vec![Part::text("so it is")]), parts);
    }
}
