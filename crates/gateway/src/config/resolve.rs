//! From what the operator wrote to what the program uses. Reports all problems at once.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tollgate_catalog::Override;
use tollgate_model::{Format, KeyId, ProviderName};
use tollgate_policy::{Caller, Key};
use tollgate_provider::{BaseUrl, Secret};
use tollgate_router::Target;
use toml::Spanned;

use super::{
    ConfigError, File,
    file::{KeyEntry, ModelEntry, ProviderEntry, TimeoutsEntry},
    problem::{Problems, did_you_mean},
};
use crate::registry::{self, Kind};

/// Loopback, so that a first try is open to nobody else.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Loopback, as for [`DEFAULT_LISTEN`].
pub const DEFAULT_ADMIN: &str = "127.0.0.1:8081";
/// Beside the configuration, so that two gateways in two folders do not share records.
pub const DEFAULT_DATA: &str = "./tollgate-data";
/// 32 MiB: the largest request that Anthropic takes.
pub const DEFAULT_MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Long enough for most answers, short enough for an orchestrator's patience.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// What the process knows besides the file. A trait, so that resolving can be tested.
pub trait Environment {
    /// Returns an environment variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;
    /// Reads a file's text.
    ///
    /// # Errors
    /// The system's reason, as text.
    fn read_file(&self, path: &str) -> Result<String, String>;
}

/// The real environment of this process.
#[derive(Debug, Clone, Copy)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

/// A configuration that is right in itself: addresses parsed, secrets read, names looked up.
#[derive(Debug)]
pub struct Resolved {
    /// Addresses, the data folder, what is captured.
    pub server: ServerSettings,
    /// The providers.
    pub providers: Vec<ProviderSettings>,
    /// What the operator knows better than the catalogue.
    pub catalog: Vec<(Target, Override)>,
    /// Names with their targets.
    pub names: Vec<(String, Vec<Target>)>,
    /// The gateway's keys. `None`: open.
    pub keys: Option<Vec<Key>>,
}

/// `[server]`, resolved.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where the front doors listen.
    pub listen: SocketAddr,
    /// Where health and the admin API listen.
    pub admin: SocketAddr,
    /// The folder for records.
    pub data: PathBuf,
    /// Whether prompts and answers are kept.
    pub capture_content: bool,
    /// Whether calls are refused rather than lose something in translation.
    pub strict: bool,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// How long open calls may finish after SIGTERM.
    pub drain: Duration,
}

/// `[providers.NAME]`, resolved.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its name in model names and records.
    pub name: ProviderName,
    /// What it speaks.
    pub kind: &'static Kind,
    /// Where it is.
    pub base_url: BaseUrl,
    /// The only wire format to use there. `None`: the one that suits each call.
    pub api: Option<Format>,
    /// Used in turn. Empty: it wants none.
    pub api_keys: Vec<Secret<String>>,
    /// Where it runs.
    pub region: Option<String>,
    /// A free label.
    pub tier: Option<String>,
    /// How long to wait, where it is not the default.
    pub timeouts: TimeoutsEntry,
}

impl File {
    /// Resolves the file.
    ///
    /// Without a `[providers]` table, those whose usual variable is set are there (`OPENAI_API_KEY` …).
    ///
    /// # Errors
    /// All problems, each with its place.
    pub fn resolve(&self, environment: &dyn Environment) -> Result<Resolved, ConfigError> {
        let mut problems = Problems::new(&self.source);
        let providers = if self.providers.is_empty() {
            from_variables(environment)
        } else {
            self.providers
                .iter()
                .filter_map(|(name, entry)| resolve_provider(name, entry, environment, &mut problems))
                .collect()
        };
        let known: Vec<&str> = if self.providers.is_empty() {
            providers.iter().map(|provider| provider.name.as_str()).collect()
        } else {
            self.providers.keys().map(|name| name.get_ref().as_str()).collect()
        };
        let names = resolve_names(self, &known, &mut problems);
        let catalog = resolve_catalog(self, &known, &mut problems);
        let keys = resolve_keys(&self.keys, environment, &mut problems);
        let server = resolve_server(self, keys.is_none(), &mut problems);
        let resolved = Resolved { server, providers, catalog, names, keys };
        problems.into_result(resolved)
    }
}

