//! The names that clients may ask for, and the targets behind them.

use std::collections::{BTreeMap, HashMap};

use tollgate_model::{ModelName, ProviderName};

/// A place to send a call: a model at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The provider, as the configuration names it.
    pub provider: ProviderName,
    /// The model, as the provider names it.
    pub model: ModelName,
}

impl Target {
    /// Makes a target.
    pub fn new(provider: impl Into<ProviderName>, model: impl Into<ModelName>) -> Self {
        Self { provider: provider.into(), model: model.into() }
    }
}

/// A name that leads nowhere, or to more than one place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No provider serves it, as far as is known.
    #[error("the model `{asked}` is not known here{}; ask for `provider/model` or a name from /v1/models", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// What was asked for.
        asked: ModelName,
        /// The name that looks most like it.
        nearest: Option<String>,
    },
    /// Several providers serve it.
    #[error("the model `{asked}` is served by several providers; ask for one of: {}", .choices.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: ModelName,
        /// The full names.
        choices: Vec<String>,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

/// All names that clients may ask for.
///
/// In this order: a name of the configuration (`[models.*]`), `provider/model`, and a bare model that exactly one
/// provider serves. A `provider/model` of a configured provider is passed on also when the model is not known.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    names: BTreeMap<String, Vec<Target>>,
    providers: BTreeMap<String, ProviderName>,
    bare: HashMap<String, Vec<ProviderName>>,
}

impl Routes {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider and the models it is known to serve.
    pub fn add_provider(&mut self, provider: &ProviderName, models: impl IntoIterator<Item = ModelName>) {
        self.providers.insert(provider.to_string(), provider.clone());
        for model in models {
            let serving = self.bare.entry(model.to_string()).or_default();
            if !serving.contains(provider) {
                serving.push(provider.clone());
            }
        }
    }

    /// Adds a name with its targets, the preferred first.
    pub fn add_name(&mut self, name: impl Into<String>, targets: Vec<Target>) {
        self.names.insert(name.into(), targets);
    }

    /// Returns the targets for a name, the preferred first. Never empty.
    ///
    /// # Errors
    /// A name that leads nowhere, or to more than one place.
    pub fn plan(&self, asked: &ModelName) -> Result<Vec<Target>, PlanError> {
        if let Some(targets) = self.names.get(asked.as_str()).filter(|targets| !targets.is_empty()) {
            return Ok(targets.clone());
        }
        if let Some((provider, model)) = asked.as_str().split_once('/')
            && let Some(provider) = self.providers.get(provider)
            && !model.is_empty()
        {
            return Ok(vec![Target::new(provider.clone(), model)]);
        }
        match self.bare.get(asked.as_str()).map(Vec::as_slice) {
            Some([provider]) => Ok(vec![Target { provider: provider.clone(), model: asked.clone() }]),
            Some(several) => Err(PlanError::Ambiguous {
                asked: asked.clone(),
                choices: several.iter().map(|provider| format!("{provider}/{asked}")).collect(),
            }),
            None => Err(PlanError::Unknown { asked: asked.clone(), nearest: self.nearest(asked.as_str()) }),
        }
    }

    /// Returns every name of the configuration with its targets.
    pub fn names(&self) -> impl Iterator<Item = (&str, &[Target])> {
        self.names.iter().map(|(name, targets)| (name.as_str(), targets.as_slice()))
    }

    fn nearest(&self, asked: &str) -> Option<String> {
        let model = asked.rsplit('/').next().unwrap_or(asked);
        let known = self.names.keys().chain(self.bare.keys());
        let scored = known.map(|name| (strsim::jaro_winkler(model, name), name));
        scored
            .filter(|(score, _)| *score > 0.85)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
            .map(|(_, name)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::new();
        routes.add_provider(&"openai".into(), ["gpt-6".into(), "shared".into()]);
        routes.add_provider(&"edge".into(), ["shared".into(), "org/qwen".into()]);
        routes.add_name("smart", vec![Target::new("edge", "org/qwen"), Target::new("openai", "gpt-6")]);
        routes
    }

    #[test]
    fn a_name_a_full_name_and_a_bare_model_lead_to_targets() {
        let plan = |asked: &str| routes().plan(&asked.into());
        assert_eq!(plan("smart").unwrap(), [Target::new("edge", "org/qwen"), Target::new("openai", "gpt-6")]);
        assert_eq!(plan("openai/gpt-unheard-of").unwrap(), [Target::new("openai", "gpt-unheard-of")]);
        assert_eq!(plan("edge/org/qwen").unwrap(), [Target::new("edge", "org/qwen")]);
        assert_eq!(plan("org/qwen").unwrap(), [Target::new("edge", "org/qwen")]);
        assert_eq!(plan("gpt-6").unwrap(), [Target::new("openai", "gpt-6")]);
    }

    #[test]
    fn what_leads_nowhere_says_so() {
        let plan = |asked: &str| routes().plan(&asked.into()).unwrap_err();
        assert_eq!(
            plan("shared"),
            PlanError::Ambiguous {
                asked: "shared".into(),
                choices: vec!["openai/shared".to_owned(), "edge/shared".to_owned()],
            }
        );
        assert!(plan("gtp-6").to_string().contains("did you mean `gpt-6`?"));
        assert!(matches!(plan("openai/"), PlanError::Unknown { .. }));
        assert!(matches!(plan(""), PlanError::Unknown { nearest: None, .. }));
    }
}
