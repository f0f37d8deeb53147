//! The data files: complete, consistent, and in agreement with the facts they were taken from.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;

use tollgate_catalog::{
    Catalog, Class, Date, Entry, Missing, ModelKind, Override, PriceContext, PriceList, ReasoningStyle,
};
use tollgate_model::{Usage, request::ReasoningEffort};

fn all() -> Vec<Entry> {
    let catalog = Catalog::builtin();
    Catalog::KINDS.iter().flat_map(|kind| catalog.models(kind).cloned().collect::<Vec<_>>()).collect()
}

fn day() -> Date {
    "2026-11-23".parse().unwrap()
}

#[test]
fn every_row_has_a_source_a_day_and_a_price_or_a_reason() {
    let entries = all();
    assert!(entries.len() >= 110, "{}", entries.len());
    for entry in &entries {
        let id = &entry.model.id;
        assert!(!entry.source.is_empty() && entry.read.is_some(), "{id}");
        assert_eq!(entry.prices.is_empty(), entry.unpriced.is_some(), "{id}");
        for row in entry.prices.rows() {
            let standard = row.tier("standard").expect("a standard tier").rates;
            assert!(standard.rate(Class::Input).is_some(), "{id}");
            let has_output = standard.rate(Class::Output).is_some();
            assert_eq!(has_output, entry.kind == ModelKind::Chat, "{id}");
            assert!(row.tools.iter().all(|(class, _)| class.is_by_call()), "{id}");
        }
    }
}

#[test]
fn no_name_stands_twice_and_the_files_are_sorted() {
    for kind in Catalog::KINDS {
        let catalog = Catalog::builtin();
        let entries: Vec<_> = catalog.models(kind).collect();
        assert!(entries.is_sorted_by_key(|entry| entry.model.id.as_str()), "{kind}");
        let mut names = HashSet::new();
        for entry in entries {
            let own = [entry.model.id.as_str()];
            for name in own.into_iter().chain(entry.aliases.iter().map(String::as_str)) {
                assert!(names.insert(name.to_owned()), "{kind} {name}");
                assert_eq!(catalog.find(kind, name).map(|model| &model.id), Some(&entry.model.id), "{name}");
            }
        }
    }
}

#[test]
fn discounts_discount_and_surcharges_add() {
    for entry in all() {
        for row in entry.prices.rows() {
            for (tier, table) in row.tiers() {
                let place = format!("{} {tier}", entry.model.id);
                for rates in [Some(table.rates), table.above.map(|above| above.rates)].into_iter().flatten() {
                    let input = rates.rate(Class::Input).expect("an input rate");
                    assert!(rates.iter().all(|(class, _)| !class.is_by_call()), "{place}");
                    assert!(rates.rate(Class::CacheRead).is_none_or(|rate| rate <= input), "{place}");
                    assert!(rates.rate(Class::CacheWrite).is_none_or(|rate| rate >= input), "{place}");
                    let short = rates.rate(Class::CacheWrite);
                    assert!(
                        rates.rate(Class::CacheWriteLong).is_none_or(|rate| Some(rate) >= short),
                        "{place}"
                    );
                }
                let Some(above) = table.above else { continue };
                for (class, rate) in above.rates.iter() {
                    assert!(table.rates.rate(class).is_some_and(|short| short <= rate), "{place} {class}");
                }
            }
            assert!(row.multipliers().all(|(_, by)| (1_000..=3_000).contains(&by.thousandths())));
        }
    }
}

#[test]
fn windows_hold_prompt_and_answer() {
    let catalog = Catalog::builtin();
    for (provider, model, window) in [
        ("openai", "gpt-5", 400_000),
        ("openai", "gpt-5.4", 1_050_000),
        ("openai", "gpt-5.6-sol", 1_050_000),
        ("openai", "gpt-4.1", 1_047_576),
        ("anthropic", "claude-opus-5-5", 1_000_000),
        ("gemini", "gemini-4-argon", 1_048_576),
        ("xai", "grok-4.7", 500_000),
    ] {
        assert_eq!(catalog.find(provider, model).unwrap().context_window, Some(window), "{model}");
    }
    for entry in all() {
        let (window, output) = (entry.model.context_window, entry.model.max_output_tokens);
        assert!(window.is_none() || output <= window, "{}", entry.model.id);
    }
}

#[test]
fn names_are_found_by_known_forms_only() {
    let catalog = Catalog::builtin();
    let id = |provider, name| catalog.find(provider, name).map(|model| model.id.to_string());
    for (provider, name, found) in [
        ("openai", "gpt-6-sol-2026-09-08", "gpt-6-sol"),
        ("anthropic", "claude-opus-5-5-20260905", "claude-opus-5-5"),
        ("anthropic", "claude-sonnet-5-5-latest", "claude-sonnet-5-5"),
        ("gemini", "models/gemini-4-argon", "gemini-4-argon"),
        ("gemini", "gemini-flash-latest", "gemini-flash-latest"),
        ("xai", "grok-4.3-latest", "grok-4.3"),
    ] {
        assert_eq!(id(provider, name).as_deref(), Some(found), "{name}");
    }
    for (provider, name) in [
        ("openai", "gpt-6-sol-mini"),
        ("openai", "GPT-4o"),
        ("openai", "gpt-4o-2024-05-13"),
        ("anthropic", "claude-opus"),
        ("openai", "claude-opus-5-5"),
        ("ollama", "gpt-4o"),
        ("openai", ""),
    ] {
        assert_eq!(id(provider, name), None, "{provider} {name}");
    }
}

