//! The suite that every adapter passes, and what differs from OpenAI, shown by files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_model::ProviderName;
use tollgate_openai::ChatProvider;
use tollgate_provider::conformance::{assert_conforms, golden};
use tollgate_xai::{DEFAULT_BASE_URL, NAME, provider};

fn xai() -> ChatProvider {
    provider(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

#[test]
fn the_provider_conforms() {
    assert_conforms(&xai());
}

#[test]
fn cases_are_as_the_files_show() {
    golden::run(&xai(), "tests/golden");
}
