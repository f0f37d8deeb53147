//! Ollama's wire format in both directions, shown by files.

use tollgate_local::ollama::{ChatProvider, DEFAULT_BASE_URL, NAME};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::golden;

#[test]
fn ollama_cases_are_as_the_files_show() {
    let provider = ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    golden::run(&provider, "tests/golden/ollama");
}
