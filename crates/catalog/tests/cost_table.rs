//! The cost of a call, computed by hand. Each comment holds the arithmetic: tokens × dollars for a million = micro-dollars.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tollgate_catalog::{Catalog, Class, Date, Missing, Note, Override, PriceContext};
use tollgate_model::{NanoUsd, Usage};

const TODAY: &str = "2026-11-23";

/// One call: input and output in total, then what differs from a plain one.
struct Case {
    model: (&'static str, &'static str),
    usage: Usage,
    tier: Option<&'static str>,
    geo: Option<&'static str>,
    speed: Option<&'static str>,
    region: Option<&'static str>,
    day: &'static str,
}

fn call(provider: &'static str, model: &'static str, input: u64, output: u64) -> Case {
    let usage = Usage::new(input, output);
    Case { model: (provider, model), usage, tier: None, geo: None, speed: None, region: None, day: TODAY }
}

impl Case {
    fn cached(mut self, tokens: u64) -> Self {
        self.usage.input.cache_read = Some(tokens);
        self
    }
    fn written(mut self, short: u64, long: u64) -> Self {
        (self.usage.input.cache_write, self.usage.input.cache_write_long) = (Some(short), Some(long));
        self
    }
    fn audio(mut self, input: u64, output: u64) -> Self {
        (self.usage.input.audio, self.usage.output.audio) = (Some(input), Some(output));
        self
    }
    fn cached_audio(mut self, tokens: u64) -> Self {
        self.usage.input.cache_read_audio = Some(tokens);
        self
    }
    fn reasoning(mut self, tokens: u64) -> Self {
        self.usage.output.reasoning = Some(tokens);
        self
    }
    fn searches(mut self, calls: u64) -> Self {
        self.usage.server_tools.web_searches = Some(calls);
        self
    }
    fn tier(mut self, tier: &'static str) -> Self {
        self.tier = Some(tier);
        self
    }
    fn on(mut self, day: &'static str) -> Self {
        self.day = day;
        self
    }
    fn price(&self) -> Result<tollgate_catalog::Cost, tollgate_catalog::Unpriced> {
        let context = PriceContext::new(self.day.parse::<Date>().unwrap())
            .with_service_tier(self.tier)
            .with_inference_geo(self.geo)
            .with_speed(self.speed)
            .with_region(self.region);
        Catalog::builtin().price(self.model.0, self.model.1, &self.usage, &context)
    }
    #[track_caller]
    fn costs(self, micro_usd: &str) {
        // Micro-dollars with three decimals are nano-dollars.
        let (whole, part) = micro_usd.split_once('.').unwrap_or((micro_usd, ""));
        let nanos: i64 = format!("{}{part:0<3}", whole.replace('_', "")).parse().unwrap();
        let cost = self.price().unwrap();
        assert_eq!(cost.total, NanoUsd::from_nanos(nanos), "{cost:?}");
    }
    #[track_caller]
    fn lacks(self, missing: &Missing) {
        assert_eq!(self.price().unwrap_err().missing, *missing);
    }
}

#[test]
fn plain_calls() {
    call("openai", "gpt-4o", 1_000, 500).costs("7_500"); // 1000×2.5 + 500×10
    call("openai", "gpt-4o-mini", 1_000, 1_000).costs("750"); // 150 + 600
    call("openai", "gpt-5-nano", 1, 1).costs("0.450"); // 0.05 + 0.4
    call("anthropic", "claude-opus-5-5", 1_000, 500).costs("14_000"); // 4000 + 10000
    call("anthropic", "claude-haiku-5-5", 999, 1).costs("100.400"); // 99.9 + 0.5
    call("gemini", "gemini-2.5-flash", 1_000, 1_000).costs("2_800"); // 300 + 2500
    call("xai", "grok-4.7", 1_000, 1_000).costs("8_000"); // 2000 + 6000
    call("gemini", "gemma-4-31b-it", 1_000, 1_000).costs("0"); // free, and said so in the data
    call("openai", "gpt-4o", 0, 0).costs("0");
}

