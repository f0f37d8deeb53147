//! A complete answer → canonical: a stream of one frame, folded.

use bytes::Bytes;
use tollgate_model::{Assembler, ChatRequest, ChatResponse, ProviderError};

use crate::{error, names::Restore, stream::GenerateContentDecoder, wire::response::GenerateContentResponse};

/// Reads a complete 2xx response.
pub(crate) fn decode(
    request: &ChatRequest,
    response: &http::Response<Bytes>,
) -> Result<ChatResponse, ProviderError> {
    let body = parse(response.body())?;
    let mut decoder = GenerateContentDecoder::new(Restore::new(request));
    let mut events = Vec::new();
    decoder.read(body, &mut events).map_err(unreadable)?;
    if !decoder.has_answer() {
        return Err(no_answer());
    }
    decoder.close(&mut events);
    Ok(Assembler::fold(events))
}

/// Parses a body that is an answer, or says what else it is.
pub(crate) fn parse(body: &[u8]) -> Result<GenerateContentResponse<'_>, ProviderError> {
    let response: GenerateContentResponse<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    if response.error.is_some() {
        return Err(error::decode_error_frame(body));
    }
    Ok(response)
}

pub(crate) fn no_answer() -> ProviderError {
    ProviderError::protocol("the provider's answer has neither candidates nor a reason why not")
}

fn unreadable(source: serde_json::Error) -> ProviderError {
    error::unreadable("answer", source)
}
