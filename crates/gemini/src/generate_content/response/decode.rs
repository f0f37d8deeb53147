//! A complete answer → canonical: a stream of one frame, folded.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_model::{Assembler, ChatRequest, ChatResponse, ProviderError};

use crate::{
    error,
    generate_content::{stream_decoder::GenerateContentDecoder, wire::response::GenerateContentResponse},
    names::Restore,
};

/// Reads a complete 2xx response.
pub(in crate::generate_content) fn decode(
    request: &ChatRequest,
    response: &http::Response<Bytes>,
) -> Result<ChatResponse, ProviderError> {
    let mut decoder = GenerateContentDecoder::new(Restore::new(request));
    let mut events = Vec::new();
    match serde_json::from_slice::<Vec<&RawValue>>(response.body()) {
        // A stream that was not asked for as events: its frames, one after the other.
        Ok(frames) if !is_array_of_error(response.body()) => {
            for frame in frames {
                decoder.read(parse(frame.get().as_bytes())?, &mut events).map_err(unreadable)?;
            }
        }
        _ => decoder.read(parse(response.body())?, &mut events).map_err(unreadable)?,
    }
    if !decoder.has_answer() {
        return Err(no_answer());
    }
    decoder.close(&mut events);
    let response = Assembler::fold(events);
    // Candidates that say nothing, not even why, are no answer either.
    if response.choices.is_empty() { Err(no_answer()) } else { Ok(response) }
}

/// Parses what is an answer, or a frame of one; says what else it is.
pub(in crate::generate_content) fn parse(data: &[u8]) -> Result<GenerateContentResponse<'_>, ProviderError> {
    match serde_json::from_slice::<GenerateContentResponse<'_>>(data) {
        Ok(response) if response.error.is_none() => Ok(response),
        Ok(_) => Err(error::decode_error_frame(data)),
        // Without `alt=sse`, an error comes in an array.
        Err(_) if is_array_of_error(data) => Err(error::decode_error_frame(data)),
        Err(source) => Err(unreadable(source)),
    }
}

fn is_array_of_error(data: &[u8]) -> bool {
    let list = serde_json::from_slice::<Vec<Value>>(data).unwrap_or_default();
    list.first().is_some_and(|first| first.get("error").is_some())
}

pub(in crate::generate_content) fn no_answer() -> ProviderError {
    ProviderError::protocol("the provider's answer has neither candidates nor a reason why not")
}

pub(in crate::generate_content) fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}