#[test]
fn rounding_is_half_up_and_once_for_the_call() {
    call("openai", "gpt-5-nano", 0, 0).cached(1).costs("0.005"); // 1×0.005
    call("openai", "gpt-6-luna", 1, 0).cached(1).tier("batch").costs("0.005"); // 1×0.005
    call("openai", "gpt-5-nano", 1, 0).cached(1).tier("batch").costs("0.003"); // 0.0025, half up
    // 0.005×1.1 + 0.0625×1.1 = 0.0055 + 0.06875 = 0.07425. Rounded one by one they were 0.006 + 0.069 = 0.075.
    let haiku = call("anthropic", "claude-haiku-5-5", 2, 0).cached(1).written(1, 0).tier("batch");
    Case { geo: Some("us"), ..haiku }.costs("0.074");
}

#[test]
fn cached_reads_are_part_of_the_input() {
    call("openai", "gpt-4o", 10_000, 500).cached(8_000).costs("20_000"); // 2000×2.5 + 8000×1.25 + 500×10
    call("openai", "gpt-5", 10_000, 0).cached(10_000).costs("1_250"); // 10000×0.125
    call("anthropic", "claude-opus-5-5", 10_000, 0).cached(10_000).costs("2_000"); // 10000×0.2: 0.05 of the input
    call("anthropic", "claude-fable-5-1", 10_000, 0).cached(10_000).costs("2_500"); // 10000×0.25: 0.025 of the input
    call("anthropic", "claude-sonnet-4-6", 10_000, 100).cached(9_000).costs("7_200"); // 3000 + 2700 + 1500
    call("xai", "grok-4.3", 1_000, 0).cached(400).costs("830"); // 600×1.25 + 400×0.2
}

#[test]
fn cache_writes_by_lifetime() {
    call("anthropic", "claude-sonnet-4-5", 2_000, 0).written(1_000, 0).costs("6_750"); // 3000 + 1000×3.75
    call("anthropic", "claude-sonnet-4-5", 2_000, 0).written(0, 1_000).costs("9_000"); // 3000 + 1000×6
    // 500×4 + 2000×0.2 + 1000×5 + 1500×8 + 100×20
    call("anthropic", "claude-opus-5-5", 5_000, 100).cached(2_000).written(1_000, 1_500).costs("21_400");
    // 30 minutes and 12 hours: 1000×2 + 1000×2.5 + 1000×5
    call("openai", "gpt-6.1-sol", 3_000, 0).written(1_000, 1_000).costs("9_500");
    // Before GPT-5.6 a write costs what input costs.
    call("openai", "gpt-5", 1_000, 0).written(600, 0).costs("1_250");
}

#[test]
fn long_prompts_reprice_the_whole_call() {
    call("openai", "gpt-5.4", 272_000, 1_000).costs("695_000"); // 272000×2.5 + 1000×15
    call("openai", "gpt-5.4", 272_001, 1_000).costs("1_382_505"); // 272001×5 + 1000×22.5
    call("anthropic", "claude-haiku-5-5", 100_000, 1_000).costs("10_500"); // 10000 + 500
    call("anthropic", "claude-haiku-5-5", 100_001, 1_000).costs("52_500.500"); // 50000.5 + 2500
    // Cached tokens count towards the length: 1×0.5 + 100000×0.05
    call("anthropic", "claude-haiku-5-5", 100_001, 0).cached(100_000).costs("5_000.500");
    call("gemini", "gemini-2.5-pro", 200_000, 100).costs("251_000"); // 200000×1.25 + 100×10
    call("gemini", "gemini-2.5-pro", 200_001, 100).costs("501_502.500"); // 500002.5 + 1500
    call("xai", "grok-4.3", 200_000, 0).costs("250_000"); // the boundary itself is short
    call("xai", "grok-4.3", 200_001, 0).costs("500_002.500"); // ×2.5
    call("openai", "gpt-5.4", 300_000, 0).tier("batch").costs("750_000"); // 300000×2.5
}

