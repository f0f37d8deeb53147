//! A provider of your own: one trait, checked by the conformance suite, behind the gateway like any other.
//!
//! The service here is made up. It takes `{"model", "prompt", "stream"}` and answers `{"text", "tokens": {"in", "out"}}`, or,
//! streamed, a line `{"piece": …}` after another and `{"done": true, "tokens": …}` at the end. It runs inside this process:
//! a [`Transport`] is whatever moves an exchange.
//!
//! Run it with `cargo run -p tollgate-examples --example custom_provider`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tollgate::{CallOptions, Endpoint, Gateway, MessagesFrontDoor};
use tollgate_model::{
    ChatEvent, ChatRequest, ChatResponse, Choice, Delta, ErrorKind, FinishReason, Format, Losses, Message,
    ModelName, Part, PartIndex, PartKind, ProviderError, ProviderName, RequestError, Role, Usage,
};
use tollgate_provider::{
    BaseUrl, Body, EmbeddingProvider, Encoded, Frame, Framing, FrontDoor, Provider, Relay, StreamDecoder,
    Target, TokenCounter, Transport, TransportError, conformance,
};

/// The adapter: from canonical requests to the service's, and back.
#[derive(Debug)]
struct EchoProvider {
    name: ProviderName,
    base_url: BaseUrl,
}

static FORMAT: Format = Format::new("echo");

impl Provider for EchoProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn format(&self) -> &Format {
        &FORMAT
    }

    fn relay(&self) -> Option<&dyn Relay> {
        None
    }

    fn embeddings(&self) -> Option<&dyn EmbeddingProvider> {
        None
    }

    fn token_counter(&self) -> Option<&dyn TokenCounter> {
        None
    }

    fn encode_request(&self, target: &Target<'_>, request: &ChatRequest) -> Result<Encoded, RequestError> {
        let mut losses = Losses::new();
        let mut prompt = String::new();
        for (index, message) in request.messages.iter().enumerate() {
            for (place, part) in message.parts.iter().enumerate() {
                match part.as_text() {
                    Some(text) if message.role == Role::User => prompt.push_str(text),
                    _ => losses.dropped(
                        format!("messages[{index}].parts[{place}]"),
                        "the service takes the user's text",
                    ),
                }
            }
        }
        // What a format cannot say is named, never dropped in silence.
        request.lose_settings_but(&[], "the service has no settings", &mut losses);
        if !request.tools.is_empty() {
            losses.dropped("tools", "the service has none");
        }
        let body = json!({"model": target.model.as_str(), "prompt": prompt, "stream": request.stream});
        let request = Request::post(self.base_url.join("/echo"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| RequestError::invalid(error.to_string()))?;
        Ok(Encoded { request, losses })
    }

    fn decode_response(
        &self,
        _: &ChatRequest,
        response: Response<Bytes>,
    ) -> Result<ChatResponse, ProviderError> {
        let body: Value = serde_json::from_slice(response.body())
            .map_err(|error| ProviderError::protocol("the answer is no JSON").with_source(error))?;
        let text = body["text"].as_str().ok_or_else(|| ProviderError::protocol("the answer has no text"))?;
        Ok(ChatResponse {
            choices: vec![Choice::new(0, vec![Part::text(text)], Some(FinishReason::Stop))],
            usage: usage(&body),
            ..ChatResponse::default()
        })
    }

    fn decode_error(&self, response: Response<Bytes>) -> ProviderError {
        let status = response.status();
        let kind = match status.as_u16() {
            401 => ErrorKind::Authentication,
            402 => ErrorKind::QuotaExhausted,
            403 => ErrorKind::PermissionDenied,
            404 => ErrorKind::ModelNotFound,
            408 | 504 => ErrorKind::Timeout,
            413 => ErrorKind::RequestTooLarge,
            429 => ErrorKind::RateLimited,
            503 | 529 => ErrorKind::Overloaded,
            400..=499 => ErrorKind::InvalidRequest,
            _ => ErrorKind::Unavailable,
        };
        let wait = tollgate_provider::retry_after::from_headers(response.headers());
        ProviderError::new(kind, format!("the service answered {status}"))
            .with_status(status)
            .with_retry_after(wait)
    }

    fn framing(&self) -> Framing {
        Framing::JsonLines
    }

    fn stream_decoder(&self, _: &ChatRequest) -> Box<dyn StreamDecoder> {
        Box::<EchoDecoder>::default()
    }
}

