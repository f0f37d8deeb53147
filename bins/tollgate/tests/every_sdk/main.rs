//! The SDKs that applications use, through one list of scenarios on each of the simulated providers.
//!
//! `sdk/scripts/every/scenarios.json` says what is asked and what must hold, the same for all. Each script plays it with one
//! SDK: at its own vendor's simulator first, which shows that the script is right, then through the gateway on every
//! provider. What comes out is one table: what holds, what the gateway named as lost, what an SDK has not, and what fails.
//! Nothing may fail but what `known.rs` lists.
//!
//! What must reach a provider is looked for in what the simulators received, so that a gateway that dropped it in silence
//! could not pass by an answer that happens to please.
//!
//! `EVERY_SDK=anthropic` plays only the clients with that in their name, `SCENARIOS=image,document` only these scenarios.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

#[path = "../sdk/mod.rs"]
mod sdk;
#[path = "../support/mod.rs"]
mod support;

mod clients;
mod known;
mod scenarios;
mod table;
mod targets;
mod verdict;

use std::sync::Arc;

use clients::{CLIENTS, Client};
use scenarios::Scenario;
use support::GatewayProcess;
use targets::{PROVIDER_KEY, Target};
use tokio::{sync::Semaphore, task::JoinSet};
use tollgate_simulators::{Options, Simulators};
use verdict::{Played, Upstream};

/// As many as keep a small machine busy, and no more.
const AT_ONCE: usize = 2;

/// Plays all scenarios with one SDK. None: there are no SDKs here, and it was said.
async fn play(client: &'static Client, scenarios: Arc<Vec<Scenario>>) -> Option<Vec<Played>> {
    let options = Options {
        seed: 11,
        key: Some(PROVIDER_KEY.to_owned()),
        kept_requests: 1 << 14,
        ..Options::default()
    };
    let simulators = Simulators::start(options).await.unwrap();
    let configuration = targets::configuration(&simulators);
    let direct = Target::direct(client.own, &simulators);
    let finished = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let targets: Vec<Target> =
            [direct].into_iter().chain(Target::behind(&gateway.url(), client.is_open)).collect();
        let list = targets::to_json(&targets);
        let env = [("TARGETS", list.as_str()), ("DOOR", client.door)];
        let path = sdk::script(client.script);
        let output = match client.script.ends_with(".py") {
            true => sdk::python(&path, &[], &env),
            false => sdk::node(&path, &[], &env),
        };
        gateway.stop();
        output.map(|output| (output, targets))
    });
    let (output, targets) = finished.await.unwrap()?;
    let upstream = Upstream::of(&simulators);
    Some(verdict::judge(client, &targets, &scenarios, &output, &upstream))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sdk_reaches_every_provider() {
    let scenarios = Arc::new(scenarios::read());
    let wanted = std::env::var("EVERY_SDK").unwrap_or_default();
    let clients = CLIENTS.iter().filter(|client| client.name.contains(&wanted));
    let lanes = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for client in clients {
        let (lanes, scenarios) = (Arc::clone(&lanes), Arc::clone(&scenarios));
        playing.spawn(async move {
            let _lane = lanes.acquire().await.unwrap();
            play(client, scenarios).await
        });
    }
    let played: Vec<Played> = playing.join_all().await.into_iter().flatten().flatten().collect();
    table::show(&scenarios, &played);
    let failed: Vec<String> = played.iter().filter_map(Played::failure).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), played.len(), failed.join("\n"));
}
