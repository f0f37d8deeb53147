//! What becomes of one thing on its way from a client to a provider, found out by sending it.

use serde_json::Value;
use tollgate_catalog::Model;
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, FinishReason, Format, LossKind, Losses, ModelName, Part, Role,
};

use super::{fields::Field, targets::Column};
use crate::{
    facts::{Difference, lost_paths, of_request, speaks_of},
    formats::Pair,
    requests::SAME_MEANING,
};

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Mapped,
    Emulated,
    InPart,
    Lost,
    Refused,
}

impl Fate {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Mapped => "mapped",
            Self::Emulated => "emulated",
            Self::InPart => "in part",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}

/// What becomes of it, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) fate: Fate,
    pub(crate) why: Vec<String>,
}

impl Outcome {
    pub(crate) const KEPT: Self = Self { fate: Fate::Kept, why: Vec::new() };
}

/// A request as a client of a format asks it, with and without the thing.
pub(crate) struct Asked {
    pub(crate) without: ChatRequest,
    pub(crate) with: ChatRequest,
    /// The client's bytes.
    body: Vec<u8>,
    /// What the thing is, as facts.
    said: Vec<Difference>,
}

/// Asks as a client of `a`, in any of the ways that its format is spoken by `speakers`. `None`: it cannot say it.
pub(crate) fn asked(a: &Pair, speakers: &[&Column], field: &Field) -> Option<Asked> {
    let cards = |speaker: &&Column| [None, speaker.card.clone()];
    let ways = speakers.iter().flat_map(|speaker| cards(speaker).map(|card| (*speaker, card)));
    ways.into_iter().find_map(|(speaker, card)| asked_by(a, speaker, card.as_ref(), field))
}

fn asked_by(a: &Pair, speaker: &Column, card: Option<&Model>, field: &Field) -> Option<Asked> {
    let (body, losses) = speaker.write(card, &field.without).ok()?;
    let without = a.read(&body).unwrap();
    let body = if field.echoed {
        echoed(a, &field.with)?
    } else {
        let (body, more) = speaker.write(card, &field.with).ok()?;
        if more.iter().count() > losses.iter().count() {
            return None;
        }
        body
    };
    let mut with = a.read(&body).unwrap();
    if field.with.reasoning.visible.is_none() {
        // Some show reasoning to whoever says how much of it there shall be; that is a row of its own.
        with.reasoning.visible = None;
    }
    let meant = gone(&field.with, &field.without);
    let missing = gone(&field.with, &with);
    let lacks = meant.iter().any(|fact| missing.contains(fact) && !same_meaning(a, None, &fact.path));
    let has = |request: &ChatRequest| request.messages.iter().any(|message| message.role == Role::Developer);
    if lacks || with == without || has(&field.with) != has(&with) {
        return None;
    }
    let said = gone(&with, &without);
    Some(Asked { without, with, body, said })
}

/// What a client of `a` sends back, after it was told the second message as an answer.
fn echoed(a: &Pair, request: &ChatRequest) -> Option<Vec<u8>> {
    let asked = ChatRequest::new(ModelName::new("m"), vec![request.messages[0].clone()]);
    let choices = vec![Choice::new(0, request.messages[1].parts.clone(), Some(FinishReason::Stop))];
    let answer = ChatResponse { id: Some("id_1".into()), choices, ..ChatResponse::default() };
    let (told, _) = a.answer(&asked, &answer);
    let mut again = request.clone();
    if *a.format() != Format::OPENAI_RESPONSES {
        again.messages[1].parts = a.read_answer(&asked, &told).choices.first()?.parts.clone();
        return Some(a.write(&again).ok()?.0);
    }
    // Its items are sent back as they came.
    again.messages[1].parts = vec![Part::text("HERE")];
    let mut body: Value = serde_json::from_slice(&a.write(&again).ok()?.0).unwrap();
    let input = body["input"].as_array_mut().unwrap();
    let here = input.iter().position(|item| item["role"] == "assistant").unwrap();
    input.splice(here..=here, told["output"].as_array().unwrap().clone());
    Some(body.to_string().into_bytes())
}

/// The facts of `one` that `other` lacks.
fn gone(one: &ChatRequest, other: &ChatRequest) -> Vec<Difference> {
    let differences = of_request(one).differences(&of_request(other));
    differences.into_iter().filter(|difference| difference.gone).collect()
}

/// Sends what was asked, for a model. A fact that vanishes without a word is an error.
pub(crate) fn sent(a: &Pair, b: &Column, card: Option<&Model>, asked: &Asked) -> Result<Outcome, String> {
    if let Some(outcome) = relayed(a, b, asked)? {
        return Ok(outcome);
    }
    let (body, losses) = match b.write(card, &asked.with) {
        Ok(written) => written,
        Err(error) => return Ok(Outcome { fate: Fate::Refused, why: vec![error.message] }),
    };
    let without = b.write(card, &asked.without).map_err(|error| format!("not even without it: {error}"))?;
    compare(a, b, asked, (&body, &losses), &without)
}

