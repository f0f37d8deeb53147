//! `tollgate check`: is the configuration right, and what does it mean.

use std::path::Path;

use serde_json::json;

use crate::{
    configuration::{self, Loaded},
    output::{Outcome, print, print_json},
};

pub(crate) fn run(config: Option<&Path>, json: bool) -> Outcome {
    let loaded = configuration::load(config)?;
    if json {
        return print_json(&as_json(&loaded));
    }
    print(format_args!(
        "{} is valid.",
        loaded.source.as_deref().unwrap_or("The environment (no configuration file)")
    ));
    for line in describe(&loaded) {
        print(line);
    }
    Ok(())
}

/// What a configuration means, in lines for people. `serve` prints the same.
pub(crate) fn describe(loaded: &Loaded) -> Vec<String> {
    let resolved = &loaded.resolved;
    let mut lines = Vec::new();
    for provider in &resolved.providers {
        let keys = match provider.api_keys.len() {
            0 => "no key".to_owned(),
            1 => "1 key".to_owned(),
            count => format!("{count} keys"),
        };
        lines.push(format!(
            "  provider  {:<16} {} at {}, {keys}",
            provider.name, provider.kind.name, provider.base_url
        ));
    }
    if resolved.providers.is_empty() {
        lines.push("  provider  none: set OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY or XAI_API_KEY, or write a tollgate.toml".to_owned());
    }
    for (name, targets) in &resolved.names {
        let targets: Vec<String> =
            targets.iter().map(|target| format!("{}/{}", target.provider, target.model)).collect();
        lines.push(format!("  model     {name:<16} {}", targets.join(", then ")));
    }
    lines.push(match &resolved.keys {
        Some(keys) => format!("  keys      {} configured", keys.len()),
        None => "  keys      none: open to every program on this machine (WARNING: add [[keys]] before others can reach it)".to_owned(),
    });
    lines.push(format!("  records   {}", resolved.server.data.display()));
    lines
}

fn as_json(loaded: &Loaded) -> serde_json::Value {
    let resolved = &loaded.resolved;
    let providers: Vec<_> = resolved
        .providers
        .iter()
        .map(|provider| {
            json!({
                "name": provider.name, "kind": provider.kind.name, "base_url": provider.base_url.as_str(),
                "api_keys": provider.api_keys.len(), "region": provider.region, "tier": provider.tier,
            })
        })
        .collect();
    let names: Vec<_> = resolved
        .names
        .iter()
        .map(|(name, targets)| {
            let targets: Vec<_> =
                targets.iter().map(|target| format!("{}/{}", target.provider, target.model)).collect();
            json!({"name": name, "strategy": "priority", "targets": targets})
        })
        .collect();
    json!({
        "valid": true, "source": loaded.source, "providers": providers, "models": names,
        "keys": resolved.keys.as_ref().map(Vec::len), "listen": resolved.server.listen.to_string(),
        "admin": resolved.server.admin.to_string(), "data": resolved.server.data,
    })
}
