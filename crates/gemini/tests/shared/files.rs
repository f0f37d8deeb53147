//! A case's files: read, compared, renewed.

use std::{fs, path::Path};

use serde_json::Value;

pub(crate) fn read(folder: &Path, file: &str) -> Option<String> {
    fs::read_to_string(folder.join(file)).ok()
}

pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

/// Compares a derived file. `None`: there must be no such file.
pub(crate) fn compare(folder: &Path, file: &str, text: Option<&str>) {
    let path = folder.join(file);
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None if path.exists() => fs::remove_file(&path).unwrap(),
            None => {}
        }
    }
    let stands = fs::read_to_string(&path).ok();
    assert_eq!(stands.as_deref(), text, "{} differs (`GOLDEN=write cargo test` renews it)", path.display());
}
