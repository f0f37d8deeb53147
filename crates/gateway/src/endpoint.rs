//! A place that calls are sent to: an adapter, a way there and a credential.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use tollgate_catalog::Model;
use tollgate_model::{Format, ProviderName};
use tollgate_openai::PassedApis;
use tollgate_provider::{Authorizer, BaseUrl, Provider, Transport, credentials::AuthError};
use tollgate_transport::Timeouts;

use crate::call::Inquiry;

/// A place that calls are sent to. Cheap to share; made once, when the configuration is read.
#[derive(Debug)]
pub struct Endpoint {
    /// One for each wire format that is spoken there. Never empty.
    providers: Vec<Arc<dyn Provider>>,
    pub(crate) transport: Arc<dyn Transport>,
    authorizers: Vec<Arc<dyn Authorizer>>,
    turn: AtomicUsize,
    passed_apis: Option<PassedApis>,
    base_url: Option<BaseUrl>,
    pub(crate) timeouts: Timeouts,
    pub(crate) region: Option<String>,
    pub(crate) tier: Option<String>,
}

impl Endpoint {
    /// Makes an endpoint that needs no credential.
    pub fn new(provider: Arc<dyn Provider>, transport: Arc<dyn Transport>) -> Self {
        Self {
            providers: vec![provider],
            transport,
            authorizers: Vec::new(),
            turn: AtomicUsize::new(0),
            passed_apis: None,
            base_url: None,
            timeouts: Timeouts::default(),
            region: None,
            tier: None,
        }
    }

    /// Adds another wire format that is spoken at the same place with the same credentials. Which one serves a call is
    /// decided call by call; see [`tollgate_router::apis()`].
    #[must_use]
    pub fn with_format(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Adds the APIs beside chat that pass as they are.
    #[must_use]
    pub fn with_passed_apis(mut self, apis: Option<PassedApis>) -> Self {
        self.passed_apis = apis;
        self
    }

    /// Says where it is, so that what the gateway knows nothing of can be passed on below that.
    #[must_use]
    pub fn with_base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Adds a credential. Several are used in turn.
    #[must_use]
    pub fn with_authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizers.push(authorizer);
        self
    }

    /// Sets how long to wait.
    #[must_use]
    pub const fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets where it runs and its free label.
    #[must_use]
    pub fn with_labels(mut self, region: Option<String>, tier: Option<String>) -> Self {
        (self.region, self.tier) = (region, tier);
        self
    }

    /// Returns its name, under which calls reach it: `name/model`.
    #[must_use]
    pub fn name(&self) -> &ProviderName {
        self.providers[0].name()
    }

    /// Returns where it runs.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns its free label.
    #[must_use]
    pub fn tier(&self) -> Option<&str> {
        self.tier.as_deref()
    }

    /// The first of its adapters, which reads its errors too.
    pub(crate) fn first(&self) -> &dyn Provider {
        &*self.providers[0]
    }

    /// All of its adapters.
    pub(crate) fn adapters(&self) -> impl Iterator<Item = &dyn Provider> {
        self.providers.iter().map(|provider| &**provider)
    }

    /// Its first wire format.
    #[must_use]
    pub fn format(&self) -> &Format {
        self.providers[0].format()
    }

    pub(crate) const fn passed_apis(&self) -> Option<&PassedApis> {
        self.passed_apis.as_ref()
    }

    pub(crate) const fn base_url(&self) -> Option<&BaseUrl> {
        self.base_url.as_ref()
    }

    /// Whether one of its formats is `format`.
    pub(crate) fn speaks(&self, format: &Format) -> bool {
        self.providers.iter().any(|provider| provider.format() == format)
    }

    /// Returns the adapters that can serve a call, the best first: never none.
    pub(crate) fn serving(&self, inquiry: &Inquiry, card: Option<&Model>) -> Vec<&Arc<dyn Provider>> {
        if let [only] = self.providers.as_slice() {
            return vec![only];
        }
        let formats: Vec<_> = self.providers.iter().map(|provider| provider.format()).collect();
        // What cannot be read is told to the client when it is encoded.
        let request = std::cell::OnceCell::new();
        let read = || request.get_or_init(|| inquiry.request().ok()).as_deref();
        let places = tollgate_router::apis(&formats, inquiry.format(), card, read);
        places.into_iter().map(|place| &self.providers[place]).collect()
    }

    pub(crate) async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<(), AuthError> {
        match self.authorizers.len() {
            0 => Ok(()),
            count => {
                self.authorizers[self.turn.fetch_add(1, Ordering::Relaxed) % count].authorize(request).await
            }
        }
    }
}
