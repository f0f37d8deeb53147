//! How a simulation is set up.

use std::time::Duration;

use crate::{FaultPlan, dice::Dice};

/// How fast answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// At once.
    #[default]
    Instant,
    /// Like a model: a wait for the first token, then a gap before each chunk, both varied by half.
    Realistic {
        /// The wait for the first token.
        first: Duration,
        /// The gap before each further chunk. An answer that is not streamed waits for all its gaps at once.
        gap: Duration,
    },
}

impl Pace {
    /// A quick model on a quiet day: a fifth of a second, then 12 ms a chunk.
    #[must_use]
    pub const fn realistic() -> Self {
        Self::Realistic { first: Duration::from_millis(200), gap: Duration::from_millis(12) }
    }

    /// What the fault `slow` means.
    pub(crate) const SLOW: Self =
        Self::Realistic { first: Duration::from_millis(500), gap: Duration::from_millis(100) };

    pub(crate) fn first(self, dice: &mut Dice) -> Duration {
        match self {
            Self::Instant => Duration::ZERO,
            Self::Realistic { first, .. } => first.mul_f64(0.5 + dice.fraction()),
        }
    }

    pub(crate) fn gap(self, dice: &mut Dice) -> Duration {
        match self {
            Self::Instant => Duration::ZERO,
            Self::Realistic { gap, .. } => gap.mul_f64(0.5 + dice.fraction()),
        }
    }
}

/// The settings of a simulation.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides, with the vendor and the request's body, what is answered and what fails by chance.
    pub seed: u64,
    /// What fails by chance.
    pub faults: FaultPlan,
    /// How fast answers come.
    pub pace: Pace,
    /// The only key that is accepted. None: any that is not empty.
    pub key: Option<String>,
    /// How many received requests are kept for [`Simulators::requests`](crate::Simulators::requests).
    pub kept_requests: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, faults: FaultPlan::none(), pace: Pace::Instant, key: None, kept_requests: 256 }
    }
}
