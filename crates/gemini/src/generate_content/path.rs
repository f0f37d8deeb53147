//! Where a request says which model it asks, and what for.

use tollgate_model::ModelName;
use tollgate_provider::base_url::decoded_segment;

/// `/v1beta/models/{model}:{verb}`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPath<'a> {
    /// The model: `gemini-3.8-flash`, `openai/gpt-6`, `tunedModels/mine`.
    pub model: ModelName,
    /// What it is asked for: `generateContent`, `streamGenerateContent`, `countTokens` … Empty: about itself.
    pub verb: &'a str,
}

/// What the vendor's models can be asked for.
const VERBS: [&str; 11] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "computeTokens",
    "embedContent",
    "batchEmbedContents",
    "asyncBatchEmbedContent",
    "batchGenerateContent",
    "generateAnswer",
    "predict",
    "predictLongRunning",
];

impl<'a> ModelPath<'a> {
    /// Takes a path apart. A model's name may be escaped, and may hold slashes and colons. `None`: it names no model.
    #[must_use]
    pub fn parse(path: &'a str) -> Option<Self> {
        let (rest, tuned) = match (path.split_once("/models/"), path.split_once("/tunedModels/")) {
            (Some((_, rest)), _) => (rest, false),
            (None, Some((_, rest))) => (rest, true),
            (None, None) => return None,
        };
        // What follows the colon of `qwen3:8b` is none.
        let (name, verb) = match rest.rsplit_once(':') {
            Some((name, verb)) if VERBS.contains(&verb) => (name, verb),
            _ => (rest, ""),
        };
        let name = decoded_segment(name);
        let model =
            if tuned { ModelName::from(format!("tunedModels/{name}")) } else { ModelName::new(&*name) };
        (!name.is_empty()).then_some(Self { model, verb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_however_it_is_called() {
        for (path, model, verb) in [
            ("/v1beta/models/gemini-3.8-flash:generateContent", "gemini-3.8-flash", "generateContent"),
            ("/v1/models/openai/gpt-6:streamGenerateContent", "openai/gpt-6", "streamGenerateContent"),
            ("/v1beta/models/openai%2Fgpt-6:countTokens", "openai/gpt-6", "countTokens"),
            ("/v1beta/models/ollama/qwen3:8b:generateContent", "ollama/qwen3:8b", "generateContent"),
            ("/v1beta/models/ollama/qwen3:latest", "ollama/qwen3:latest", ""),
            ("/v1beta/models/qwen3%3A8b:generateContent", "qwen3:8b", "generateContent"),
            ("/v1beta/tunedModels/mine:generateContent", "tunedModels/mine", "generateContent"),
            ("/v1/projects/p/locations/l/publishers/google/models/m:generateContent", "m", "generateContent"),
            ("/v1beta/models/accounts/x/models/y:generateContent", "accounts/x/models/y", "generateContent"),
        ] {
            let found = ModelPath::parse(path).unwrap();
            assert_eq!((found.model.as_str(), found.verb), (model, verb), "{path}");
        }
        for path in ["/v1beta/models", "/v1beta/models/", "/v1beta/models/:generateContent", "/", ""] {
            assert_eq!(ModelPath::parse(path), None, "{path}");
        }
    }
}
