//! Ollama's types, under Ollama's names. What is written borrows from the canonical request, what is read from the frame.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// The body of `POST /api/chat`.
#[derive(Debug, Serialize)]
pub(super) struct ChatBody<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Cow<'a, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) think: Option<Think>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) options: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_logprobs: Option<u32>,
    pub(super) stream: bool,
    /// Fields that only this format has, written through.
    #[serde(flatten)]
    pub(super) extra: Map<String, Value>,
}

/// On, off, or how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Think {
    Switch(bool),
    Level(&'static str),
}

/// One element of `messages`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Cow<'a, str>>,
    /// Base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<&'a str>,
    #[serde(flatten)]
    pub(super) extra: Map<String, Value>,
}

/// A call of an earlier turn.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    pub(super) id: &'a str,
    pub(super) function: Function<'a>,
}

/// What is called.
#[derive(Debug, Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Arguments<'a>,
}

/// A JSON object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Arguments<'a> {
    /// As the model wrote it: proven to be an object.
    Written(&'a RawValue),
    Made(Map<String, Value>),
}

/// A JSON object whose fields are taken one by one, so that what is left is known.
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Takes a field out and reads it. `null` is as good as missing.
    pub(super) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> serde_json::Result<Option<T>> {
        let Some(place) = self.0.iter().position(|(known, _)| known == name) else { return Ok(None) };
        serde_json::from_str(self.0.remove(place).1.get())
    }

    /// Returns the fields that were not taken, but for empty ones.
    pub(super) fn rest(self) -> Map<String, Value> {
        let read =
            |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok().filter(|value| !value.is_null());
        self.0.into_iter().filter_map(|(name, raw)| Some((name.into_owned(), read(raw)?))).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    fields.push((name.0, value));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A text that is borrowed unless it has escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// One element of `message.tool_calls`, as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct CalledTool<'a> {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(borrow)]
    pub(super) function: CalledFunction<'a>,
}

/// What is called.
#[derive(Debug, Deserialize)]
pub(super) struct CalledFunction<'a> {
    pub(super) name: String,
    /// An object; some servers write a string with JSON in it.
    #[serde(default, borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

impl CalledFunction<'_> {
    /// The arguments as JSON text.
    pub(super) fn arguments_text(&self) -> String {
        let Some(raw) = self.arguments else { return "{}".to_owned() };
        match raw.get() {
            "null" => "{}".to_owned(),
            text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
            text => text.to_owned(),
        }
    }
}

/// One element of `logprobs`.
#[derive(Debug, Deserialize)]
pub(super) struct Logprob {
    pub(super) token: String,
    pub(super) logprob: f64,
    #[serde(default)]
    pub(super) bytes: Option<Vec<u8>>,
    #[serde(default)]
    pub(super) top_logprobs: Option<Vec<Self>>,
}

impl From<Logprob> for tollgate_model::response::TokenLogprob {
    fn from(token: Logprob) -> Self {
        let top = token.top_logprobs.unwrap_or_default().into_iter().map(Self::from).collect();
        Self { token: token.token, logprob: token.logprob, bytes: token.bytes, top }
    }
}
