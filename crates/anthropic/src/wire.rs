//! The vendor's types, under the vendor's names. What is written borrows from the canonical request.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
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
    pub(crate) cache_control: Option<CacheControl>,
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
        cache_control: Option<CacheControl>,
        #[serde(flatten)]
        extra: ExtraFields<'a>,
    },
    Image {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
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
        cache_control: Option<CacheControl>,
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
        cache_control: Option<CacheControl>,
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
        cache_control: Option<CacheControl>,
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
pub(crate) struct CacheControl {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<&'static str>,
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
        cache_control: Option<CacheControl>,
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

/// A JSON object as it is read: fields in order, their values not parsed yet.
///
/// What is understood is taken out, so that what is left is exactly what is not: it goes into an `Extra`.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(crate) fn parse(raw: &'a RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(raw.get())
    }

    /// Takes a field out as it stands there. `null` is 'not there'.
    pub(crate) fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        let (_, raw) = self.0.swap_remove(place);
        (raw.get() != "null").then_some(raw)
    }

    /// Takes a field out and reads it.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> serde_json::Result<Option<T>> {
        self.take_raw(name).map(|raw| serde_json::from_str(raw.get())).transpose()
    }

    /// Reads what is left, sorted by name so that the order of reading does not show. Drops `null`s.
    pub(crate) fn rest(mut self) -> Map<String, Value> {
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        let known = self.0.into_iter().filter(|(_, raw)| raw.get() != "null");
        known
            .filter_map(|(name, raw)| Some((name.into_owned(), serde_json::from_str(raw.get()).ok()?)))
            .collect()
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
                let mut fields = Vec::with_capacity(8);
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A string, borrowed where it holds no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// What every frame of a stream may hold at its top level. One pass; the values are read by those who need them.
#[derive(Debug, Deserialize)]
pub(crate) struct FrameHead<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default)]
    pub(crate) index: Option<u32>,
    #[serde(default, borrow)]
    pub(crate) message: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) content_block: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) delta: Option<&'a RawValue>,
}

impl<'a> FrameHead<'a> {
    /// Reads a frame. One of a type that is not known may hold anything.
    pub(crate) fn parse(data: &'a [u8]) -> serde_json::Result<Self> {
        const KNOWN: [&str; 7] = [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "error",
        ];
        serde_json::from_slice(data).or_else(|error| {
            match serde_json::from_slice::<Object<'a>>(data)
                .and_then(|mut frame| frame.take::<Text<'a>>("type"))
            {
                Ok(Some(Text(kind))) if !KNOWN.contains(&&*kind) => {
                    Ok(Self { kind, index: None, message: None, content_block: None, delta: None })
                }
                _ => Err(error),
            }
        })
    }
}

/// The deltas that text, reasoning and tool calls grow by, in one flat struct: each has one of these fields.
#[derive(Debug, Deserialize)]
pub(crate) struct BlockDelta<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(crate) text: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) partial_json: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) thinking: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) signature: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) citation: Option<&'a RawValue>,
}
