//! The Python programs that the pages show, as they stand there, with the vendors' SDKs on simulated providers.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use support::GatewayProcess;
use tollgate_simulators::{Options, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, Outcome};

const PAGES: [&str; 2] = [include_str!("../../../README.md"), include_str!("../../../docs/front-doors.md")];
/// Where the pages say that the gateway is.
const SHOWN: &str = "http://127.0.0.1:8080";

fn configuration(simulators: &Simulators) -> String {
    let table = |(name, vendor)| {
        let url = simulators.base_url(vendor);
        format!("[providers.{name}]\nbase_url = {url:?}\napi_key = \"sk-of-the-vendor\"\n")
    };
    let all = [
        ("openai", Vendor::OpenAi),
        ("anthropic", Vendor::Anthropic),
        ("gemini", Vendor::Gemini),
        ("xai", Vendor::Xai),
    ];
    all.map(table).concat()
}

/// The programs of all pages.
fn programs() -> Vec<String> {
    let blocks = PAGES.iter().flat_map(|page| page.split("```python\n").skip(1));
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_the_pages_show_works() {
    let simulators = Simulators::start(Options::default()).await.unwrap();
    let configuration = configuration(&simulators);
    let ran = tokio::task::spawn_blocking(move || {
        let gateway = GatewayProcess::start(&configuration);
        let folder = tempfile::tempdir().unwrap();
        let programs = programs();
        for (number, program) in programs.iter().enumerate() {
            assert!(program.contains(SHOWN), "a program that calls something else:\n{program}");
            let path = folder.path().join(format!("shown_{number}.py"));
            std::fs::write(&path, program.replace(SHOWN, &gateway.url())).unwrap();
            sdk::python(&path, &[], &[])?.expect_success();
        }
        let (store, _folder) = gateway.stop();
        Some((programs.len(), store.calls(&CallFilter::default()).unwrap()))
    });
    let Some((programs, calls)) = ran.await.unwrap() else { return };
    assert!(programs >= 8, "{programs}");
    // One of them asks twice.
    assert!(calls.len() > programs, "{}", calls.len());
    assert!(calls.iter().all(|call| call.outcome == Outcome::Completed));
}
