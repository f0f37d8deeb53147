//! Answers in the background, by the real `openai` SDK: on a provider that knows no such thing, and on one that does.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use support::GatewayProcess;
use tollgate_simulators::{Options, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, Outcome};

const KEY: &str = "sk-gate-of-one";
const OTHER_KEY: &str = "sk-gate-of-another";

async fn play(vendor: Vendor, model: &'static str) {
    let simulators = Simulators::start(Options { seed: 11, ..Options::default() }).await.unwrap();
    let configuration = format!(
        "[providers.{}]\nbase_url = {:?}\napi_key = \"sk-of-the-vendor\"\n\
         [[keys]]\nname = \"one\"\nsecret = {KEY:?}\n[[keys]]\nname = \"another\"\nsecret = {OTHER_KEY:?}\n",
        vendor.name(),
        simulators.base_url(vendor),
    );
    let calls = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let url = format!("{}/v1", gateway.url());
        let env =
            [("OPENAI_BASE_URL", &*url), ("OPENAI_API_KEY", KEY), ("OTHER_KEY", OTHER_KEY), ("MODEL", model)];
        let output = sdk::python(&sdk::script("responses_background.py"), &[], &env)?;
        output.expect_success();
        // Told to end, it lets the answer that nobody reads be finished.
        let (store, _folder) = gateway.stop();
        Some(store.calls(&CallFilter::default()).unwrap())
    });
    let Some(calls) = calls.await.unwrap() else { return };
    let of = |outcome: Outcome| calls.iter().filter(|call| call.outcome == outcome).count();
    let slow: Vec<_> = calls.iter().filter(|call| call.model_asked.ends_with("--slow")).collect();
    assert_eq!(slow.len(), 5, "{calls:?}");
    let completed = slow.iter().filter(|call| call.outcome == Outcome::Completed).count();
    assert_eq!((completed, of(Outcome::Cancelled)), (3, 2), "one called off, one deleted: {calls:?}");
    assert!(calls.iter().any(|call| call.model_asked.ends_with("--cut") && call.outcome == Outcome::Failed));
}

#[tokio::test]
async fn on_a_provider_that_knows_no_background() {
    play(Vendor::Anthropic, "anthropic/claude-sonnet-4-6").await;
}

#[tokio::test]
async fn on_a_provider_that_speaks_the_format() {
    play(Vendor::OpenAi, "openai/gpt-4o").await;
}