#[test]
fn service_tiers() {
    call("openai", "gpt-5", 1_000, 1_000).tier("default").costs("11_250"); // 1250 + 10000
    call("openai", "gpt-5", 1_000, 1_000).tier("flex").costs("5_625"); // 625 + 5000
    call("openai", "gpt-5", 1_000, 1_000).tier("batch").costs("5_625");
    call("openai", "gpt-5", 1_000, 1_000).tier("priority").costs("22_500"); // 2500 + 20000
    call("openai", "gpt-5", 1_000, 1_000).tier("fast").costs("22_500");
    call("openai", "gpt-5.5", 1_000, 0).tier("priority").costs("12_500"); // 2.5 times, not 2
    call("openai", "gpt-6-astra", 1_000, 100).tier("ultrafast").costs("90_000"); // 60000 + 30000
    call("anthropic", "claude-opus-5-5", 1_000, 100).tier("batch").costs("3_000"); // 2000 + 1000
    call("anthropic", "claude-opus-5-5", 1_000, 0).written(0, 1_000).tier("batch").costs("4_000"); // 1000×4
    call("gemini", "gemini-2.5-flash", 1_000, 100).tier("PRIORITY").costs("990"); // 540 + 450
    call("xai", "grok-4.7", 1_000, 1_000).tier("batch").costs("6_400"); // 20 % off: 1600 + 4800
}

#[test]
fn a_rate_that_a_tier_lacks_is_not_the_base_rate() {
    // gpt-4.1 batch has no cached rate: as batch input, which is not less. 1000×1
    let cost = call("openai", "gpt-4.1", 1_000, 0).cached(1_000).tier("batch").price().unwrap();
    assert_eq!(cost.total.nanos(), 1_000_000);
    assert_eq!(cost.notes, [Note::PricedAs(Class::CacheRead, Class::Input)]);
    let gpt = || call("openai", "gpt-5.6", 1_000, 100);
    gpt().written(0, 500).tier("batch").lacks(&Missing::Rate(Class::CacheWriteLong));
    let known = gpt().written(0, 500).tier("batch").price().unwrap_err().at_least;
    assert_eq!(known.nanos(), 2_000_000); // 500×2 + 100×10
    call("openai", "gpt-5-nano", 1, 1).tier("priority").lacks(&Missing::Tier("priority".into()));
    call("openai", "gpt-5.5", 272_001, 1).tier("priority").lacks(&Missing::LongPrompt("priority".into()));
    call("anthropic", "claude-opus-5-5", 1, 1).tier("priority").lacks(&Missing::Tier("priority".into()));
    call("openai", "gpt-audio", 1, 1).tier("batch").lacks(&Missing::Tier("batch".into()));
}

#[test]
fn audio() {
    call("openai", "gpt-audio", 1_000, 500).audio(800, 400).costs("52_700"); // 200×2.5 + 800×32 + 100×10 + 400×64
    call("gemini", "gemini-2.5-flash", 1_000, 0).audio(600, 0).costs("720"); // 400×0.3 + 600×1
    // Cached audio is in both wholes and billed once: 1000 − 150 − 250 − 50 = 550 are plain.
    // 550×0.3 + 150×0.03 + 250×1 + 50×0.1
    call("gemini", "gemini-2.5-flash", 1_000, 0).cached(200).audio(300, 0).cached_audio(50).costs("424.500");
    call("gemini", "gemini-2.5-pro", 1_000, 0).audio(600, 0).costs("1_250"); // no rate of its own: input
}

#[test]
fn reasoning_is_part_of_the_output() {
    call("openai", "o3", 100, 1_000).reasoning(900).costs("8_200"); // 200 + 1000×8
    call("gemini", "gemini-4-argon", 100, 1_000).reasoning(600).costs("10_200"); // 200 + 1000×10
}

#[test]
fn reasoning_and_images_at_their_own_rates() {
    let own = Override {
        input_usd_per_million: "1".parse().ok(),
        output_usd_per_million: "2".parse().ok(),
        reasoning_usd_per_million: "3".parse().ok(),
        ..Override::default()
    };
    let catalog = Catalog::builtin().with_override("edge", "thinker", &own);
    let mut usage = Usage::new(100, 1_000);
    usage.output.reasoning = Some(600);
    let context = PriceContext::new(TODAY.parse().unwrap());
    let cost = catalog.price("edge", "thinker", &usage, &context).unwrap();
    assert_eq!(cost.total.nanos(), 2_700_000); // 100×1 + 400×2 + 600×3
    let mut picture = call("gemini", "gemini-embedding-2", 1_000, 0);
    picture.usage.input.image = Some(600);
    picture.costs("350"); // 400×0.2 + 600×0.45
}

