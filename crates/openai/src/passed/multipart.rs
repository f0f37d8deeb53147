//! Finds a field of a `multipart/form-data` body without reading the rest.
//!
//! Source: RFC 2046 section 5.1 and RFC 7578.

use std::ops::Range;

/// Returns the boundary that a content type names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then_some(value)
    })
}

/// Returns where the value of each field called `name` stands.
pub(super) fn fields(body: &[u8], boundary: &str, name: &str) -> Vec<Range<usize>> {
    let delimiter = format!("--{boundary}");
    let starts: Vec<usize> = memchr::memmem::find_iter(body, delimiter.as_bytes())
        .filter(|start| *start == 0 || body[..*start].ends_with(b"\n"))
        .collect();
    let parts = starts.windows(2).map(|pair| (pair[0] + delimiter.len(), pair[1]));
    parts.filter_map(|(start, end)| value_of(body, start, end, name)).collect()
}

/// The value of the part between two delimiters, if it is the field `name` and no file.
fn value_of(body: &[u8], start: usize, end: usize, name: &str) -> Option<Range<usize>> {
    let part = body.get(start..end)?;
    let blank = memchr::memmem::find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..blank]).ok()?;
    let disposition = head.lines().find_map(|line| {
        let (header, value) = line.split_once(':')?;
        header.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let mut parameters = disposition.split(';').map(str::trim);
    let is_named = parameters.clone().any(|parameter| {
        parameter.split_once('=').is_some_and(|(key, value)| {
            key.trim().eq_ignore_ascii_case("name") && value.trim().trim_matches('"') == name
        })
    });
    let is_file = parameters.any(|parameter| parameter.to_ascii_lowercase().starts_with("filename"));
    let value = start + blank + 4..end.checked_sub(2)?;
    (is_named && !is_file && value.start <= value.end).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_found() {
        for (content_type, found) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("application/json; boundary=abc", None),
        ] {
            assert_eq!(boundary(content_type), found, "{content_type}");
        }
    }

    #[test]
    fn a_field_is_found_among_files_that_look_like_it() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n--x is no end\r\n--x\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nmodel\r\n--x--\r\n";
        let found = fields(body, "x", "model");
        assert_eq!(found.iter().map(|range| &body[range.clone()]).collect::<Vec<_>>(), [b"whisper-1"]);
        assert_eq!(&body[fields(body, "x", "prompt")[0].clone()], b"model");
        assert!(fields(body, "x", "file").is_empty());
        assert!(fields(b"--x\r\n", "x", "model").is_empty());
        assert!(fields(b"--x\r\n\r\n\r\n--x--", "x", "model").is_empty());
    }
}
