//! The vendor's types, under the vendor's names.

mod read;
mod request;

pub(crate) use read::{BlockDelta, FrameHead, Object, Text};
pub(crate) use request::{
    Block, CacheControl, CitationsConfig, ExtraFields, Input, MessagesRequest, Metadata, OutputConfig,
    OutputFormat, Place, Schema, Source, Thinking, Tool, ToolChoice, Turn, TurnRole,
};
