//! One golden case: what is derived of its files, and whether it is what stands there.

use std::{fs, io::ErrorKind as IoErrorKind, path::Path};

use serde_json::Value;
use tollgate_catalog::Model;
use tollgate_model::{Assembler, ChatRequest};

use super::{files, stream};
use crate::{Framing, Provider, Target, conformance::grammar::check_grammar};

/// A file's name and its text. `None`: there must be no such file.
type Derived = (&'static str, Option<String>);

/// Runs one case and returns what is wrong with it.
pub(super) fn run(provider: &dyn Provider, folder: &Path, write: bool) -> Vec<String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut broken = Vec::new();
    match derive(provider, folder, &mut broken) {
        Ok(derived) => {
            for (file, text) in derived {
                let path = folder.join(file);
                let result =
                    if write { renew(&path, text.as_deref()) } else { compare(&path, text.as_deref()) };
                broken.extend(result.err().map(|what| format!("{file}: {what}")));
            }
        }
        Err(what) => broken.push(what),
    }
    broken.iter().map(|what| format!("case {name}: {what}")).collect()
}

/// Derives all files of a case. What breaks a rule is added to `broken`.
fn derive(provider: &dyn Provider, folder: &Path, broken: &mut Vec<String>) -> Result<Vec<Derived>, String> {
    let request = read_request(folder)?;
    let card: Option<Model> = read_json(folder, "card.json")?;
    let mut derived = encode(provider, &request, card.as_ref());
    let unary = decode_response(provider, folder, &request, broken)?;
    let streamed = decode_stream(provider, folder, &request, broken)?;
    let expected = match (unary, &streamed) {
        (Some(unary), Some((folded, _))) => {
            if unary != *folded {
                let difference = files::difference(&unary, folded);
                broken.push(format!("the stream folds to another answer than the whole one:\n{difference}"));
            }
            Some(unary)
        }
        (unary, streamed) => unary.or_else(|| streamed.as_ref().map(|(folded, _)| folded.clone())),
    };
    derived.push(("expected.json", expected));
    derived.push(("events.jsonl", streamed.map(|(_, events)| events)));
    Ok(derived)
}

fn encode(provider: &dyn Provider, request: &ChatRequest, card: Option<&Model>) -> Vec<Derived> {
    match provider.encode_request(&Target { model: &request.model, card }, request) {
        Ok(encoded) => vec![
            ("upstream.http", Some(files::upstream(&encoded.request))),
            ("losses.json", (!encoded.losses.is_empty()).then(|| files::pretty(&encoded.losses))),
            ("refusal.json", None),
        ],
        Err(error) => vec![
            ("upstream.http", None),
            ("losses.json", None),
            ("refusal.json", Some(files::refusal(&error))),
        ],
    }
}

fn decode_response(
    provider: &dyn Provider,
    folder: &Path,
    request: &ChatRequest,
    broken: &mut Vec<String>,
) -> Result<Option<String>, String> {
    let Some(bytes) = read(folder, "response.http")? else { return Ok(None) };
    let response = files::response(&bytes).map_err(|what| format!("response.http: {what}"))?;
    let decoded = if response.status().is_success() {
        provider.decode_response(request, response)
    } else {
        Err(provider.decode_error(response))
    };
    Ok(Some(match decoded {
        Ok(answer) => {
            let events = answer.clone().into_events();
            broken.extend(check_grammar(&events).err().map(|violation| violation.to_string()));
            if Assembler::fold(events) != answer {
                broken.push("the answer, unfolded into events, does not fold to itself".to_owned());
            }
            files::pretty(&answer)
        }
        Err(error) => files::pretty(&files::provider_error(&error)),
    }))
}

/// Returns the answer that the stream folds to, and its events.
fn decode_stream(
    provider: &dyn Provider,
    folder: &Path,
    request: &ChatRequest,
    broken: &mut Vec<String>,
) -> Result<Option<(String, String)>, String> {
    let file = match provider.framing() {
        Framing::Sse => "response.sse",
        Framing::JsonLines => "response.jsonl",
    };
    let Some(body) = read(folder, file)? else { return Ok(None) };
    let whole = stream::check(provider, request, &body, broken);
    let events = files::events(&whole.events, whole.error.as_ref());
    let folded = match &whole.error {
        None => files::pretty(&Assembler::fold(whole.events)),
        Some(error) => files::pretty(&files::provider_error(error)),
    };
    Ok(Some((folded, events)))
}

/// Reads the request, and sees to it that nothing in the file was misspelt and so ignored.
fn read_request(folder: &Path) -> Result<ChatRequest, String> {
    let written: Value = read_json(folder, "request.json")?.ok_or("there is no request.json")?;
    let request: ChatRequest =
        serde_json::from_value(written.clone()).map_err(|error| format!("request.json: {error}"))?;
    let understood = serde_json::to_value(&request).map_err(|error| format!("request.json: {error}"))?;
    match ignored(&written, &understood, "") {
        None => Ok(request),
        Some(path) => Err(format!("request.json: {path:?} is no field of the canonical request")),
    }
}

/// Finds a field of `written` that `understood` lacks. Empty values may be left out.
fn ignored(written: &Value, understood: &Value, path: &str) -> Option<String> {
    match (written, understood) {
        (Value::Object(written), Value::Object(understood)) => written.iter().find_map(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match understood.get(name) {
                Some(known) => ignored(value, known, &path),
                None => (!is_empty(value)).then_some(path),
            }
        }),
        (Value::Array(written), Value::Array(understood)) => {
            written.iter().zip(understood).enumerate().find_map(|(place, (written, understood))| {
                ignored(written, understood, &format!("{path}[{place}]"))
            })
        }
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn read_json<T: serde::de::DeserializeOwned>(folder: &Path, file: &str) -> Result<Option<T>, String> {
    let Some(bytes) = read(folder, file)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("{file}: {error}"))
}

fn read(folder: &Path, file: &str) -> Result<Option<Vec<u8>>, String> {
    match fs::read(folder.join(file)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == IoErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{file}: {error}")),
    }
}

fn compare(path: &Path, text: Option<&str>) -> Result<(), String> {
    match (fs::read_to_string(path), text) {
        (Ok(stands), Some(text)) if stands == text => Ok(()),
        (Ok(stands), Some(text)) => Err(format!("it differs\n{}", files::difference(&stands, text))),
        (Ok(stands), None) => {
            Err(format!("nothing of this is derived any more\n{}", files::difference(&stands, "")))
        }
        (Err(error), Some(text)) if error.kind() == IoErrorKind::NotFound => {
            Err(format!("there is no such file yet\n{}", files::difference("", text)))
        }
        (Err(error), None) if error.kind() == IoErrorKind::NotFound => Ok(()),
        (Err(error), _) => Err(error.to_string()),
    }
}

fn renew(path: &Path, text: Option<&str>) -> Result<(), String> {
    let result = match text {
        Some(text) => fs::write(path, text),
        None => match fs::remove_file(path) {
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok(()),
            result => result,
        },
    };
    result.map_err(|error| error.to_string())
}
