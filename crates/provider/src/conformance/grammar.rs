//! The one order of events, as [`tollgate_model::event`] writes it down.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_model::{ChatEvent, Content, Delta, PartIndex, PartKind};

use super::Violation;

/// Checks a whole answer: `Start` first, `Finish` last, every part begun once and ended.
///
/// # Errors
/// The first event that breaks the grammar, with its place.
pub fn check_grammar(events: &[ChatEvent]) -> Result<(), Violation> {
    let mut grammar = Grammar::default();
    grammar.read_all(events)?;
    let at_end = |what: &str| Violation::new(format!("after all {} events", events.len()), what);
    if !grammar.finished {
        return Err(at_end("the answer has no Finish"));
    }
    Ok(())
}

/// Checks the beginning of an answer that broke off: it has no `Finish`, and its parts may be open.
///
/// # Errors
/// The first event that breaks the grammar, with its place.
pub fn check_grammar_so_far(events: &[ChatEvent]) -> Result<(), Violation> {
    let mut grammar = Grammar::default();
    grammar.read_all(events)?;
    if grammar.finished {
        return Err(Violation::new("at the end", "an answer that broke off has a Finish"));
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Grammar {
    started: bool,
    finished: bool,
    /// Every part that began, and what it is.
    parts: BTreeMap<PartIndex, Shape>,
    open: BTreeSet<PartIndex>,
    stopped: BTreeSet<u32>,
}

/// What a part is, as far as it decides by what the part may grow.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Reasoning,
    /// Grows by text alone: a refusal, a tool call.
    Plain,
    Audio,
    Whole,
}

impl Grammar {
    fn read_all(&mut self, events: &[ChatEvent]) -> Result<(), Violation> {
        for (place, event) in events.iter().enumerate() {
            self.read(event).map_err(|what| Violation::new(format!("event {place}, {event:?}"), what))?;
        }
        Ok(())
    }

    fn read(&mut self, event: &ChatEvent) -> Result<(), &'static str> {
        if self.finished {
            return Err("an event comes after Finish");
        }
        if !self.started && !matches!(event, ChatEvent::Start { .. }) {
            return Err("the first event is not Start");
        }
        match event {
            ChatEvent::Start { .. } if self.started => Err("there is a second Start"),
            ChatEvent::Start { .. } => {
                self.started = true;
                Ok(())
            }
            ChatEvent::PartStart { part, kind, .. } => self.begin(*part, kind),
            ChatEvent::Delta { part, delta } => self.grow(*part, delta),
            ChatEvent::PartEnd { part } if self.open.remove(part) => Ok(()),
            ChatEvent::PartEnd { .. } => Err("a part ends that is not open"),
            ChatEvent::Stop { choice, .. } if self.stopped.insert(*choice) => Ok(()),
            ChatEvent::Stop { .. } => Err("a choice stops twice"),
            ChatEvent::Logprobs { .. } | ChatEvent::Usage(_) | ChatEvent::Extra { .. } => Ok(()),
            ChatEvent::Finish if !self.open.is_empty() => Err("the answer finishes while a part is open"),
            ChatEvent::Finish => {
                self.finished = true;
                Ok(())
            }
        }
    }

    fn begin(&mut self, part: PartIndex, kind: &PartKind) -> Result<(), &'static str> {
        if self.parts.insert(part, Shape::of(kind)).is_some() {
            return Err("a part index is used a second time");
        }
        self.open.insert(part);
        Ok(())
    }

    fn grow(&self, part: PartIndex, delta: &Delta) -> Result<(), &'static str> {
        match self.parts.get(&part).filter(|_| self.open.contains(&part)) {
            None => Err("a part grows that is not open"),
            Some(shape) if shape.takes(delta) => Ok(()),
            Some(_) => Err("a part grows by what it cannot hold"),
        }
    }
}

impl Shape {
    fn of(kind: &PartKind) -> Self {
        match kind {
            PartKind::Text => Self::Text,
            PartKind::Reasoning => Self::Reasoning,
            PartKind::Refusal | PartKind::ToolCall { .. } => Self::Plain,
            PartKind::Audio { .. } => Self::Audio,
            // One that begins whole may be of a kind that grows; the assembler treats it like one.
            PartKind::Whole(content) => match **content {
                Content::Text(_) => Self::Text,
                Content::Reasoning(_) => Self::Reasoning,
                Content::Refusal(_) | Content::ToolCall(_) => Self::Plain,
                Content::Audio(_) => Self::Audio,
                _ => Self::Whole,
            },
        }
    }

    fn takes(self, delta: &Delta) -> bool {
        match delta {
            Delta::Signature(_) | Delta::Extra(_) => true,
            Delta::Text(_) => !matches!(self, Self::Whole),
            Delta::Media(_) | Delta::AudioId { .. } => matches!(self, Self::Audio),
            Delta::Citation(_) => matches!(self, Self::Text),
            Delta::Encrypted(_) => matches!(self, Self::Reasoning),
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{ChatResponse, Choice, FinishReason, Part, message::Citation};

    use super::*;

    const PART: PartIndex = PartIndex(0);

    fn answer() -> Vec<ChatEvent> {
        let parts = vec![Part::text("a"), Part::reasoning("b"), Part::tool_call("1", "f", "{}")];
        let choices = vec![Choice::new(0, parts, Some(FinishReason::Stop))];
        ChatResponse { choices, ..ChatResponse::default() }.into_events()
    }

    fn broken(change: impl FnOnce(&mut Vec<ChatEvent>)) -> String {
        let mut events = answer();
        change(&mut events);
        check_grammar(&events).unwrap_err().what
    }

    #[test]
    fn an_unfolded_answer_is_in_order_and_so_is_each_of_its_beginnings() {
        let events = answer();
        check_grammar(&events).unwrap();
        for end in 0..events.len() {
            check_grammar_so_far(&events[..end]).unwrap();
            assert!(check_grammar(&events[..end]).is_err());
        }
        assert!(check_grammar_so_far(&events).is_err());
    }

    #[test]
    fn each_rule_is_kept() {
        let text = || ChatEvent::Delta { part: PART, delta: Delta::Text("x".into()) };
        let stop = || ChatEvent::Stop { choice: 0, reason: FinishReason::Stop };
        let citation = || ChatEvent::Delta { part: PART, delta: Delta::Citation(Box::<Citation>::default()) };
        assert!(broken(|events| drop(events.remove(0))).contains("not Start"));
        assert!(broken(|events| events.insert(1, events[0].clone())).contains("second Start"));
        assert!(broken(|events| events.push(stop())).contains("after Finish"));
        assert!(broken(|events| events.insert(events.len() - 1, stop())).contains("twice"));
        assert!(broken(|events| events.insert(events.len() - 1, text())).contains("not open"));
        assert!(broken(|events| events.insert(1, text())).contains("not open"));
        assert!(broken(|events| events.insert(2, events[1].clone())).contains("second time"));
        assert!(broken(|events| events.insert(1, ChatEvent::PartEnd { part: PART })).contains("not open"));
        assert!(broken(|events| drop(events.remove(3))).contains("while a part is open"));
        events_with_refusal(citation());
    }

    fn events_with_refusal(delta: ChatEvent) {
        let events = [
            ChatEvent::Start { id: None, model: None, created: None },
            ChatEvent::PartStart { part: PART, choice: 0, kind: PartKind::Refusal },
            delta,
        ];
        assert!(check_grammar_so_far(&events).unwrap_err().what.contains("cannot hold"));
    }
}
