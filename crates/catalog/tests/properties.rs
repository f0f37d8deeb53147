//! What holds of every cost.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::{option, prelude::*};
use tollgate_catalog::{Catalog, Date, PriceContext, price};
use tollgate_model::{
    Usage,
    usage::{InputDetail, OutputDetail, ServerToolUse},
};

fn count() -> impl Strategy<Value = Option<u64>> {
    option::of(prop_oneof![0..1_000_000_u64, any::<u64>(), Just(u64::MAX)])
}

prop_compose! {
    fn usages()(
        totals in (count(), count()),
        cache in (count(), count(), count(), count()),
        input in (count(), count(), count()),
        output in (count(), count(), count()),
        tools in (count(), count(), count(), count(), count()),
    ) -> Usage {
        let (cache_read, cache_write, cache_write_long, cache_read_audio) = cache;
        let (audio, image, tool_use) = input;
        let (reasoning, audio_out, image_out) = output;
        let (web_searches, web_fetches, map_lookups, file_searches, code_executions) = tools;
        Usage {
            input_tokens: totals.0,
            output_tokens: totals.1,
            input: InputDetail { cache_read, cache_write, cache_write_long, audio, image, cache_read_audio, tool_use },
            output: OutputDetail { reasoning, audio: audio_out, image: image_out, ..OutputDetail::default() },
            server_tools: ServerToolUse { web_searches, web_fetches, map_lookups, file_searches, code_executions },
        }
    }
}

/// A model of the catalogue, by its place in the list of all.
fn entries() -> Vec<tollgate_catalog::Entry> {
    let catalog = Catalog::builtin();
    let of = |kind: &&str| catalog.models(kind).cloned().collect::<Vec<_>>();
    Catalog::KINDS.iter().flat_map(of).filter(|entry| !entry.prices.is_empty()).collect()
}

fn day() -> Date {
    "2026-11-23".parse().unwrap()
}

proptest! {
    #[test]
    fn the_items_sum_to_the_total_and_nothing_panics(usage in usages(), at in any::<prop::sample::Index>()) {
        let entries = entries();
        for row in at.get(&entries).prices.rows() {
            for (tier, _) in row.tiers() {
                let context = PriceContext::new(day()).with_service_tier(Some(tier));
                let Ok(cost) = price(row, &usage, &context) else { continue };
                let sum = cost.items.iter().fold(0_i128, |sum, item| sum.saturating_add(item.femto_usd));
                let rounded = i64::try_from(sum.saturating_add(500_000) / 1_000_000).unwrap_or(i64::MAX);
                prop_assert_eq!(cost.total.nanos(), rounded);
                prop_assert!(cost.items.iter().all(|item| item.quantity > 0 && item.femto_usd >= 0));
            }
        }
    }

    #[test]
    fn more_tokens_never_cost_less(
        (input, output) in (0..400_000_u64, 0..400_000_u64),
        (more_input, more_output) in (0..100_000_u64, 0..100_000_u64),
        cached in 0..400_000_u64,
        at in any::<prop::sample::Index>(),
    ) {
        let entries = entries();
        let entry = at.get(&entries);
        let row = entry.prices.at(day()).unwrap();
        let total = |input: u64, output: u64| {
            let mut usage = Usage::new(input, output);
            usage.input.cache_read = Some(cached);
            price(row, &usage, &PriceContext::new(day())).map(|cost| cost.total)
        };
        if let (Ok(less), Ok(more)) = (total(input, output), total(input + more_input, output + more_output)) {
            prop_assert!(less <= more, "{}: {less} > {more}", entry.model.id);
        }
    }
}
