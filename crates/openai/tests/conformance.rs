//! The suite that every adapter passes, and that ours passes with the quirks of others.

use tollgate_model::ProviderName;
use tollgate_openai::{ChatProvider, DEFAULT_BASE_URL, NAME, Quirks};
use tollgate_provider::conformance::assert_conforms;

fn provider() -> ChatProvider {
    ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().expect("the default is a URL"))
}

#[test]
fn the_provider_conforms() {
    assert_conforms(&provider());
}

#[test]
fn servers_that_copy_the_format_conform() {
    assert_conforms(&provider().with_quirks(Quirks::COMPATIBLE));
}
