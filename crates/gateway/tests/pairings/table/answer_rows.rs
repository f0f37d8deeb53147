//! What becomes of an answer on its way to a client, whole and as a stream.

use bytes::BytesMut;
use tollgate_model::{ChatResponse, Format, Losses};

use super::probe::{Outcome, judge};
use crate::{
    answers::{asked, generated, told},
    facts::{lost_paths, of_answer, speaks_of},
    formats::{Pair, all},
};

/// One thing that an answer says, and what becomes of it at each door.
pub(crate) struct AnswerRow {
    pub(crate) name: String,
    pub(crate) cells: Vec<AnswerCell>,
}

/// What becomes of it.
pub(crate) struct AnswerCell {
    pub(crate) whole: Outcome,
    pub(crate) streamed: Outcome,
}

/// All rows.
pub(crate) fn rows(failures: &mut Vec<String>) -> Vec<AnswerRow> {
    let doors = all();
    let answers = generated();
    let plain = &answers[0].1;
    let mut rows = Vec::new();
    for (name, answer) in &answers {
        let signer =
            answer.choices.iter().flat_map(|choice| &choice.parts).find_map(|part| part.signature.as_ref());
        // One vendor of each kind of proof says enough.
        let again = signer.is_some_and(|by| by.issuer.as_str() == "a.stranger")
            || (*name == "a signed call"
                && signer.is_none_or(|by| by.issuer != Format::GEMINI_GENERATE_CONTENT));
        let name = signer.map_or_else(|| (*name).to_owned(), |by| format!("{name}, by `{}`", by.issuer));
        let mut cells = Vec::new();
        for door in &doors {
            failures.extend(told(door, answer).into_iter().map(|wrong| format!("{door}, {name}: {wrong}")));
            cells.push(cell(door, plain, answer));
        }
        if again {
            continue;
        }
        rows.push(AnswerRow { name, cells });
    }
    rows
}

fn cell(door: &Pair, plain: &ChatResponse, answer: &ChatResponse) -> AnswerCell {
    let (body, losses) = door.answer(&asked(), answer);
    let losses = beyond(&losses, &door.answer(&asked(), plain).1);
    let streamed = beyond(&in_a_stream(door, answer), &in_a_stream(door, plain));
    // Of what makes this answer another than the plain one, does anything arrive?
    let said = of_answer(answer).differences(&of_answer(plain)).into_iter().filter(|fact| fact.gone);
    let read = door.read_answer(&asked(), &body);
    let missing = of_answer(answer).differences(&of_answer(&read));
    let lost = lost_paths(&losses);
    let arrives = said
        .into_iter()
        .any(|fact| !missing.contains(&fact) && !lost.iter().any(|lost| speaks_of(lost, &fact.path)));
    AnswerCell { whole: judge(&losses, arrives), streamed: judge(&streamed, arrives) }
}

/// The losses that the plain answer does not have.
fn beyond(losses: &Losses, known: &Losses) -> Losses {
    let mut new = Losses::new();
    losses.iter().filter(|loss| !known.iter().any(|it| it == *loss)).for_each(|loss| new.push(loss.clone()));
    new
}

/// What is lost of the same answer as a stream.
fn in_a_stream(door: &Pair, answer: &ChatResponse) -> Losses {
    let mut asked = asked().streamed();
    asked.stream_usage = Some(true);
    let mut encoder = door.door.stream_encoder(&asked, 1_763_900_000);
    let mut out = BytesMut::new();
    for event in answer.clone().into_events() {
        encoder.encode(&event, &mut out);
    }
    encoder.losses().clone()
}
