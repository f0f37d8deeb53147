//! Holds the bill against what the simulated providers metered.

use std::collections::BTreeMap;

use tollgate_simulators::{Ending, Simulators};
use tollgate_telemetry::{CallFilter, Outcome, Store};

use crate::output::CommandError;

/// Tokens of completed calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tokens {
    calls: u64,
    input: u64,
    cached: u64,
    output: u64,
}

/// Returns what differs, a line for each provider that does. Nothing is the expected answer.
pub(super) fn compare(simulators: &Simulators, store: &Store) -> Result<Vec<String>, CommandError> {
    let calls = store.calls(&CallFilter { outcome: Some(Outcome::Completed), ..CallFilter::default() });
    let calls = calls.map_err(|error| CommandError::failed(&error))?;
    let mut billed: BTreeMap<String, Tokens> = BTreeMap::new();
    for call in calls {
        let tokens = billed.entry(call.provider.unwrap_or_default()).or_default();
        tokens.calls += 1;
        tokens.input += call.usage.input_tokens.unwrap_or(0);
        tokens.cached += call.usage.input.cache_read.unwrap_or(0);
        tokens.output += call.usage.output_tokens.unwrap_or(0);
    }
    let mut metered: BTreeMap<String, Tokens> = BTreeMap::new();
    for served in simulators.meter() {
        if served.status == 200 && served.ending == Ending::Completed {
            let tokens = metered.entry(served.vendor.name().to_owned()).or_default();
            tokens.calls += 1;
            tokens.input += served.usage.input;
            tokens.cached += served.usage.cache_read;
            tokens.output += served.usage.output;
        }
    }
    let mut names: Vec<&String> = billed.keys().chain(metered.keys()).collect();
    names.sort();
    names.dedup();
    let differing = names.into_iter().filter(|name| billed.get(*name) != metered.get(*name));
    Ok(differing
        .map(|name| format!("{name}: billed {:?}, metered {:?}", billed.get(name), metered.get(name)))
        .collect())
}
