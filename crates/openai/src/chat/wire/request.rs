//! The body of `POST /chat/completions`, as it is read.
//!
//! Source: `CreateChatCompletionRequest` in the vendor's OpenAPI description and the types of its Python SDK 3.54.0
//! (read 2026-11-23).

use serde_json::{Map, Value, value::RawValue};

use super::{
    List, OneOrMany, Text,
    response::{FunctionCall, ToolCall},
};
use crate::wire::wire_object;

wire_object! {
    /// The body.
    RequestBody {
        model: Text<'a>,
        messages: List<RequestMessage<'a>>,
        tools: List<&'a RawValue>,
        tool_choice: &'a RawValue,
        functions: List<FunctionDef<'a>>,
        function_call: &'a RawValue,
        parallel_tool_calls: bool,
        response_format: &'a RawValue,
        reasoning_effort: Text<'a>,
        temperature: f64,
        top_p: f64,
        /// Not OpenAI's, but taken by most servers that copy the format.
        top_k: u64,
        presence_penalty: f64,
        frequency_penalty: f64,
        seed: i64,
        logit_bias: Map<String, Value>,
        max_tokens: u64,
        max_completion_tokens: u64,
        stop: OneOrMany<'a, Text<'a>>,
        n: u32,
        logprobs: bool,
        top_logprobs: u32,
        modalities: List<Text<'a>>,
        audio: AudioParams<'a>,
        service_tier: Text<'a>,
        user: Text<'a>,
        metadata: Map<String, Value>,
        prompt_cache_key: Text<'a>,
        stream: bool,
        stream_options: StreamOptions<'a>,
    }
}

wire_object! {
    StreamOptions {
        include_usage: bool,
    }
}

wire_object! {
    AudioParams {
        voice: Value,
        format: Text<'a>,
    }
}

wire_object! {
    /// An element of `messages`.
    RequestMessage {
        role: Text<'a>,
        content: MessageContent<'a>,
        refusal: Text<'a>,
        name: Text<'a>,
        tool_calls: List<ToolCall<'a>>,
        tool_call_id: Text<'a>,
        function_call: FunctionCall<'a>,
        audio: AudioRef<'a>,
        reasoning_content: &'a RawValue,
        reasoning: &'a RawValue,
    }
}

/// `content`: a string or parts.
pub(crate) type MessageContent<'a> = OneOrMany<'a, ContentPart<'a>>;

wire_object! {
    /// A content part of any type: each has one of these fields.
    ContentPart {
        kind = "type": Text<'a>,
        text: Text<'a>,
        image_url: &'a RawValue,
        input_audio: &'a RawValue,
        file: &'a RawValue,
        refusal: Text<'a>,
        thinking: &'a RawValue,
        cache_control: &'a RawValue,
    }
}

wire_object! {
    ImageUrl {
        url: Text<'a>,
        detail: Text<'a>,
    }
}

wire_object! {
    InputAudio {
        data: Text<'a>,
        format: Text<'a>,
    }
}

wire_object! {
    FileSource {
        file_id: Text<'a>,
        file_data: Text<'a>,
        filename: Text<'a>,
    }
}

wire_object! {
    /// `{"type": "ephemeral", "ttl": "1h"}`: a convention of gateways, in Anthropic's words.
    CacheControl {
        kind = "type": Text<'a>,
        ttl: Text<'a>,
    }
}

wire_object! {
    /// An earlier answer in sound, referred to.
    AudioRef {
        id: Text<'a>,
    }
}

wire_object! {
    /// An element of `tools`.
    ToolDef {
        kind = "type": Text<'a>,
        function: FunctionDef<'a>,
        custom: CustomDef<'a>,
        cache_control: &'a RawValue,
    }
}

wire_object! {
    FunctionDef {
        name: Text<'a>,
        description: Text<'a>,
        parameters: Value,
        strict: bool,
    }
}

wire_object! {
    CustomDef {
        name: Text<'a>,
        description: Text<'a>,
        format: Value,
    }
}

wire_object! {
    /// `tool_choice` where it is an object.
    ToolChoiceDef {
        kind = "type": Text<'a>,
        function: FunctionName<'a>,
        custom: FunctionName<'a>,
        allowed_tools: AllowedTools<'a>,
    }
}

wire_object! {
    FunctionName {
        name: Text<'a>,
    }
}

wire_object! {
    AllowedTools {
        mode: Text<'a>,
        tools: List<ToolChoiceDef<'a>>,
    }
}

wire_object! {
    ResponseFormatDef {
        kind = "type": Text<'a>,
        json_schema: JsonSchemaDef<'a>,
    }
}

wire_object! {
    JsonSchemaDef {
        name: Text<'a>,
        description: Text<'a>,
        schema: Value,
        strict: bool,
    }
}
