//! The schemas that OpenAI follows strictly: closed objects whose properties are all required.
//!
//! Source: the guide on structured outputs, and errors that callers report (read 2026-11-23).

use serde_json::{Value, json};

/// What is wrong with `schema` as a strict one, in OpenAI's words. None: nothing.
pub(crate) fn fault(schema: &Value) -> Option<String> {
    if schema["type"] != "object" && schema["anyOf"].is_null() && schema["$ref"].is_null() {
        return Some(format!(
            "schema must be a JSON Schema of 'type: \"object\"', got 'type: {}'.",
            match &schema["type"] {
                Value::Null => "\"None\"".to_owned(),
                kind => kind.to_string(),
            }
        ));
    }
    inside(schema, &mut Vec::new())
}

fn inside<'a>(schema: &'a Value, path: &mut Vec<&'a str>) -> Option<String> {
    if schema["type"] == "object" || schema["properties"].is_object() {
        let at = context(path);
        if schema["additionalProperties"] != Value::Bool(false) {
            return Some(format!(
                "In context={at}, 'additionalProperties' is required to be supplied and to be false."
            ));
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let missing = schema["properties"].as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(missing) = missing.into_iter().find(|name| !required.iter().any(|known| known == *name)) {
            return Some(format!(
                "In context={at}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
            ));
        }
    }
    for group in ["properties", "$defs", "definitions"] {
        for (name, inner) in schema[group].as_object().into_iter().flatten() {
            path.extend([group, name]);
            let found = inside(inner, path);
            path.truncate(path.len() - 2);
            if found.is_some() {
                return found;
            }
        }
    }
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    choices.chain(schema.get("items")).find_map(|inner| {
        path.push("items");
        let found = inside(inner, path);
        path.pop();
        found
    })
}

/// The way to a place, as Python writes a tuple.
fn context(path: &[&str]) -> String {
    let words: Vec<String> = path.iter().map(|word| format!("'{word}'")).collect();
    format!("({}{})", words.join(", "), if words.len() == 1 { "," } else { "" })
}

/// The strict form of a schema whose author did not say: closed, with all properties required.
pub(crate) fn closed(schema: &Value) -> Value {
    let mut closed = schema.clone();
    if let Some(names) = schema["properties"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()) {
        closed["additionalProperties"] = json!(false);
        closed["required"] = json!(names);
        for name in names {
            closed["properties"][&name] = self::closed(&schema["properties"][&name]);
        }
    }
    if schema["items"].is_object() {
        closed["items"] = self::closed(&schema["items"]);
    }
    closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_objects_and_optional_properties_are_found_where_they_are() {
        let inner = json!({"type": "object", "properties": {"at": {"type": "number"}}, "additionalProperties": false});
        let outer = json!({"type": "object", "properties": {"step": inner}, "required": ["step"], "additionalProperties": false});
        assert!(fault(&outer).unwrap().contains("('properties', 'step'), 'required'"));
        assert!(fault(&json!({"type": "object"})).unwrap().starts_with("In context=(), 'additional"));
        assert!(fault(&json!({"type": "array"})).unwrap().contains("got 'type: \"array\"'"));
        assert!(fault(&json!({})).unwrap().contains("\"None\""));
        assert_eq!(fault(&closed(&outer)), None);
    }
}
