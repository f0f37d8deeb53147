//! The front door: clients that speak `generateContent`.

use bytes::Bytes;
use tollgate_model::{CallError, ChatRequest, ChatResponse, Format, ModelName, RequestError};
use tollgate_provider::{
    EncodedResponse, FrontDoor, RequestFacts, StreamEncoder, front_door::unsearchable, json_spans,
};

use super::{
    FORMAT, request, response,
    stream_encoder::{ChunkEncoder, Form},
};
use crate::client_error;

/// Reads and answers clients that speak `generateContent` and `streamGenerateContent`.
///
/// The model stands in the path. Such a client asks for one of two kinds of stream: events, where the query says
/// `alt=sse`, and else a JSON array that grows. Two doors that differ in nothing else.
///
/// What another vendor's reasoning needs to be sent back is answered as `thoughtSignature`, so that a client which sends
/// its parts back unchanged keeps it.
#[derive(Debug, Clone, Copy)]
pub struct GenerateContentFrontDoor {
    form: Form,
}

impl GenerateContentFrontDoor {
    /// Makes the door that streams as server-sent events.
    #[must_use]
    pub const fn server_sent_events() -> Self {
        Self { form: Form::ServerSentEvents }
    }

    /// Makes the door that streams as a JSON array.
    ///
    /// Its format has a name of its own: providers are always asked for events, which cannot be passed on as they are.
    #[must_use]
    pub const fn json_array() -> Self {
        Self { form: Form::JsonArray }
    }
}

impl FrontDoor for GenerateContentFrontDoor {
    fn format(&self) -> &Format {
        static EVENTS: Format = FORMAT;
        static ARRAY: Format = Format::new("gemini.generate_content.json_array");
        match self.form {
            Form::ServerSentEvents => &EVENTS,
            Form::JsonArray => &ARRAY,
        }
    }

    fn request_facts(&self, path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
        facts(path, body)
    }

    fn decode_request(&self, path: &str, body: &[u8]) -> Result<ChatRequest, RequestError> {
        request::decode(path, body)
    }

    fn encode_response(&self, request: &ChatRequest, response: &ChatResponse, _: i64) -> EncodedResponse {
        let (body, losses) = response::encode(request, response);
        EncodedResponse { body, losses }
    }

    fn encode_error(&self, error: &CallError) -> http::Response<Bytes> {
        client_error::response(error)
    }

    fn stream_content_type(&self) -> &'static str {
        match self.form {
            Form::ServerSentEvents => "text/event-stream",
            Form::JsonArray => "application/json; charset=UTF-8",
        }
    }

    fn stream_encoder(&self, request: &ChatRequest, _: i64) -> Box<dyn StreamEncoder> {
        Box::new(ChunkEncoder::new(self.form, ModelName::clone(&request.model)))
    }
}

/// Reads what path and body say of the model, for all that models are asked.
pub(crate) fn facts(path: &str, body: &[u8]) -> Result<RequestFacts, RequestError> {
    let (model, stream) = request::asked(path)?;
    // Some clients repeat the model in the body, where it must not contradict the path.
    let [model_span] = json_spans::find(body, ["model"]).map_err(unsearchable)?;
    Ok(RequestFacts { model, model_span, stream, stream_usage: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, body: &str) -> Result<RequestFacts, RequestError> {
        GenerateContentFrontDoor::server_sent_events().request_facts(path, body.as_bytes())
    }

    #[test]
    fn the_facts_stand_in_the_path() {
        let found =
            facts("/v1beta/models/openai%2Fgpt-6:streamGenerateContent", r#"{"contents":[]}"#).unwrap();
        assert_eq!((found.model.as_str(), found.stream, found.stream_usage), ("openai/gpt-6", true, true));
        assert_eq!(found.model_span, None);
        let whole = facts("/v1/models/m:generateContent", r#"{"model":"models/m"}"#).unwrap();
        assert_eq!((whole.stream, whole.model_span), (false, Some(9..19)));
    }

    #[test]
    fn what_cannot_be_routed_is_refused() {
        assert_eq!(
            facts("/v1beta/models/:generateContent", "{}").unwrap_err().param.as_deref(),
            Some("model")
        );
        for body in ["", "[]", "7", "{", r#"{"model":"a","model":"b"}"#] {
            assert!(facts("/v1beta/models/m:generateContent", body).is_err(), "{body}");
        }
    }
}
