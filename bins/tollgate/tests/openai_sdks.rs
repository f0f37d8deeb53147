//! The `openai` SDKs of Python and Node talk to the gateway, and it to the five simulated providers: the usual calls, every
//! error in its proper class, and streams that break. What the SDKs were told, what is recorded and what the providers
//! metered must agree.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::GatewayProcess;
use tollgate_simulators::{Ending, Metered, Options, Pace, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, CallSummary, Outcome, Store, UsageSource};

const GATEWAY_KEY: &str = "sk-gate-for-the-sdk-tests";

/// Which models one vendor is asked for. Empty: it has none of the kind.
struct Models {
    vendor: Vendor,
    usual: &'static str,
    /// Takes stop strings.
    stopping: &'static str,
    vision: &'static str,
    reasoning: &'static str,
}

const OPENAI: Models = Models {
    vendor: Vendor::OpenAi,
    usual: "openai/gpt-4o",
    stopping: "openai/gpt-4o",
    vision: "openai/gpt-4o",
    reasoning: "openai/gpt-5",
};
const ANTHROPIC: Models = Models {
    vendor: Vendor::Anthropic,
    usual: "anthropic/claude-sonnet-4-6",
    stopping: "anthropic/claude-sonnet-4-6",
    vision: "anthropic/claude-sonnet-4-6",
    reasoning: "anthropic/claude-sonnet-4-6",
};
const GEMINI: Models = Models {
    vendor: Vendor::Gemini,
    usual: "gemini/gemini-3.5-flash",
    stopping: "gemini/gemini-3.5-flash",
    vision: "gemini/gemini-3.5-flash",
    reasoning: "gemini/gemini-3.5-flash",
};
const XAI: Models = Models {
    vendor: Vendor::Xai,
    usual: "xai/grok-4.7",
    stopping: "xai/grok-4.20-0309-non-reasoning",
    vision: "xai/grok-4.7",
    reasoning: "xai/grok-4.7",
};
const OLLAMA: Models = Models {
    vendor: Vendor::Ollama,
    usual: "ollama/llama3.2",
    stopping: "ollama/llama3.2",
    vision: "ollama/qwen3-vl:8b",
    reasoning: "ollama/qwen3:8b",
};

/// Runs one script against one vendor behind the gateway, then compares the three accounts of what happened.
async fn speak(models: Models, script: &'static str) {
    // Slow enough that what breaks in mid-stream breaks after the client has seen something of it.
    let pace = Pace::Realistic { first: Duration::from_millis(2), gap: Duration::from_millis(4) };
    let simulators = Simulators::start(Options { seed: 11, pace, ..Options::default() }).await.unwrap();
    let configuration = configuration(&simulators, &models);
    let finished = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let base_url = format!("{}/v1", gateway.url());
        let env = [
            ("OPENAI_BASE_URL", base_url.as_str()),
            ("OPENAI_API_KEY", GATEWAY_KEY),
            ("MODEL", models.usual),
            ("STOP_MODEL", models.stopping),
            ("VISION_MODEL", models.vision),
            ("REASONING_MODEL", models.reasoning),
        ];
        let path = sdk::script(script);
        let output =
            if script.ends_with(".py") { sdk::python(&path, &[], &env) } else { sdk::node(&path, &[], &env) };
        (output, gateway.stop())
    });
    let (output, (store, _folder)) = finished.await.unwrap();
    let Some(output) = output else { return };
    output.expect_success();
    let calls = store.calls(&CallFilter::default()).unwrap();
    let billed: Vec<Value> =
        output.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(billed.len() > 10, "hardly anything was billed\n{}", output.stdout);
    the_sdk_was_told_what_is_recorded(&billed, &calls);
    the_records_say_what_was_metered(&store, &calls, &simulators.meter());
    nobody_multiplied_retries(models.usual, &simulators.meter());
    who_left_is_recorded_as_gone(&calls, &simulators).await;
}

/// The simulated providers, a name for each that two other things are behind, and a key.
fn configuration(simulators: &Simulators, models: &Models) -> String {
    let providers = Vendor::ALL.map(|vendor| {
        let name = vendor.name();
        let base_url = simulators.base_url(vendor);
        let key = if vendor == Vendor::Ollama { "" } else { "api_key = \"sk-of-the-provider\"\n" };
        format!(
            "[providers.{name}]\nbase_url = {base_url:?}\n{key}timeouts = {{ first_byte_seconds = 5, idle_seconds = 1 }}\n"
        )
    });
    let usual = models.usual;
    // A fault that lasts longer than any retries, behind both targets.
    let other = if models.vendor == Vendor::OpenAi { XAI.usual } else { OPENAI.usual };
    format!(
        "max_body_mib = 1\n{}\n[models.smart]\ntargets = [{usual:?}]\n\
         [models.busy-everywhere]\ntargets = [\"{other}--s503x9\", \"{usual}--s503x9\"]\n\
         [[keys]]\nname = \"sdk-tests\"\nsecret = {GATEWAY_KEY:?}\n",
        providers.concat()
    )
}

