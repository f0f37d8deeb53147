//! The catalogue: what the program ships, and what the operator says instead.

use std::{collections::HashMap, sync::LazyLock};

use tollgate_model::{ModelName, ProviderName, Usage};

use crate::{
    card::Model,
    cost::{Cost, Missing, PriceContext, Unpriced, price},
    date::Date,
    overrides::Override,
    prices::Prices,
    vendor::{Entry, Vendor},
};

const PROOF: &str = "a test reads every data file of the crate";

// Each file is read when a model of its vendor is first asked for: constants, not state.
static OPENAI: LazyLock<Vendor> =
    LazyLock::new(|| Vendor::parse(include_str!("../data/openai.json")).expect(PROOF));
static ANTHROPIC: LazyLock<Vendor> =
    LazyLock::new(|| Vendor::parse(include_str!("../data/anthropic.json")).expect(PROOF));
static GEMINI: LazyLock<Vendor> =
    LazyLock::new(|| Vendor::parse(include_str!("../data/gemini.json")).expect(PROOF));
static XAI: LazyLock<Vendor> =
    LazyLock::new(|| Vendor::parse(include_str!("../data/xai.json")).expect(PROOF));

fn vendor(kind: &str) -> Option<&'static Vendor> {
    match kind {
        "openai" => Some(&OPENAI),
        "anthropic" => Some(&ANTHROPIC),
        "gemini" => Some(&GEMINI),
        "xai" => Some(&XAI),
        _ => None,
    }
}

/// What is known of models, by provider and name.
///
/// A provider is a kind (`openai`, `anthropic`, `gemini`, `xai`, or any other, of which nothing is built in), or a name that
/// [`Catalog::with_provider`] gave to one. Cheap to make; share it as an `Arc`.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    kinds: HashMap<String, String>,
    overridden: HashMap<String, HashMap<String, Entry>>,
}

impl Catalog {
    /// The kinds of provider whose models are built in.
    pub const KINDS: [&'static str; 4] = ["anthropic", "gemini", "openai", "xai"];

    /// Returns the catalogue that the program ships. Nothing is read before it is asked for.
    #[must_use]
    pub fn builtin() -> Self {
        Self::default()
    }

    /// Says that the provider `name` of the configuration is of this kind: its models are that kind's.
    #[must_use]
    pub fn with_provider(mut self, name: &str, kind: &str) -> Self {
        if name != kind {
            self.kinds.insert(name.to_owned(), kind.to_owned());
        }
        self
    }

    /// Changes a model of a provider, or adds it. Call [`Catalog::with_provider`] first where the provider's name is not its kind.
    #[must_use]
    pub fn with_override(mut self, provider: &str, model: &str, change: &Override) -> Self {
        let base = self.entry(provider, model).cloned();
        let unknown = || Entry::unknown(ProviderName::from(provider), ModelName::from(model));
        let entry = change.apply(base.unwrap_or_else(unknown));
        self.overridden.entry(provider.to_owned()).or_default().insert(model.to_owned(), entry);
        self
    }

    /// Returns the card of a model: by its exact id, a listed alias, `X-latest`, a dated snapshot of `X`, or `models/X`.
    ///
    /// Names that merely look alike are not found: a wrong price is worse than none.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<&Model> {
        self.entry(provider, model).map(|entry| &entry.model)
    }

    /// Returns a model with its prices and their source.
    #[must_use]
    pub fn entry(&self, provider: &str, model: &str) -> Option<&Entry> {
        let kind = self.kind(provider);
        let overridden = |provider: &str| self.overridden.get(provider)?.get(model);
        overridden(provider).or_else(|| overridden(kind)).or_else(|| vendor(kind)?.find(model))
    }

    /// Returns the price row of a model on a day.
    #[must_use]
    pub fn prices(&self, provider: &str, model: &str, at: Date) -> Option<&Prices> {
        self.entry(provider, model)?.prices.at(at)
    }

    /// Returns what a usage of a model cost.
    ///
    /// # Errors
    /// [`Unpriced`], when the model, its price, or a rate that is needed is not known.
    pub fn price(
        &self,
        provider: &str,
        model: &str,
        usage: &Usage,
        context: &PriceContext<'_>,
    ) -> Result<Cost, Unpriced> {
        let entry = self.entry(provider, model).ok_or(Unpriced::new(Missing::Model))?;
        let prices = entry.prices.at(context.at).ok_or(Unpriced::new(Missing::Price))?;
        price(prices, usage, context)
    }

    /// Lists a provider's models: those built in for its kind, as the operator changed them, then those he added.
    pub fn models(&self, provider: &str) -> impl Iterator<Item = &Entry> {
        let kind = self.kind(provider);
        let builtin = vendor(kind).map_or(&[][..], Vendor::entries);
        let known = move |name: &str| builtin.iter().any(|entry| entry.model.id.as_str() == name);
        let current =
            builtin.iter().map(|entry| self.entry(provider, entry.model.id.as_str()).unwrap_or(entry));
        let own = self.overridden.get(provider).into_iter().flatten();
        let mut added: Vec<_> = own.filter(|(name, _)| !known(name)).collect();
        added.sort_by_key(|(name, _)| name.as_str());
        current.chain(added.into_iter().map(|(_, entry)| entry))
    }

    fn kind<'a>(&'a self, provider: &'a str) -> &'a str {
        self.kinds.get(provider).map_or(provider, String::as_str)
    }
}
