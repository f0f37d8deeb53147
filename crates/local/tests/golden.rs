//! The wire formats in both directions, shown by files.

use tollgate_local::{
    compatible,
    ollama::{ChatProvider, DEFAULT_BASE_URL, NAME},
};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::golden;

#[test]
fn ollama_cases_are_as_the_files_show() {
    let provider = ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    golden::run(&provider, "tests/golden/ollama");
}

#[test]
fn compatible_cases_are_as_the_files_show() {
    let base_url = "http://127.0.0.1:8000/v1".parse().expect("an address");
    golden::run(&compatible::provider(ProviderName::new("edge"), base_url), "tests/golden/compatible");
}
