//! One spelling for requests that say the same.

#![allow(dead_code, reason = "each of the tests that share this needs a part of it")]

use serde_json::{Map, Value, json};

/// Brings a request into one spelling: camel case, lists where one stands for a list, standard base64, words in capitals,
/// and nothing that says what holds anyway.
pub(crate) fn normal(request: Value) -> Value {
    let Value::Object(mut request) = camel(request) else { panic!("a request is an object") };
    request.shift_remove("model");
    if let Some(system) = request.get_mut("systemInstruction") {
        system.as_object_mut().unwrap().shift_remove("role");
    }
    let contents = list(request.shift_remove("contents").unwrap());
    request.insert("contents".to_owned(), turns(contents).into());
    if let Some(tools) = request.shift_remove("tools").map(list) {
        let tools = tool_list(tools);
        if !tools.is_empty() {
            request.insert("tools".to_owned(), tools.into());
        }
    }
    if let Some(config) = request.get_mut("generationConfig").and_then(Value::as_object_mut) {
        generation(config);
    }
    let calling = request.get_mut("toolConfig").and_then(|config| config.get_mut("functionCallingConfig"));
    if let Some(mode) = calling.and_then(|calling| calling.get_mut("mode")) {
        *mode = mode.as_str().unwrap().to_uppercase().into();
    }
    if let Some(tier) = request.get_mut("serviceTier") {
        *tier = tier.as_str().unwrap().to_lowercase().into();
    }
    request.retain(|_, value| !value.is_null() && *value != json!({}) && *value != json!([]));
    Value::Object(request)
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        one => vec![one],
    }
}

/// Fields whose values are the client's own.
const FREE: [&str; 12] = [
    "args",
    "response",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
    "labels",
    "partMetadata",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

fn camel(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let mut parts = name.split('_');
                let mut camel = parts.next().unwrap().to_owned();
                for part in parts {
                    camel.push_str(&part[..1].to_uppercase());
                    camel.push_str(&part[1..]);
                }
                let value = if FREE.contains(&&*camel) { value } else { self::camel(value) };
                (camel, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(camel).collect(),
        other => other,
    }
}

/// Turns of the model that follow each other are one, and so are its texts.
fn turns(contents: Vec<Value>) -> Vec<Value> {
    let mut turns: Vec<Value> = Vec::new();
    for mut content in contents {
        let role = if content["role"] == "model" { "model" } else { "user" };
        content["role"] = role.into();
        let parts: Vec<_> = list(content["parts"].take()).into_iter().map(part).collect();
        match turns.last_mut().filter(|last| role == "model" && last["role"] == role) {
            Some(last) => last["parts"].as_array_mut().unwrap().extend(parts),
            None => {
                content["parts"] = parts.into();
                turns.push(content);
            }
        }
    }
    for turn in turns.iter_mut().filter(|turn| turn["role"] == "model") {
        let mut joined: Vec<Value> = Vec::new();
        for part in turn["parts"].as_array().unwrap() {
            let plain = |part: &Value| {
                part.as_object().unwrap().keys().all(|name| name == "text" || name == "thought")
            };
            if plain(part) && part["text"] == "" {
                continue;
            }
            match joined.last_mut() {
                Some(last) if plain(last) && plain(part) && last.get("thought") == part.get("thought") => {
                    last["text"] =
                        (last["text"].as_str().unwrap().to_owned() + part["text"].as_str().unwrap()).into();
                }
                _ => joined.push(part.clone()),
            }
        }
        turn["parts"] = joined.into();
    }
    turns
}

fn part(mut part: Value) -> Value {
    for kind in ["inlineData", "functionResponse"] {
        if let Some(data) = part[kind].get("data").and_then(Value::as_str) {
            part[kind]["data"] = data.replace('-', "+").replace('_', "/").into();
        }
        if let Some(inner) = part[kind].get("parts").cloned() {
            part[kind]["parts"] = list(inner).into_iter().map(self::part).collect();
        }
    }
    let fields = part.as_object_mut().unwrap();
    fields.retain(|name, value| name != "thought" || *value != json!(false));
    if fields.keys().all(|name| name == "thought" || name == "thoughtSignature") && !fields.is_empty() {
        fields.insert("text".to_owned(), "".into());
    }
    if let Some(call) = fields.get_mut("functionCall").and_then(Value::as_object_mut) {
        call.entry("args").or_insert_with(|| json!({}));
    }
    part
}

/// All functions in one tool, then each service of the vendor's.
fn tool_list(tools: Vec<Value>) -> Vec<Value> {
    let (mut functions, mut others) = (Vec::new(), Vec::new());
    for tool in tools {
        let Value::Object(mut tool) = tool else { panic!("a tool is an object") };
        functions.extend(tool.shift_remove("functionDeclarations").map(list).unwrap_or_default());
        if !tool.is_empty() {
            others.push(Value::Object(tool));
        }
    }
    if !functions.is_empty() {
        others.insert(0, json!({"functionDeclarations": functions}));
    }
    others
}

fn generation(config: &mut Map<String, Value>) {
    // What holds when nothing is said.
    config.retain(|name, value| {
        let (one, text) = (name == "candidateCount" && *value == 1, *value == "text/plain");
        !one && !text
    });
    if let Some(level) =
        config.get_mut("thinkingConfig").and_then(|thinking| thinking.get_mut("thinkingLevel"))
    {
        *level = level.as_str().unwrap().to_lowercase().into();
    }
    for number in ["topK", "maxOutputTokens", "seed"] {
        if let Some(value) = config.get_mut(number).filter(|value| value.is_f64()) {
            *value = json!(value.as_f64().unwrap().to_string().parse::<i64>().unwrap());
        }
    }
}

/// Brings a request of the Interactions API into one spelling: every input is a list of steps with lists of contents, and
/// nothing says what holds anyway.
pub(crate) fn steps(mut request: Value) -> Value {
    let fields = request.as_object_mut().unwrap();
    fields.retain(|name, value| !value.is_null() && (name != "stream" || *value != json!(false)));
    fields.entry("store").or_insert(json!(false));
    let mut steps: Vec<Value> = Vec::new();
    let mut bare = false;
    for element in match fields.shift_remove("input").unwrap() {
        text @ Value::String(_) => vec![json!({"type": "user_input", "content": text})],
        other => list(other),
    } {
        let content =
            ["text", "image", "audio", "video", "document"].iter().any(|kind| element["type"] == *kind);
        match steps.last_mut() {
            Some(last) if content && bare => last["content"].as_array_mut().unwrap().push(element),
            _ if content => steps.push(json!({"type": "user_input", "content": [element]})),
            _ => steps.push(element),
        }
        bare = content;
    }
    for step in &mut steps {
        if let Some(text) = step["content"].as_str() {
            step["content"] = json!([{"type": "text", "text": text}]);
        }
    }
    fields.insert("input".to_owned(), steps.into());
    request
}

/// Says where two values differ, if they do.
pub(crate) fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let missing = others.keys().find(|name| !fields.contains_key(*name));
            let missing = missing.map(|name| format!("{path}.{name} is only there"));
            missing.or_else(|| {
                fields.iter().find_map(|(name, value)| match others.get(name) {
                    Some(other) => difference(value, other, &format!("{path}.{name}")),
                    None => Some(format!("{path}.{name} is only here")),
                })
            })
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others).enumerate();
            pairs.find_map(|(index, (one, other))| difference(one, other, &format!("{path}[{index}]")))
        }
        _ if one == other => None,
        _ => Some(format!("{path}: {one:.200} is not {other:.200}")),
    }
}
