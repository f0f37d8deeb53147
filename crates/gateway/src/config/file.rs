//! What the operator wrote: `tollgate.toml`, field by field.

use std::collections::BTreeMap;

use serde::Deserialize;
use tollgate_catalog::Override;
use toml::Spanned;

use super::problem::{ConfigError, Problem, did_you_mean, line_of};

/// The whole file. A key that is not listed here is an error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// Addresses, the data folder, what is captured.
    pub server: ServerEntry,
    /// The providers, by the names that calls use.
    pub providers: BTreeMap<Spanned<String>, ProviderEntry>,
    /// Models that the catalogue lacks, or prices that differ, by `provider/model`.
    pub catalog: BTreeMap<Spanned<String>, Override>,
    /// Names that clients may ask for, besides `provider/model`.
    pub models: BTreeMap<Spanned<String>, ModelEntry>,
    /// The keys of the gateway. None: open, on loopback only.
    pub keys: Vec<KeyEntry>,
    /// The text this was read from, for the places of problems.
    #[serde(skip)]
    pub(super) source: String,
}

/// `[server]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerEntry {
    /// Where the front doors listen. Default `127.0.0.1:8080`.
    pub listen: Option<Spanned<String>>,
    /// Where health and the admin API listen. Default `127.0.0.1:8081`.
    pub admin: Option<Spanned<String>>,
    /// The folder for records. Default `./tollgate-data`.
    pub data: Option<String>,
    /// Whether prompts and answers are kept with the records. Default true.
    pub capture_content: Option<bool>,
    /// Whether calls are refused rather than lose something in translation. Default false; a call's header says otherwise.
    pub strict: Option<bool>,
    /// The largest request body, in MiB. Default 32.
    pub max_body_mib: Option<u32>,
    /// How long open calls may finish after SIGTERM, in seconds. Default 30.
    pub drain_seconds: Option<u32>,
}

/// `[providers.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderEntry {
    /// `openai`, `anthropic`, `gemini`, `xai`, `ollama` or `openai-compatible`. Default: the table's name.
    pub kind: Option<Spanned<String>>,
    /// `env:NAME`, `file:PATH` or the key itself. Several are used in turn. Default: the vendor's usual variable.
    pub api_key: Option<OneOrMany>,
    /// What the vendor's own SDK takes, with or without the version. Default: the vendor's address.
    pub base_url: Option<Spanned<String>>,
    /// The only wire format to use there, where the kind speaks several: `chat`, `responses`, `generate_content` …
    /// Default: the one that suits each call.
    pub api: Option<Spanned<String>>,
    /// Where it runs, for the record and for placement.
    pub region: Option<String>,
    /// A free label, for the record and for placement.
    pub tier: Option<String>,
    /// How long to wait.
    pub timeouts: TimeoutsEntry,
}

/// One text or several.
#[derive(Debug, Clone)]
pub struct OneOrMany(pub Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A visitor by hand: an untagged enum would say only that nothing matched.
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<String>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(vec![text.to_owned()])
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }
        struct Texts(Vec<String>);
        impl<'de> Deserialize<'de> for Texts {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Visitor).map(Self)
            }
        }
        let texts = Spanned::<Texts>::deserialize(deserializer)?;
        let span = texts.span();
        Ok(Self(texts.into_inner().0.into_iter().map(|text| Spanned::new(span.clone(), text)).collect()))
    }
}

/// `[providers.NAME.timeouts]`, in seconds; fractions are fine.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutsEntry {
    /// Until a connection stands.
    pub connect_seconds: Option<f64>,
    /// From the request to the head of the answer.
    pub first_byte_seconds: Option<f64>,
    /// Between two pieces of an answer.
    pub idle_seconds: Option<f64>,
    /// For the whole answer.
    pub total_seconds: Option<f64>,
}

/// `[models.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// How a target is chosen. Only `priority` so far: the first that answers.
    #[serde(default)]
    pub strategy: Option<Spanned<String>>,
    /// `provider/model`, the preferred first.
    pub targets: Vec<Spanned<String>>,
}

/// `[[keys]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its public name, as records show it.
    pub name: Spanned<String>,
    /// `env:NAME`, `file:PATH` or the secret itself.
    pub secret: Spanned<String>,
    /// Whose it is.
    #[serde(default)]
    pub team: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub user: Option<String>,
    /// Labels for the record.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl File {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first thing that is not TOML or not a known field, with its line and the nearest known name.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        match toml::from_str::<Self>(text) {
            Ok(file) => Ok(Self { source: text.to_owned(), ..file }),
            Err(error) => Err(ConfigError {
                problems: vec![Problem {
                    line: error.span().map(|span| line_of(text, span.start)),
                    path: String::new(),
                    message: explain(error.message()),
                }],
            }),
        }
    }
}

/// Adds the nearest known name to serde's message about an unknown field.
fn explain(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.to_owned() };
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();
    if matches!(unknown, "budgets" | "limits" | "redact" | "placement") {
        return format!(
            "`{unknown}` is not supported by this version: it would not be enforced, so it is refused"
        );
    }
    format!("unknown key \"{unknown}\"{}", did_you_mean(unknown, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        File::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_one() {
        assert_eq!(
            problem("[server]\nlisten = \"x\"\nadmn = \"y\"\n"),
            "line 3, unknown key \"admn\", did you mean \"admin\"?"
        );
        assert_eq!(
            problem("[providers.openai]\n\napi_kye = \"x\""),
            "line 3, unknown key \"api_kye\", did you mean \"api_key\"?"
        );
    }

    #[test]
    fn what_would_not_be_enforced_is_refused() {
        assert!(problem("[[budgets]]\nscope = \"all\"").contains("not supported by this version"));
    }

    #[test]
    fn one_key_or_several() {
        let file =
            File::parse("[providers.a]\napi_key = \"k\"\n[providers.b]\napi_key = [\"k\", \"l\"]").unwrap();
        let counts: Vec<_> =
            file.providers.values().map(|provider| provider.api_key.as_ref().unwrap().0.len()).collect();
        assert_eq!(counts, [1, 2]);
        assert!(problem("[providers.a]\napi_key = 1").contains("a text or a list of texts"));
    }
}
