//! The suite that every adapter passes, and that ours passes with the quirks of others; the format, shown by files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_model::ProviderName;
use tollgate_openai::{DEFAULT_BASE_URL, NAME, ResponsesProvider, ResponsesQuirks};
use tollgate_provider::conformance::{assert_conforms, golden};

fn provider() -> ResponsesProvider {
    ResponsesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

#[test]
fn the_provider_conforms() {
    assert_conforms(&provider());
}

#[test]
fn servers_that_copy_the_format_conform() {
    assert_conforms(&provider().with_quirks(ResponsesQuirks::COMPATIBLE));
}

#[test]
fn cases_are_as_the_files_show() {
    golden::run(&provider(), "tests/golden_responses");
}
