//! The seals on thoughts: made so that a provider knows its own again without keeping a list.

use crate::dice::{Dice, hash_bytes, stir};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters that a number takes, of six bits each.
const NUMBER: usize = 11;

/// Seals `text`, thought by `model`.
pub(super) fn seal(seed: u64, model: &str, text: &str, dice: &mut Dice) -> String {
    write(seed, hash_bytes(0, model.as_bytes()), text, dice.roll())
}

/// Whether `signature` was made by [`seal`] for this text under this seed, by any model.
pub(super) fn is_own(seed: u64, text: &str, signature: &str) -> bool {
    parts(signature).is_some_and(|(nonce, model)| write(seed, model, text, nonce) == signature)
}

/// Whether it was made by this model.
pub(super) fn is_of_model(model: &str, signature: &str) -> bool {
    parts(signature).is_some_and(|(_, by)| by == hash_bytes(0, model.as_bytes()))
}

fn parts(signature: &str) -> Option<(u64, u64)> {
    let bytes = signature.as_bytes().strip_prefix(b"Eq")?;
    Some((read_number(bytes.get(..NUMBER)?)?, read_number(bytes.get(NUMBER..2 * NUMBER)?)?))
}

fn write(seed: u64, model: u64, text: &str, nonce: u64) -> String {
    let mac = hash_bytes(stir(stir(seed, nonce), model), text.as_bytes());
    let mut signature = String::from("Eq");
    for number in [nonce, model, mac] {
        write_number(&mut signature, number);
    }
    let mut filler = Dice::new(mac);
    // Whole groups of four, so that decoding and encoding it again gives the same text.
    let more = 85 + 4 * filler.position(60);
    signature.push_str(&filler.id(more, BASE64));
    signature
}

fn write_number(text: &mut String, mut number: u64) {
    for _ in 0..NUMBER {
        text.push(char::from(BASE64[(number & 63) as usize]));
        number >>= 6;
    }
}

fn read_number(characters: &[u8]) -> Option<u64> {
    characters.iter().rev().try_fold(0u64, |number, character| {
        let digit = BASE64.iter().position(|known| known == character)?;
        Some((number << 6) | digit as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_known_again_and_an_edit_breaks_it() {
        let seal = seal(7, "m", "thought", &mut Dice::new(3));
        assert_eq!(seal.len() % 4, 0);
        assert!(is_own(7, "thought", &seal) && is_of_model("m", &seal));
        assert!(!is_own(7, "thoughts", &seal) && !is_own(8, "thought", &seal) && !is_of_model("n", &seal));
        assert!(!is_own(7, "thought", &seal.replacen('q', "r", 1)) && !is_own(7, "thought", ""));
    }
}
