//! The body of `POST /responses`, as it is read.

use serde_json::{Map, Value, value::RawValue};

use super::{List, OneOrMany, Text};
use crate::wire::wire_object;

wire_object! {
    /// The body.
    RequestBody {
        model: Text<'a>,
        input: OneOrMany<'a, &'a RawValue>,
        instructions: Text<'a>,
        tools: List<&'a RawValue>,
        tool_choice: &'a RawValue,
        parallel_tool_calls: bool,
        text: TextConfig<'a>,
        reasoning: ReasoningConfig<'a>,
        include: List<Text<'a>>,
        temperature: f64,
        top_p: f64,
        top_logprobs: u32,
        max_output_tokens: u64,
        service_tier: Text<'a>,
        user: Text<'a>,
        safety_identifier: Text<'a>,
        metadata: Map<String, Value>,
        prompt_cache_key: Text<'a>,
        truncation: Text<'a>,
        store: bool,
        background: bool,
        stream: bool,
    }
}

wire_object! {
    TextConfig {
        format: &'a RawValue,
    }
}

wire_object! {
    /// `text.format`.
    TextFormat {
        kind = "type": Text<'a>,
        name: Text<'a>,
        description: Text<'a>,
        schema: Value,
        strict: bool,
    }
}

wire_object! {
    ReasoningConfig {
        effort: Text<'a>,
        summary: Text<'a>,
    }
}

wire_object! {
    /// An element of `tools` that the client runs itself.
    FunctionDef {
        kind = "type": Text<'a>,
        name: Text<'a>,
        description: Text<'a>,
        parameters: Value,
        strict: bool,
        format: Value,
    }
}

wire_object! {
    /// `tool_choice` where it is an object, or an element of its `tools`.
    ToolChoiceDef {
        kind = "type": Text<'a>,
        name: Text<'a>,
        mode: Text<'a>,
        tools: List<ToolChoiceDef<'a>>,
    }
}