#[test]
fn server_tools_are_billed_by_the_call() {
    call("anthropic", "claude-opus-5-5", 1_000, 0).searches(3).costs("34_000"); // 4000 + 3×10/1000
    call("gemini", "gemini-3.8-flash", 0, 0).searches(1).costs("14_000");
    call("gemini", "gemini-2.5-flash", 0, 0).searches(2).costs("70_000"); // $35 for a thousand
    call("openai", "gpt-4.1", 0, 0).searches(1).costs("25_000"); // disputed: the dearer
    call("xai", "grok-4.7", 10, 0).searches(1).lacks(&Missing::Rate(Class::WebSearch));
}

#[test]
fn prices_change_with_the_day() {
    let argon = || call("gemini", "gemini-4-argon", 1_000, 1_000);
    argon().on("2026-11-30").costs("12_000"); // 2000 + 10000
    argon().on("2026-12-01").costs("24_000"); // 4000 + 20000
    argon().cached(1_000).on("2026-12-01").costs("20_200"); // 200 + 20000
    argon().tier("batch").on("2026-11-30").costs("6_000"); // 1000 + 5000
    argon().tier("batch").on("2026-12-01").lacks(&Missing::Tier("batch".into())); // not announced
    call("gemini", "gemini-3.8-flash", 1_000, 1_000).on("2026-12-31").costs("4_500"); // 750 + 3750
    call("gemini", "gemini-3.8-flash", 1_000, 1_000).on("2027-01-01").costs("9_000");
    let earlier = argon().on("2026-01-01").price().unwrap();
    assert_eq!((earlier.total.nanos(), earlier.notes), (12_000_000, vec![Note::BeforeValidFrom]));
}

#[test]
fn multipliers() {
    let opus = || call("anthropic", "claude-opus-5-5", 1_000, 100).searches(1); // 4000 + 2000 + 10000
    Case { geo: Some("us"), ..opus() }.costs("16_600"); // 6000×1.1 + 10000
    Case { geo: Some("global"), ..opus() }.costs("16_000");
    Case { speed: Some("fast"), ..opus() }.costs("22_000"); // 6000×2 + 10000
    Case { speed: Some("fast"), geo: Some("us"), ..opus() }.costs("23_200"); // 6000×2.2 + 10000
    Case { region: Some("eu"), ..call("openai", "gpt-5.4", 1_000, 0) }.costs("2_750"); // 2500×1.1
    let haiku = Case { speed: Some("fast"), ..call("anthropic", "claude-haiku-5-5", 1, 1) };
    haiku.lacks(&Missing::Attribute("speed=fast".into()));
}

#[test]
fn embeddings_have_no_output() {
    let mut case = call("openai", "text-embedding-3-small", 1_000, 0);
    case.usage.output_tokens = None;
    case.costs("20"); // 1000×0.02
}

#[test]
fn what_has_no_price_is_not_free() {
    call("gemini", "gemini-4-neon", 1, 1).lacks(&Missing::Price);
    call("gemini", "gemini-9-ultra", 1, 1).lacks(&Missing::Model);
    call("ollama", "qwen3:8b", 1, 1).lacks(&Missing::Model);
    call("openai", "gpt-4o-2024-05-13", 1, 1).lacks(&Missing::Model); // taken off, and was dearer
    let mut silent = call("openai", "gpt-4o", 0, 7);
    silent.usage.input_tokens = None;
    silent.lacks(&Missing::Usage);
}

#[test]
fn parts_beyond_their_total_are_billed_and_noted() {
    let cost = call("openai", "gpt-4o", 100, 0).cached(300).price().unwrap();
    assert_eq!(cost.total.nanos(), 375_000); // 300×1.25, and no negative rest
    assert_eq!(cost.notes, [Note::PartsExceedTotal(Class::Input)]);
}
