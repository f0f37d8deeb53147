//! `GET /v1beta/models`, as clients of this vendor read it.
//!
//! Source: <https://ai.google.dev/api/models> and `model.proto` of `v1beta` (read 2026-11-23).

use bytes::{Bytes, BytesMut};
use tollgate_provider::json_writer::{Array, Object};

/// What is said of a model in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedModel {
    /// Its name, without `models/`.
    pub name: String,
    /// What people call it. `None`: its name.
    pub display_name: Option<String>,
    /// The most tokens that it reads.
    pub input_token_limit: Option<u64>,
    /// The most tokens that it writes.
    pub output_token_limit: Option<u64>,
    /// What it can be asked for: `generateContent`, `countTokens`, `embedContent` …
    pub methods: Vec<String>,
    /// Whether it reasons.
    pub thinking: Option<bool>,
}

impl ListedModel {
    /// Describes a model that can be asked for answers.
    pub fn new(name: impl Into<String>) -> Self {
        let methods = ["generateContent", "streamGenerateContent", "countTokens"];
        Self {
            name: name.into(),
            display_name: None,
            input_token_limit: None,
            output_token_limit: None,
            methods: methods.map(str::to_owned).to_vec(),
            thinking: None,
        }
    }

    /// Writes the answer to `GET /v1beta/models/{name}`.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(256);
        self.write(Object::begin(&mut out));
        out.freeze()
    }

    fn write(&self, mut object: Object<'_>) {
        object.field("name", &format!("models/{}", self.name)).field("version", "");
        object.field("displayName", self.display_name.as_ref().unwrap_or(&self.name));
        object.optional("inputTokenLimit", self.input_token_limit);
        object.optional("outputTokenLimit", self.output_token_limit);
        object.field("supportedGenerationMethods", &self.methods);
        object.optional("thinking", self.thinking);
        object.end();
    }
}

/// Writes the answer to `GET /v1beta/models`: one page, and how the next is asked for, if there is one.
#[must_use]
pub fn encode_model_list(models: &[ListedModel], next_page_token: Option<&str>) -> Bytes {
    let mut out = BytesMut::with_capacity(64 + 256 * models.len());
    let mut body = Object::begin(&mut out);
    let mut list: Array<'_> = body.array("models");
    for model in models {
        model.write(list.object());
    }
    list.end();
    body.optional("nextPageToken", next_page_token);
    body.end();
    out.freeze()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn models_are_listed_as_the_vendor_does() {
        let mut model = ListedModel::new("openai/gpt-6");
        model.input_token_limit = Some(400_000);
        let list: Value = serde_json::from_slice(&encode_model_list(&[model.clone()], Some("p2"))).unwrap();
        let shown = json!({
            "name": "models/openai/gpt-6", "version": "", "displayName": "openai/gpt-6",
            "inputTokenLimit": 400_000,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
        });
        assert_eq!(list, json!({"models": [shown], "nextPageToken": "p2"}));
        assert_eq!(serde_json::from_slice::<Value>(&model.encode()).unwrap(), shown);
        assert_eq!(encode_model_list(&[], None), r#"{"models":[]}"#);
    }
}
