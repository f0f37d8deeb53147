//! What a request or an answer says, one fact at a time, without the order that formats choose for themselves.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate_model::{ChatRequest, ChatResponse, Content, Losses, Role};

/// What is said: a path without places in lists, and what stands there, each as often as it does.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Facts(BTreeMap<(String, String), i64>);

/// Settings that say how to send, not what.
const NOT_SAID: [&str; 3] = ["model", "stream", "stream_usage"];

pub(crate) fn of_request(request: &ChatRequest) -> Facts {
    let mut request = request.clone();
    for message in &mut request.messages {
        // Only one vendor tells them apart.
        if message.role == Role::Developer {
            message.role = Role::System;
        }
    }
    let mut value = serde_json::to_value(&request).unwrap();
    for name in NOT_SAID {
        value.as_object_mut().unwrap().remove(name);
    }
    let mut facts = Facts::default();
    for message in value["messages"].as_array_mut().unwrap() {
        let role = message["role"].take();
        message.as_object_mut().unwrap().remove("role");
        for part in message["parts"].as_array_mut().unwrap() {
            part["role"] = role.clone();
        }
    }
    facts.add("", &value, 1);
    facts
}

pub(crate) fn of_answer(answer: &ChatResponse) -> Facts {
    let mut answer = answer.clone();
    let mut facts = Facts::default();
    for choice in &mut answer.choices {
        // Where a text is cut into parts is the format's own affair.
        let mut texts = [String::new(), String::new()];
        for part in &mut choice.parts {
            match &mut part.content {
                Content::Text(text) => texts[0].push_str(&std::mem::take(&mut text.text)),
                Content::Reasoning(reasoning) => texts[1].push_str(&std::mem::take(&mut reasoning.text)),
                _ => {}
            }
        }
        for (name, text) in ["text", "reasoning"].iter().zip(texts) {
            facts.add(&format!("choices[].parts[].{name}"), &Value::from(text.trim()), 1);
        }
    }
    facts.add("", &serde_json::to_value(answer).unwrap(), 1);
    facts
}

impl Facts {
    fn add(&mut self, path: &str, value: &Value, count: i64) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    // A union's two fields are one step.
                    let dot = if path.is_empty() { "" } else { "." };
                    self.add(&format!("{path}{dot}{name}"), value, count);
                }
            }
            Value::Array(elements) if elements.iter().any(Value::is_object) => {
                for element in elements {
                    self.add(&format!("{path}[]"), element, count);
                }
            }
            Value::Null => {}
            Value::Array(elements) if elements.is_empty() => {}
            // Told as one text for all parts.
            Value::String(text) if path == "choices[].parts[].content.value.text" && text.is_empty() => {}
            Value::String(kind)
                if path == "choices[].parts[].content.type" && (kind == "text" || kind == "reasoning") => {}
            // Nothing counted is as good as not counted, where a format has no place for the count.
            Value::Number(number) if path.starts_with("usage.") && number.as_u64() == Some(0) => {}
            other => {
                let entry = self.0.entry((path.to_owned(), canonical(other))).or_default();
                *entry += count;
            }
        }
    }

    /// The facts that only one of the two has: `path: value`, with `-` or `+` before it.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut counts = self.0.clone();
        for (fact, count) in &other.0 {
            *counts.entry(fact.clone()).or_default() -= count;
        }
        // Whose a field is counts with the field.
        let differing = counts.into_iter().filter(|((path, _), count)| {
            let whose = path == "extra.format" || path.ends_with(".extra.format");
            // How a format chose to write something, kept so that it is written so again.
            *count != 0 && !whose && !path.contains("note:")
        });
        differing.map(|((path, value), count)| Difference { path, value, gone: count > 0 }).collect()
    }
}

/// Numbers and JSON texts in one way of several.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(mut parsed) if text.trim_start().starts_with('{') => {
                parsed.sort_all_objects();
                parsed.to_string()
            }
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

/// A fact that only one side has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) value: String,
    pub(crate) gone: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value: String = self.value.chars().take(120).collect();
        write!(f, "{} {}: {value}", if self.gone { '-' } else { '+' }, self.path)
    }
}

/// The paths of losses, in the way that differences have theirs.
pub(crate) fn lost_paths(losses: &Losses) -> Vec<String> {
    losses.iter().map(|loss| without_places(&loss.path)).collect()
}

/// `messages[2].parts[0].cache` → `messages[].parts[].cache`.
fn without_places(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for char in path.chars() {
        match char {
            '[' => {
                inside = true;
                plain.push('[');
            }
            ']' => {
                inside = false;
                plain.push(']');
            }
            _ if inside => {}
            other => plain.push(other),
        }
    }
    plain
}

fn plain(path: &str) -> String {
    let silent = ["content", "value", "format", "fields", "kind", "extra"];
    let path = path.replace("[]", "");
    path.split('.').filter(|step| !silent.contains(step)).collect::<Vec<_>>().join(".")
}

/// Whether a loss at `lost` speaks of the fact at `path`: of itself, of something around it, or of something inside.
pub(crate) fn speaks_of(lost: &str, path: &str) -> bool {
    // Serialized unions and parts have steps that the ledger's paths do not name.
    let (lost, path) = (plain(lost), plain(path));
    // What cannot be read by anybody else may be all of its part.
    let lost = lost.strip_suffix(".encrypted").map_or_else(|| lost.clone(), str::to_owned);
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(&lost, &path) || within(&path, &lost)
}
