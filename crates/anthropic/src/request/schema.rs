//! JSON Schemas, as far as the format has wishes about them.

use serde_json::{Map, Value};

/// Tells whether the root is an object, or may be read as one.
pub(super) fn is_object(schema: &Value) -> bool {
    schema.as_object().is_some_and(|root| match root.get("type") {
        Some(kind) => kind == "object",
        None => root.contains_key("properties"),
    })
}

/// Closes every object of the schema, as output schemas must be. `None`: they are closed already.
pub(super) fn closed(schema: &Value) -> Option<Value> {
    if is_closed(schema) {
        return None;
    }
    let mut copy = schema.clone();
    close(&mut copy);
    Some(copy)
}

fn describes_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => schema.contains_key("properties"),
    }
}

fn is_closed(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let open =
                describes_object(fields) && fields.get("additionalProperties") != Some(&Value::Bool(false));
            !open && subschemas(fields).all(is_closed)
        }
        _ => true,
    }
}

/// Keywords that hold one schema or a list of them, and keywords that hold schemas by name.
const HOLD_SCHEMAS: [&str; 5] = ["items", "prefixItems", "anyOf", "allOf", "oneOf"];
const HOLD_NAMED_SCHEMAS: [&str; 3] = ["properties", "$defs", "definitions"];

fn subschemas(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let direct =
        HOLD_SCHEMAS.iter().filter_map(|keyword| fields.get(*keyword)).flat_map(|value| match value {
            Value::Array(schemas) => schemas.iter().collect::<Vec<_>>(),
            schema => vec![schema],
        });
    let named = HOLD_NAMED_SCHEMAS.iter().filter_map(|keyword| fields.get(*keyword)?.as_object());
    direct.chain(named.flat_map(Map::values))
}

fn close(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if describes_object(fields) {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    for keyword in HOLD_SCHEMAS {
        match fields.get_mut(keyword) {
            Some(Value::Array(schemas)) => schemas.iter_mut().for_each(close),
            Some(schema) => close(schema),
            None => {}
        }
    }
    for keyword in HOLD_NAMED_SCHEMAS {
        if let Some(Value::Object(schemas)) = fields.get_mut(keyword) {
            schemas.values_mut().for_each(close);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_is_closed_and_a_closed_one_is_not_copied() {
        let open = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"properties": {}}}},
            "$defs": {"b": {"type": ["object", "null"], "additionalProperties": true}}});
        let done = closed(&open).unwrap();
        assert_eq!(done["additionalProperties"], false);
        assert_eq!(done["properties"]["a"]["items"]["additionalProperties"], false);
        assert_eq!(done["$defs"]["b"]["additionalProperties"], false);
        assert_eq!(closed(&done), None);
        assert_eq!(closed(&json!({"type": "string"})), None);
    }
}
