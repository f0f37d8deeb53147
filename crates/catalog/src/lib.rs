//! What is known of models: prices, capabilities, rules, and the cost of a usage.
//!
//! Everything here is a pure function over data that is compiled in; `docs/catalog.md` tells where the data come from.
//!
//! - [`card`]: what a model can do and what its vendor refuses for it.
//! - [`prices`]: rates by class, tier, length of the prompt and day.
//! - [`cost`]: [`price()`] turns a usage into money, exactly.
//! - [`catalog`]: finds a model by provider and name; [`overrides`] are the operator's.
//!
//! ```
//! use tollgate_catalog::{Catalog, Date, PriceContext};
//! use tollgate_model::Usage;
//!
//! let catalog = Catalog::builtin();
//! let mut usage = Usage::new(10_000, 500);
//! usage.input.cache_read = Some(8_000);
//! let today = Date::from_unix_seconds(1_795_392_000); // 2026-11-23
//! let context = PriceContext::new(today).with_service_tier(Some("default"));
//! let cost = catalog.price("openai", "gpt-4o", &usage, &context)?;
//! // 2,000 × $2.50 + 8,000 × $1.25 + 500 × $10.00, for a million each
//! assert_eq!(cost.total.to_string(), "0.02");
//! assert_eq!(cost.items.len(), 3);
//! # Ok::<(), tollgate_catalog::Unpriced>(())
//! ```

pub mod card;
pub mod catalog;
pub mod cost;
pub mod date;
pub mod overrides;
mod partition;
pub mod prices;
pub mod rate;
mod vendor;

pub use card::{Capabilities, MaxTokensField, Model, ReasoningStyle, Rules};
pub use catalog::Catalog;
pub use cost::{Cost, CostItem, Missing, Note, PriceContext, Unpriced, price};
pub use date::Date;
pub use overrides::Override;
pub use prices::{Class, PriceList, Prices, Rates};
pub use rate::Rate;
pub use vendor::{Entry, ModelKind};
