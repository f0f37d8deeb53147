//! The mirror image of a provider: a wire format as clients speak it.

use std::{fmt, ops::Range};

use bytes::{Bytes, BytesMut};
use tollgate_model::{
    CallError, ChatEvent, ChatRequest, ChatResponse, Format, Losses, ModelName, RequestError,
};

/// Translates between clients of one wire format and the canonical model. Pure, like a provider.
pub trait FrontDoor: fmt::Debug + Send + Sync + 'static {
    /// The wire format spoken.
    fn format(&self) -> &Format;

    /// Reads what routing and policy need, without reading the whole body.
    ///
    /// `path` is the request's path, for formats that keep the model there.
    ///
    /// # Errors
    /// A body that is no JSON object, lacks the model, or says one of these fields twice.
    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError>;

    /// Reads the whole request.
    ///
    /// # Errors
    /// A body that is not a request of this format; the error names the field.
    fn decode_request(&self, path: &str, body: &[u8]) -> Result<ChatRequest, RequestError>;

    /// Writes a complete answer.
    ///
    /// `now_unix` is the time in Unix seconds, for formats that must say when they answered although the provider did not.
    fn encode_response(
        &self,
        request: &ChatRequest,
        response: &ChatResponse,
        now_unix: i64,
    ) -> EncodedResponse;

    /// Writes an error, with its status and headers.
    fn encode_error(&self, error: &CallError) -> http::Response<Bytes>;

    /// The content type of a stream.
    fn stream_content_type(&self) -> &'static str;

    /// Starts writing one streaming answer. `now_unix` is as in [`FrontDoor::encode_response`].
    fn stream_encoder(&self, request: &ChatRequest, now_unix: i64) -> Box<dyn StreamEncoder>;
}

/// Writes one streaming answer, event by event.
pub trait StreamEncoder: fmt::Debug + Send {
    /// Appends the frames that `event` means.
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut);

    /// Appends the format's in-stream error. Nothing comes after it: such a stream has no clean end.
    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut);

    /// What could not be said so far.
    fn losses(&self) -> &Losses;
}

/// An answer in the client's format, and what it could not say.
#[derive(Debug)]
pub struct EncodedResponse {
    /// The JSON body.
    pub body: Bytes,
    /// What was left out, approximated or emulated.
    pub losses: Losses,
}

/// What routing and policy need of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// The model, as the client asked for it.
    pub model: ModelName,
    /// Where the model's name stands in the body, quotes included. `None` where it stands in the path.
    pub model_span: Option<Range<usize>>,
    /// Whether the answer shall come as a stream.
    pub stream: bool,
    /// Whether the client asked for usage at the end of a stream, in formats where that is asked for.
    pub stream_usage: bool,
}
