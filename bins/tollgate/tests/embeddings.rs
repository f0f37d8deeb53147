//! Vectors and counts of tokens by the real SDKs of three vendors, from simulators of every format; and what is recorded.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use support::GatewayProcess;
use tollgate_simulators::{Options, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, Outcome, UsageSource};

const KEY: &str = "sk-gate-for-embeddings";

fn configuration(simulators: &Simulators) -> String {
    let table = |name: &str, kind: &str, vendor: Vendor| {
        let url = simulators.base_url(vendor);
        format!("[providers.{name}]\nkind = {kind:?}\nbase_url = {url:?}\napi_key = \"sk-of-the-vendor\"\n")
    };
    [
        table("openai", "openai", Vendor::OpenAi),
        table("anthropic", "anthropic", Vendor::Anthropic),
        table("gemini", "gemini", Vendor::Gemini),
        table("xai", "xai", Vendor::Xai),
        table("ollama", "ollama", Vendor::Ollama),
        table("edge", "openai-compatible", Vendor::Compatible),
        format!("[[keys]]\nname = \"one\"\nsecret = {KEY:?}\n"),
        "[models.either]\ntargets = [\"anthropic/claude-sonnet-5\", \"openai/text-embedding-3-small\"]\n"
            .to_owned(),
    ]
    .concat()
}

#[tokio::test]
async fn vectors_and_counts_come_from_every_provider_to_every_sdk() {
    let simulators = Simulators::start(Options { seed: 3, ..Options::default() }).await.unwrap();
    let configuration = configuration(&simulators);
    let records = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let url = gateway.url();
        let output =
            sdk::python(&sdk::script("embeddings.py"), &[], &[("GATEWAY", &*url), ("GATEWAY_KEY", KEY)])?;
        output.expect_success();
        let (store, _folder) = gateway.stop();
        let calls = store.calls(&CallFilter::default()).unwrap();
        Some(calls.iter().map(|call| store.call(&call.id).unwrap().unwrap()).collect::<Vec<_>>())
    });
    let Some(records) = records.await.unwrap() else { return };
    let of = |operation: &'static str| {
        let completed = records.iter().filter(|record| record.summary.outcome == Outcome::Completed);
        completed.filter(move |record| record.operation == operation)
    };
    // Four models by five calls, three of them shorter by two, one with a task, one that went on.
    assert_eq!(of("embeddings").count(), 4 * 5 + 3 * 2 + 2);
    assert_eq!(of("count_tokens").count(), 6 * 3);
    for record in of("embeddings") {
        let model = &record.summary.model_asked;
        let usage = &record.summary.usage;
        assert!(usage.input_tokens.is_some_and(|tokens| tokens > 0), "{model}");
        assert_eq!(usage.output_tokens, Some(0), "{model}");
        assert_eq!(record.summary.usage_source, UsageSource::Reported, "{model}");
        let priced = ["openai/", "gemini/", "either"].iter().any(|start| model.starts_with(start));
        assert_eq!(record.summary.cost_nanos.is_some(), priced, "{model}");
    }
    // Nobody is billed for being told what it would cost.
    assert!(of("count_tokens").all(|record| record.summary.cost_nanos.unwrap_or(0) == 0));
}
