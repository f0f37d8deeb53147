//! Compares the standard, batch, flex and priority rates with the collected facts, where those are at hand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::HashMap, fs, path::PathBuf};

use serde_json::Value;
use tollgate_catalog::{Catalog, Class, Rate, Rates};

/// Their name of a class, and ours.
const CLASSES: [(&str, Class); 11] = [
    ("input", Class::Input),
    ("output", Class::Output),
    ("cache_read", Class::CacheRead),
    ("cache_write", Class::CacheWrite),
    ("cache_write_5m", Class::CacheWrite),
    ("cache_write_1h", Class::CacheWriteLong),
    ("cache_write_12h", Class::CacheWriteLong),
    ("audio_in", Class::AudioIn),
    ("audio_out", Class::AudioOut),
    ("audio_cache_read", Class::AudioCacheRead),
    ("reasoning_out", Class::ReasoningOut),
];

#[test]
fn rates_agree_with_the_collected_facts() {
    let Ok(folder) = std::env::var("TOLLGATE_WIRE") else {
        eprintln!("SKIPPED: TOLLGATE_WIRE is not set");
        return;
    };
    let text = fs::read(PathBuf::from(folder).join("prices.json")).unwrap();
    let facts: Value = serde_json::from_slice(&text).unwrap();
    let catalog = Catalog::builtin();
    let (mut compared, mut absent) = (0, HashMap::<&str, Vec<&str>>::new());
    for row in facts["models"].as_array().unwrap() {
        let (provider, id) = (row["provider"].as_str().unwrap(), row["id"].as_str().unwrap());
        let wanted = matches!(row["mode"].as_str(), Some("chat" | "responses" | "embedding"));
        if !wanted || !Catalog::KINDS.contains(&provider) {
            continue;
        }
        let Some(prices) = catalog.prices(provider, id, "2026-11-23".parse().unwrap()) else {
            absent.entry(provider).or_default().push(id);
            continue;
        };
        for tier in ["standard", "batch", "flex", "priority", "ultrafast"] {
            let theirs = if tier == "standard" { &row["price"] } else { &row["price"][tier] };
            if !theirs.is_object() {
                continue;
            }
            let ours = prices.tier(tier).unwrap_or_else(|| panic!("{id} has no {tier}"));
            compared += compare(id, theirs, &ours.rates);
            for (key, long) in theirs.as_object().unwrap().iter().filter(|(key, _)| key.starts_with("above_"))
            {
                let above = ours.above.unwrap_or_else(|| panic!("{id} {tier} lacks {key}"));
                assert_eq!(*key, format!("above_{}k", above.prompt_tokens / 1_000), "{id} {tier}");
                compared += compare(id, long, &above.rates);
            }
        }
    }
    assert!(compared > 900, "{compared}");
    // Music and video, which are not chat.
    let left_out = absent.remove("gemini").unwrap_or_default();
    assert!(
        left_out.iter().all(|id| id.starts_with("lyria") || id.starts_with("gemini-omni")),
        "{left_out:?}"
    );
    assert!(absent.is_empty(), "{absent:?}");
}

/// Compares one table; returns how many rates agree. A rate equal to its parent's is not written in our data.
fn compare(id: &str, theirs: &Value, ours: &Rates) -> usize {
    let mut compared = 0;
    for (name, class) in CLASSES {
        let Some(rate) = theirs[name].as_number() else { continue };
        let rate: Rate = rate.to_string().parse().unwrap();
        let parent = match class {
            Class::AudioIn => Some(Class::Input),
            Class::ReasoningOut => Some(Class::Output),
            _ => None,
        };
        // An embedding has no output to bill.
        if class == Class::Output && rate == Rate::FREE && ours.rate(class).is_none() {
            continue;
        }
        let expected = ours.rate(class).or_else(|| ours.rate(parent?));
        assert_eq!(expected, Some(rate), "{id} {class}");
        compared += 1;
    }
    compared
}
