//! `tollgate serve`: the gateway as a program.

use std::{collections::HashMap, net::SocketAddr, path::Path, sync::Arc};

use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tollgate::{
    Gateway, assemble,
    config::{ProviderSettings, Resolved, TimeoutsEntry},
    discovery, registry,
};
use tollgate_model::{ModelName, ProviderName};
use tollgate_provider::Transport;
use tollgate_server::{Ended, Limits, Server};
use tollgate_transport::HttpTransport;

use crate::{
    check,
    configuration::{self, Loaded},
    output::{CommandError, Outcome, print},
};

/// How to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the front doors listen, whatever the configuration says. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where health and the admin API listen, whatever the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
}

pub(crate) fn run(config: Option<&Path>, arguments: &Arguments) -> Outcome {
    log_to_stderr();
    let mut loaded = configuration::load(config)?;
    let server = &mut loaded.resolved.server;
    server.listen = arguments.listen.unwrap_or(server.listen);
    server.admin = arguments.admin.unwrap_or(server.admin);
    if loaded.resolved.keys.is_none() && !server.listen.ip().is_loopback() {
        return Err(CommandError::usage("without [[keys]] the gateway listens on loopback addresses only"));
    }
    if !server.admin.ip().is_loopback() {
        return Err(CommandError::usage(
            "the admin address has no credentials in this version: loopback only",
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::failed(&error))?;
    runtime.block_on(serve(config, loaded))
}

/// `RUST_LOG` chooses; warnings by default. Standard output is for people.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn serve(config: Option<&Path>, loaded: Loaded) -> Outcome {
    let transport = HttpTransport::new(tollgate_transport::Options::default());
    let transport: Arc<dyn Transport> = Arc::new(transport.map_err(|error| CommandError::failed(&error))?);
    let gateway = Arc::new(open(&loaded.resolved, &transport)?);
    let settings = &loaded.resolved.server;
    let limits =
        Limits { max_body_bytes: settings.max_body_bytes, drain: settings.drain, ..Limits::default() };
    let server = Server::bind(gateway.clone(), settings.listen, settings.admin, limits).await;
    let server = server.map_err(|error| CommandError::failed(&error))?;
    announce(&loaded, &server);

    let discovering = tokio::spawn(discover(gateway.clone(), transport.clone(), loaded));
    let reloading = tokio::spawn(reload_on_hangup(gateway.clone(), transport, config.map(Path::to_owned)));
    let (shutdown, at_once) = terminations();
    let ended = server.serve(shutdown, at_once).await;
    discovering.abort();
    reloading.abort();
    gateway.close().map_err(|error| CommandError::failed(&error))?;
    match ended {
        Ended::Drained => Ok(()),
        Ended::TooLate => {
            tracing::warn!(
                "some calls did not finish in time and were ended with an error; they are recorded"
            );
            Ok(())
        }
        Ended::AtOnce => Err(CommandError::failed_because(
            "ended at once by a second signal; open calls were cut and recorded",
        )),
    }
}

fn open(resolved: &Resolved, transport: &Arc<dyn Transport>) -> Result<Gateway, CommandError> {
    let builder = Gateway::builder().capture_content(resolved.server.capture_content);
    let gateway = builder.open(&resolved.server.data).map_err(|error| CommandError::failed(&error))?;
    replace(&gateway, resolved, transport, HashMap::new())?;
    Ok(gateway)
}

fn replace(
    gateway: &Gateway,
    resolved: &Resolved,
    transport: &Arc<dyn Transport>,
    discovered: HashMap<ProviderName, Vec<ModelName>>,
) -> Outcome {
    let runtime = assemble::runtime(resolved, transport, discovered);
    gateway.replace_runtime(runtime.map_err(|error| CommandError::usage(error.to_string()))?);
    Ok(())
}

/// Says what was found and where it listens.
fn announce(loaded: &Loaded, server: &Server) {
    print(format_args!(
        "Tollgate {}, {}",
        env!("CARGO_PKG_VERSION"),
        match &loaded.source {
            Some(source) => format!("configured by {source}"),
            None => "without a configuration file".to_owned(),
        }
    ));
    for line in check::describe(loaded) {
        print(line);
    }
    if let (Ok(listen), Ok(admin)) = (server.listen_address(), server.admin_address()) {
        print(format_args!("  admin     http://{admin}"));
        print(format_args!(
            "Listening on http://{listen}: set your OpenAI SDK's base URL to http://{listen}/v1"
        ));
    }
}

/// Asks local servers for their models, after the doors have opened: a server that does not answer delays nobody.
///
/// Without a configuration file, a local Ollama that answers becomes a provider.
async fn discover(gateway: Arc<Gateway>, transport: Arc<dyn Transport>, mut loaded: Loaded) {
    if loaded.source.is_none() {
        loaded.resolved.providers.extend(local_ollama());
    }
    let known = match assemble::runtime(&loaded.resolved, &transport, HashMap::new()) {
        Ok(known) => known,
        Err(error) => return tracing::warn!(%error, "nobody can be asked for models"),
    };
    let mut discovered = HashMap::new();
    let mut absent = Vec::new();
    for provider in &loaded.resolved.providers {
        let (Some(listing), Some(endpoint)) = (&provider.kind.listing, known.endpoint(&provider.name)) else {
            continue;
        };
        match discovery::models(endpoint, listing, &provider.base_url).await {
            Ok(models) => {
                print(format_args!(
                    "  provider  {:<16} {} models at {}",
                    provider.name,
                    models.len(),
                    provider.base_url
                ));
                discovered.insert(provider.name.clone(), models);
            }
            Err(_) if loaded.source.is_none() => absent.push(provider.name.clone()),
            Err(error) => tracing::warn!(provider = %provider.name, %error, "its models could not be listed"),
        }
    }
    loaded.resolved.providers.retain(|provider| !absent.contains(&provider.name));
    if !discovered.is_empty()
        && let Err(error) = replace(&gateway, &loaded.resolved, &transport, discovered)
    {
        tracing::warn!(%error, "discovered models could not be added");
    }
}

fn local_ollama() -> Option<ProviderSettings> {
    let kind = registry::kind(registry::OLLAMA)?;
    Some(ProviderSettings {
        name: ProviderName::new(kind.name),
        kind,
        base_url: kind.default_base_url?.parse().ok()?,
        api: None,
        api_keys: Vec::new(),
        region: None,
        tier: None,
        timeouts: TimeoutsEntry::default(),
    })
}

/// SIGHUP reads the configuration again. A bad file changes nothing and says why.
async fn reload_on_hangup(
    gateway: Arc<Gateway>,
    transport: Arc<dyn Transport>,
    config: Option<std::path::PathBuf>,
) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        let reloaded = configuration::load(config.as_deref()).and_then(|loaded| {
            replace(&gateway, &loaded.resolved, &transport, HashMap::new())?;
            Ok(loaded)
        });
        match reloaded {
            Ok(loaded) => {
                print(
                    "Configuration read again; addresses, data folder and capture take effect at the next start.",
                );
                discover(gateway.clone(), transport.clone(), loaded).await;
            }
            Err(error) => tracing::error!(%error, "the configuration was not read again; the old one holds"),
        }
    }
}

/// Two futures: the first completes at SIGTERM or SIGINT, the second at another of them.
fn terminations() -> (impl Future<Output = ()>, impl Future<Output = ()>) {
    let first = Arc::new(Notify::new());
    let second = Arc::new(Notify::new());
    let told = [first.clone(), second.clone()];
    tokio::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return;
        };
        for told in told {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            told.notify_one();
        }
    });
    let wait = |notify: Arc<Notify>| async move { notify.notified().await };
    (wait(first), wait(second))
}
