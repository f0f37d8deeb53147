//! `tollgate demo`: simulated providers, the real gateway, mixed traffic with faults, then the bill.

mod client;
mod ledger;
mod traffic;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};
use tollgate::{Gateway, assemble, config::File};
use tollgate_provider::Transport;
use tollgate_server::{Limits, Server};
use tollgate_simulators::{FaultPlan, Options, Pace, Simulators, Vendor};
use tollgate_telemetry::{BillQuery, CallFilter, Dimension, Store};
use tollgate_transport::HttpTransport;

use crate::{
    bill,
    output::{CommandError, Outcome, grouped, print, print_json},
};
use client::{Client, Seen};

/// How to show it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Chooses the traffic, the answers and the faults. The same seed gives the same bill.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// How many conversations. Most are one call, some are three.
    #[arg(long, default_value_t = 300)]
    conversations: usize,
    /// Where to keep the records, to look at them with `calls` and `bill` later. Default: a folder that is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Let the simulated models answer as slowly as real ones.
    #[arg(long)]
    realistic: bool,
}

/// More at once would only make the simulators' machine busier.
const CONVERSATIONS_AT_ONCE: usize = 16;

pub(crate) fn run(arguments: &Arguments, json: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::failed(&error))?;
    runtime.block_on(demo(arguments, json))
}

async fn demo(arguments: &Arguments, json: bool) -> Outcome {
    let failed = |error: &dyn std::error::Error| CommandError::failed(error);
    let scratch;
    let data = match &arguments.data {
        Some(folder) => folder.clone(),
        None => {
            scratch = tempfile::tempdir().map_err(|error| failed(&error))?;
            scratch.path().to_owned()
        }
    };
    let pace = if arguments.realistic { Pace::realistic() } else { Pace::Instant };
    let options =
        Options { seed: arguments.seed, faults: FaultPlan::rough_day(), pace, ..Options::default() };
    let simulators = Simulators::start(options).await.map_err(|error| failed(&error))?;
    let started = start_gateway(&simulators, &data).await?;
    if !json {
        introduce(&simulators, started.address);
    }

    let began = Instant::now();
    let seen = drive(arguments, started.address, json).await;
    let elapsed = began.elapsed();

    let _ = started.shutdown.send(());
    let _ = started.serving.await;
    started.gateway.close().map_err(|error| failed(&error))?;
    let store = Store::new(&data);
    let differences = ledger::compare(&simulators, &store)?;
    simulators.stop().await;
    report(&store, &seen, elapsed, &differences, json)?;
    if let (Some(folder), false) = (&arguments.data, json) {
        print(format_args!("\nThe records are in {}.", folder.display()));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(CommandError::failed_because("the bill and the simulators' meters differ"))
    }
}

/// A gateway that serves.
struct Started {
    gateway: Arc<Gateway>,
    address: SocketAddr,
    shutdown: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<tollgate_server::Ended>,
}

