//! The suite that every adapter passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::assert_conforms;

#[test]
fn the_provider_conforms() {
    let base_url = DEFAULT_BASE_URL.parse().unwrap();
    assert_conforms(&MessagesProvider::new(ProviderName::new(NAME), base_url));
}
