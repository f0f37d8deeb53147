//! Reasoning that only its vendor can read: `encrypted_content`, bound to the item that it came in.
//!
//! It looks like what each vendor sends: OpenAI's in the alphabet for URLs, xAI's in the usual one.

use serde_json::Value;

use super::{super::signature, Dialect};
use crate::{
    dice::{Dice, hash_bytes},
    exchange::Exchange,
};

/// The head of what OpenAI sends.
const HEAD: &str = "gAAAAABq";
/// Characters that name the item.
const OWNER: usize = 16;

/// What came back, and is not what went out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It was altered, cut, or is somebody else's.
    Unreadable,
    /// It belongs to another item.
    Misplaced,
}

/// Seals a thought into the item `id`.
pub(super) fn seal(exchange: &Exchange<'_>, dialect: Dialect, id: &str, dice: &mut Dice) -> String {
    let owner = owner(id);
    let seal = signature::seal(exchange.seed, exchange.model, &owner, dice);
    match dialect {
        Dialect::OpenAi => format!("{HEAD}{owner}{}", seal.replace('+', "-").replace('/', "_")),
        Dialect::Xai => format!("{owner}{seal}"),
    }
}

/// Checks what came back; an item may come back without its id.
pub(super) fn check(seed: u64, dialect: Dialect, id: Option<&str>, sealed: &str) -> Result<(), Broken> {
    let rest = match dialect {
        Dialect::OpenAi => sealed.strip_prefix(HEAD).ok_or(Broken::Unreadable)?,
        Dialect::Xai => sealed,
    };
    let (owner, seal) = rest.split_at_checked(OWNER).ok_or(Broken::Unreadable)?;
    let seal = match dialect {
        Dialect::OpenAi => seal.replace('-', "+").replace('_', "/"),
        Dialect::Xai => seal.to_owned(),
    };
    if !signature::is_own(seed, owner, &seal) {
        return Err(Broken::Unreadable);
    }
    if id.is_none_or(|id| self::owner(id) == owner) { Ok(()) } else { Err(Broken::Misplaced) }
}

fn owner(id: &str) -> String {
    format!("{:016x}", hash_bytes(0x0123, id.as_bytes()))
}

/// Leaves it out: of what is read later, it is shown on demand alone.
pub(super) fn hide<'a>(items: impl Iterator<Item = &'a mut Value>) {
    for item in items.filter(|item| item["type"] == "reasoning") {
        if let Some(fields) = item.as_object_mut() {
            fields.shift_remove("encrypted_content");
        }
    }
}
