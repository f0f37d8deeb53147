//! Golden cases: folders of files that show both directions of a format, compared exactly.
//!
//! ```no_run
//! # fn provider() -> Box<dyn tollgate_provider::Provider> { unimplemented!() }
//! // tests/golden.rs of an adapter's crate: the path is relative to the crate's root.
//! tollgate_provider::conformance::golden::run(&*provider(), "tests/golden");
//! ```
//!
//! Each folder below `tests/golden` is a case. Written by hand:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `request.json` | the canonical request; its `model` is the target's name |
//! | `card.json` | what the catalogue knows of the model (may be missing) |
//! | `response.http` | the provider's answer: status line, headers, an empty line, the body (may be missing) |
//! | `response.sse`, `response.jsonl` | the body of the provider's stream (may be missing) |
//!
//! Derived by the adapter, compared by every run, renewed by `GOLDEN=write cargo test`, reviewed as a diff:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `upstream.http` | what is sent: method and URL, headers by name, an empty line, the body, JSON pretty-printed |
//! | `losses.json` | what the format cannot say; no file: nothing |
//! | `refusal.json` | in place of both: why the request cannot be asked |
//! | `expected.json` | the canonical answer, or `{"error": …}` |
//! | `events.jsonl` | the stream's events, one a line, or `{"error": …}` at its end |
//!
//! Where a case has an answer and a stream, both must fold to one `expected.json`. Each stream is replayed as a whole,
//! byte by byte, in two pieces cut at every byte, and frame by frame; and it is broken off at every byte and after
//! every frame, which must never look like an end.
//!
//! This is the one module of the crate that reads files and the environment: it runs in tests alone.

mod case;
mod files;
mod stream;

use std::path::{Path, PathBuf};

use crate::Provider;

/// Runs all cases below `dir`, which is relative to the root of the crate under test.
///
/// # Panics
/// A case differs, or there is none. The panic names every difference. With `GOLDEN=write` the derived files are
/// renewed first, so that only broken rules are left to name.
pub fn run(provider: &dyn Provider, dir: impl AsRef<Path>) {
    let write = std::env::var_os("GOLDEN").is_some_and(|value| value == "write");
    let folders = case_folders(dir.as_ref());
    assert!(!folders.is_empty(), "there is no golden case below {}", dir.as_ref().display());
    let failures: Vec<_> = folders.iter().flat_map(|folder| case::run(provider, folder, write)).collect();
    assert!(
        failures.is_empty(),
        "golden cases differ (`GOLDEN=write cargo test` renews them):\n\n{}",
        failures.join("\n\n")
    );
}

fn case_folders(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut folders: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests;
