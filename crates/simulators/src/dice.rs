//! Chance that can be repeated: a hash of what was asked, and a generator seeded by it.
//!
//! Written out here, since the answers of a seed must stay the same when a dependency changes its algorithm.

use serde_json::Value;

const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Stirs `word` into `hash` so that every bit counts.
pub(crate) const fn stir(hash: u64, word: u64) -> u64 {
    let mut mixed = (hash ^ word).wrapping_mul(MIX);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 32)
}

/// A quick hash of bytes, eight at a time.
pub(crate) fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = stir(seed, bytes.len() as u64);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        hash = stir(hash, u64::from_le_bytes(eight));
    }
    words.remainder().iter().fold(hash, |hash, byte| stir(hash, u64::from(*byte)))
}

/// A hash of a JSON value that the `cache_control` marks in it do not change.
pub(crate) fn hash_value(seed: u64, value: &Value) -> u64 {
    match value {
        Value::Null => stir(seed, 1),
        Value::Bool(yes) => stir(seed, 2 + u64::from(*yes)),
        Value::Number(number) => hash_bytes(stir(seed, 4), number.to_string().as_bytes()),
        Value::String(text) => hash_bytes(stir(seed, 5), text.as_bytes()),
        Value::Array(items) => items.iter().fold(stir(seed, 6), hash_value),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "cache_control")
            .fold(stir(seed, 7), |hash, (name, value)| hash_value(hash_bytes(hash, name.as_bytes()), value)),
    }
}

/// A seeded generator (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(MIX);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        let span = (high - low).wrapping_add(1);
        if span == 0 { self.roll() } else { low + self.roll() % span }
    }

    /// A position in a list of `len`, which must not be empty.
    #[expect(clippy::cast_possible_truncation, reason = "the result is below `len`, which is a usize")]
    pub(crate) const fn position(&mut self, len: usize) -> usize {
        self.between(0, len as u64 - 1) as usize
    }

    /// From 0 up to, but not, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        if from.is_empty() { "" } else { from[self.position(from.len())] }
    }

    /// An id: `len` characters of `alphabet`, which must be ASCII and not empty.
    pub(crate) fn id(&mut self, len: usize, alphabet: &[u8]) -> String {
        (0..len).map(|_| char::from(alphabet[self.position(alphabet.len())])).collect()
    }
}

pub(crate) const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const HEX: &[u8] = b"0123456789abcdef";

/// The random filler that hides the length of what a chunk carries.
pub(crate) fn filler(dice: &mut Dice) -> String {
    let len = dice.position(12) + 1;
    dice.id(len, ALNUM)
}