/// Holds what was written against what was asked.
pub(crate) fn compare(
    a: &Pair,
    b: &Column,
    asked: &Asked,
    (body, losses): (&[u8], &Losses),
    without: &(Vec<u8>, Losses),
) -> Result<Outcome, String> {
    let speaking = speaking(losses, &without.1, &asked.said);
    let mut reasons = false;
    let missing = match &b.reader {
        Some(reader) => {
            let read = reader.read(body).map_err(|error| format!("cannot be read again: {error}"))?;
            reasons = !read.reasoning.is_empty();
            let lacking = gone(&asked.with, &read);
            asked.said.iter().filter(|fact| lacking.contains(fact)).collect::<Vec<_>>()
        }
        None if body == without.0.as_slice() => asked.said.iter().collect(),
        None => Vec::new(),
    };
    let paths = lost_paths(&speaking);
    let explained = |fact: &Difference| {
        same_meaning(a, Some(b), &fact.path)
            || said_otherwise(fact)
            // Effort, budget and mode stand for each other.
            || (reasons && fact.path.starts_with("reasoning."))
            || paths.iter().any(|lost| speaks_of(&whole(lost), &whole(&fact.path)))
    };
    let emulated = speaking.iter().any(|loss| loss.kind == LossKind::Emulated);
    if let Some(silent) = missing.iter().find(|fact| !emulated && !explained(fact)) {
        return Err(format!("{silent}, and no loss says so; {speaking:?}"));
    }
    let arrives = |fact: &&Difference| !missing.contains(fact) && !said_otherwise(fact);
    Ok(judge(&speaking, b.reader.is_some() && asked.said.iter().any(|fact| arrives(&fact))))
}

/// Reasoning's settings stand for each other: what one becomes shows at another.
fn whole(path: &str) -> String {
    if path.starts_with("reasoning.") { "reasoning".to_owned() } else { path.to_owned() }
}

fn same_meaning(a: &Pair, b: Option<&Column>, path: &str) -> bool {
    let formats = [Some(a.format()), b.map(|b| b.provider.format())];
    SAME_MEANING.iter().any(|(format, known)| {
        path == *known && formats.iter().flatten().any(|spoken| spoken.as_str() == *format)
    })
}

/// Facts that another format says by saying nothing, or at another place. Each with its reason.
const SAID_OTHERWISE: [(&str, &str); 9] = [
    // What holds where nothing is said.
    ("service_tier", "auto"),
    ("tool_choice.type", "auto"),
    ("reasoning.mode", "adaptive"),
    // Servers that are not asked for reasoning show what they have.
    ("reasoning.visible", "true"),
    // The picture or the file says itself what it is.
    ("messages[].parts[].content.value.source.media_type", ""),
    // The bytes of the text.
    ("source.text", ""),
    ("source.type", "text"),
    // The call that it answers has it.
    ("messages[].parts[].content.value.name", ""),
    // One vendor, two formats; and who speaks another's format seals with his own key.
    ("issuer", ""),
];

fn said_otherwise(fact: &Difference) -> bool {
    SAID_OTHERWISE
        .iter()
        .any(|(path, value)| fact.path.ends_with(path) && (value.is_empty() || fact.value == *value))
}

/// The untouched path: all of it arrives.
fn relayed(a: &Pair, b: &Column, asked: &Asked) -> Result<Option<Outcome>, String> {
    let Some(sent) = b.relayed(a, &asked.body) else { return Ok(None) };
    let read = a.read(&sent).map_err(|error| error.message)?;
    let lacking = gone(&a.read(&asked.body).unwrap(), &read);
    if lacking.is_empty() {
        Ok(Some(Outcome::KEPT))
    } else {
        Err(format!("untouched, yet without {lacking:?}"))
    }
}

/// The losses that speak of the thing: those that are there because of it, and those around it.
fn speaking(losses: &Losses, without: &Losses, said: &[Difference]) -> Losses {
    let known: Vec<_> = lost_paths(without).into_iter().zip(without.iter().map(|loss| loss.kind)).collect();
    let paths = lost_paths(losses);
    let mut speaking = Losses::new();
    for (loss, path) in losses.iter().zip(paths) {
        let new = !known.contains(&(path.clone(), loss.kind));
        if new || said.iter().any(|fact| speaks_of(&path, &fact.path)) {
            speaking.push(loss.clone());
        }
    }
    speaking
}

/// The worst of what the ledger says, in its own words.
pub(crate) fn judge(losses: &Losses, some_arrives: bool) -> Outcome {
    let any = |kind| losses.iter().any(|loss| loss.kind == kind);
    let fate = if any(LossKind::Dropped) {
        if some_arrives { Fate::InPart } else { Fate::Lost }
    } else if any(LossKind::Emulated) {
        Fate::Emulated
    } else if any(LossKind::Approximated) {
        Fate::Mapped
    } else {
        Fate::Kept
    };
    let mut why: Vec<String> = Vec::new();
    for loss in losses {
        if !why.contains(&loss.why) {
            why.push(loss.why.clone());
        }
    }
    Outcome { fate, why }
}
