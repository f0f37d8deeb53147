//! From what an answer said to usage and cost.

use tollgate_catalog::{Catalog, Date, Missing, PriceContext};
use tollgate_model::{Usage, token_count::ESTIMATED_BYTES_PER_TOKEN};
use tollgate_provider::ResponseFacts;
use tollgate_router::Target;
use tollgate_telemetry::{CallCost, UsageSource};

/// What is known of an exchange besides what the provider reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange {
    /// The size of the question.
    pub(crate) input_bytes: u64,
    /// Whether the answer came to its end. One that did not was reported in part at best.
    pub(crate) complete: bool,
}

/// Returns what was consumed, and how that is known.
///
/// What the provider reported counts. What it did not is estimated from the bytes. Of an answer that was cut, the reported
/// output is what had been counted at some moment before: the larger of that and the estimate is taken.
pub(crate) fn usage(facts: &ResponseFacts, exchange: Exchange) -> (Usage, UsageSource) {
    let mut usage = facts.usage;
    let mut source = UsageSource::Reported;
    if usage.input_tokens.is_none() {
        usage.input_tokens = Some(exchange.input_bytes.div_ceil(ESTIMATED_BYTES_PER_TOKEN));
        source = UsageSource::Estimated;
    }
    let seen = facts.content_bytes.div_ceil(ESTIMATED_BYTES_PER_TOKEN);
    match usage.output_tokens {
        Some(reported) if exchange.complete || reported >= seen => {}
        Some(_) | None => {
            usage.output_tokens = Some(seen);
            source = UsageSource::Estimated;
        }
    }
    (usage, source)
}

/// Returns what the usage cost at `target` on the day of the call.
///
/// The model that was asked for decides; where the catalogue does not have it, the one that the answer names.
pub(crate) fn cost(
    catalog: &Catalog,
    target: &Target,
    region: Option<&str>,
    facts: &ResponseFacts,
    usage: &Usage,
    started_unix: i64,
) -> CallCost {
    let context = PriceContext::new(Date::from_unix_seconds(started_unix))
        .with_service_tier(facts.service_tier.as_deref())
        .with_region(region.filter(|region| is_priced_region(catalog, target, region)));
    let price = |model: &str| catalog.price(target.provider.as_str(), model, usage, &context);
    let result = price(target.model.as_str()).or_else(|unpriced| match (&unpriced.missing, &facts.model) {
        (Missing::Model, Some(answered)) => price(answered.as_str()).map_err(|_| unpriced),
        _ => Err(unpriced),
    });
    match result {
        Ok(cost) => CallCost::Priced(Box::new(cost)),
        Err(unpriced) => CallCost::Unpriced(unpriced),
    }
}

/// An endpoint's region is the operator's label; it changes the price only where the vendor has a factor for it.
fn is_priced_region(catalog: &Catalog, target: &Target, region: &str) -> bool {
    let entry = catalog.entry(target.provider.as_str(), target.model.as_str());
    let attribute = format!("region={}", region.to_ascii_lowercase());
    entry.is_some_and(|entry| entry.prices.rows().any(|row| row.multiplier(&attribute).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(usage: Usage, content_bytes: u64) -> ResponseFacts {
        ResponseFacts { usage, content_bytes, ..ResponseFacts::default() }
    }

    #[test]
    fn what_is_reported_counts() {
        let exchange = Exchange { input_bytes: 4_000, complete: true };
        let reported = Usage::new(10, 3);
        assert_eq!(usage(&facts(reported, 400), exchange), (reported, UsageSource::Reported));
    }

    #[test]
    fn what_is_not_is_estimated_and_said_so() {
        let exchange = Exchange { input_bytes: 4_001, complete: true };
        assert_eq!(
            usage(&facts(Usage::default(), 400), exchange),
            (Usage::new(1_001, 100), UsageSource::Estimated)
        );
    }

    #[test]
    fn a_cut_answer_counts_at_least_what_was_seen() {
        let exchange = Exchange { input_bytes: 4_000, complete: false };
        assert_eq!(
            usage(&facts(Usage::new(10, 1), 400), exchange),
            (Usage::new(10, 100), UsageSource::Estimated)
        );
        assert_eq!(
            usage(&facts(Usage::new(10, 101), 400), exchange),
            (Usage::new(10, 101), UsageSource::Reported)
        );
    }

    #[test]
    fn an_unknown_model_is_priced_as_the_one_that_answered_or_not_at_all() {
        let catalog = Catalog::builtin();
        let usage = Usage::new(1_000_000, 0);
        let price = |asked: &str, answered: &str| {
            let facts = ResponseFacts { model: Some(answered.into()), ..ResponseFacts::default() };
            cost(&catalog, &Target::new("openai", asked), None, &facts, &usage, 1_795_392_000).total()
        };
        assert_eq!(price("my-deployment", "gpt-4o").map(|cost| cost.to_string()).as_deref(), Some("2.50"));
        assert_eq!(price("my-deployment", "my-model"), None);
    }
}
