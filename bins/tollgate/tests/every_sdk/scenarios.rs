//! The shared list, as far as it is judged here.

use serde_json::Value;

/// One scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// What the conversation begins with: what a provider received is known by it.
    asks: String,
    whole: Value,
}

impl Scenario {
    /// The first words of the conversation with one target.
    pub(crate) fn marker(&self, target: &str) -> String {
        format!("{} (for {target})", self.asks)
    }

    /// What a provider must have received.
    pub(crate) fn arrives(&self, vendor: &str) -> Vec<&str> {
        let everywhere = self.whole["arrives"].as_array().into_iter().flatten();
        let here = self.whole["arrives_at"][vendor].as_array().into_iter().flatten();
        everywhere.chain(here).filter_map(Value::as_str).collect()
    }

    /// Whether some SDK or provider has no such thing.
    pub(crate) fn may_be_skipped(&self) -> bool {
        self.whole["may_skip"] == true
            || self.whole["not_for"].is_object()
            || self.whole["needs_marks"].is_array()
    }
}

/// Reads those that are wanted.
pub(crate) fn read() -> Vec<Scenario> {
    let list: Value =
        serde_json::from_str(include_str!("../sdk/scripts/every/scenarios.json")).expect("the list is JSON");
    let wanted = std::env::var("SCENARIOS").ok();
    let is_wanted =
        |name: &str| wanted.as_deref().is_none_or(|wanted| wanted.split(',').any(|one| one == name));
    let scenarios = list["scenarios"].as_array().unwrap().iter().map(|scenario| Scenario {
        name: scenario["name"].as_str().unwrap().to_owned(),
        asks: scenario["asks"].as_str().unwrap().to_owned(),
        whole: scenario.clone(),
    });
    scenarios.filter(|scenario| is_wanted(&scenario.name)).collect()
}
