//! What is read. Everything borrows from the body; fields that are not known are kept beside those that are.

use serde_json::value::RawValue;

use crate::read::{Text, Word, object};

/// The reasons that have the same number at all of the vendor's doors.
pub(crate) const FINISH_REASONS: [&str; 6] =
    ["FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"];

/// What a token stands for.
pub(crate) const MODALITIES: [&str; 6] =
    ["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT"];

object! {
    /// A `GenerateContentResponse`: a whole answer, or one frame of a stream.
    GenerateContentResponse {
        "candidates" => candidates: Vec<Candidate<'a>>,
        "promptFeedback" => prompt_feedback: PromptFeedback<'a>,
        "usageMetadata" => usage_metadata: UsageMetadata<'a>,
        "modelVersion" => model_version: Text<'a>,
        "responseId" => response_id: Text<'a>,
        "createTime" => create_time: Text<'a>,
        "error" => error: &'a RawValue,
    }
}

object! {
    /// One of the answers, or the next piece of one.
    Candidate {
        "index" => index: u32,
        "content" => content: Content<'a>,
        "finishReason" => finish_reason: Word<'a>,
        "logprobsResult" => logprobs_result: LogprobsResult<'a>,
    }
}

object! {
    Content {
        "role" => role: Text<'a>,
        "parts" => parts: Vec<Part<'a>>,
    }
}

object! {
    /// A part. What it is stands in the one field of its kind; kinds that are not known here are in `rest`.
    Part {
        "text" => text: Text<'a>,
        "thought" => thought: bool,
        "thoughtSignature" => thought_signature: Text<'a>,
        "functionCall" => function_call: FunctionCall<'a>,
        "inlineData" => inline_data: Blob<'a>,
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
    Blob {
        "mimeType" => mime_type: Text<'a>,
        "data" => data: Text<'a>,
    }
}

object! {
    PromptFeedback {
        "blockReason" => block_reason: Word<'a>,
    }
}

object! {
    UsageMetadata {
        "promptTokenCount" => prompt_token_count: u64,
        "cachedContentTokenCount" => cached_content_token_count: u64,
        "candidatesTokenCount" => candidates_token_count: u64,
        "thoughtsTokenCount" => thoughts_token_count: u64,
        "toolUsePromptTokenCount" => tool_use_prompt_token_count: u64,
        "totalTokenCount" => total_token_count: u64,
        "promptTokensDetails" => prompt_tokens_details: Vec<ModalityTokenCount<'a>>,
        "cacheTokensDetails" => cache_tokens_details: Vec<ModalityTokenCount<'a>>,
        "candidatesTokensDetails" => candidates_tokens_details: Vec<ModalityTokenCount<'a>>,
        "toolUsePromptTokensDetails" => tool_use_prompt_tokens_details: Vec<ModalityTokenCount<'a>>,
        "serviceTier" => service_tier: Word<'a>,
    }
}

impl UsageMetadata<'_> {
    /// Tells whether it counts anything: some frames of a stream name only the kind of traffic.
    pub(crate) const fn counts_tokens(&self) -> bool {
        self.prompt_token_count.is_some()
            || self.cached_content_token_count.is_some()
            || self.candidates_token_count.is_some()
            || self.thoughts_token_count.is_some()
            || self.tool_use_prompt_token_count.is_some()
            || self.total_token_count.is_some()
    }
}

object! {
    ModalityTokenCount {
        "modality" => modality: Word<'a>,
        "tokenCount" => token_count: u64,
    }
}

object! {
    LogprobsResult {
        "chosenCandidates" => chosen_candidates: Vec<LogprobsCandidate<'a>>,
        "topCandidates" => top_candidates: Vec<TopCandidates<'a>>,
    }
}

object! {
    TopCandidates {
        "candidates" => candidates: Vec<LogprobsCandidate<'a>>,
    }
}

object! {
    LogprobsCandidate {
        "token" => token: Text<'a>,
        "logProbability" => log_probability: f64,
    }
}
