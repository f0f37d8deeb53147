//! The whole gateway, as a program of its own, between a client and a provider that are bare sockets.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

#[path = "../support/mod.rs"]
mod support;

mod cancellation;
mod client;
mod failover;
mod losses;
mod odd_providers;
mod refusals;
mod secrets;
mod shutdown;
mod untouched;
mod upstream;

use support::GatewayProcess;
use tempfile::TempDir;
use tollgate_telemetry::{CallDetail, CallFilter, Store};
use upstream::Upstream;

/// The key of the provider `name`.
pub(crate) fn provider_key(name: &str) -> String {
    format!("sk-provider-{name}-5e7a1c")
}

/// A provider of the configuration that `upstream` plays.
pub(crate) fn provider(name: &str, kind: &str, upstream: &Upstream) -> String {
    provider_at(name, kind, &upstream.url())
}

pub(crate) fn provider_at(name: &str, kind: &str, url: &str) -> String {
    let path = if kind == "anthropic" { "" } else { "/v1" };
    let key = provider_key(name);
    format!("[providers.{name}]\nkind = {kind:?}\nbase_url = \"{url}{path}\"\napi_key = {key:?}\n")
}

/// The whole answer of a provider that speaks OpenAI's format.
pub(crate) const OPENAI_ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;

/// The whole answer of a provider that speaks Anthropic's format.
pub(crate) const ANTHROPIC_ANSWER: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Hello there."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":3}}"#;

/// A piece of a stream in OpenAI's format.
pub(crate) fn delta(text: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":{text:?}}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The last pieces of a stream in OpenAI's format.
pub(crate) const LAST: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// The beginning of a stream in Anthropic's format, up to its first words.
pub(crate) const ANTHROPIC_BEGINNING: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
);

/// What follows it.
pub(crate) const ANTHROPIC_END: &str = concat!(
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":3}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// A plain question.
pub(crate) fn question(model: &str, stream: bool) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hi"}}],"stream":{stream}}}"#)
}

/// Ends the gateway and returns what it recorded, the oldest first.
pub(crate) fn records(gateway: GatewayProcess) -> Vec<CallDetail> {
    let (store, folder) = gateway.stop();
    read(&store, &folder)
}

/// What is recorded, the oldest first.
pub(crate) fn read(store: &Store, _folder: &TempDir) -> Vec<CallDetail> {
    let mut calls = store.calls(&CallFilter::default()).unwrap();
    calls.reverse();
    calls.into_iter().map(|call| store.call(&call.id).unwrap().unwrap()).collect()
}
