//! A value that a JSON schema accepts. Knows what tools and structured outputs use, not all of JSON Schema.

use serde_json::{Map, Value, json};

use crate::dice::{Dice, HEX};

/// Deeper than any sane schema: a schema that refers to itself ends here.
const MAX_DEPTH: usize = 12;

/// Makes a value for `schema`; optional properties are left out at times.
pub(crate) fn example(dice: &mut Dice, schema: &Value) -> Value {
    Generator { root: schema, dice }.value(schema, "value", 0)
}

struct Generator<'a> {
    root: &'a Value,
    dice: &'a mut Dice,
}

impl Generator<'_> {
    fn value(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|pointer| self.resolve(pointer)) {
            return self.value(&target, name, depth + 1);
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(values) = schema["enum"].as_array().filter(|values| !values.is_empty()) {
            return values[self.dice.position(values.len())].clone();
        }
        if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array())
            && let Some(first) = choices.iter().find(|choice| choice["type"] != "null")
        {
            return self.value(first, name, depth + 1);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.all(parts, name, depth);
        }
        match kind(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => json!(self.integer(schema)),
            "number" => {
                json!(self.integer(schema) as f64 + if schema["maximum"].is_null() { 0.5 } else { 0.0 })
            }
            "boolean" => json!(self.dice.chance(0.5)),
            "null" => Value::Null,
            _ => json!(self.text(schema, name)),
        }
    }

    fn resolve(&self, pointer: &str) -> Option<Value> {
        self.root.pointer(pointer.strip_prefix('#')?).cloned()
    }

    fn all(&mut self, parts: &[Value], name: &str, depth: usize) -> Value {
        let mut whole = Map::new();
        for part in parts {
            match self.value(part, name, depth + 1) {
                Value::Object(fields) => whole.extend(fields),
                other => return other,
            }
        }
        Value::Object(whole)
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        let required = schema["required"].as_array();
        let mut fields = Map::new();
        for (name, property) in properties {
            let needed = required.is_some_and(|names| names.iter().any(|needed| needed == name));
            if needed || (depth < 3 && self.dice.chance(0.6)) {
                fields.insert(name.clone(), self.value(property, name, depth + 1));
            }
        }
        Value::Object(fields)
    }

    fn array(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(1).min(64);
        let most = schema["maxItems"].as_u64().unwrap_or_else(|| least.max(3)).min(64);
        let count = self.dice.between(least, most);
        let items = (0..count).map(|_| self.value(&schema["items"], name, depth + 1)).collect();
        Value::Array(items)
    }

    fn integer(&mut self, schema: &Value) -> i64 {
        let bound =
            |key: &str| schema[key].as_i64().or_else(|| format!("{:.0}", schema[key].as_f64()?).parse().ok());
        let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1));
        let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1));
        let least = least.unwrap_or_else(|| most.map_or(1, |most| most.min(1)));
        let most = most.unwrap_or_else(|| least.saturating_add(98)).max(least);
        let span = most.saturating_sub(least).unsigned_abs();
        least.saturating_add(i64::try_from(self.dice.between(0, span)).unwrap_or(0))
    }

    fn text(&mut self, schema: &Value, name: &str) -> String {
        let mut text = match schema["format"].as_str() {
            Some("date") => "2026-11-23".to_owned(),
            Some("date-time") => "2026-11-23T12:14:00Z".to_owned(),
            Some("time") => "12:14:00Z".to_owned(),
            Some("email") => "ada@example.com".to_owned(),
            Some("uri" | "url") => "https://example.com/a".to_owned(),
            Some("uuid") => format!("{}-0000-4000-8000-{}", self.dice.id(8, HEX), self.dice.id(12, HEX)),
            _ => self.word_for(name).to_owned(),
        };
        while (text.chars().count() as u64) < schema["minLength"].as_u64().unwrap_or(0).min(10_000) {
            text.push_str(" more");
        }
        match schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()) {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        }
    }

    fn word_for(&mut self, name: &str) -> &'static str {
        match name {
            "city" | "location" | "place" | "capital" => {
                self.dice.pick(&["Paris", "Zürich", "Tokyo", "Nairobi", "Lima"])
            }
            "country" => self.dice.pick(&["France", "Switzerland", "Japan", "Kenya", "Peru"]),
            "name" | "author" | "user" => self.dice.pick(&["Ada", "Grace", "Edsger", "Barbara \"Bea\" L."]),
            "unit" | "units" => self.dice.pick(&["celsius", "fahrenheit"]),
            _ => self.dice.pick(&[
                "tall ship",
                "green tea",
                "north gate",
                "line one\nline two",
                "quartz",
                "a 5 % share",
            ]),
        }
    }
}

/// The type in lower case (Gemini writes `STRING`); of several the first that is not null.
fn kind(schema: &Value) -> String {
    let named = match &schema["type"] {
        Value::String(kind) => Some(kind.as_str()),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    };
    match named {
        Some(kind) => kind.to_ascii_lowercase(),
        None if schema["properties"].is_object() => "object".to_owned(),
        None if schema["items"].is_object() => "array".to_owned(),
        None => "string".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(schema: &Value) -> Vec<Value> {
        (0..100).map(|seed| example(&mut Dice::new(seed), schema)).collect()
    }

    #[test]
    fn bounds_enums_and_formats_are_kept() {
        let number = json!({"type": "integer", "exclusiveMinimum": 3, "maximum": 5});
        assert!(all_of(&number).iter().all(|value| (4..=5).contains(&value.as_i64().unwrap())));
        assert!(all_of(&json!({"enum": ["a", 1]})).iter().all(|value| *value == "a" || *value == 1));
        assert!(all_of(&json!({"type": ["null", "BOOLEAN"]})).iter().all(Value::is_boolean));
        let short = json!({"type": "string", "minLength": 20, "maxLength": 21});
        assert!(
            all_of(&short).iter().all(|value| (20..=21).contains(&value.as_str().unwrap().chars().count()))
        );
        assert_eq!(all_of(&json!({"anyOf": [{"type": "null"}, {"const": 7}]}))[0], 7);
        assert_eq!(all_of(&json!({"type": "string", "format": "date"}))[0], "2026-11-23");
    }

    #[test]
    fn what_is_required_is_there_and_a_schema_in_itself_ends() {
        let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["next"],
            "properties": {"next": {"$ref": "#/$defs/node"}, "note": {"type": "string"}}}}});
        let values = all_of(&tree);
        assert!(values.iter().all(|value| value["next"].is_object()));
        assert!(
            values.iter().any(|value| value["note"].is_string())
                && values.iter().any(|value| value["note"].is_null())
        );
    }
}
