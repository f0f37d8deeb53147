//! The wire format in both directions, shown by files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, InteractionsProvider, NAME};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::golden;

#[test]
fn cases_are_as_the_files_show() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    golden::run(&GenerateContentProvider::new(ProviderName::new(NAME), base_url), "tests/golden");
}

#[test]
fn interactions_are_as_the_files_show() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    let provider = InteractionsProvider::new(ProviderName::new(NAME), base_url);
    golden::run(&provider, "tests/golden_interactions");
}
