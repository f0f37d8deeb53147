//! The suite that every adapter passes: ours, and those that live elsewhere.
//!
//! [`check`] knows no wire format. It tests what holds for all of them: that encoding is total, repeatable and silent
//! about nothing, that no credential slips into a request, that errors have the right kind whatever their body, that
//! garbage is never taken for an answer, and that a stream which breaks never looks finished.
//! What the format itself says is tested by [`golden`] cases.
//!
//! ```
//! # fn my_provider() -> Option<Box<dyn tollgate_provider::Provider>> { None }
//! if let Some(provider) = my_provider() {
//!     tollgate_provider::conformance::assert_conforms(&*provider);
//! }
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`requests`] | canonical requests that every adapter can be asked to encode |
//! | [`grammar`] | [`check_grammar`]: the one order of events |
//! | [`replay`] | [`replay::stream`]: a stream's body, cut anywhere, through a provider's decoder |
//! | [`golden`] | files that show both directions of a format, compared exactly |

mod encoding;
mod errors;
mod garbage;
pub mod golden;
pub mod grammar;
mod noise;
mod relaying;
pub mod replay;
pub mod requests;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

pub use grammar::{check_grammar, check_grammar_so_far};

use crate::Provider;

/// A rule that an adapter broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {what}")]
pub struct Violation {
    /// What was tried: the request, the status and body, the stream.
    pub subject: String,
    /// The rule, and what was found instead.
    pub what: String,
}

impl Violation {
    /// Names a broken rule.
    pub fn new(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { subject: subject.into(), what: what.into() }
    }
}

/// Runs the whole suite.
///
/// # Errors
/// Every rule that was broken, in the order of the suite. A panic of the adapter is caught and is one of them.
pub fn check(provider: &dyn Provider) -> Result<(), Vec<Violation>> {
    let mut report = Report::default();
    encoding::check(provider, &mut report);
    errors::check(provider, &mut report);
    garbage::check(provider, &mut report);
    noise::check(provider, &mut report);
    relaying::check(provider, &mut report);
    if report.0.is_empty() { Ok(()) } else { Err(report.0) }
}

/// Runs the whole suite and prints all that was broken. For the one line of a test.
///
/// # Panics
/// The provider breaks a rule.
pub fn assert_conforms(provider: &dyn Provider) {
    if let Err(violations) = check(provider) {
        let lines: Vec<_> = violations.iter().map(|violation| format!("  - {violation}")).collect();
        panic!("{} breaks {} rules:\n{}", provider.name(), lines.len(), lines.join("\n"));
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Report(Vec<Violation>);

impl Report {
    fn add(&mut self, subject: impl Into<String>, what: impl Into<String>) {
        self.0.push(Violation::new(subject, what));
    }

    /// Adds `what` unless `holds`.
    fn expect(&mut self, holds: bool, subject: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(subject, what());
        }
    }

    /// Runs the adapter's code. A panic is a broken rule, and no result.
    fn run<T>(&mut self, subject: &str, work: impl FnOnce() -> T) -> Option<T> {
        // The adapter's state is not looked at again after a panic, so a torn one cannot be seen.
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(result) => Some(result),
            Err(panic) => {
                self.add(subject, format!("it panics: {}", panic_text(&*panic)));
                None
            }
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

/// A text for a report: its beginning, on one line.
fn excerpt(bytes: &[u8]) -> impl fmt::Display {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).escape_debug().to_string();
    if bytes.len() > 80 { format!("{text}… ({} bytes)", bytes.len()) } else { text }
}

#[cfg(test)]
mod tests;
