//! Who calls, and what a call may do. Decisions only: nothing here sends, waits or counts.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`credential`] | finds the one credential that a request carries, whichever header its SDK uses |
//! | [`identity`] | [`KeyRing`]: from a credential to a [`Caller`] |

pub mod credential;
pub mod identity;

pub use credential::{CredentialError, presented};
pub use identity::{Caller, Key, KeyRing, UnknownKey};
