//! The loss ledger: what one format could not say of another. Named, never silent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that an encoding could not express as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Where it stood, in canonical terms with a dotted path: `sampling.top_k`, `messages[2].parts[0].cache`.
    pub path: String,
    /// What became of it.
    pub kind: LossKind,
    /// Why, for a person.
    pub why: String,
}

/// What became of something that the target format cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Left out.
    Dropped,
    /// Brought nearer to what the target can say: a value clamped, an effort rounded.
    Approximated,
    /// Reached in another way that is visible to the model: a forced tool in place of an output schema.
    Emulated,
}

impl LossKind {
    /// Returns the word used in headers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Approximated => "approximated",
            Self::Emulated => "emulated",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.path, self.kind.as_str(), self.why)
    }
}

/// The most losses that are listed. A request with a million unknown fields must not cost a list of a million.
const MAX_LISTED: usize = 500;

/// All losses of one encoding, each path once. Beyond 500, a last entry says that there were more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Losses(Vec<Loss>);

impl Losses {
    /// Holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one, unless the same path is there with the same fate.
    pub fn push(&mut self, loss: Loss) {
        if self.0.len() > MAX_LISTED {
            return;
        }
        if self.0.len() == MAX_LISTED {
            let why = "there is more that cannot be said; it is not listed".to_owned();
            self.0.push(Loss { path: "...".to_owned(), kind: LossKind::Dropped, why });
            return;
        }
        if !self.0.iter().any(|known| known.path == loss.path && known.kind == loss.kind) {
            self.0.push(loss);
        }
    }

    /// Names something that was left out.
    pub fn dropped(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.push(Loss { path: path.into(), kind: LossKind::Dropped, why: why.into() });
    }

    /// Names something that was brought nearer.
    pub fn approximated(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.push(Loss { path: path.into(), kind: LossKind::Approximated, why: why.into() });
    }

    /// Names something that was reached in another way.
    pub fn emulated(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.push(Loss { path: path.into(), kind: LossKind::Emulated, why: why.into() });
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: Self) {
        for loss in other.0 {
            self.push(loss);
        }
    }

    /// Tells whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the losses in the order they were met.
    pub fn iter(&self) -> impl Iterator<Item = &Loss> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Losses {
    type Item = &'a Loss;
    type IntoIter = std::slice::Iter<'a, Loss>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut losses = Losses::new();
        for index in 0..10_000 {
            losses.dropped(format!("field_{index}"), "unknown");
        }
        assert_eq!(losses.iter().count(), MAX_LISTED + 1);
        assert_eq!(losses.iter().last().map(|loss| loss.path.as_str()), Some("..."));
    }
}
