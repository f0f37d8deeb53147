//! The checks find what is dropped in silence: ten fields, each taken out of what a codec wrote without a word.

use serde_json::Value;

use super::{
    formats::all,
    requests::{asked_by_clients_of, there_and_back_with},
};

/// From a client's format to a provider's, for which question, which field of the body is taken out.
const MUTATIONS: [(&str, &str, &str, &str); 10] = [
    ("openai.chat", "anthropic.messages", "sampling.temperature", "/temperature"),
    ("openai.chat", "anthropic.messages", "stop", "/stop_sequences"),
    ("openai.chat", "anthropic.messages", "user", "/metadata/user_id"),
    ("openai.chat", "anthropic.messages", "several turns", "/system"),
    ("openai.chat", "anthropic.messages", "tools", "/tools/0/description"),
    ("openai.chat", "anthropic.messages", "a picture in the body", "/messages/0/content/1"),
    ("openai.chat", "anthropic.messages", "tool_choice (named)", "/tool_choice"),
    ("anthropic.messages", "openai.chat", "max_output_tokens", "/max_completion_tokens"),
    ("anthropic.messages", "openai.chat", "parallel_tool_calls", "/parallel_tool_calls"),
    ("anthropic.messages", "openai.chat", "response_format (a schema)", "/response_format"),
];

#[test]
fn each_field_that_is_dropped_in_silence_is_missed() {
    let formats = all();
    let find = |name: &str| formats.iter().find(|pair| pair.to_string() == name).unwrap();
    for (from, to, question, field) in MUTATIONS {
        let (from, to) = (find(from), find(to));
        let all = asked_by_clients_of(from);
        let (_, asked) = all.iter().find(|(name, _)| name == question).unwrap();
        let untouched = there_and_back_with(from, to, asked, |_| {}).unwrap();
        assert!(untouched.unexplained().is_empty(), "{question}: {:?}", untouched.unexplained());
        let mutated = there_and_back_with(from, to, asked, |body| remove(body, field)).unwrap();
        assert!(!mutated.unexplained().is_empty(), "nobody misses {field} of {from} -> {to}, {question}");
    }
}

fn remove(body: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    let removed = match parent {
        Value::Object(fields) => fields.remove(name),
        Value::Array(elements) => Some(elements.remove(name.parse().unwrap())),
        _ => None,
    };
    assert!(removed.is_some(), "{pointer} is not there: {body}");
}
