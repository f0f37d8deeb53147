//! Embeddings: the same text has always the same, and texts that share words are near each other.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::dice::{hash_bytes, stir};

/// A vector of length 1. A shorter one is the beginning of a longer one, at length 1 again.
pub(crate) fn vector(model: &str, text: &str, dimensions: usize) -> Vec<f32> {
    let model = hash_bytes(0xE3BED, model.as_bytes());
    let mut sums = vec![0.0_f64; dimensions];
    for word in words(text).chain(std::iter::once(text)) {
        let word = stir(model, hash_bytes(0, word.to_lowercase().as_bytes()));
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += centred(stir(word, at as u64));
        }
    }
    let length = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "a part of a unit vector fits well enough")]
    sums.into_iter().map(|sum| if length > 0.0 { (sum / length) as f32 } else { 0.0 }).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// From -1 to 1.
fn centred(word: u64) -> f64 {
    (word >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// The numbers, as short as a vendor writes them.
pub(crate) fn numbers(vector: &[f32]) -> Value {
    // The shortest text that reads as this f32, read as an f64, is written in as few digits.
    vector.iter().map(|number| json!(number.to_string().parse::<f64>().unwrap_or(0.0))).collect()
}

/// The bytes of the numbers, the lowest first, as base64.
pub(crate) fn base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

/// How near two texts are, from 0 to 1.
pub(crate) fn nearness(model: &str, one: &str, other: &str) -> f64 {
    let (one, other) = (vector(model, one, 256), vector(model, other, 256));
    let product: f64 = one.iter().zip(&other).map(|(one, other)| f64::from(one * other)).sum();
    product.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_have_length_one_and_shared_words_bring_them_near() {
        let vector = vector("m", "The capital of France", 64);
        let length: f64 = vector.iter().map(|number| f64::from(number * number)).sum();
        assert!((length - 1.0).abs() < 1e-4 && vector.len() == 64);
        let near = nearness("m", "capital of France", "Paris is the capital of France");
        let far = nearness("m", "capital of France", "bread and butter");
        assert!(near > far + 0.2, "{near} {far}");
        assert!((nearness("m", "a b", "a b") - 1.0).abs() < 1e-4);
    }

    #[test]
    fn base64_holds_the_same_numbers() {
        let vector = vector("m", "one two", 5);
        let bytes = STANDARD.decode(base64(&vector)).unwrap();
        let read: Vec<f32> =
            bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(read, vector);
        let written: Vec<f32> = serde_json::from_value(numbers(&vector)).unwrap();
        assert_eq!(written, vector);
    }
}
