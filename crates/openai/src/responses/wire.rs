//! The types of Responses, under the vendor's names.
//!
//! Source: `CreateResponse`, `InputItem`, `Response`, `OutputItem` and `ResponseStreamEvent` in the vendor's OpenAPI
//! description and the types of its Python SDK 3.54.0 (read 2026-11-23).

mod item;
mod request;
mod response;

pub(super) use tollgate_provider::json_writer::{Array, Object};

pub(super) use item::{Annotation, ContentPart, InputAudio, Item, ReasoningPiece};
pub(super) use request::{FunctionDef, ReasoningConfig, RequestBody, TextConfig, TextFormat, ToolChoiceDef};
pub(super) use response::{Body, Event};

pub(super) use crate::wire::{List, OneOrMany, Rest, Text, at_field, field_error, unix_seconds, write_raw};
