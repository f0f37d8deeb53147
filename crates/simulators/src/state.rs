//! What the simulated providers of one start remember together.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::{Options, Vendor, dice::stir, memory::Memory, meter::Meter, prompt::PrefixCache};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who received it.
    pub vendor: Vendor,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte by byte.
    pub body: Bytes,
}

/// The most distinct bodies whose comings are counted; then counting starts afresh.
const COUNTED: usize = 1 << 17;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) meter: Meter,
    caches: [PrefixCache; Vendor::SERVED.len()],
    memories: [Memory; Vendor::SERVED.len()],
    received: Mutex<VecDeque<Received>>,
    comings: Mutex<HashMap<u64, u32>>,
    served: AtomicU64,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            meter: Meter::default(),
            caches: Default::default(),
            memories: Default::default(),
            received: Mutex::default(),
            comings: Mutex::default(),
            served: AtomicU64::new(0),
        }
    }

    pub(crate) const fn cache(&self, vendor: Vendor) -> &PrefixCache {
        &self.caches[vendor.index()]
    }

    pub(crate) const fn memory(&self, vendor: Vendor) -> &Memory {
        &self.memories[vendor.index()]
    }

    /// The next number for a request id.
    pub(crate) fn next(&self) -> u64 {
        stir(self.options.seed, self.served.fetch_add(1, Ordering::Relaxed))
    }

    /// How many times the request that `hash` stands for came before.
    pub(crate) fn comings(&self, hash: u64) -> u32 {
        let mut comings = self.comings.lock().unwrap_or_else(PoisonError::into_inner);
        if comings.len() >= COUNTED {
            comings.clear();
        }
        let count = comings.entry(hash).or_insert(0);
        *count += 1;
        *count - 1
    }

    pub(crate) fn keep(&self, request: Received) {
        if self.options.kept_requests == 0 {
            return;
        }
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.len() >= self.options.kept_requests {
            received.pop_front();
        }
        received.push_back(request);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
