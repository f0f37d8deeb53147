//! What is measured, and how much of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::shape::Shape;

/// What the load saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Answers that were right.
    pub calls: u64,
    /// Answers that were wrong, or that never came.
    pub faults: u64,
    /// What was wrong with the first of them.
    pub first_fault: Option<String>,
    /// From the first call to the last answer.
    pub seconds: f64,
    /// Until the end of the answer, half of the calls.
    pub p50_us: f64,
    /// Until the end of the answer, 99 of 100 calls.
    pub p99_us: f64,
    /// Until the body began, half of the calls.
    pub first_p50_us: f64,
    /// Until the body began, 99 of 100 calls.
    pub first_p99_us: f64,
}

/// One kind of call.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The request's body.
    pub body_bytes: usize,
    /// Whether every message is new in every call.
    pub fresh: bool,
    /// The provider that the gateway is asked for.
    pub provider: &'static str,
    /// The answer.
    pub shape: Shape,
    /// Calls in one round.
    pub calls: usize,
    /// Clients that call at once.
    pub clients: usize,
    /// The most that the gateway may cost: its processor time as a ratio to the floor's.
    pub limit: f64,
    /// Whether the short run has it.
    pub quick: bool,
}

/// A paragraph or two: what most chat answers are.
const ANSWER_BYTES: usize = 1_000;
const SMALL: usize = 1_024;
const LARGE: usize = 200 * 1_024;
/// So that each chunk is read and written by itself, and the proxy still sleeps now and then.
const PACED: Shape = Shape::stream(2_000, 100, Duration::from_millis(5));
const BURST: Shape = Shape::stream(2_000, 100, Duration::ZERO);

/// The limits that this project has set itself.
const SAME_FORMAT: f64 = 2.0;
const STREAM: f64 = 1.5;
const TRANSLATED: f64 = 4.0;

/// Every scenario, in the order of the table.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (provider, limit) in [("openai", SAME_FORMAT), ("anthropic", TRANSLATED)] {
        for (body_bytes, fresh, quick) in [(SMALL, false, true), (LARGE, false, true), (LARGE, true, false)] {
            let calls = if body_bytes == SMALL { 6_000 } else { 1_500 };
            let shape = Shape::whole(ANSWER_BYTES);
            all.push(Scenario { body_bytes, fresh, provider, shape, calls, clients: 16, limit, quick });
        }
    }
    for (provider, limit) in [("openai", STREAM), ("anthropic", TRANSLATED)] {
        for (body_bytes, shape, calls, quick) in
            [(SMALL, PACED, 192, true), (LARGE, PACED, 192, false), (SMALL, BURST, 1_500, false)]
        {
            let clients = if shape.gap.is_zero() { 16 } else { 32 };
            all.push(Scenario { body_bytes, fresh: false, provider, shape, calls, clients, limit, quick });
        }
    }
    all
}

impl Scenario {
    /// What the table calls it.
    #[must_use]
    pub fn name(&self) -> String {
        let body = if self.body_bytes == SMALL { "1 KB" } else { "200 KB" };
        let fresh = if self.fresh { " all new" } else { "" };
        let answer = match self.shape {
            Shape { chunks: None, .. } => "whole",
            Shape { gap, .. } if gap.is_zero() => "stream at once",
            Shape { .. } => "stream",
        };
        format!("to {}, {body}{fresh}, {answer}", self.provider)
    }

    /// The name of the model to ask for.
    #[must_use]
    pub fn model(&self) -> String {
        format!("{}/{}", self.provider, self.shape)
    }

    /// Calls for `calls` of this kind by `clients` at once.
    #[must_use]
    pub fn load(&self, target: std::net::SocketAddr, calls: usize, clients: usize, seed: u64) -> Vec<String> {
        let mut arguments = vec![
            format!("--target={target}"),
            format!("--model={}", self.model()),
            format!("--calls={calls}"),
            format!("--clients={clients}"),
            format!("--body-bytes={}", self.body_bytes),
            format!("--seed={seed}"),
        ];
        if self.fresh {
            arguments.push("--fresh".to_owned());
        }
        arguments
    }
}

/// Streams that are held open: so many at once, each with a chunk now and then.
pub const SLOW_STREAMS: usize = 2_000;
/// How they are answered: 20 chunks in five seconds.
pub const SLOW: Shape = Shape::stream(400, 20, Duration::from_millis(250));
/// The most memory that the gateway may take for them.
pub const SLOW_LIMIT_MIB: f64 = 120.0;
/// The longest that the gateway may take until it listens.
pub const START_LIMIT_MS: f64 = 50.0;
