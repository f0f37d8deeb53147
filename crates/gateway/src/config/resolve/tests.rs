use std::collections::HashMap;

use super::*;

struct Fake(HashMap<&'static str, &'static str>);

impl Environment for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }
    fn read_file(&self, path: &str) -> Result<String, String> {
        self.0.get(path).map(|text| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
    }
}

fn resolve(text: &str, environment: &[(&'static str, &'static str)]) -> Result<Resolved, ConfigError> {
    File::parse(text).unwrap().resolve(&Fake(environment.iter().copied().collect()))
}

fn problems(text: &str) -> Vec<String> {
    resolve(text, &[]).unwrap_err().problems.iter().map(ToString::to_string).collect()
}

#[test]
fn no_file_finds_the_providers_whose_variables_are_set() {
    let resolved = resolve("", &[("OPENAI_API_KEY", "a"), ("GEMINI_API_KEY", "b")]).unwrap();
    let names: Vec<_> = resolved.providers.iter().map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["openai", "gemini"]);
    assert!(resolved.keys.is_none());
}

#[test]
fn secrets_come_from_the_environment_a_file_or_the_text() {
    let text = "[providers.openai]\napi_key = [\"env:K\", \"file:/k\", \"literal\"]\n[[keys]]\nname = \"n\"\nsecret = \"env:K\"";
    let resolved = resolve(text, &[("K", "one"), ("/k", "two\n")]).unwrap();
    let keys: Vec<_> = resolved.providers[0].api_keys.iter().map(|key| key.expose().as_str()).collect();
    assert_eq!(keys, ["one", "two", "literal"]);
    assert!(!format!("{resolved:?}").contains("literal"));
}

#[test]
fn all_problems_are_reported_with_their_places() {
    let text = r#"
[providers.openai]
api_key = "env:MISSING"
[providers.antropic]
[providers.edge]
kind = "openai-compatible"
[models.smart]
strategy = "cheapest"
targets = ["opnai/gpt-6", "gpt-6"]
[catalog."x"]
input_usd_per_million = 1
"#;
    let found = problems(text);
    for expected in [
        "line 3, providers.openai.api_key: the variable MISSING is not set",
        "line 4, providers.antropic.kind: unknown kind \"antropic\", did you mean \"anthropic\"?",
        "line 5, providers.edge.base_url: kind \"openai-compatible\" needs one",
        "line 8, models.smart.strategy: \"cheapest\" is not supported by this version, only \"priority\"",
        "line 9, models.smart.targets[0]: unknown provider \"opnai\", did you mean \"openai\"?",
        "line 9, models.smart.targets[1]: \"gpt-6\" is not of the form \"provider/model\"",
        "line 10, catalog.\"x\": \"x\" is not of the form \"provider/model\"",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}\nin {found:#?}");
    }
    assert_eq!(found.len(), 7);
}

#[test]
fn an_open_gateway_stays_on_loopback() {
    assert!(
        problems("[server]\nlisten = \"0.0.0.0:8080\"")[0]
            .starts_with("line 2, server.listen: without [[keys]]")
    );
    assert!(resolve("[server]\nlisten = \"0.0.0.0:8080\"\n[[keys]]\nname=\"n\"\nsecret=\"s\"", &[]).is_ok());
    assert!(problems("[server]\nadmin = \"0.0.0.0:8081\"")[0].starts_with("line 2, server.admin"));
    assert!(
        problems("[server]\nlisten = \"localhost\"")[0]
            .starts_with("line 2, server.listen: \"localhost\" is not an address")
    );
}

#[test]
fn prices_are_read_exactly() {
    for written in ["0.075", "\"0.075\""] {
        let text = format!(
            "[providers.openai]\napi_key=\"k\"\n[catalog.\"openai/x\"]\ninput_usd_per_million = {written}"
        );
        let resolved = resolve(&text, &[]).unwrap();
        let (target, entry) = &resolved.catalog[0];
        assert_eq!(*target, Target::new("openai", "x"));
        assert_eq!(entry.input_usd_per_million.map(|rate| rate.nanos()), Some(75_000_000), "{written}");
    }
}
