//! What the pages show of `tollgate.toml` is understood.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use tollgate::config::{Environment, File};

/// An environment in which everything is set.
struct Complete;

impl Environment for Complete {
    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("secret-of-{name}"))
    }

    fn read_file(&self, path: &str) -> Result<String, String> {
        Ok(format!("secret-in-{path}"))
    }
}

fn pages() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = std::fs::read_dir(top.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    docs.chain([top.join("README.md")]).collect()
}

/// The blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let after = page.split(begin.as_str()).skip(1);
    after.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_configuration_that_a_page_shows_is_right() {
    let mut shown = 0;
    for path in pages() {
        let page = std::fs::read_to_string(&path).unwrap();
        let blocks = blocks(&page, "toml");
        shown += blocks.len();
        // The blocks of a page belong together.
        let file =
            File::parse(&blocks.join("\n")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if !file.providers.is_empty() {
            file.resolve(&Complete).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
    assert!(shown > 3, "{shown}");
}

#[test]
fn every_page_that_is_linked_is_there() {
    let mut links = 0;
    for path in pages() {
        let page = std::fs::read_to_string(&path).unwrap();
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let (file, anchor) =
                target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let linked = path.parent().unwrap().join(file);
            assert!(linked.exists(), "{} links to {target}, which is not there", path.display());
            if let Some(anchor) = anchor {
                let text = std::fs::read_to_string(&linked).unwrap();
                let found =
                    text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
                assert!(found, "{} links to {target}, which has no such heading", path.display());
            }
            links += 1;
        }
    }
    assert!(links > 20, "{links}");
}

#[test]
fn every_file_that_the_reading_guide_names_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_to_string(top.join("docs/architecture.md")).unwrap();
    let named = guide
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains('/') && !code.contains(['*', ' ', '\n']));
    let named: Vec<_> = named.collect();
    assert!(named.len() > 40, "{named:?}");
    for path in named {
        let there = top.join(path).exists() || top.join("crates").join(path).exists();
        assert!(there, "docs/architecture.md names {path}, which is not there");
    }
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}
