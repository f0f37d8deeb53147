//! The vendor's types, under the vendor's names: how they are read, and what they are written with.
//!
//! Everything is read in one pass and borrowed from the body. An object keeps what it does not know in `rest`, so that
//! nothing vanishes. `null` is 'not there' throughout, as with the vendor.

mod read;
mod request;
mod response;
mod write;

pub(super) use read::{List, OneOrMany, Rest, Text, field_error};
pub(super) use request::{
    AudioParams, CacheControl, ContentPart, FileSource, FunctionDef, FunctionName, ImageUrl, InputAudio,
    MessageContent, RequestBody, RequestMessage, ResponseFormatDef, ToolChoiceDef, ToolDef,
};
pub(super) use response::{
    Audio, Body, Choice, FunctionCall, Logprobs, Message, TokenLogprob, ToolCall, Usage, arguments_text,
};
pub(super) use write::{Array, Object, value, write_raw};