fn usage(body: &Value) -> Option<Usage> {
    Some(Usage::new(body["tokens"]["in"].as_u64()?, body["tokens"]["out"].as_u64()?))
}

/// Reads a stream. What has begun must end, and only the service's own last line finishes it.
#[derive(Debug, Default)]
struct EchoDecoder {
    started: bool,
    done: bool,
}

const PART: PartIndex = PartIndex(0);

impl StreamDecoder for EchoDecoder {
    fn decode(&mut self, frame: Frame<'_>, events: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        let line: Value = serde_json::from_slice(frame.data)
            .map_err(|error| ProviderError::protocol("a line is no JSON").with_source(error))?;
        if self.done {
            // The answer has ended; what follows is not a part of it.
            return Ok(());
        }
        if !line.is_object() {
            return Err(ProviderError::protocol("a line that does not belong there"));
        }
        if !self.started {
            self.started = true;
            events.push(ChatEvent::Start { id: None, model: None, created: None });
            events.push(ChatEvent::PartStart { part: PART, choice: 0, kind: PartKind::Text });
        }
        if let Some(piece) = line["piece"].as_str() {
            events.push(ChatEvent::Delta { part: PART, delta: Delta::Text(piece.to_owned()) });
        }
        if line["done"] == true {
            self.done = true;
            events.push(ChatEvent::PartEnd { part: PART });
            events.push(ChatEvent::Stop { choice: 0, reason: FinishReason::Stop });
            events.extend(usage(&line).map(|usage| ChatEvent::Usage(Box::new(usage))));
            events.push(ChatEvent::Finish);
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), ProviderError> {
        if self.done { Ok(()) } else { Err(ProviderError::truncated()) }
    }
}

/// The service itself, in this process.
#[derive(Debug)]
struct EchoService;

#[async_trait]
impl Transport for EchoService {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let prompt = asked["prompt"].as_str().unwrap_or_default();
        let tokens = json!({"in": prompt.len() / 4, "out": prompt.len() / 4});
        let answer = if asked["stream"] == true {
            let words = prompt.split_inclusive(' ').map(|word| json!({"piece": word}).to_string());
            let end = json!({"done": true, "tokens": tokens}).to_string();
            words.chain([end]).collect::<Vec<_>>().join("\n")
        } else {
            json!({"text": prompt, "tokens": tokens}).to_string()
        };
        let content_type = if asked["stream"] == true { "application/x-ndjson" } else { "application/json" };
        let body: Body = Box::pin(Full::new(Bytes::from(answer)).map_err(|never| match never {}));
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
        Ok(response)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = EchoProvider { name: ProviderName::new("echo"), base_url: "http://echo.invalid".parse()? };
    conformance::assert_conforms(&provider);
    println!("The adapter conforms.");

    let data = tempfile::tempdir()?;
    let gateway = Gateway::builder()
        .endpoint(Endpoint::new(Arc::new(provider), Arc::new(EchoService)))
        .open(data.path())?;
    let request =
        ChatRequest::new(ModelName::new("echo/any"), vec![Message::user("one gate, many houses")]).streamed();
    let mut stream = gateway.stream(request, CallOptions::default()).await?;
    while let Some(event) = stream.next().await {
        if let ChatEvent::Delta { delta: Delta::Text(text), .. } = event? {
            print!("{text}");
        }
    }
    println!("\nrecorded as {}", stream.call_id());
    drop(stream);

    // Clients of every format reach it. One that speaks Anthropic's Messages asks for more than the service can do:
    let door: Arc<dyn FrontDoor> = Arc::new(MessagesFrontDoor::new());
    let question = json!({
        "model": "echo/any", "max_tokens": 100, "temperature": 0.5,
        "messages": [{"role": "user", "content": "one gate, many houses"}],
    });
    let (head, ()) = Request::post("/v1/messages").body(())?.into_parts();
    let response = gateway.serve(&door, head, Bytes::from(question.to_string())).await;
    println!("{}: {:?}", response.status(), response.headers().get("x-tollgate-lossy"));
    let answer = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&answer));
    gateway.close()?;
    Ok(())
}
