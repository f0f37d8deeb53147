//! A client as applications are: it speaks OpenAI's format to one address.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tollgate_provider::{Framer, Framing, Transport, collect::collect};
use tollgate_transport::{HttpTransport, Options};

use super::traffic::Conversation;

/// No answer of the demo is larger.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// A conversation that calls tools for ever is cut here.
const MAX_TURNS: usize = 4;

/// What clients saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) answers: u64,
    pub(super) errors: u64,
    pub(super) broken: u64,
}

impl Seen {
    pub(super) const fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.errors += other.errors;
        self.broken += other.broken;
    }
}

/// How one call ended for the client.
enum Reply {
    /// With this message.
    Message(Value),
    /// With an error in place of an answer.
    Refused,
    /// With an error in the middle of an answer.
    Broken,
}

/// Speaks to one gateway.
pub(super) struct Client {
    transport: Arc<dyn Transport>,
    url: String,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        let transport =
            HttpTransport::new(Options::default()).expect("without extra CA files the options are sound");
        Self { transport: Arc::new(transport), url: format!("http://{address}/v1/chat/completions") }
    }

    /// Holds a conversation to its end: answers tool calls, asks the follow-up questions.
    pub(super) async fn hold(&self, mut conversation: Conversation) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..MAX_TURNS {
            match self.ask(&conversation).await {
                Reply::Message(message) => {
                    seen.answers += 1;
                    if !conversation.go_on(message) {
                        return seen;
                    }
                }
                Reply::Refused => {
                    seen.errors += 1;
                    return seen;
                }
                Reply::Broken => {
                    seen.broken += 1;
                    return seen;
                }
            }
        }
        seen
    }

    async fn ask(&self, conversation: &Conversation) -> Reply {
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", conversation.key))
            .header("x-tollgate-tags", format!("feature={}", conversation.feature))
            .body(Bytes::from(conversation.body().to_string()));
        let Ok(request) = request else { return Reply::Refused };
        let Ok(response) = self.transport.send(request).await else { return Reply::Refused };
        let status = response.status();
        let Ok(body) = collect(response.into_body(), MAX_ANSWER_BYTES).await else { return Reply::Broken };
        if status != StatusCode::OK {
            return Reply::Refused;
        }
        if conversation.stream { fold(&body) } else { whole(&body) }
    }
}

fn whole(body: &[u8]) -> Reply {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return Reply::Broken };
    Reply::Message(answer["choices"][0]["message"].take())
}

/// Folds a stream's chunks into a message, as an SDK does.
fn fold(body: &[u8]) -> Reply {
    let mut content = String::new();
    let mut calls: Vec<Value> = Vec::new();
    let (mut done, mut failed) = (false, false);
    let mut framer = Framer::new(Framing::Sse);
    let mut read = |data: &[u8]| {
        done |= data == b"[DONE]";
        let Ok(chunk) = serde_json::from_slice::<Value>(data) else { return };
        failed |= !chunk["error"].is_null();
        let delta = &chunk["choices"][0]["delta"];
        content.push_str(delta["content"].as_str().unwrap_or_default());
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            add_call(&mut calls, call);
        }
    };
    let fed = framer.feed(body, |frame| {
        read(frame.data);
        Ok(())
    });
    if fed.is_err() || failed || !done {
        return Reply::Broken;
    }
    let mut message = json!({"role": "assistant", "content": content});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    Reply::Message(message)
}

fn add_call(calls: &mut Vec<Value>, delta: &Value) {
    let index = delta["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    // A gateway's client would allow for more; a demo's does not.
    if index > 16 {
        return;
    }
    while calls.len() <= index {
        calls.push(json!({"id": "", "type": "function", "function": {"name": "", "arguments": ""}}));
    }
    let call = &mut calls[index];
    if let Some(id) = delta["id"].as_str() {
        call["id"] = id.into();
    }
    for field in ["name", "arguments"] {
        if let Some(more) = delta["function"][field].as_str() {
            let text = format!("{}{more}", call["function"][field].as_str().unwrap_or_default());
            call["function"][field] = text.into();
        }
    }
}
