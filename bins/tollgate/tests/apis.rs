//! The APIs beside chat, by the real `openai` SDK, and passthrough: what comes, what is refused, and what is recorded.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use support::GatewayProcess;
use tollgate_simulators::{Options, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, Outcome};

const KEY: &str = "sk-gate-for-other-apis";

fn configuration(simulators: &Simulators) -> String {
    let table = |name: &str, kind: &str, vendor: Vendor| {
        let url = simulators.base_url(vendor);
        format!("[providers.{name}]\nkind = {kind:?}\nbase_url = {url:?}\napi_key = \"sk-of-the-vendor\"\n")
    };
    [
        table("openai", "openai", Vendor::OpenAi),
        table("anthropic", "anthropic", Vendor::Anthropic),
        table("gemini", "gemini", Vendor::Gemini),
        table("edge", "openai-compatible", Vendor::Compatible),
        format!("[[keys]]\nname = \"one\"\nsecret = {KEY:?}\n"),
        "[models.either]\ntargets = [\"anthropic/claude-sonnet-5\", \"openai/gpt-3.5-turbo-instruct\"]\n"
            .to_owned(),
    ]
    .concat()
}

#[tokio::test]
async fn what_is_no_chat_goes_the_same_way() {
    let simulators = Simulators::start(Options { seed: 3, ..Options::default() }).await.unwrap();
    let configuration = configuration(&simulators);
    let records = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let url = format!("{}/v1", gateway.url());
        let env = [("OPENAI_BASE_URL", &*url), ("OPENAI_API_KEY", KEY)];
        let output = sdk::python(&sdk::script("openai_apis.py"), &[], &env)?;
        output.expect_success();
        let (store, _folder) = gateway.stop();
        let calls = store.calls(&CallFilter::default()).unwrap();
        Some(calls.iter().map(|call| store.call(&call.id).unwrap().unwrap()).collect::<Vec<_>>())
    });
    let Some(records) = records.await.unwrap() else { return };
    for (operation, completed) in [
        ("text_completion", 4),
        ("image_generation", 1),
        ("speech", 1),
        ("transcription", 2),
        ("translation", 1),
        ("moderation", 1),
        ("rerank", 1),
        ("passthrough", 5),
    ] {
        let of = records.iter().filter(|record| record.operation == operation);
        let found = of.filter(|record| record.summary.outcome == Outcome::Completed).count();
        assert_eq!(found, completed, "{operation}");
    }
    let cut = records.iter().find(|record| record.summary.model_asked.ends_with("--cut")).unwrap();
    assert_eq!(cut.summary.outcome, Outcome::Failed);
    // What is not known is not counted as nothing.
    let spoken = records.iter().find(|record| record.operation == "speech").unwrap();
    assert_eq!(spoken.summary.cost_nanos, None);
    assert!(spoken.summary.usage.input_tokens.is_none());
    // One target had no such API, the other had.
    let either = records.iter().find(|record| record.summary.model_asked == "either").unwrap();
    assert_eq!(either.attempts.as_array().unwrap().len(), 2);
}
