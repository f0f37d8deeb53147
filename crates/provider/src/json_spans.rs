//! Finds top-level fields of a JSON object without parsing the rest: the hot path's way to read a request.
//!
//! Whoever decides by a field must read the value that the provider will read. So a wanted field that stands there twice
//! is an error, also when one of the two is written with escapes.

use std::{borrow::Cow, ops::Range};

use memchr::memchr;

use crate::json_writer::append_text;

/// A body that cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// No JSON object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// It breaks off, or is no JSON, at this byte.
    #[error("the body is not valid JSON at byte {0}")]
    Malformed(usize),
    /// A field that must be there once is there twice.
    #[error("the field `{0}` is there more than once")]
    Duplicate(String),
    /// Deeper than is taken.
    #[error("the body is nested too deeply")]
    TooDeep,
}

/// The deepest nesting that is taken, like that of `serde_json`.
const MAX_DEPTH: usize = 128;

/// Returns where the value of each of `names` stands in `body`, `None` for those that are not there.
///
/// # Errors
/// A body that is no object, a wanted field that is there twice, or nesting deeper than 128. The values of fields that
/// are not wanted are only skipped, not checked.
pub fn find<const N: usize>(body: &[u8], names: [&str; N]) -> Result<[Option<Range<usize>>; N], SpanError> {
    let mut found = [const { None }; N];
    let mut scanner = Scanner { body, at: 0 };
    scanner.skip_space();
    if scanner.peek() != Some(b'{') {
        return Err(SpanError::NotAnObject);
    }
    scanner.at += 1;
    scanner.skip_space();
    if scanner.peek() == Some(b'}') {
        scanner.at += 1;
    } else {
        loop {
            let key = scanner.key()?;
            let value = scanner.value()?;
            if let Some(place) = names.iter().position(|name| *name == key)
                && found[place].replace(value).is_some()
            {
                return Err(SpanError::Duplicate(key.into_owned()));
            }
            scanner.skip_space();
            match scanner.peek() {
                Some(b',') => scanner.at += 1,
                Some(b'}') => {
                    scanner.at += 1;
                    break;
                }
                _ => return Err(scanner.malformed()),
            }
        }
    }
    scanner.skip_space();
    if scanner.at == body.len() { Ok(found) } else { Err(scanner.malformed()) }
}

/// Puts `value` in the place of `span` and keeps every other byte.
#[must_use]
pub fn replace(body: &[u8], span: &Range<usize>, value: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(body.len() - span.len() + value.len());
    replaced.extend_from_slice(&body[..span.start]);
    replaced.extend_from_slice(value);
    replaced.extend_from_slice(&body[span.end..]);
    replaced
}

/// Copies `body` with nothing in it but the top-level fields of `names`, in their order. For APIs that take a part of what
/// another one takes, and refuse the rest.
///
/// # Errors
/// As [`find`].
pub fn keep<const N: usize>(body: &[u8], names: [&str; N]) -> Result<Vec<u8>, SpanError> {
    let mut kept = Vec::with_capacity(body.len());
    kept.push(b'{');
    for (name, span) in names.into_iter().zip(find(body, names)?) {
        let Some(span) = span else { continue };
        if kept.len() > 1 {
            kept.push(b',');
        }
        append_text(&mut kept, name);
        kept.push(b':');
        kept.extend_from_slice(&body[span]);
    }
    kept.push(b'}');
    Ok(kept)
}

struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn malformed(&self) -> SpanError {
        SpanError::Malformed(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Result<Cow<'a, str>, SpanError> {
        self.skip_space();
        let start = self.at;
        self.string()?;
        let raw = &self.body[start..self.at];
        let key = if raw.contains(&b'\\') {
            Cow::Owned(serde_json::from_slice(raw).map_err(|_| SpanError::Malformed(start))?)
        } else {
            let inner = &raw[1..raw.len() - 1];
            Cow::Borrowed(str::from_utf8(inner).map_err(|_| SpanError::Malformed(start))?)
        };
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.malformed());
        }
        self.at += 1;
        Ok(key)
    }

    /// Skips a string.
    fn string(&mut self) -> Result<(), SpanError> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed());
        }
        self.at += 1;
        let start = self.at;
        loop {
            // Only quotes are looked for: escaped line breaks are far more frequent in prompts than escaped quotes.
            let Some(found) = memchr(b'"', &self.body[self.at..]) else {
                return Err(SpanError::Malformed(self.body.len()));
            };
            let quote = self.at + found;
            self.at = quote + 1;
            // After an odd number of backslashes, the last one escapes the quote.
            let backslashes = self.body[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
            if backslashes % 2 == 0 {
                return Ok(());
            }
        }
    }

    /// Skips a value and returns where it stood.
    fn value(&mut self) -> Result<Range<usize>, SpanError> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{' | b'[') => self.container()?,
            Some(_) => {
                while self
                    .peek()
                    .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
                {
                    self.at += 1;
                }
            }
            None => {}
        }
        if self.at == start { Err(self.malformed()) } else { Ok(start..self.at) }
    }

    /// Skips an object or array with all that is in it.
    fn container(&mut self) -> Result<(), SpanError> {
        let mut depth = 0;
        loop {
            match self.peek() {
                None => return Err(self.malformed()),
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    if depth >= MAX_DEPTH {
                        return Err(SpanError::TooDeep);
                    }
                }
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn text<'a>(body: &'a str, name: &str) -> Option<&'a str> {
        find(body.as_bytes(), [name]).unwrap()[0].clone().map(|span| &body[span])
    }

    #[test]
    fn only_top_level_fields_count() {
        let body = r#" { "messages" : [{"model":"inner"}, "a\"}\\"], "model" : "gpt" , "n":1} "#;
        assert_eq!(text(body, "model"), Some(r#""gpt""#));
        assert_eq!(text(body, "n"), Some("1"));
        assert_eq!(text(body, "stream"), None);
        assert_eq!(text("{}", "model"), None);
    }

    #[test]
    fn a_wanted_field_must_not_be_there_twice() {
        for body in [r#"{"model":"a","model":"b"}"#, r#"{"model":"a","mod\u0065l":"b"}"#] {
            assert_eq!(find(body.as_bytes(), ["model"]), Err(SpanError::Duplicate("model".into())));
        }
        assert!(find(br#"{"x":1,"x":2,"model":"a"}"#, ["model"]).is_ok());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in [
            "",
            "[]",
            "null",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":"x}"#,
            "{}x",
            r#"{"a":1,}"#,
            r#"{"a":"\"#,
        ] {
            assert!(find(body.as_bytes(), ["a"]).is_err(), "{body}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(find(deep.as_bytes(), ["a"]), Err(SpanError::TooDeep));
    }

    #[test]
    fn only_what_is_named_is_kept() {
        let kept = |body: &str| {
            keep(body.as_bytes(), ["model", "input"]).map(|kept| String::from_utf8(kept).unwrap())
        };
        assert_eq!(
            kept(r#"{"stream":true, "input" : [1, {"model":2}],"model":"m"}"#).unwrap(),
            r#"{"model":"m","input":[1, {"model":2}]}"#
        );
        assert_eq!(kept("{}").unwrap(), "{}");
        assert!(kept("[]").is_err());
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((".*", inner), 0..6)
                    .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_a_parser_finds(mut fields in prop::collection::vec((".*", value()), 0..6), wanted in value(), pretty: bool) {
            fields.push(("model".to_owned(), wanted));
            let object = Value::Object(Map::from_iter(fields));
            let body = if pretty { serde_json::to_vec_pretty(&object) } else { serde_json::to_vec(&object) }.unwrap();
            let span = find(&body, ["model"]).unwrap()[0].clone().unwrap();
            prop_assert_eq!(serde_json::from_slice::<Value>(&body[span.clone()]).unwrap(), object["model"].clone());
            let changed: Value = serde_json::from_slice(&replace(&body, &span, b"7")).unwrap();
            let mut expected = object;
            expected["model"] = json!(7);
            prop_assert_eq!(changed, expected);
        }

        #[test]
        fn no_bytes_cause_a_panic(body in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ a1u\xff".to_vec()), 0..40)) {
            let _ = find(&body, ["a"]);
        }
    }
}
