//! The provider: what the pipeline holds.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use serde::de::IgnoredAny;
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Format, ProviderError, ProviderName, RequestError,
};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, Frame, Framer, Framing, Provider, Relay, StreamDecoder, Target,
    TokenCounter,
};

use super::{decoder::ChatDecoder, discovery::root, embed::Embed, error, request};

/// Speaks Ollama's `/api/chat` to one server.
#[derive(Debug, Clone)]
pub struct ChatProvider {
    name: ProviderName,
    chat: Uri,
    embed: Embed,
}

impl ChatProvider {
    /// Speaks to `base_url`, the server's root. `/v1` and `/api` at its end are understood, since other clients want
    /// them there.
    #[must_use]
    pub fn new(name: ProviderName, base_url: BaseUrl) -> Self {
        let root = root(base_url);
        Self { name, chat: root.join("/api/chat"), embed: Embed::new(&root) }
    }
}

impl Provider for ChatProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        static FORMAT: Format = Format::OLLAMA_CHAT;
        &FORMAT
    }

    /// None: no front door speaks this format, so there is nothing to pass untouched. Who wants Ollama's own bytes has
    /// the passthrough.
    fn relay(&self) -> Option<&dyn Relay> {
        None
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        Some(&self.embed)
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        None
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let (body, losses) = request::encode(target, request)?;
        let mut encoded = Request::post(self.chat.clone())
            .body(body)
            .map_err(|error| RequestError::invalid(format!("the request cannot be written: {error}")))?;
        let accept = if request.stream { "application/x-ndjson" } else { "application/json" };
        let headers = encoded.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        Ok(Encoded { request: encoded, losses })
    }

    fn decode_response(
        &self,
        request: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        let mut decoder = ChatDecoder::new(request);
        let mut events = Vec::new();
        let body = response.body();
        if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            decoder.decode(Frame { event: None, data: body }, &mut events)?;
        } else {
            // A stream that does not say it is one: proxies change content types.
            let mut framer = Framer::new(self.framing());
            framer.feed(body, |line| decoder.decode(line, &mut events))?;
            framer.finish(|line| decoder.decode(line, &mut events))?;
        }
        decoder.finish(&mut events)?;
        Ok(Assembler::fold(events))
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        error::from_response(&response)
    }

    fn framing(&self) -> Framing {
        Framing::JsonLines
    }

    fn stream_decoder(&self, request: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::new(ChatDecoder::new(request))
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{Message, ModelName};

    use super::*;

    #[test]
    fn a_stream_that_does_not_say_it_is_one_is_read() {
        let base_url = "http://127.0.0.1:11434".parse().unwrap();
        let provider = ChatProvider::new(ProviderName::new("ollama"), base_url);
        let request = ChatRequest::new(ModelName::new("m"), vec![Message::user("hello")]);
        let read = |body: &'static str| {
            provider.decode_response(&request, Response::new(Bytes::from_static(body.as_bytes())))
        };
        let lines = concat!(
            r#"{"message":{"role":"assistant","content":"a"},"done":false}"#,
            "\n",
            r#"{"message":{"role":"assistant","content":"b"},"done":true,"done_reason":"stop"}"#,
        );
        assert_eq!(read(lines).unwrap().choices[0].parts[0].as_text(), Some("ab"));
        let one = "{\n \"message\": {\"role\": \"assistant\", \"content\": \"c\"},\n \"done\": true}";
        assert_eq!(read(one).unwrap().choices[0].parts[0].as_text(), Some("c"));
        assert!(read(&lines[..70]).is_err());
    }
}
