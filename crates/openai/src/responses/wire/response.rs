//! An answer and the events of a stream, as they are read.

use serde_json::value::RawValue;

use super::{List, Text};
use crate::wire::wire_object;

wire_object! {
    /// A `response`.
    Body {
        id: Text<'a>,
        object: Text<'a>,
        /// A number; some servers write a fraction.
        created_at: &'a RawValue,
        status: Text<'a>,
        error: &'a RawValue,
        incomplete_details: IncompleteDetails<'a>,
        model: Text<'a>,
        output: List<&'a RawValue>,
        usage: &'a RawValue,
        service_tier: Text<'a>,
        tool_usage: &'a RawValue,
        /// These three only repeat the request or the answer.
        instructions: &'a RawValue,
        tools: &'a RawValue,
        output_text: &'a RawValue,
    }
}

wire_object! {
    IncompleteDetails {
        reason: Text<'a>,
    }
}

wire_object! {
    /// An event of any type: each has some of these fields.
    Event {
        kind = "type": Text<'a>,
        response: &'a RawValue,
        error: &'a RawValue,
        item: &'a RawValue,
        item_id: Text<'a>,
        output_index: u64,
        content_index: u64,
        summary_index: u64,
        part: &'a RawValue,
        delta: &'a RawValue,
        logprobs: &'a RawValue,
        annotation: &'a RawValue,
    }
}
