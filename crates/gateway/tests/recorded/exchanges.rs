//! Reads the recordings.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded exchange.
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) wire: String,
    /// Who answered.
    pub(crate) provider: String,
    /// Where it was recorded, and its place among the exchanges of that recording.
    pub(crate) source: (String, u64),
    pub(crate) path: String,
    pub(crate) asked: Value,
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// A document's, or a stream as it came.
    pub(crate) said: Vec<u8>,
    pub(crate) is_stream: bool,
}

/// Reads all whose wire format is one of `wires` and that have a JSON request. `None`: they are not there, and that is said.
pub(crate) fn read(wires: &[&str]) -> Option<Vec<Exchange>> {
    let Ok(folder) = std::env::var("TOLLGATE_CORPUS") else {
        eprintln!("SKIPPED: TOLLGATE_CORPUS is not set");
        return None;
    };
    let folder = PathBuf::from(folder);
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let files = index.lines().skip(1).map(|line| line.split('\t').nth(7).unwrap());
    Some(files.filter_map(|file| exchange(&folder.join(file), wires)).collect())
}

fn exchange(file: &Path, wires: &[&str]) -> Option<Exchange> {
    let whole: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let wire = whole["wire"].as_str()?.to_owned();
    let asked = &whole["request"]["body"];
    if !wires.contains(&wire.as_str()) || !asked.is_object() {
        return None;
    }
    let response = &whole["response"];
    let (said, is_stream) = match (response.get("body"), response["body_text"].as_str()) {
        (Some(document), _) => (document.to_string().into_bytes(), false),
        (None, Some(text)) => (text.as_bytes().to_vec(), true),
        (None, None) => return None,
    };
    let source = &whole["source"];
    let place = format!("{}:{}", source["repo"].as_str()?, source["path"].as_str()?);
    // Some recordings lack it.
    let usual = if is_stream { "text/event-stream" } else { "application/json" };
    let content_type = response["headers"]["content-type"].as_str().unwrap_or(usual);
    Some(Exchange {
        id: whole["id"].as_str()?.to_owned(),
        wire,
        provider: whole["provider"].as_str()?.to_owned(),
        source: (place, source["index"].as_u64()?),
        path: whole["request"]["path"].as_str()?.to_owned(),
        asked: asked.clone(),
        status: u16::try_from(response["status"].as_u64()?).ok()?,
        content_type: content_type.to_owned(),
        said,
        is_stream,
    })
}
