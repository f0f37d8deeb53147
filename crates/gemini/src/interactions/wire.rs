//! The vendor's types, under the vendor's names, as they are read. Fields that are not known are kept beside those that are.

use serde_json::{Map, Value, value::RawValue};

use crate::read::{Integer, List, RawList, Text, object};

object! {
    /// The body of a request: `CreateModelInteraction`, or `CreateAgentInteraction`.
    Request {
        "model" => model: Text<'a>,
        "agent" => agent: Text<'a>,
        "input" => input: &'a RawValue,
        "systemInstruction" => system_instruction: Text<'a>,
        "tools" => tools: RawList<'a>,
        "generationConfig" => generation_config: GenerationConfig<'a>,
        "responseFormat" => response_format: Value,
        "responseMimeType" => response_mime_type: Text<'a>,
        "responseModalities" => response_modalities: List<Text<'a>>,
        "serviceTier" => service_tier: Text<'a>,
        "cachedContent" => cached_content: Text<'a>,
        "labels" => labels: Map<String, Value>,
        "stream" => stream: bool,
    }
}

object! {
    GenerationConfig {
        "maxOutputTokens" => max_output_tokens: Integer,
        "temperature" => temperature: f64,
        "topP" => top_p: f64,
        "seed" => seed: Integer,
        "stopSequences" => stop_sequences: List<Text<'a>>,
        "thinkingLevel" => thinking_level: Text<'a>,
        "thinkingSummaries" => thinking_summaries: Text<'a>,
        "toolChoice" => tool_choice: &'a RawValue,
        "speechConfig" => speech_config: Value,
    }
}

object! {
    ToolChoiceConfig {
        "allowedTools" => allowed_tools: AllowedTools<'a>,
    }
}

object! {
    AllowedTools {
        "mode" => mode: Text<'a>,
        "tools" => tools: List<Text<'a>>,
    }
}

object! {
    /// A tool, if it is a function.
    Function {
        "type" => kind: Text<'a>,
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "parameters" => parameters: Value,
    }
}

object! {
    /// A step of any type, a turn of the older revision, or a content that stands where a step can.
    Step {
        "type" => kind: Text<'a>,
        // The older revision's turns.
        "role" => role: Text<'a>,
        "content" => content: &'a RawValue,
        "summary" => summary: RawList<'a>,
        "signature" => signature: Text<'a>,
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "arguments" => arguments: &'a RawValue,
        "callId" => call_id: Text<'a>,
        "result" => result: &'a RawValue,
        "isError" => is_error: bool,
    }
}

object! {
    /// A content of any type.
    Content {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "annotations" => annotations: Vec<Map<String, Value>>,
        "data" => data: Text<'a>,
        "uri" => uri: Text<'a>,
        "mimeType" => mime_type: Text<'a>,
        "resolution" => resolution: Text<'a>,
    }
}

object! {
    /// A whole answer, and the `interaction` of events.
    Interaction {
        "id" => id: Text<'a>,
        "model" => model: Text<'a>,
        "agent" => agent: Text<'a>,
        "status" => status: Text<'a>,
        "created" => created: Text<'a>,
        "steps" => steps: RawList<'a>,
        // The older revision's.
        "outputs" => outputs: RawList<'a>,
        "usage" => usage: Usage<'a>,
        "serviceTier" => service_tier: Text<'a>,
        "errors" => errors: Vec<ErrorBody<'a>>,
        "error" => error: &'a RawValue,
        // What a stored object says of itself, and what repeats the request or the steps.
        "object" => object: &'a RawValue,
        "role" => role: &'a RawValue,
        "updated" => updated: &'a RawValue,
        "input" => input: &'a RawValue,
        "outputText" => output_text: &'a RawValue,
    }
}

object! {
    ErrorBody {
        "code" => code: Text<'a>,
        "message" => message: Text<'a>,
    }
}

object! {
    Usage {
        "totalInputTokens" => total_input_tokens: u64,
        "totalCachedTokens" => total_cached_tokens: u64,
        "totalOutputTokens" => total_output_tokens: u64,
        "totalThoughtTokens" => total_thought_tokens: u64,
        "totalToolUseTokens" => total_tool_use_tokens: u64,
        "totalTokens" => total_tokens: u64,
        "inputTokensByModality" => input_tokens_by_modality: Vec<ModalityTokens<'a>>,
        "cachedTokensByModality" => cached_tokens_by_modality: Vec<ModalityTokens<'a>>,
        "outputTokensByModality" => output_tokens_by_modality: Vec<ModalityTokens<'a>>,
        "toolUseTokensByModality" => tool_use_tokens_by_modality: Vec<ModalityTokens<'a>>,
        "groundingToolCount" => grounding_tool_count: Vec<GroundingToolCount<'a>>,
    }
}

object! {
    ModalityTokens {
        "modality" => modality: Text<'a>,
        "tokens" => tokens: u64,
    }
}

object! {
    GroundingToolCount {
        "type" => kind: Text<'a>,
        "count" => count: u64,
    }
}

object! {
    /// An event of a stream, of any type.
    Event {
        "eventType" => event_type: Text<'a>,
        "interaction" => interaction: Interaction<'a>,
        "status" => status: Text<'a>,
        "index" => index: u32,
        "step" => step: &'a RawValue,
        // The older revision's step.
        "content" => content: &'a RawValue,
        "delta" => delta: &'a RawValue,
        "usage" => usage: Usage<'a>,
        "metadata" => metadata: EventMetadata<'a>,
        "error" => error: &'a RawValue,
    }
}

object! {
    EventMetadata {
        "totalUsage" => total_usage: Usage<'a>,
        // As it is sent.
        "usage" => usage: Usage<'a>,
    }
}

object! {
    /// What a step grows by, of any type.
    Delta {
        "type" => kind: Text<'a>,
        "text" => text: Text<'a>,
        "content" => content: &'a RawValue,
        "signature" => signature: Text<'a>,
        "arguments" => arguments: &'a RawValue,
        "partialArguments" => partial_arguments: Text<'a>,
        "annotations" => annotations: Vec<Map<String, Value>>,
        "data" => data: Text<'a>,
        "uri" => uri: Text<'a>,
        "mimeType" => mime_type: Text<'a>,
    }
}
