//! What is written. Everything borrows from the canonical request.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, value::RawValue};

/// The body of `generateContent` and `streamGenerateContent`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerateContentRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system_instruction: Option<SystemInstruction<'a>>,
    pub(crate) contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "ToolConfig::is_empty")]
    pub(crate) tool_config: ToolConfig<'a>,
    #[serde(skip_serializing_if = "GenerationConfig::is_empty")]
    pub(crate) generation_config: GenerationConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cached_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<&'a Map<String, Value>>,
    /// Fields that only this format has, written through.
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SystemInstruction<'a> {
    pub(crate) parts: Vec<SystemPart<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SystemPart<'a> {
    pub(crate) text: Cow<'a, str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Model,
}

/// One turn.
#[derive(Debug, Serialize)]
pub(crate) struct Content<'a> {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part<'a>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
    /// How many parts at the head of `parts` are results of functions, with what belongs to them.
    #[serde(skip)]
    pub(crate) results: usize,
}

/// A part.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Part<'a> {
    Known(KnownPart<'a>),
    /// A part of this format that the canonical model has no word for.
    Opaque(&'a Value),
}

impl<'a> Part<'a> {
    pub(crate) const fn text(text: Cow<'a, str>) -> Self {
        Self::Known(KnownPart::new(Data::Text(text)))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownPart<'a> {
    #[serde(flatten)]
    pub(crate) data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thought: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thought_signature: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
    /// Where it stood, for losses that show late.
    #[serde(skip)]
    pub(crate) place: Option<Place>,
}

impl<'a> KnownPart<'a> {
    pub(crate) const fn new(data: Data<'a>) -> Self {
        Self { data, thought: None, thought_signature: None, extra: ExtraFields(Vec::new()), place: None }
    }
}

/// What a part is: one field, named after its kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the vendor's names")]
pub(crate) enum Data<'a> {
    Text(Cow<'a, str>),
    InlineData(Blob<'a>),
    FileData(FileData<'a>),
    FunctionCall(FunctionCall<'a>),
    FunctionResponse(FunctionResponse<'a>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    pub(crate) mime_type: &'a str,
    pub(crate) data: Cow<'a, str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<&'a str>,
    pub(crate) file_uri: &'a str,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) id: &'a str,
    pub(crate) name: Cow<'a, str>,
    pub(crate) args: Args<'a>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

/// The `args` of a call: always an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Args<'a> {
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
pub(crate) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) id: &'a str,
    pub(crate) name: Cow<'a, str>,
    pub(crate) response: Response<'a>,
    /// Pictures and documents, on models that take them here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Part<'a>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

/// The `response` of a function: always an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Response<'a> {
    /// The tool's own text, known to be an object.
    Raw(&'a RawValue),
    Result {
        result: Cow<'a, str>,
    },
    Error {
        error: Cow<'a, str>,
    },
}

/// Where something stands in the canonical request. Becomes text only when there is a loss to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Part(usize, usize),
    /// A part of a tool result.
    Nested(usize, usize, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
    Functions {
        #[serde(rename = "functionDeclarations")]
        function_declarations: Vec<FunctionDeclaration<'a>>,
    },
    Opaque(&'a Value),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionDeclaration<'a> {
    pub(crate) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters_json_schema: Option<Schema<'a>>,
    /// A schema in the vendor's own dialect, as a client of this format brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<&'a Value>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

/// The JSON Schema of a function's input.
#[derive(Debug)]
pub(crate) enum Schema<'a> {
    /// Exactly as given.
    Given(&'a Value),
    /// One text, under [`crate::names::CUSTOM_INPUT`].
    CustomInput,
}

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(schema) => schema.serialize(serializer),
            Self::CustomInput => serde_json::json!({
                "type": "object",
                "properties": {crate::names::CUSTOM_INPUT: {"type": "string"}},
                "required": [crate::names::CUSTOM_INPUT],
            })
            .serialize(serializer),
        }
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_calling_config: Option<FunctionCallingConfig<'a>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

impl ToolConfig<'_> {
    fn is_empty(&self) -> bool {
        self.function_calling_config.is_none() && self.extra.is_empty()
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionCallingConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed_function_names: Vec<Cow<'a, str>>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    Auto,
    Any,
    None,
    Validated,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) candidate_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_json_schema: Option<&'a Value>,
    /// A schema in the vendor's own dialect, as a client of this format brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) response_modalities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speech_config: Option<SpeechConfig<'a>>,
    #[serde(skip_serializing_if = "ThinkingConfig::is_empty")]
    pub(crate) thinking_config: ThinkingConfig<'a>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

impl GenerationConfig<'_> {
    fn is_empty(&self) -> bool {
        self.max_output_tokens.is_none()
            && self.temperature.is_none()
            && self.top_p.is_none()
            && self.top_k.is_none()
            && self.stop_sequences.is_empty()
            && self.candidate_count.is_none()
            && self.seed.is_none()
            && self.presence_penalty.is_none()
            && self.frequency_penalty.is_none()
            && self.response_logprobs.is_none()
            && self.response_mime_type.is_none()
            && self.response_modalities.is_empty()
            && self.speech_config.is_none()
            && self.thinking_config.is_empty()
            && self.extra.is_empty()
    }
}

/// A voice of the vendor's, three objects deep.
#[derive(Debug)]
pub(crate) struct SpeechConfig<'a> {
    pub(crate) voice_name: &'a str,
}

impl Serialize for SpeechConfig<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": self.voice_name}}})
            .serialize(serializer)
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThinkingConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) include_thoughts: Option<bool>,
    /// 0 is off, -1 as the model sees fit. Never beside a level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_budget: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_level: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) extra: ExtraFields<'a>,
}

impl ThinkingConfig<'_> {
    fn is_empty(&self) -> bool {
        self.include_thoughts.is_none()
            && self.thinking_budget.is_none()
            && self.thinking_level.is_none()
            && self.extra.is_empty()
    }
}

/// Fields that only this format has.
#[derive(Debug, Default)]
pub(crate) struct ExtraFields<'a>(pub(crate) Vec<(&'a str, &'a Value)>);

impl<'a> ExtraFields<'a> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the fields of another that are not there yet.
    pub(crate) fn join(&mut self, other: Self) {
        let new = other.0.into_iter().filter(|(name, _)| self.0.iter().all(|(known, _)| known != name));
        let new: Vec<_> = new.collect();
        self.0.extend(new);
    }
}

impl Serialize for ExtraFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, *value)))
    }
}