#[test]
fn rules_say_what_vendors_refuse() {
    let catalog = Catalog::builtin();
    let rules = |provider, model| catalog.find(provider, model).unwrap().rules.clone();
    let opus = rules("anthropic", "claude-opus-5-5");
    assert_eq!(
        (opus.sampling, opus.assistant_prefill, opus.forced_tool_choice),
        (Some(false), Some(false), Some(false))
    );
    assert_eq!(
        (opus.reasoning, opus.default_effort),
        (Some(ReasoningStyle::AlwaysOn), Some(ReasoningEffort::Medium))
    );
    let haiku = rules("anthropic", "claude-haiku-4-5");
    assert_eq!((haiku.reasoning, haiku.mid_conversation_system), (Some(ReasoningStyle::Budget), Some(false)));
    let gpt = rules("openai", "gpt-5.4");
    assert_eq!((gpt.tools_with_reasoning, gpt.sampling_without_reasoning), (Some(false), Some(true)));
    let astra = rules("openai", "gpt-6-astra");
    assert!(!astra.efforts.contains(&ReasoningEffort::None) && astra.efforts.contains(&ReasoningEffort::Max));
    assert_eq!(rules("openai", "gpt-5").tools_with_reasoning, None);
    assert_eq!(rules("openai", "o3").stop, Some(false));
    assert_eq!(rules("openai", "gpt-5.5-pro").responses_only, Some(true));
    assert_eq!(rules("gemini", "gemini-2.5-pro").reasoning, Some(ReasoningStyle::Budget));
    assert_eq!(rules("gemini", "gemini-3.8-flash").efforts.first(), Some(&ReasoningEffort::Low));
    for entry in all() {
        assert!(entry.model.rules.efforts.is_sorted(), "{}", entry.model.id);
    }
}

#[test]
fn an_operator_prices_what_the_catalogue_lacks() {
    let own: Override = serde_json::from_str(
        r#"{"input_usd_per_million": 0.02, "output_usd_per_million": "0.04", "context_window": 32768}"#,
    )
    .unwrap();
    let catalog = Catalog::builtin().with_provider("edge", "ollama").with_override("edge", "qwen3-8b", &own);
    let cost =
        catalog.price("edge", "qwen3-8b", &Usage::new(1_000, 1_000), &PriceContext::new(day())).unwrap();
    assert_eq!(cost.total.nanos(), 60_000); // 1000×0.02 + 1000×0.04 = 60 micro-dollars
    assert_eq!(catalog.find("edge", "qwen3-8b").unwrap().context_window, Some(32_768));
    assert_eq!(catalog.models("edge").count(), 1);
    let other = catalog.price("edge", "llama", &Usage::new(1, 1), &PriceContext::new(day()));
    assert_eq!(other.unwrap_err().missing, Missing::Model);
    assert!(serde_json::from_str::<Override>(r#"{"input_usd": 1}"#).is_err());
}

#[test]
fn an_operator_changes_what_he_says_and_nothing_else() {
    let window = Override { context_window: Some(100_000), ..Override::default() };
    let cheaper = Override { input_usd_per_million: Some("2".parse().unwrap()), ..Override::default() };
    let catalog = Catalog::builtin()
        .with_provider("work", "openai")
        .with_override("work", "gpt-4.1", &window)
        .with_override("work", "gpt-5.4", &cheaper);
    let plain = Catalog::builtin();
    assert_eq!(catalog.prices("work", "gpt-4.1", day()), plain.prices("openai", "gpt-4.1", day()));
    assert_eq!(catalog.find("work", "gpt-4.1").unwrap().context_window, Some(100_000));
    let usage = Usage::new(300_000, 1_000);
    let context = PriceContext::new(day());
    let cost = catalog.price("work", "gpt-5.4", &usage, &context).unwrap();
    assert_eq!(cost.total.nanos(), 615_000_000); // 300000×2 + 1000×15, of any length
    let batch = catalog.price("work", "gpt-5.4", &usage, &context.with_service_tier(Some("batch")));
    assert_eq!(batch.unwrap_err().missing, Missing::Tier("batch".into()));
    assert_eq!(catalog.models("work").count(), plain.models("openai").count());
    assert!(catalog.find("work", "gpt-4o-2024-11-20").is_some());
}

#[test]
fn rows_in_any_order_hold_from_their_day() {
    let row =
        |day: &str, input: &str| format!(r#"{{"valid_from": "{day}", "standard": {{"input": "{input}"}}}}"#);
    let text = format!("[{}, {}]", row("2027-01-01", "2"), row("2026-01-01", "1"));
    let list: PriceList = serde_json::from_str(&text).unwrap();
    let input =
        |day: &str| list.at(day.parse().unwrap()).unwrap().tier("standard").unwrap().rates.rate(Class::Input);
    assert_eq!(input("2026-12-31"), "1".parse().ok());
    assert_eq!(input("2027-01-01"), "2".parse().ok());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::from_value::<PriceList>(value).unwrap(), list);
    for bad in [r#"[{"standard": {}}]"#, r#"[{"valid_from": "2026-01-01", "standard": {"inptu": "1"}}]"#] {
        assert!(serde_json::from_str::<PriceList>(bad).is_err(), "{bad}");
    }
}
