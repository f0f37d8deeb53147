//! Keys that nobody else's value can be found by.

use std::fmt;

use sha2::{Digest, Sha256};

/// Whose memory it is and of what, in 32 bytes. Without the owner's name and the exact subject, no value is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateKey([u8; 32]);

impl StateKey {
    /// Makes the key of a subject: `kind` says what sort of thing it is, `owner` whose it is.
    #[must_use]
    pub fn new(kind: &str, owner: &str, subject: &[u8]) -> Self {
        let mut digest = Sha256::new();
        for part in [kind.as_bytes(), owner.as_bytes(), subject] {
            // With its length, so that no two sets of parts run together to the same bytes.
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Enough of it to know what is surely not there.
    pub(crate) fn short(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(bytes)
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateKey({:016x})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_counts_and_none_runs_into_the_next() {
        let key = StateKey::new("response", "team", b"resp_1");
        assert_eq!(key, StateKey::new("response", "team", b"resp_1"));
        for other in [
            StateKey::new("response", "teamr", b"esp_1"),
            StateKey::new("responset", "eam", b"resp_1"),
            StateKey::new("response", "other", b"resp_1"),
            StateKey::new("proof", "team", b"resp_1"),
        ] {
            assert_ne!(key, other);
        }
    }
}
