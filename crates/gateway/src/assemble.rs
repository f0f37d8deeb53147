//! From a resolved configuration to endpoints and a runtime.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tollgate_catalog::Catalog;
use tollgate_model::{ModelName, ProviderName};
use tollgate_policy::KeyRing;
use tollgate_provider::Transport;
use tollgate_transport::Timeouts;

use crate::{
    config::{ProviderSettings, Resolved, TimeoutsEntry},
    endpoint::Endpoint,
    runtime::Runtime,
};

/// A configuration whose parts do not fit together.
#[derive(Debug, thiserror::Error)]
#[error("providers.{provider}.api_key: {source}")]
pub struct AssembleError {
    /// Whose key it is.
    pub provider: ProviderName,
    /// What is wrong with it.
    #[source]
    pub source: tollgate_provider::credentials::AuthError,
}

/// Puts a runtime together. `discovered` are the models that local servers said they have.
///
/// # Errors
/// A key that no header can carry.
pub fn runtime(
    resolved: &Resolved,
    transport: &Arc<dyn Transport>,
    discovered: HashMap<ProviderName, Vec<ModelName>>,
) -> Result<Runtime, AssembleError> {
    let endpoints = resolved.providers.iter().map(|settings| endpoint(settings, transport).map(Arc::new));
    let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
    let mut catalog = Catalog::builtin();
    for settings in &resolved.providers {
        catalog = catalog.with_provider(settings.name.as_str(), settings.kind.name);
    }
    for (target, entry) in &resolved.catalog {
        catalog = catalog.with_override(target.provider.as_str(), target.model.as_str(), entry);
    }
    let keys = resolved.keys.clone().map_or_else(KeyRing::open, KeyRing::new);
    let runtime = Runtime::new(endpoints, resolved.names.clone(), discovered, catalog, keys);
    Ok(runtime.with_strict(resolved.server.strict))
}

fn endpoint(settings: &ProviderSettings, transport: &Arc<dyn Transport>) -> Result<Endpoint, AssembleError> {
    let mut providers = settings.kind.providers(settings.name.clone(), settings.base_url.clone());
    if let Some(api) = &settings.api {
        providers.retain(|provider| provider.format() == api);
    }
    let mut providers = providers.into_iter();
    let first = providers.next().expect("each kind speaks a format, and a configured one is one of them");
    let mut endpoint = Endpoint::new(first, transport.clone())
        .with_timeouts(timeouts(settings.timeouts))
        .with_labels(settings.region.clone(), settings.tier.clone())
        .with_passed_apis(settings.kind.passed_apis(settings.base_url.clone()))
        .with_base_url(settings.base_url.clone());
    for provider in providers {
        endpoint = endpoint.with_format(provider);
    }
    for key in &settings.api_keys {
        let credential = settings.kind.credential(key);
        let credential =
            credential.map_err(|source| AssembleError { provider: settings.name.clone(), source })?;
        endpoint = endpoint.with_authorizer(Arc::new(credential));
    }
    Ok(endpoint)
}

fn timeouts(entry: TimeoutsEntry) -> Timeouts {
    let default = Timeouts::default();
    let or = |seconds: Option<f64>, default: Duration| seconds.map_or(default, Duration::from_secs_f64);
    Timeouts {
        connect: or(entry.connect_seconds, default.connect),
        first_byte: or(entry.first_byte_seconds, default.first_byte),
        idle: or(entry.idle_seconds, default.idle),
        total: entry.total_seconds.map(Duration::from_secs_f64).or(default.total),
    }
}
