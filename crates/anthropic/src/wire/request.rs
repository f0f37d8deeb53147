//! What is sent. It borrows from the canonical request.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value, value::RawValue};

/// The body of `POST /v1/messages`.
#[derive(Debug, Serialize)]
pub(crate) struct MessagesRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) max_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) system: Vec<Block<'a>>,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub(crate) output_config: OutputConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub(crate) metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<CacheControl<'a>>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) stream: bool,
    /// Fields that only this format has, written through.
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// One element of `messages`.
#[derive(Debug, Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: TurnRole,
    pub(crate) content: Vec<Block<'a>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
    /// How many `tool_result` blocks stand at the head of `content`.
    #[serde(skip)]
    pub(crate) results: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TurnRole {
    User,
    Assistant,
    System,
}

/// A content block, as it is sent.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Map<String, Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    Image {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        context: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<CitationsConfig>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: Input<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Self>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    /// A block of this format that the canonical model has no word for.
    #[serde(untagged)]
    Opaque(&'a Value),
}

impl<'a> Block<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text {
            text: text.into(),
            citations: Vec::new(),
            cache_control: None,
            extra: ExtraFields::default(),
        }
    }
}

/// The `input` of a `tool_use` block: always an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Input<'a> {
    /// The model's own text, known to be an object.
    Raw(&'a RawValue),
    Empty {},
    /// The free text of a custom tool.
    Custom {
        input: &'a str,
    },
    /// A text that is no JSON object.
    Unparsed {
        unparsed_arguments: &'a str,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
    File { file_id: &'a str },
    Text { media_type: &'static str, data: Cow<'a, str> },
}

#[derive(Debug, Serialize)]
pub(crate) struct CitationsConfig {
    pub(crate) enabled: bool,
}

/// A cache breakpoint, and where in the canonical request it was asked for.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "ephemeral")]
pub(crate) struct CacheControl<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
    #[serde(skip)]
    pub(crate) place: Place,
}

/// Where something stands in the canonical request. Becomes text only when there is a loss to name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Request,
    Tool(usize),
    Part(usize, usize),
    /// A part of a tool result.
    Nested(usize, usize, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Tool(tool) => write!(f, "tools[{tool}]"),
            Self::Part(message, part) => write!(f, "messages[{message}].parts[{part}]"),
            Self::Nested(message, part, inner) => {
                write!(f, "messages[{message}].parts[{part}].parts[{inner}]")
            }
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Tool<'a> {
    Function {
        name: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<Cow<'a, str>>,
        input_schema: Schema<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl<'a>>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    Opaque(&'a Value),
}

/// A JSON Schema whose root is an object, as `input_schema` must be.
#[derive(Debug)]
pub(crate) enum Schema<'a> {
    /// Exactly as given.
    Given(&'a Value),
    /// As given, but for `"type": "object"`.
    MadeObject(&'a Map<String, Value>),
    /// Any object.
    Open,
    /// No input.
    NoInput,
    /// One text, under [`crate::names::CUSTOM_INPUT`].
    CustomInput,
}

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(schema) => schema.serialize(serializer),
            Self::MadeObject(schema) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", "object")?;
                for (keyword, value) in schema.iter().filter(|(keyword, _)| *keyword != "type") {
                    map.serialize_entry(keyword, value)?;
                }
                map.end()
            }
            Self::Open => serde_json::json!({"type": "object"}).serialize(serializer),
            Self::NoInput => serde_json::json!({"type": "object", "properties": {}}).serialize(serializer),
            Self::CustomInput => serde_json::json!({
                "type": "object",
                "properties": {crate::names::CUSTOM_INPUT: {"type": "string"}},
                "required": [crate::names::CUSTOM_INPUT],
                "additionalProperties": false,
            })
            .serialize(serializer),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct ToolChoice<'a> {
    /// `auto`, `any`, `tool` or `none`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disable_parallel_tool_use: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Thinking {
    Enabled {
        budget_tokens: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    Adaptive {
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    Disabled,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<OutputFormat<'a>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

impl OutputConfig<'_> {
    fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none() && self.extra.is_empty()
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "json_schema")]
pub(crate) struct OutputFormat<'a> {
    pub(crate) schema: Cow<'a, Value>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

impl Metadata<'_> {
    fn is_empty(&self) -> bool {
        self.user_id.is_none() && self.extra.is_empty()
    }
}

/// Fields that only this format has.
#[derive(Debug, Default)]
pub(crate) struct ExtraFields<'a>(pub(crate) Vec<(&'a str, &'a Value)>);

impl ExtraFields<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ExtraFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, *value)))
    }
}
