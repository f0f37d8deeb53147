//! Reads a multipart form, as files are sent in.

use serde_json::{Map, Value, json};

use crate::dice::hash_bytes;

/// The fields as an object: text as a string, a file as what is known of it, a field that came twice as a list.
///
/// A name that ends with `[]` is a list without it, as SDKs send lists. None: the body is no such form.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<Value> {
    let boundary = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut fields = Map::new();
    let mut rest = body.get(find(body, delimiter.as_bytes())? + delimiter.len()..)?;
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, format!("\r\n{delimiter}").as_bytes())?;
        let head_end = find(&part[..end], b"\r\n\r\n")?;
        let head = std::str::from_utf8(&part[..head_end]).ok()?;
        add(&mut fields, head, part.get(head_end + 4..end)?)?;
        rest = &part[end + 2 + delimiter.len()..];
    }
    Some(Value::Object(fields))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn add(fields: &mut Map<String, Value>, head: &str, content: &[u8]) -> Option<()> {
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    let (_, disposition) = header("content-disposition")?;
    let parameter = |name: &str| {
        let after = disposition.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix("=\""));
        after.map(|value| value.trim_end_matches('"').to_owned())
    };
    let value = match parameter("filename") {
        Some(name) => json!({
            "filename": name, "content_type": header("content-type").map(|(_, kind)| kind),
            "bytes": content.len(), "hash": hash_bytes(0, content),
        }),
        None => json!(String::from_utf8_lossy(content)),
    };
    let name = parameter("name")?;
    match (name.strip_suffix("[]"), fields.get_mut(&name)) {
        (Some(list), _) => match fields.entry(list).or_insert_with(|| json!([])) {
            Value::Array(items) => items.push(value),
            other => *other = value,
        },
        (None, Some(before)) => *before = json!([before.take(), value]),
        (None, None) => {
            fields.insert(name, value);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"--xyz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
        --xyz\r\ncontent-disposition: form-data; name=\"kinds[]\"\r\n\r\nword\r\n\
        --xyz\r\ncontent-disposition: form-data; name=\"kinds[]\"\r\n\r\nsegment\r\n\
        --xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRI\r\nFF\r\n--xyz--\r\n";

    #[test]
    fn fields_lists_and_files_are_told_apart() {
        let form = read("multipart/form-data; boundary=xyz", FORM).unwrap();
        assert_eq!((&form["model"], &form["kinds"]), (&json!("whisper-1"), &json!(["word", "segment"])));
        assert_eq!((&form["file"]["filename"], &form["file"]["bytes"]), (&json!("a.wav"), &json!(6)));
    }

    #[test]
    fn what_is_no_form_is_not_read() {
        assert!(read("multipart/form-data", FORM).is_none());
        assert!(read("multipart/form-data; boundary=xyz", b"--xyz\r\n{}").is_none());
        for end in 0..FORM.len() - 4 {
            assert!(read("multipart/form-data; boundary=xyz", &FORM[..end]).is_none(), "{end}");
        }
    }
}
