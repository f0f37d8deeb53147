//! The wire format in both directions, shown by files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::golden;

#[test]
fn cases_are_as_the_files_show() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    golden::run(&MessagesProvider::new(ProviderName::new(NAME), base_url), "tests/golden");
}
