//! What goes wrong: on demand by a suffix of the model's name, or by chance.

use crate::dice::{Dice, stir};

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// An error of this status, in the vendor's own shape. 429 and 503 ask to wait a second.
    Status(u16),
    /// This status for the first so many times that the same body comes, then an answer.
    StatusFirst(u16, u32),
    /// The connection closes in the middle of the body.
    Cut,
    /// The body ends cleanly, but without the format's terminator.
    NoEnd,
    /// The body stops in the middle and the connection stays open.
    Stall,
    /// Everything comes, slowly.
    Slow,
    /// Something unreadable in the middle of the body.
    Garbage,
    /// The vendor's own error event in the middle of a stream; unstreamed, a 500.
    ErrorMid,
    /// The answer itself says that it failed, where the format has a status for that; elsewhere like `ErrorMid`.
    Failed,
    /// The connection is reset before any header.
    Reset,
    /// A proxy's 502 with a page of HTML.
    Html,
    /// A 200 with nothing in it.
    Empty,
}

impl Fault {
    /// Reads one word of a suffix: `s429`, `s429x2`, `cut`, `no_end`, ..
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "cut" => Self::Cut,
            "no_end" => Self::NoEnd,
            "stall" => Self::Stall,
            "slow" => Self::Slow,
            "garbage" => Self::Garbage,
            "error_mid" => Self::ErrorMid,
            "failed" => Self::Failed,
            "reset" => Self::Reset,
            "html" => Self::Html,
            "empty" => Self::Empty,
            _ => {
                let digits = word.strip_prefix('s')?;
                let valid = |status: &str| status.parse().ok().filter(|status| (400..600).contains(status));
                match digits.split_once('x') {
                    Some((status, times)) => Self::StatusFirst(valid(status)?, times.parse().ok()?),
                    None => Self::Status(valid(digits)?),
                }
            }
        })
    }
}

/// Splits `gpt-6-sol--cut` into the model and its faults. A word that is no fault stays part of the name.
pub(crate) fn split_model(name: &str) -> (&str, Vec<Fault>) {
    let mut base = name;
    let mut faults = Vec::new();
    while let Some((before, word)) = base.rsplit_once("--") {
        let Some(fault) = Fault::parse(word) else { break };
        faults.push(fault);
        base = before;
    }
    (base, faults)
}

/// How often which fault happens by chance.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    odds: Vec<(Fault, f64)>,
}

impl FaultPlan {
    /// Nothing fails but by a model's suffix.
    #[must_use]
    pub const fn none() -> Self {
        Self { odds: Vec::new() }
    }

    /// Adds a fault with its probability per request, from 0 to 1.
    #[must_use]
    pub fn with(mut self, fault: Fault, probability: f64) -> Self {
        self.odds.push((fault, probability));
        self
    }

    /// A bad but ordinary day: some limits, overloads and broken streams.
    #[must_use]
    pub fn rough_day() -> Self {
        Self::none()
            .with(Fault::Status(429), 0.02)
            .with(Fault::Status(503), 0.015)
            .with(Fault::Status(500), 0.01)
            .with(Fault::Cut, 0.01)
            .with(Fault::ErrorMid, 0.005)
            .with(Fault::Reset, 0.005)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.odds.is_empty()
    }

    /// Draws for the `nth` coming of the request that `hash` stands for: a retry draws again.
    pub(crate) fn draw(&self, hash: u64, nth: u32) -> Option<Fault> {
        let mut left = Dice::new(stir(hash, u64::from(nth) + 0xFA17)).fraction();
        self.odds.iter().find_map(|(fault, probability)| {
            left -= probability;
            (left < 0.0).then_some(*fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_read_from_the_end_and_other_words_stay_in_the_name() {
        assert_eq!(split_model("gpt-4o"), ("gpt-4o", vec![]));
        assert_eq!(split_model("m--cut--slow"), ("m", vec![Fault::Slow, Fault::Cut]));
        assert_eq!(split_model("m--s429x2"), ("m", vec![Fault::StatusFirst(429, 2)]));
        assert_eq!(split_model("m--beta--s503"), ("m--beta", vec![Fault::Status(503)]));
        assert_eq!(split_model("m--s200"), ("m--s200", vec![]));
    }

    #[test]
    fn odds_are_kept_about() {
        let plan = FaultPlan::none().with(Fault::Cut, 0.25).with(Fault::Reset, 0.25);
        let count = |fault| (0..4_000).filter(|hash| plan.draw(*hash, 0) == Some(fault)).count();
        assert!((850..1_150).contains(&count(Fault::Cut)) && (850..1_150).contains(&count(Fault::Reset)));
    }
}