async fn start_gateway(simulators: &Simulators, data: &std::path::Path) -> Result<Started, CommandError> {
    let failed = |error: &dyn std::error::Error| CommandError::failed(error);
    let file = File::parse(&configuration(simulators)).map_err(|error| failed(&error))?;
    let resolved = file.resolve(&tollgate::config::ProcessEnvironment).map_err(|error| failed(&error))?;
    let transport =
        HttpTransport::new(tollgate_transport::Options::default()).map_err(|error| failed(&error))?;
    let transport: Arc<dyn Transport> = Arc::new(transport);
    let gateway = Arc::new(Gateway::builder().open(data).map_err(|error| failed(&error))?);
    let runtime = assemble::runtime(&resolved, &transport, std::collections::HashMap::new());
    gateway.replace_runtime(runtime.map_err(|error| failed(&error))?);
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let server =
        Server::bind(gateway.clone(), free, free, Limits::default()).await.map_err(|error| failed(&error))?;
    let address = server.listen_address().map_err(|error| failed(&error))?;
    let (shutdown, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown_asked = async move {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(server.serve(shutdown_asked, std::future::pending()));
    Ok(Started { gateway, address, shutdown, serving })
}

/// What an operator would write for these five.
fn configuration(simulators: &Simulators) -> String {
    let mut text = String::new();
    for vendor in Vendor::ALL {
        let key = if vendor == Vendor::Ollama { "" } else { "api_key = \"demo\"\n" };
        text.push_str(&format!(
            "[providers.{vendor}]\n{key}base_url = \"{}\"\n",
            simulators.base_url(vendor)
        ));
    }
    text.push_str(
        "[catalog.\"ollama/qwen3:8b\"]\ninput_usd_per_million = 0.02\noutput_usd_per_million = 0.04\n\
         [models.smart]\ntargets = [\"anthropic/claude-sonnet-5-5\", \"openai/gpt-4.1\", \"gemini/gemini-2.5-pro\"]\n",
    );
    for (team, key) in traffic::KEYS {
        text.push_str(&format!("[[keys]]\nname = \"{team}-key\"\nsecret = \"{key}\"\nteam = \"{team}\"\n"));
    }
    text
}

fn introduce(simulators: &Simulators, address: SocketAddr) {
    print("Simulated providers, speaking their real wire formats on loopback:");
    for vendor in Vendor::ALL {
        print(format_args!("  {:<10} {}", vendor.name(), simulators.base_url(vendor)));
    }
    print(format_args!("The gateway in front of them: http://{address}/v1, OpenAI's format.\n"));
}

/// Sends the traffic and returns what its clients saw.
async fn drive(arguments: &Arguments, address: SocketAddr, json: bool) -> Seen {
    let conversations = traffic::conversations(arguments.seed, arguments.conversations);
    let progress = progress_bar(conversations.len(), json);
    let client = Arc::new(Client::new(address));
    let room = Arc::new(Semaphore::new(CONVERSATIONS_AT_ONCE));
    let done = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let mut seen = Seen::default();
    let total = conversations.len();
    let mut last_line = Instant::now();
    for conversation in conversations {
        let permit = room.clone().acquire_owned().await;
        tasks.spawn({
            let (client, done, progress) = (client.clone(), done.clone(), progress.clone());
            async move {
                let seen = client.hold(conversation).await;
                done.fetch_add(1, Ordering::Relaxed);
                progress.inc(1);
                drop(permit);
                seen
            }
        });
        while let Some(Ok(part)) = tasks.try_join_next() {
            seen.add(&part);
        }
        // Not on a terminal: a line now and then.
        if progress.is_hidden() && !json && last_line.elapsed() > Duration::from_secs(10) {
            print(format_args!("{} of {total} conversations", done.load(Ordering::Relaxed)));
            last_line = Instant::now();
        }
    }
    while let Some(part) = tasks.join_next().await {
        seen.add(&part.unwrap_or_default());
    }
    progress.finish_and_clear();
    seen
}

fn progress_bar(length: usize, json: bool) -> ProgressBar {
    let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} conversations, {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn report(store: &Store, seen: &Seen, elapsed: Duration, differences: &[String], json: bool) -> Outcome {
    let sum = |group_by: Vec<Dimension>| {
        let query = BillQuery { filter: CallFilter::default(), group_by, time_zone: TimeZone::system() };
        store.bill(&query).map_err(|error| CommandError::failed(&error))
    };
    let by_model = sum(vec![Dimension::Provider, Dimension::Model])?;
    let by_team = sum(vec![Dimension::Team])?;
    if json {
        return print_json(&json!({
            "clients": {"answers": seen.answers, "errors": seen.errors, "broken_streams": seen.broken},
            "bill": by_model, "by_team": by_team, "differences": differences,
        }));
    }
    print(format_args!(
        "{} calls in {:.1} s. Clients saw {} answers, {} errors and {} streams that broke off with an error.\n",
        grouped(by_model.total.calls),
        elapsed.as_secs_f64(),
        grouped(seen.answers),
        grouped(seen.errors),
        grouped(seen.broken),
    ));
    bill::show(&by_model);
    print("");
    bill::show(&by_team);
    print("");
    if differences.is_empty() {
        print(
            "For every completed call, the tokens on the bill are those that the simulated providers metered.",
        );
    }
    for difference in differences {
        print(difference);
    }
    Ok(())
}
