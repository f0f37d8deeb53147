//! The body of a request as clients send it. Everything borrows from the body; fields that are not known are kept beside
//! those that are.
//!
//! Source: `generative_service.proto` and `content.proto` of `v1beta` and the types of the vendor's Python SDK 3.4.0
//! (read 2026-11-23).

use serde_json::{Map, Value, value::RawValue};

use crate::read::{Integer, List, RawList, Text, Word, object};

object! {
    GenerateContentRequest {
        // Stands in the path as well, which counts.
        "model" => model: &'a RawValue,
        "systemInstruction" => system_instruction: &'a RawValue,
        "contents" => contents: List<Content<'a>>,
        "tools" => tools: RawList<'a>,
        "toolConfig" => tool_config: ToolConfig<'a>,
        "generationConfig" => generation_config: GenerationConfig<'a>,
        "cachedContent" => cached_content: Text<'a>,
        "serviceTier" => service_tier: Word<'a>,
        "labels" => labels: Map<String, Value>,
    }
}

object! {
    /// The body of `countTokens`: contents, or a whole request.
    CountTokensRequest {
        "generateContentRequest" => generate_content_request: GenerateContentRequest<'a>,
    }
}

object! {
    /// One turn.
    Content {
        "role" => role: Text<'a>,
        "parts" => parts: RawList<'a>,
    }
}

object! {
    /// A part. What it is stands in the one field of its kind; kinds that are not known here are in `rest`.
    Part {
        "text" => text: Text<'a>,
        "inlineData" => inline_data: &'a RawValue,
        "fileData" => file_data: &'a RawValue,
        "functionCall" => function_call: FunctionCall<'a>,
        "functionResponse" => function_response: FunctionResponse<'a>,
        "thought" => thought: bool,
        "thoughtSignature" => thought_signature: Text<'a>,
    }
}

object! {
    Blob {
        "mimeType" => mime_type: Text<'a>,
        "data" => data: Text<'a>,
    }
}

object! {
    FileData {
        "mimeType" => mime_type: Text<'a>,
        "fileUri" => file_uri: Text<'a>,
    }
}

object! {
    FunctionCall {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "args" => args: &'a RawValue,
    }
}

object! {
    FunctionResponse {
        "id" => id: Text<'a>,
        "name" => name: Text<'a>,
        "response" => response: &'a RawValue,
        "parts" => parts: RawList<'a>,
    }
}

object! {
    /// An element of `tools`; those that the vendor runs are in `rest`.
    Tool {
        "functionDeclarations" => function_declarations: List<FunctionDeclaration<'a>>,
    }
}

object! {
    FunctionDeclaration {
        "name" => name: Text<'a>,
        "description" => description: Text<'a>,
        "parameters" => parameters: Value,
        "parametersJsonSchema" => parameters_json_schema: Value,
    }
}

object! {
    ToolConfig {
        "functionCallingConfig" => function_calling_config: FunctionCallingConfig<'a>,
    }
}

object! {
    FunctionCallingConfig {
        "mode" => mode: Word<'a>,
        "allowedFunctionNames" => allowed_function_names: List<Text<'a>>,
    }
}

/// The modes, in the order of their numbers.
pub(crate) const MODES: [&str; 5] = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];

object! {
    GenerationConfig {
        "maxOutputTokens" => max_output_tokens: Integer,
        "temperature" => temperature: f64,
        "topP" => top_p: f64,
        "topK" => top_k: Integer,
        "stopSequences" => stop_sequences: List<Text<'a>>,
        "candidateCount" => candidate_count: Integer,
        "seed" => seed: Integer,
        "presencePenalty" => presence_penalty: f64,
        "frequencyPenalty" => frequency_penalty: f64,
        "responseLogprobs" => response_logprobs: bool,
        "logprobs" => logprobs: Integer,
        "responseMimeType" => response_mime_type: Text<'a>,
        "responseSchema" => response_schema: Value,
        "responseJsonSchema" => response_json_schema: Value,
        "_responseJsonSchema" => unordered_json_schema: Value,
        "responseModalities" => response_modalities: List<Word<'a>>,
        "speechConfig" => speech_config: Value,
        "thinkingConfig" => thinking_config: &'a RawValue,
    }
}

/// The kinds of answer, in the order of their numbers.
pub(crate) const RESPONSE_MODALITIES: [&str; 4] = ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"];

object! {
    ThinkingConfig {
        "includeThoughts" => include_thoughts: bool,
        "thinkingBudget" => thinking_budget: Integer,
        "thinkingLevel" => thinking_level: Word<'a>,
    }
}
