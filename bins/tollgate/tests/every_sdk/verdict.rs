//! What the lines of a script are worth.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_simulators::{Simulators, Vendor};

use crate::{
    clients::Client,
    known::{KNOWN, Known},
    scenarios::Scenario,
    sdk::Output,
    targets::Target,
};

/// One scenario, played with one SDK on one target.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) client: &'static Client,
    pub(crate) vendor: Vendor,
    pub(crate) is_direct: bool,
    pub(crate) scenario: String,
    pub(crate) verdict: Verdict,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// All that must hold holds.
    Pass,
    /// Not all could be had, and the gateway named it.
    Loss(String),
    /// There is no such thing here, for this reason.
    Skip(String),
    /// It fails for a reason that is known and written down.
    Known(&'static Known),
    /// It fails.
    Fail(String),
}

impl Played {
    /// What there is to say of a failure.
    pub(crate) fn failure(&self) -> Option<String> {
        let Verdict::Fail(why) = &self.verdict else { return None };
        Some(format!("- {}\n  {why}", self.place()))
    }

    /// Where it was played.
    pub(crate) fn place(&self) -> String {
        let directly = if self.is_direct { " directly" } else { "" };
        format!("{} on {}{directly}: {}", self.scenario, self.vendor, self.client.name)
    }
}

/// What the providers received.
#[derive(Debug)]
pub(crate) struct Upstream(Vec<(Vendor, String)>);

impl Upstream {
    pub(crate) fn of(simulators: &Simulators) -> Self {
        // Written anew, so that all write alike: some put spaces between, some escape what is not ASCII.
        let rewritten = |body: &[u8]| Some(serde_json::from_slice::<Value>(body).ok()?.to_string());
        let requests = simulators.requests();
        let bodies = requests.iter().filter_map(|it| Some((it.vendor, rewritten(&it.body)?)));
        Self(bodies.collect())
    }

    /// The first of `wanted` that no request of this conversation held.
    fn lacks<'a>(&self, vendor: Vendor, marker: &str, wanted: &[&'a str]) -> Option<&'a str> {
        let conversation: Vec<&str> = self
            .0
            .iter()
            .filter(|(who, body)| *who == vendor && body.contains(marker))
            .map(|(_, body)| body.as_str())
            .collect();
        wanted.iter().find(|text| !conversation.iter().any(|body| body.contains(**text))).copied()
    }
}

/// Judges all that a script was to play, what it said nothing of included.
pub(crate) fn judge(
    client: &'static Client,
    targets: &[Target],
    scenarios: &[Scenario],
    output: &Output,
    upstream: &Upstream,
) -> Vec<Played> {
    let lines: Vec<Value> =
        output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let key =
        |line: &Value| Some((line["target"].as_str()?.to_owned(), line["scenario"].as_str()?.to_owned()));
    let said: HashMap<(String, String), &Value> =
        lines.iter().filter_map(|line| Some((key(line)?, line))).collect();
    let one = |target: &Target, scenario: &Scenario| {
        let verdict = match said.get(&(target.name(), scenario.name.clone())) {
            Some(line) => verdict(line, target, scenario, upstream),
            None => Verdict::Fail(format!("the script did not come to it: {}", tail(&output.stderr))),
        };
        let verdict = match verdict {
            Verdict::Fail(why) if !target.is_direct => excuse(why, client, target.vendor, &scenario.name),
            verdict => verdict,
        };
        let scenario = scenario.name.clone();
        Played { client, vendor: target.vendor, is_direct: target.is_direct, scenario, verdict }
    };
    targets.iter().flat_map(|target| scenarios.iter().map(move |scenario| one(target, scenario))).collect()
}

/// A failure that is written down is none.
fn excuse(why: String, client: &Client, vendor: Vendor, scenario: &str) -> Verdict {
    let excuses = |known: &&Known| known.lists(client, vendor, scenario) && why.contains(known.says);
    KNOWN.iter().find(excuses).map_or(Verdict::Fail(why), Verdict::Known)
}

fn verdict(line: &Value, target: &Target, scenario: &Scenario, upstream: &Upstream) -> Verdict {
    let why = line["why"].as_str().unwrap_or_default().to_owned();
    let named: Vec<&str> = line["named"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match line["outcome"].as_str() {
        Some("pass") => {
            let wanted = scenario.arrives(target.vendor.name());
            match upstream.lacks(target.vendor, &scenario.marker(&target.name()), &wanted) {
                Some(lost) => Verdict::Fail(format!("it never reached the provider: {lost}")),
                None => Verdict::Pass,
            }
        }
        // Whatever a script takes for a loss, it is none unless it was named.
        Some("loss") if !named.is_empty() => Verdict::Loss(named.join(", ")),
        Some("skip") if target.is_direct || scenario.may_be_skipped() => Verdict::Skip(why),
        _ => Verdict::Fail(why),
    }
}

fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(1_500);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[from..]
}
