//! From a credential to a caller.

use std::{collections::HashMap, fmt, sync::Arc};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tollgate_model::KeyId;

/// Who calls: what a record says of it and what rules can ask of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The key's name. `None`: the gateway is open, and nobody was asked.
    pub key: Option<KeyId>,
    /// The team the key belongs to.
    pub team: Option<Arc<str>>,
    /// The user the key belongs to.
    pub user: Option<Arc<str>>,
    /// Labels of the key.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
}

/// A key of the gateway: its secret, known by its digest only, and whose it is.
#[derive(Clone)]
pub struct Key {
    digest: [u8; 32],
    caller: Arc<Caller>,
}

impl Key {
    /// Makes a key. The secret is not kept.
    #[must_use]
    pub fn new(secret: &str, caller: Caller) -> Self {
        Self { digest: digest(secret), caller: Arc::new(caller) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// A credential that no key has. Says nothing about how near it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is missing or not known")]
pub struct UnknownKey;

/// All keys of the gateway.
#[derive(Debug, Clone)]
pub struct KeyRing {
    /// By digest. `None`: no key is asked for.
    keys: Option<HashMap<[u8; 32], Arc<Caller>>>,
    nobody: Arc<Caller>,
}

impl KeyRing {
    /// Asks for no key: whoever reaches the address may call. Only fit for a loopback address.
    #[must_use]
    pub fn open() -> Self {
        Self { keys: None, nobody: Arc::default() }
    }

    /// Asks for one of `keys`. Of two with the same secret, the later counts; configuration refuses such.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let keys = keys.into_iter().map(|key| (key.digest, key.caller)).collect();
        Self { keys: Some(keys), nobody: Arc::default() }
    }

    /// Tells whether no key is asked for.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.keys.is_none()
    }

    /// Returns whose credential it is.
    ///
    /// The time this takes depends on the credential's length alone: it is hashed, and digests are compared.
    ///
    /// # Errors
    /// No key has it.
    pub fn identify(&self, credential: Option<&str>) -> Result<&Arc<Caller>, UnknownKey> {
        let Some(keys) = &self.keys else { return Ok(&self.nobody) };
        let presented = digest(credential.ok_or(UnknownKey)?);
        let (digest, caller) = keys.get_key_value(&presented).ok_or(UnknownKey)?;
        if bool::from(digest.ct_eq(&presented)) { Ok(caller) } else { Err(UnknownKey) }
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str) -> Caller {
        Caller { key: Some(KeyId::new(name)), ..Caller::default() }
    }

    #[test]
    fn a_key_names_its_caller_and_nothing_else_does() {
        let ring = KeyRing::new([Key::new("s1", caller("one")), Key::new("s2", caller("two"))]);
        assert_eq!(ring.identify(Some("s2")).unwrap().key, Some(KeyId::new("two")));
        for wrong in [None, Some(""), Some("s"), Some("s11"), Some("S1")] {
            assert_eq!(ring.identify(wrong), Err(UnknownKey), "{wrong:?}");
        }
    }

    #[test]
    fn an_open_ring_asks_nobody() {
        assert_eq!(KeyRing::open().identify(None).unwrap().key, None);
    }

    #[test]
    fn a_secret_does_not_show() {
        let ring = KeyRing::new([Key::new("sk-live-1", caller("one"))]);
        assert!(!format!("{ring:?}").contains("sk-live"));
    }
}
