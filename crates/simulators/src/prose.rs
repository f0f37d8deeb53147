//! Plausible text, and what it counts in tokens.

use crate::dice::Dice;

/// Tokens of a text, by its length: four bytes each, as a rule of thumb has it.
pub(crate) const fn tokens_of(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

const SUBJECTS: [&str; 16] = [
    "The gateway",
    "A careful reader",
    "Each request",
    "The first answer",
    "This approach",
    "Our estimate",
    "The simplest plan",
    "A good proxy",
    "The budget",
    "Every provider",
    "The second option",
    "A small change",
    "The café at the corner",
    "Die größte Brücke",
    "The model",
    "One more thing",
];
const VERBS: [&str; 14] = [
    "depends on",
    "keeps",
    "explains",
    "follows from",
    "would need",
    "comes close to",
    "measures",
    "balances",
    "changes",
    "leads to",
    "does not hide",
    "makes room for",
    "is older than",
    "rests on",
];
const OBJECTS: [&str; 16] = [
    "the weather of the day",
    "a clear contract",
    "what the caller asked",
    "three quiet assumptions",
    "the shape of the data",
    "fewer moving parts",
    "the usual trade-offs",
    "an honest measure of cost",
    "the order of events",
    "a naïve first guess",
    "the numbers in the table",
    "both sides of the wire",
    "the last known state",
    "a handful of examples",
    "the 42 cases we know",
    "the rest of the story ✅",
];
const TAILS: [&str; 12] = [
    "",
    "",
    "",
    ", as far as we can tell",
    ", which is worth a second look",
    " and little else",
    ", in most cases",
    ", at least on a Tuesday",
    " for now",
    ", though not by much",
    " – and that is enough",
    ", as the record shows",
];
const THOUGHTS: [&str; 8] = [
    "The user wants a direct answer.",
    "Let me look at what was asked first.",
    "I should check the constraints.",
    "There are two readings of this question.",
    "The second reading fits better.",
    "A short list may help here.",
    "I have what I need.",
    "Now to put it in order.",
];

/// An answer of about `words` words in whole sentences.
pub(crate) fn answer(dice: &mut Dice, words: u64) -> String {
    let mut text = String::with_capacity(1024);
    let mut written = 0;
    while written < words.max(1) {
        if !text.is_empty() {
            text.push_str(if dice.chance(0.12) { "\n\n" } else { " " });
        }
        let start = text.len();
        for part in
            [dice.pick(&SUBJECTS), " ", dice.pick(&VERBS), " ", dice.pick(&OBJECTS), dice.pick(&TAILS), "."]
        {
            text.push_str(part);
        }
        written += text[start..].split(' ').count() as u64;
    }
    text
}

/// What a model says to itself, about `tokens` long and never empty.
pub(crate) fn thought(dice: &mut Dice, tokens: u64) -> String {
    let mut text = String::from(dice.pick(&THOUGHTS));
    while tokens_of(&text) < tokens {
        text.push(' ');
        text.push_str(dice.pick(&THOUGHTS));
    }
    text
}

/// Cuts `text` down to `tokens`, never inside a character. Says whether something was cut.
pub(crate) fn shorten(text: &mut String, tokens: u64) -> bool {
    if tokens_of(text) <= tokens {
        return false;
    }
    let mut end = usize::try_from(tokens * 4).unwrap_or(usize::MAX).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    true
}

/// Cuts a text into pieces of about `least` to `most` bytes, never inside a character and rather before a space.
pub(crate) fn pieces<'a>(dice: &mut Dice, text: &'a str, least: usize, most: usize) -> Vec<&'a str> {
    let mut pieces = Vec::with_capacity(text.len() / least.max(1) + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = (least + dice.position(most - least + 1)).clamp(1, rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        if let Some(space) = rest[end..].find(' ').filter(|at| *at < least) {
            end += space;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_and_limits_never_cut_a_character() {
        for seed in 0..200 {
            let dice = &mut Dice::new(seed);
            let mut text = answer(dice, 40);
            let pieces = pieces(dice, &text, 1, 6);
            assert!(pieces.iter().all(|piece| !piece.is_empty()) && pieces.concat() == text);
            assert!(!shorten(&mut text.clone(), 10_000));
            assert!(shorten(&mut text, seed % 20) && tokens_of(&text) <= seed % 20);
        }
    }
}
