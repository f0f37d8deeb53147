//! One consistent state of the gateway: what a call sees from its beginning to its end.

use std::{collections::HashMap, sync::Arc};

use tollgate_catalog::{Catalog, Model, ModelKind};
use tollgate_model::{ModelName, ProviderName};
use tollgate_policy::KeyRing;
use tollgate_router::{Routes, Target};

use crate::endpoint::Endpoint;

/// One consistent state of the gateway. Never changed; a new configuration makes a new one.
#[derive(Debug)]
pub struct Runtime {
    endpoints: HashMap<ProviderName, Arc<Endpoint>>,
    /// In the order of the configuration.
    order: Vec<ProviderName>,
    /// Models that the catalogue does not list, found by asking the provider.
    discovered: HashMap<ProviderName, Vec<ModelName>>,
    pub(crate) routes: Routes,
    pub(crate) catalog: Catalog,
    pub(crate) keys: KeyRing,
    /// Whether calls are refused rather than lose something in translation, where they do not say themselves.
    pub(crate) strict: bool,
}

/// A model that clients can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// The name to ask for.
    pub name: String,
    /// Who serves it: a provider, or `tollgate` for a name of the configuration.
    pub owned_by: String,
    /// The most tokens of prompt and answer together, where that is known.
    pub context_window: Option<u64>,
    /// The most tokens of an answer, where that is known.
    pub max_output_tokens: Option<u64>,
    /// Whether it gives vectors rather than answers.
    pub embeds: bool,
}

impl Runtime {
    /// Puts a state together.
    #[must_use]
    pub fn new(
        endpoints: Vec<Arc<Endpoint>>,
        names: Vec<(String, Vec<Target>)>,
        discovered: HashMap<ProviderName, Vec<ModelName>>,
        catalog: Catalog,
        keys: KeyRing,
    ) -> Self {
        let mut routes = Routes::new();
        for endpoint in &endpoints {
            let known = known_models(&catalog, endpoint.name());
            let found = discovered.get(endpoint.name()).into_iter().flatten().cloned();
            routes.add_provider(endpoint.name(), known.chain(found));
        }
        for (name, targets) in names {
            routes.add_name(name, targets);
        }
        let order = endpoints.iter().map(|endpoint| endpoint.name().clone()).collect();
        let endpoints = endpoints.into_iter().map(|endpoint| (endpoint.name().clone(), endpoint)).collect();
        Self { endpoints, order, discovered, routes, catalog, keys, strict: false }
    }

    /// Sets whether calls are refused rather than lose something in translation, where they do not say themselves.
    #[must_use]
    pub const fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Returns the endpoint of a provider.
    #[must_use]
    pub fn endpoint(&self, provider: &ProviderName) -> Option<&Arc<Endpoint>> {
        self.endpoints.get(provider)
    }

    /// Returns all endpoints, in the order of the configuration.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.order.iter().filter_map(|name| self.endpoints.get(name))
    }

    /// Returns what the catalogue knows of a target.
    #[must_use]
    pub fn card(&self, target: &Target) -> Option<&Model> {
        self.catalog.find(target.provider.as_str(), target.model.as_str())
    }

    /// Returns the catalogue.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns every model that clients can ask for: names of the configuration first, then `provider/model`.
    #[must_use]
    pub fn models(&self) -> Vec<ListedModel> {
        let names = self
            .routes
            .names()
            .map(|(name, targets)| self.listed(name.to_owned(), "tollgate", targets.first()));
        let served = self.endpoints().flat_map(|endpoint| {
            let known = known_models(&self.catalog, endpoint.name());
            let found = self.discovered.get(endpoint.name()).into_iter().flatten().cloned();
            known.chain(found).map(|model| {
                let name = format!("{}/{model}", endpoint.name());
                let target = Target { provider: endpoint.name().clone(), model };
                self.listed(name, endpoint.name().as_str(), Some(&target))
            })
        });
        names.chain(served).collect()
    }

    /// What is said of a model; of a name, what holds for its first target.
    fn listed(&self, name: String, owned_by: &str, target: Option<&Target>) -> ListedModel {
        let of = |target: &Target| self.catalog.entry(target.provider.as_str(), target.model.as_str());
        let entry = target.and_then(of);
        let card = entry.map(|entry| &entry.model);
        ListedModel {
            name,
            owned_by: owned_by.to_owned(),
            context_window: card.and_then(|card| card.context_window),
            max_output_tokens: card.and_then(|card| card.max_output_tokens),
            embeds: entry.is_some_and(|entry| entry.kind == ModelKind::Embedding),
        }
    }
}

/// The models of a provider that the catalogue knows.
fn known_models<'a>(
    catalog: &'a Catalog,
    provider: &'a ProviderName,
) -> impl Iterator<Item = ModelName> + 'a {
    catalog.models(provider.as_str()).map(|entry| entry.model.id.clone())
}
