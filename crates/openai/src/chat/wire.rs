//! The types of Chat Completions, under the vendor's names.

mod request;
mod response;

pub(super) use tollgate_provider::json_writer::{Array, Object};

pub(super) use crate::wire::{List, OneOrMany, Rest, Text, field_error, unix_seconds, value, write_raw};
pub(super) use request::{
    AudioParams, CacheControl, ContentPart, FileSource, FunctionDef, FunctionName, ImageUrl, InputAudio,
    MessageContent, RequestBody, RequestMessage, ResponseFormatDef, ToolChoiceDef, ToolDef,
};
pub(super) use response::{
    Audio, Body, Choice, FunctionCall, Logprobs, Message, ToolCall, Usage, arguments_text,
};
