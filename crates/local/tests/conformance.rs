//! Both providers pass the suite that every adapter passes.

use tollgate_local::{compatible, ollama};
use tollgate_model::ProviderName;
use tollgate_provider::conformance::assert_conforms;

#[test]
fn ollama_conforms() {
    let base_url = ollama::DEFAULT_BASE_URL.parse().unwrap();
    assert_conforms(&ollama::ChatProvider::new(ProviderName::new(ollama::NAME), base_url));
}

#[test]
fn a_compatible_server_conforms() {
    let base_url = "http://127.0.0.1:8000/v1".parse().unwrap();
    assert_conforms(&compatible::provider(ProviderName::new("edge"), base_url));
}
