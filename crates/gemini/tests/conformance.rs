//! The suite that every adapter passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, InteractionsProvider, NAME};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::assert_conforms;

#[test]
fn the_provider_conforms() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    assert_conforms(&GenerateContentProvider::new(ProviderName::new(NAME), base_url));
}

#[test]
fn the_interactions_provider_conforms() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    assert_conforms(&InteractionsProvider::new(ProviderName::new(NAME), base_url));
}