fn the_sdk_was_told_what_is_recorded(billed: &[Value], calls: &[CallSummary]) {
    let by_id: HashMap<&str, &CallSummary> = calls.iter().map(|call| (call.id.as_str(), call)).collect();
    for bill in billed {
        let call = by_id[bill["call"].as_str().unwrap()];
        // xAI leaves reasoning out of what it calls the completion.
        let apart = match call.provider.as_deref() {
            Some("xai") => call.usage.output.reasoning.unwrap_or(0),
            _ => 0,
        };
        let recorded = (call.usage.input_tokens, call.usage.output_tokens.map(|tokens| tokens - apart));
        assert_eq!(recorded, (bill["input"].as_u64(), bill["output"].as_u64()), "{call:?}");
        assert_eq!(
            (call.outcome, call.usage_source),
            (Outcome::Completed, UsageSource::Reported),
            "{call:?}"
        );
        assert_eq!(call.key.as_deref(), Some("sdk-tests"));
    }
}

/// Every answer that a provider finished is recorded once, with the tokens that it would bill.
fn the_records_say_what_was_metered(store: &Store, calls: &[CallSummary], meter: &[Metered]) {
    let completed: Vec<_> = calls.iter().filter(|call| call.outcome == Outcome::Completed).collect();
    let answered: Vec<_> =
        meter.iter().filter(|it| it.status == 200 && it.ending == Ending::Completed).collect();
    assert_eq!(completed.len(), answered.len(), "as many completed records as completed answers");
    // One question asked twice is answered twice under one id, since the id hangs on the question alone.
    let mut recorded: HashMap<String, Vec<&CallSummary>> = HashMap::new();
    for call in completed {
        if let Some(id) = store.call(&call.id).unwrap().unwrap().response_id {
            recorded.entry(id).or_default().push(call);
        }
    }
    for metered in answered {
        let Some(id) = &metered.response_id else { continue };
        let call = recorded.get_mut(id).and_then(Vec::pop);
        let call = call.unwrap_or_else(|| panic!("not recorded: {metered:?}"));
        if call.usage_source == UsageSource::Reported {
            let tokens = (Some(metered.usage.input), Some(metered.usage.output));
            assert_eq!((call.usage.input_tokens, call.usage.output_tokens), tokens, "{call:?} {metered:?}");
        }
    }
}

/// The SDK alone tries one target again; the gateway alone tries several, and tells the SDK not to.
fn nobody_multiplied_retries(model: &str, meter: &[Metered]) {
    let (_, model) = model.split_once('/').unwrap();
    let asked = |suffix: &str| meter.iter().filter(|it| it.model == format!("{model}--{suffix}")).count();
    assert_eq!(asked("s500"), 2, "once whole, once streamed, without retries");
    assert_eq!(asked("s429x1"), 2, "refused, then answered");
    assert_eq!(asked("s500x9"), 3, "the SDK's own two retries, none of the gateway's");
    let everywhere = meter.iter().filter(|it| it.model.ends_with("--s503x9")).count();
    assert_eq!(everywhere, 2, "the gateway's two targets, no retries of the SDK's");
}

/// Two left early: the provider's answers were cut short, and nobody calls them complete.
async fn who_left_is_recorded_as_gone(calls: &[CallSummary], simulators: &Simulators) {
    let left: Vec<_> = calls.iter().filter(|call| call.model_asked.ends_with("--slow")).collect();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|call| call.outcome == Outcome::Cancelled), "{left:?}");
    let aborted = || {
        let meter = simulators.meter();
        meter.iter().filter(|it| it.model.ends_with("--slow") && it.ending == Ending::Aborted).count()
    };
    let until = Instant::now() + Duration::from_secs(5);
    while aborted() < 2 {
        assert!(Instant::now() < until, "the provider was not hung up on: {:?}", simulators.meter());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn openai_through_the_gateway_to_python() {
    speak(OPENAI, "gateway_chat.py").await;
}

#[tokio::test]
async fn openai_through_the_gateway_to_node() {
    speak(OPENAI, "gateway_chat.mjs").await;
}

#[tokio::test]
async fn anthropic_through_the_gateway_to_python() {
    speak(ANTHROPIC, "gateway_chat.py").await;
}

#[tokio::test]
async fn anthropic_through_the_gateway_to_node() {
    speak(ANTHROPIC, "gateway_chat.mjs").await;
}

#[tokio::test]
async fn gemini_through_the_gateway_to_python() {
    speak(GEMINI, "gateway_chat.py").await;
}

#[tokio::test]
async fn gemini_through_the_gateway_to_node() {
    speak(GEMINI, "gateway_chat.mjs").await;
}

#[tokio::test]
async fn xai_through_the_gateway_to_python() {
    speak(XAI, "gateway_chat.py").await;
}

#[tokio::test]
async fn xai_through_the_gateway_to_node() {
    speak(XAI, "gateway_chat.mjs").await;
}

#[tokio::test]
async fn ollama_through_the_gateway_to_python() {
    speak(OLLAMA, "gateway_chat.py").await;
}

#[tokio::test]
async fn ollama_through_the_gateway_to_node() {
    speak(OLLAMA, "gateway_chat.mjs").await;
}