fn resolve_server(file: &File, open: bool, problems: &mut Problems<'_>) -> ServerSettings {
    let entry = &file.server;
    let mut address = |field: &Option<Spanned<String>>, path: &str, default: &str| {
        let text = field.as_ref().map_or(default, |text| text.get_ref());
        text.parse::<SocketAddr>().unwrap_or_else(|_| {
            let span = field.as_ref().map(Spanned::span);
            problems.push(span, path, format!("\"{text}\" is not an address such as \"{default}\""));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    };
    let listen = address(&entry.listen, "server.listen", DEFAULT_LISTEN);
    let admin = address(&entry.admin, "server.admin", DEFAULT_ADMIN);
    if open && !listen.ip().is_loopback() {
        let message = "without [[keys]] anybody could spend your money: add a key, or listen on 127.0.0.1";
        problems.push(entry.listen.as_ref().map(Spanned::span), "server.listen", message);
    }
    if !admin.ip().is_loopback() {
        let message =
            "the admin API has no credentials in this version: it listens on loopback addresses only";
        problems.push(entry.admin.as_ref().map(Spanned::span), "server.admin", message);
    }
    ServerSettings {
        listen,
        admin,
        data: entry.data.as_deref().unwrap_or(DEFAULT_DATA).into(),
        capture_content: entry.capture_content.unwrap_or(true),
        strict: entry.strict.unwrap_or(false),
        max_body_bytes: entry.max_body_mib.map_or(DEFAULT_MAX_BODY_BYTES, |mib| mib as usize * 1024 * 1024),
        drain: entry.drain_seconds.map_or(DEFAULT_DRAIN, |seconds| Duration::from_secs(seconds.into())),
    }
}

/// The providers whose usual variable is set, at their vendors' addresses.
fn from_variables(environment: &dyn Environment) -> Vec<ProviderSettings> {
    let found = registry::KINDS.iter().filter_map(|kind| {
        let key = environment.variable(kind.api_key_variable?)?;
        let base_url = kind.default_base_url?.parse().ok()?;
        Some(ProviderSettings {
            name: ProviderName::new(kind.name),
            kind,
            base_url,
            api: None,
            api_keys: vec![Secret::new(key)],
            region: None,
            tier: None,
            timeouts: TimeoutsEntry::default(),
        })
    });
    found.collect()
}

fn resolve_provider(
    name: &Spanned<String>,
    entry: &ProviderEntry,
    environment: &dyn Environment,
    problems: &mut Problems<'_>,
) -> Option<ProviderSettings> {
    let path = format!("providers.{}", name.get_ref());
    if name.get_ref().is_empty() || name.get_ref().contains('/') {
        problems.push(Some(name.span()), &path, "a provider's name must not be empty or hold a slash");
    }
    let kind_name = entry.kind.as_ref().unwrap_or(name);
    let Some(kind) = registry::kind(kind_name.get_ref()) else {
        let known = registry::KINDS.iter().map(|kind| kind.name);
        let message = format!(
            "unknown kind \"{}\"{} Known kinds: {}",
            kind_name.get_ref(),
            did_you_mean(kind_name.get_ref(), known.clone()),
            known.collect::<Vec<_>>().join(", ")
        );
        problems.push(Some(kind_name.span()), format!("{path}.kind"), message);
        return None;
    };
    let base_url = resolve_base_url(name, entry, kind, &path, problems)?;
    check_timeouts(&entry.timeouts, &path, name, problems);
    Some(ProviderSettings {
        name: ProviderName::new(name.get_ref().as_str()),
        kind,
        api: resolve_api(entry, kind, &base_url, &path, problems),
        base_url,
        api_keys: resolve_api_keys(name, entry, kind, &path, environment, problems),
        region: entry.region.clone(),
        tier: entry.tier.clone(),
        timeouts: entry.timeouts,
    })
}

/// Finds the wire format of a name: all of it, or what stands behind the vendor's.
fn resolve_api(
    entry: &ProviderEntry,
    kind: &Kind,
    base_url: &BaseUrl,
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<Format> {
    let asked = entry.api.as_ref()?;
    let providers = kind.providers(ProviderName::new(kind.name), base_url.clone());
    let short = |format: &Format| format.as_str().rsplit('.').next().unwrap_or_default().to_owned();
    let formats = providers.iter().map(|provider| provider.format());
    let found = formats
        .clone()
        .find(|format| format.as_str() == asked.get_ref() || short(format) == *asked.get_ref());
    if found.is_none() {
        let known = formats.map(short).collect::<Vec<_>>().join(", ");
        let message = format!("\"{}\" is not spoken there. Known: {known}", asked.get_ref());
        problems.push(Some(asked.span()), format!("{path}.api"), message);
    }
    found.cloned()
}

fn resolve_base_url(
    name: &Spanned<String>,
    entry: &ProviderEntry,
    kind: &Kind,
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<BaseUrl> {
    let (text, span) = match (&entry.base_url, kind.default_base_url) {
        (Some(text), _) => (text.get_ref().as_str(), text.span()),
        (None, Some(default)) => (default, name.span()),
        (None, None) => {
            problems.push(
                Some(name.span()),
                format!("{path}.base_url"),
                format!("kind \"{}\" needs one", kind.name),
            );
            return None;
        }
    };
    match text.parse() {
        Ok(url) => Some(url),
        Err(error) => {
            // Where a credential may stand in it, it is not repeated: this is logged.
            let shown = if text.contains(['@', '?']) { "this".to_owned() } else { format!("\"{text}\"") };
            problems.push(Some(span), format!("{path}.base_url"), format!("{shown} is {error}"));
            None
        }
    }
}

fn resolve_api_keys(
    name: &Spanned<String>,
    entry: &ProviderEntry,
    kind: &Kind,
    path: &str,
    environment: &dyn Environment,
    problems: &mut Problems<'_>,
) -> Vec<Secret<String>> {
    let path = format!("{path}.api_key");
    let Some(written) = &entry.api_key else {
        let Some(variable) = kind.api_key_variable else { return Vec::new() };
        return match environment.variable(variable) {
            Some(key) => vec![Secret::new(key)],
            None => {
                let message = format!("none is given, and the variable {variable} is not set");
                problems.push(Some(name.span()), path, message);
                Vec::new()
            }
        };
    };
    let read = written.0.iter().filter_map(|text| resolve_secret(text, &path, environment, problems));
    read.map(Secret::new).collect()
}

/// Reads `env:NAME`, `file:PATH` or a literal. Never repeats a literal in a message.
fn resolve_secret(
    text: &Spanned<String>,
    path: &str,
    environment: &dyn Environment,
    problems: &mut Problems<'_>,
) -> Option<String> {
    let written = text.get_ref().as_str();
    let secret = if let Some(name) = written.strip_prefix("env:") {
        environment.variable(name).ok_or_else(|| format!("the variable {name} is not set"))
    } else if let Some(file) = written.strip_prefix("file:") {
        let read = environment.read_file(file).map_err(|error| format!("cannot read {file}: {error}"));
        read.map(|text| text.trim().to_owned())
    } else {
        Ok(written.to_owned())
    };
    match secret {
        Ok(secret) if !secret.is_empty() && secret.bytes().all(|byte| (0x21..0x7f).contains(&byte)) => {
            Some(secret)
        }
        Ok(secret) => {
            let message = if secret.is_empty() {
                "it is empty"
            } else {
                "it holds a character that no header can carry"
            };
            problems.push(Some(text.span()), path, message);
            None
        }
        Err(message) => {
            problems.push(Some(text.span()), path, message);
            None
        }
    }
}

fn check_timeouts(timeouts: &TimeoutsEntry, path: &str, name: &Spanned<String>, problems: &mut Problems<'_>) {
    for (field, value) in [
        ("connect_seconds", timeouts.connect_seconds),
        ("first_byte_seconds", timeouts.first_byte_seconds),
        ("idle_seconds", timeouts.idle_seconds),
        ("total_seconds", timeouts.total_seconds),
    ] {
        if value.is_some_and(|seconds| !(0.001..=86_400.0).contains(&seconds)) {
            let message = "must be between 0.001 and 86400 seconds";
            problems.push(Some(name.span()), format!("{path}.timeouts.{field}"), message);
        }
    }
}

fn resolve_names(file: &File, known: &[&str], problems: &mut Problems<'_>) -> Vec<(String, Vec<Target>)> {
    let mut names = Vec::new();
    for (name, entry) in &file.models {
        let path = format!("models.{}", name.get_ref());
        check_strategy(entry, &path, problems);
        if entry.targets.is_empty() {
            problems.push(Some(name.span()), format!("{path}.targets"), "at least one target is needed");
        }
        let targets = entry.targets.iter().enumerate().filter_map(|(index, target)| {
            resolve_target(target, &format!("{path}.targets[{index}]"), known, problems)
        });
        names.push((name.get_ref().clone(), targets.collect()));
    }
    names
}

fn check_strategy(entry: &ModelEntry, path: &str, problems: &mut Problems<'_>) {
    let Some(strategy) = &entry.strategy else { return };
    if strategy.get_ref() != "priority" {
        let message =
            format!("\"{}\" is not supported by this version, only \"priority\"", strategy.get_ref());
        problems.push(Some(strategy.span()), format!("{path}.strategy"), message);
    }
}

/// Reads `provider/model`.
fn resolve_target(
    text: &Spanned<String>,
    path: &str,
    known: &[&str],
    problems: &mut Problems<'_>,
) -> Option<Target> {
    let Some((provider, model)) = text.get_ref().split_once('/').filter(|(_, model)| !model.is_empty())
    else {
        problems.push(
            Some(text.span()),
            path,
            format!("\"{}\" is not of the form \"provider/model\"", text.get_ref()),
        );
        return None;
    };
    if !known.contains(&provider) {
        let hint = did_you_mean(provider, known.iter().copied());
        problems.push(Some(text.span()), path, format!("unknown provider \"{provider}\"{hint}"));
        return None;
    }
    Some(Target::new(provider, model))
}

fn resolve_catalog(file: &File, known: &[&str], problems: &mut Problems<'_>) -> Vec<(Target, Override)> {
    let resolved = file.catalog.iter().filter_map(|(name, entry)| {
        let path = format!("catalog.\"{}\"", name.get_ref());
        Some((resolve_target(name, &path, known, problems)?, entry.clone()))
    });
    resolved.collect()
}

fn resolve_keys(
    entries: &[KeyEntry],
    environment: &dyn Environment,
    problems: &mut Problems<'_>,
) -> Option<Vec<Key>> {
    if entries.is_empty() {
        return None;
    }
    let mut secrets: Vec<String> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut keys = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let name = entry.name.get_ref().as_str();
        if name.is_empty() || names.contains(&name) {
            problems.push(
                Some(entry.name.span()),
                format!("keys[{index}].name"),
                "a key needs a name of its own",
            );
        }
        names.push(name);
        let path = format!("keys[{index}].secret");
        let Some(secret) = resolve_secret(&entry.secret, &path, environment, problems) else { continue };
        if secrets.contains(&secret) {
            problems.push(Some(entry.secret.span()), path, "another key has the same secret");
            continue;
        }
        let caller = Caller {
            key: Some(KeyId::new(name)),
            team: entry.team.as_deref().map(Into::into),
            user: entry.user.as_deref().map(Into::into),
            tags: entry
                .tags
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
        };
        keys.push(Key::new(&secret, caller));
        secrets.push(secret);
    }
    Some(keys)
}

#[cfg(test)]
mod tests;
