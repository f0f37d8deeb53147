//! What is known of models: prices, capabilities, rules, and the cost of a usage.

pub mod card;

pub use card::{Capabilities, MaxTokensField, Model, ReasoningStyle, Rules};
