//! One request on its way through a vendor's module.

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::{
    Vendor,
    dice::{Dice, hash_bytes, stir},
    memory::Memory,
    prompt::{CacheUse, PrefixCache, Prompt},
};

/// A request, read as far as all vendors have it in common.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) vendor: Vendor,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// The body; null where there is none.
    pub(crate) body: &'a Value,
    /// The model without its faults.
    pub(crate) model: &'a str,
    pub(crate) seed: u64,
    /// Decides the answer: of seed, vendor and body.
    pub(crate) hash: u64,
    pub(crate) cache: &'a PrefixCache,
    pub(crate) memory: &'a Memory,
    /// Whether the answer is to say of itself that it failed.
    pub(crate) fails: bool,
    pub(crate) request_id: &'a str,
    /// Seconds since 1970.
    pub(crate) now: u64,
}

impl Exchange<'_> {
    /// A fresh generator for one purpose; different `salt`s are independent of each other.
    pub(crate) const fn dice(&self, salt: u64) -> Dice {
        Dice::new(stir(self.hash, salt))
    }

    /// A seed that no other request has, the same body's next coming included: for what is kept under its id.
    pub(crate) fn once(&self) -> u64 {
        hash_bytes(self.hash, self.request_id.as_bytes())
    }

    /// A value of the query, as it is written there.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn model_hash(&self) -> u64 {
        hash_bytes(0, self.model.as_bytes())
    }

    pub(crate) fn cached(&self, prompt: &Prompt) -> u64 {
        self.cache.automatic(self.model_hash(), prompt)
    }

    pub(crate) fn marked(&self, prompt: &Prompt, least: u64) -> CacheUse {
        self.cache.marked(self.model_hash(), prompt, least)
    }

    /// The tokens of a prompt, if they are more than a model reads.
    ///
    /// A body that is too short for that is not counted.
    pub(crate) fn too_many(&self, window: u64, count: impl FnOnce() -> u64) -> Option<u64> {
        let bytes = self.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let may_be = bytes.is_none_or(|bytes| bytes / 4 > window);
        may_be.then(count).filter(|tokens| *tokens > window)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A request that a vendor refuses.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// OpenAI's `param`.
    pub(crate) param: Option<String>,
    /// OpenAI's `code`, xAI's `code`.
    pub(crate) code: Option<&'static str>,
}

impl Refusal {
    /// A 400.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into(), param: None, code: None }
    }

    /// A 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::bad(message) }
    }

    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(crate) const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }
}

/// Refuses with `refusal` unless `holds`.
pub(crate) fn require(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal()) }
}
