//! Items: what a conversation is made of, in questions and in answers.

use serde_json::value::RawValue;

use super::{List, Text};
use crate::wire::wire_object;

wire_object! {
    /// An item of any type: each has some of these fields.
    Item {
        kind = "type": Text<'a>,
        id: Text<'a>,
        status: Text<'a>,
        role: Text<'a>,
        /// A string or parts; of reasoning, its pieces.
        content: &'a RawValue,
        call_id: Text<'a>,
        name: Text<'a>,
        arguments: &'a RawValue,
        input: Text<'a>,
        /// A string or parts.
        output: &'a RawValue,
        summary: &'a RawValue,
        encrypted_content: Text<'a>,
    }
}

wire_object! {
    /// A part of a message or of a tool's output.
    ContentPart {
        kind = "type": Text<'a>,
        text: Text<'a>,
        refusal: Text<'a>,
        image_url: Text<'a>,
        detail: Text<'a>,
        file_id: Text<'a>,
        file_url: Text<'a>,
        file_data: Text<'a>,
        filename: Text<'a>,
        input_audio: &'a RawValue,
        annotations: List<&'a RawValue>,
        logprobs: &'a RawValue,
        prompt_cache_breakpoint: &'a RawValue,
    }
}

wire_object! {
    InputAudio {
        data: Text<'a>,
        format: Text<'a>,
    }
}

wire_object! {
    /// A piece of a summary, or of the model's own reasoning.
    ReasoningPiece {
        kind = "type": Text<'a>,
        text: Text<'a>,
    }
}

wire_object! {
    /// What a text is based on.
    Annotation {
        kind = "type": Text<'a>,
        url: Text<'a>,
        title: Text<'a>,
        start_index: u64,
        end_index: u64,
    }
}
