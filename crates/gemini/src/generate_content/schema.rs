//! Schemas in the vendor's own dialect, a subset of OpenAPI 3.0 → JSON Schema.
//!
//! Source: `Schema` in `content.proto` of `v1beta` (read 2026-11-23).

use serde_json::{Map, Value, json};

use crate::read::camel_case;

/// Says in JSON Schema what a schema in the vendor's dialect says.
pub(super) fn to_json_schema(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut said = Map::new();
    let (mut nullable, mut order) = (false, None);
    for (name, value) in fields {
        match &*camel_case(name) {
            "type" => {
                said.extend(type_word(value).map(|word| ("type".to_owned(), word)));
            }
            "nullable" => nullable = value == &Value::Bool(true),
            "propertyOrdering" => order = value.as_array(),
            "properties" => {
                said.insert("properties".to_owned(), each_value(value));
            }
            "items" => {
                said.insert("items".to_owned(), to_json_schema(value));
            }
            "anyOf" => {
                let options = value.as_array().into_iter().flatten().map(to_json_schema).collect();
                said.insert("anyOf".to_owned(), options);
            }
            "additionalProperties" => {
                said.insert("additionalProperties".to_owned(), to_json_schema(value));
            }
            "defs" | "$defs" => {
                said.insert("$defs".to_owned(), each_value(value));
            }
            "ref" => {
                said.insert("$ref".to_owned(), value.clone());
            }
            "example" => {
                said.insert("examples".to_owned(), json!([value]));
            }
            // 64-bit numbers are written as texts.
            limit @ ("maxItems" | "minItems" | "maxLength" | "minLength" | "maxProperties"
            | "minProperties") => {
                said.insert(limit.to_owned(), number(value));
            }
            _ => {
                said.insert(name.clone(), value.clone());
            }
        }
    }
    if let (Some(order), Some(Value::Object(properties))) = (order, said.get_mut("properties")) {
        put_in_order(properties, order);
    }
    if nullable {
        allow_null(&mut said);
    }
    Value::Object(said)
}

/// `STRING` → `string`. `None` for the type that says nothing.
fn type_word(value: &Value) -> Option<Value> {
    const TYPES: [&str; 8] =
        ["unspecified", "string", "number", "integer", "boolean", "array", "object", "null"];
    match value {
        Value::String(word) if word == "TYPE_UNSPECIFIED" => None,
        Value::String(word) => Some(word.to_ascii_lowercase().into()),
        Value::Number(number) => {
            let word = usize::try_from(number.as_u64()?).ok().filter(|number| *number > 0);
            Some((*TYPES.get(word?)?).into())
        }
        other => Some(other.clone()),
    }
}

fn each_value(schemas: &Value) -> Value {
    let Value::Object(schemas) = schemas else { return schemas.clone() };
    schemas.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect()
}

fn number(value: &Value) -> Value {
    value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| value.clone(), Value::from)
}

/// Brings the properties into the order that answers shall have; those that it does not name come last.
fn put_in_order(properties: &mut Map<String, Value>, order: &[Value]) {
    let mut rest = std::mem::take(properties);
    for name in order.iter().filter_map(Value::as_str) {
        properties.extend(rest.shift_remove_entry(name));
    }
    properties.extend(rest);
}

fn allow_null(said: &mut Map<String, Value>) {
    if let Some(Value::Array(values)) = said.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(Value::Array(options)) = said.get_mut("anyOf") {
        options.push(json!({"type": "null"}));
    }
    if let Some(kind @ Value::String(_)) = said.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_dialect_becomes_json_schema() {
        let own = json!({
            "type": "OBJECT", "description": "d", "property_ordering": ["b", "a"], "required": ["a"],
            "properties": {
                "a": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["x"], "nullable": true}, "maxItems": "3"},
                "b": {"anyOf": [{"type": "INTEGER", "format": "int32"}, {"type": 2}], "nullable": true},
                "type": {"type": "TYPE_UNSPECIFIED", "example": 1, "min_length": 2},
            },
        });
        let schema = to_json_schema(&own);
        assert_eq!(
            schema,
            json!({
                "type": "object", "description": "d", "required": ["a"],
                "properties": {
                    "a": {"type": "array", "items": {"type": ["string", "null"], "enum": ["x", null]}, "maxItems": 3},
                    "b": {"anyOf": [{"type": "integer", "format": "int32"}, {"type": "number"}, {"type": "null"}]},
                    "type": {"examples": [1], "minLength": 2},
                },
            })
        );
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["b", "a", "type"]);
        assert_eq!(to_json_schema(&schema), schema);
    }
}
